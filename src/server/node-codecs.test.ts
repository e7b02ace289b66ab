import assert from 'node:assert/strict';
import { test } from 'node:test';
import { constants, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { seededRandom } from '../base/random.ts';
import { nodeCodecs } from './node-codecs.ts';
import { openFrames } from './zstd-frames.ts';

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

test('contexts are used again: frames of many sizes, in turn with damaged ones, are as those of the public functions', () => {
  const random = seededRandom(7);
  for (let round = 0; round < 300; round++) {
    const length = random.below(4) === 0 ? random.below(200_000) : random.below(5000);
    const bytes = Uint8Array.from({ length }, () => random.below(round % 2 === 0 ? 4 : 256));
    const level = round % 3 === 0 ? 6 : 1;
    const frame = nodeCodecs.zstdCompress(bytes, level);
    assert.equal(Buffer.compare(zstdDecompressSync(frame), bytes), 0);
    const expected = zstdCompressSync(bytes, { params: { [constants.ZSTD_c_compressionLevel]: level } });
    assert.equal(Buffer.compare(frame, expected), 0);
    if (round % 5 === 0) {
      const cut = frame.subarray(0, Math.max(1, frame.length - 1 - random.below(3)));
      assert.throws(() => nodeCodecs.zstdDecompress(cut, length, length));
      if (length > 1) {
        assert.throws(() => nodeCodecs.zstdDecompress(frame, length - 1, length - 1));
      }
    }
    assert.equal(Buffer.compare(nodeCodecs.zstdDecompress(frame, length, length), bytes), 0);
  }
});

test('this Node has what frames are made with', () => {
  assert.ok(openFrames() !== undefined && openFrames(1) !== undefined);
});
