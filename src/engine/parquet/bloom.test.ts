import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BloomBuilder, bloomMayContain } from './bloom.ts';
import { XxHash64 } from './xxhash64.ts';

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/** XXH64 by its specification, with BigInt. */
function slowHash(bytes: Uint8Array): bigint {
  const mask = (value: bigint): bigint => BigInt.asUintN(64, value);
  const [p1, p2, p3, p4, p5] = [
    0x9e3779b185ebca87n,
    0xc2b2ae3d27d4eb4fn,
    0x165667b19e3779f9n,
    0x85ebca77c2b2ae63n,
    0x27d4eb2f165667c5n,
  ];
  const rotate = (value: bigint, bits: bigint): bigint => mask((value << bits) | (value >> (64n - bits)));
  const round = (lane: bigint, input: bigint): bigint => mask(rotate(mask(lane + input * p2), 31n) * p1);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  let hash = p5;
  if (bytes.length >= 32) {
    const lanes = [mask(p1 + p2), p2, 0n, mask(-p1)];
    for (; at + 32 <= bytes.length; at += 32) {
      lanes.forEach((lane, i) => (lanes[i] = round(lane, view.getBigUint64(at + 8 * i, true))));
    }
    hash = mask([1n, 7n, 12n, 18n].reduce((sum, bits, i) => sum + rotate(lanes[i], bits), 0n));
    lanes.forEach((lane) => (hash = mask((hash ^ round(0n, lane)) * p1 + p4)));
  }
  hash = mask(hash + BigInt(bytes.length));
  for (; at + 8 <= bytes.length; at += 8) {
    hash = mask(rotate(hash ^ round(0n, view.getBigUint64(at, true)), 27n) * p1 + p4);
  }
  if (at + 4 <= bytes.length) {
    hash = mask(rotate(hash ^ mask(BigInt(view.getUint32(at, true)) * p1), 23n) * p2 + p3);
    at += 4;
  }
  for (; at < bytes.length; at++) {
    hash = mask(rotate(hash ^ mask(BigInt(bytes[at]) * p5), 11n) * p1);
  }
  hash = mask((hash ^ (hash >> 33n)) * p2);
  hash = mask((hash ^ (hash >> 29n)) * p3);
  return hash ^ (hash >> 32n);
}

const fastHash = (bytes: Uint8Array): bigint => {
  const hasher = new XxHash64();
  hasher.hash(bytes);
  return (BigInt(hasher.high >>> 0) << 32n) | BigInt(hasher.low >>> 0);
};

test('XXH64: known values, and the specification for every length', () => {
  assert.equal(fastHash(text('')), 0xef46db3751d8e999n);
  assert.equal(fastHash(text('a')), 0xd24ec4f1a98c6e5bn);
  assert.equal(fastHash(text('abc')), 0x44bc2cf5ad770999n);
  for (let length = 0; length < 150; length++) {
    const bytes = Uint8Array.from({ length }, (_, i) => i * 151 + length * 7);
    assert.equal(fastHash(bytes), slowHash(bytes), `length ${length}`);
  }
});

test('a filter holds every value added and few others', () => {
  const builder = new BloomBuilder(5000);
  for (let i = 0; i < 5000; i++) {
    builder.add(text(`value ${i}`));
  }
  const bitset = builder.finish();
  assert.ok(bitset.length / 5000 < 1.3);
  let falsePositives = 0;
  for (let i = 0; i < 5000; i++) {
    assert.ok(bloomMayContain(bitset, text(`value ${i}`)));
    falsePositives += bloomMayContain(bitset, text(`other ${i}`)) ? 1 : 0;
  }
  assert.ok(falsePositives < 150, `${falsePositives} of 5000`);
});
