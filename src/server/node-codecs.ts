import { constants, crc32, gunzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { Codecs } from '../base/codecs.ts';
import { decodedBytesLikely } from './decoded-size.ts';

/** zlib's own lower bound of an output chunk. */
const chunkBytesMin = 64;

/** Node's zlib as {@link Codecs}; zstd needs Node ≥ 22.15. */
export const nodeCodecs: Codecs = {
  zstdCompress(bytes, level) {
    return plain(zstdCompressSync(bytes, { params: { [constants.ZSTD_c_compressionLevel]: level } }));
  },
  zstdDecompress(bytes, sizeBytesMax, sizeHintBytes) {
    return plain(zstdDecompressSync(bytes, outputOptions(sizeBytesMax, sizeHintBytes)));
  },
  gunzip(bytes, sizeBytesMax) {
    return plain(gunzipSync(bytes, outputOptions(sizeBytesMax, decodedBytesLikely(bytes, 'gzip', sizeBytesMax) + 8)));
  },
  crc32(bytes) {
    return crc32(bytes);
  },
};

/** Node's `Buffer` is a Uint8Array whose `slice` shares memory: a trap for portable code. */
function plain(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** `chunkSize` equal to the known size makes one buffer of the right length instead of a chain: twice as fast for small pages. */
function outputOptions(sizeBytesMax: number, sizeHintBytes: number | undefined) {
  return {
    maxOutputLength: Math.max(1, sizeBytesMax),
    ...(sizeHintBytes === undefined
      ? {}
      : { chunkSize: Math.max(chunkBytesMin, Math.min(sizeHintBytes, sizeBytesMax)) }),
  };
}
