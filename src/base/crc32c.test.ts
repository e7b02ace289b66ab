import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32 as crc32OfZlib } from 'node:zlib';
import { crc32, crc32c } from './crc32c.ts';
import { seededRandom } from './random.ts';

/** One bit at a time: the definition. */
function crcByBit(reversedPolynomial: number, bytes: Uint8Array): number {
  let sum = 0xffffffff;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) {
      sum = sum & 1 ? (sum >>> 1) ^ reversedPolynomial : sum >>> 1;
    }
  }
  return ~sum >>> 0;
}

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

test('known sums (RFC 3720 B.4 and the check values of the catalogue of parametrised CRCs)', () => {
  assert.equal(crc32c(text('123456789')), 0xe3069283);
  assert.equal(crc32(text('123456789')), 0xcbf43926);
  assert.equal(crc32c(new Uint8Array(32)), 0x8a9136aa);
  assert.equal(crc32c(new Uint8Array(32).fill(0xff)), 0x62a8ab43);
  assert.equal(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i)), 0x46dd794e);
  assert.equal(crc32c(new Uint8Array()), 0);
});

test('equals the definition for every length, start and split', () => {
  const seed = 7;
  const random = seededRandom(seed);
  for (let length = 0; length < 80; length++) {
    const bytes = random.fill(new Uint8Array(length));
    const split = random.below(length + 1);
    assert.equal(crc32c(bytes), crcByBit(0x82f63b78, bytes), `seed ${seed}, length ${length}`);
    assert.equal(crc32(bytes), crc32OfZlib(bytes), `seed ${seed}, length ${length}`);
    assert.equal(crc32c(bytes, split, length, crc32c(bytes, 0, split)), crc32c(bytes), `seed ${seed}, split ${split}`);
  }
});
