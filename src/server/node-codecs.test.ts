import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { nodeCodecs } from './node-codecs.ts';

const text = new TextEncoder().encode('to be or not to be, '.repeat(500));
const plain = (bytes: Uint8Array): number[] => [...bytes];

test('zstd comes back equal, with and without a size hint, also when the hint is wrong', () => {
  const frame = nodeCodecs.zstdCompress(text, 1);
  assert.ok(frame.length < text.length / 10);
  for (const hint of [undefined, text.length, 1, 100_000]) {
    assert.deepEqual(plain(nodeCodecs.zstdDecompress(frame, 1 << 20, hint)), plain(text));
  }
  assert.equal(nodeCodecs.zstdDecompress(nodeCodecs.zstdCompress(new Uint8Array(), 1), 0).length, 0);
});

test('a frame that decodes to more than allowed, or is damaged, throws', () => {
  const frame = nodeCodecs.zstdCompress(text, 1);
  assert.throws(() => nodeCodecs.zstdDecompress(frame, text.length - 1, text.length));
  assert.throws(() => nodeCodecs.zstdDecompress(frame.subarray(0, frame.length - 3), 1 << 20));
  assert.throws(() => nodeCodecs.zstdDecompress(Uint8Array.of(1, 2, 3), 1 << 20));
});

test('gunzip decodes concatenated members and keeps the bound', () => {
  const twice = Buffer.concat([gzipSync(text), gzipSync(text)]);
  assert.equal(nodeCodecs.gunzip(twice, 2 * text.length).length, 2 * text.length);
  assert.throws(() => nodeCodecs.gunzip(twice, 2 * text.length - 1));
});
