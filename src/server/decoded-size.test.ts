import assert from 'node:assert/strict';
import test from 'node:test';
import { constants, gzipSync, zstdCompressSync } from 'node:zlib';
import { chunkBytesMin, decodedBytesLikely } from './decoded-size.ts';

const mib = 2 ** 20;
const text = (length: number): Buffer =>
  Buffer.from(Array.from({ length }, (_, i) => (Math.imul(i ^ (i >>> 7), 0x9e3779b1) >>> 27) + 65));

void test('an honest body is taken at its word', () => {
  for (const length of [70_000, 300_000, 1_000_003]) {
    assert.equal(decodedBytesLikely(gzipSync(text(length)), 'gzip', 64 * mib), length);
    const pledgedSrcSize = length;
    const params = { [constants.ZSTD_c_contentSizeFlag]: 1 };
    assert.equal(
      decodedBytesLikely(zstdCompressSync(text(length), { params, pledgedSrcSize }), 'zstd', 64 * mib),
      length
    );
  }
});

void test('a lie, a limit and a small body bound the buffer', () => {
  const lying = gzipSync(text(100_000));
  lying.writeUInt32LE(0xffffffff, lying.length - 4);
  assert.ok(decodedBytesLikely(lying, 'gzip', 1024 * mib) <= 64 * lying.length);
  assert.equal(decodedBytesLikely(lying, 'gzip', 90_000), 90_000);
  assert.equal(decodedBytesLikely(gzipSync(text(100)), 'gzip', mib), chunkBytesMin);
  assert.equal(decodedBytesLikely(new Uint8Array(3), 'gzip', mib), chunkBytesMin);
  assert.equal(decodedBytesLikely(new Uint8Array(3), 'zstd', mib), chunkBytesMin);
});
