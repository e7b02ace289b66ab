import { promisify } from 'node:util';
import {
  type ZlibOptions,
  constants,
  crc32,
  gunzip,
  gunzipSync,
  zstdCompressSync,
  zstdDecompressSync,
} from 'node:zlib';
import type { Codecs } from '../base/codecs.ts';
import { decodedBytesLikely } from './decoded-size.ts';
import { type Frames, openFrames } from './zstd-frames.ts';

/** zlib's own lower bound of an output chunk. */
const chunkBytesMin = 64;

/** Of this thread, by level; and what reads frames. */
const compressors = new Map<number, Frames | undefined>();
let decompressor: Frames | undefined;

/** Where frames are made before their size is known; pages are no larger, other things are rare. */
const scratchBytesMax = 2 ** 20;
let scratch: Uint8Array | undefined;

function scratchOf(length: number): Uint8Array | undefined {
  if (length > scratchBytesMax) {
    return undefined;
  }
  scratch ??= new Uint8Array(scratchBytesMax);
  return scratch;
}

/** More than a frame takes of what cannot be compressed: three bytes for each block of 128 KiB, and a header. */
function frameBytesMax(length: number): number {
  return length + (length >>> 8) + 128;
}

/** Node's zlib as {@link Codecs}; zstd needs Node ≥ 22.15. */
export const nodeCodecs: Codecs = {
  zstdCompress(bytes, level) {
    const room = scratchOf(frameBytesMax(bytes.length));
    if (room !== undefined) {
      const frames = compressors.get(level) ?? openFrames(level);
      const written = frames?.run(bytes, room) ?? -1;
      if (written >= 0) {
        compressors.set(level, frames);
        return new Uint8Array(room.subarray(0, written));
      }
      compressors.delete(level);
    }
    return plain(zstdCompressSync(bytes, { params: { [constants.ZSTD_c_compressionLevel]: level } }));
  },
  zstdDecompress(bytes, sizeBytesMax, sizeHintBytes) {
    if (sizeHintBytes !== undefined && sizeHintBytes <= sizeBytesMax) {
      decompressor ??= openFrames();
      const content = plain(Buffer.allocUnsafeSlow(sizeHintBytes + 1));
      if (decompressor?.run(bytes, content) === sizeHintBytes) {
        return content.subarray(0, sizeHintBytes);
      }
      // Damaged, or of another size: the public function says which.
      decompressor = undefined;
    }
    return plain(zstdDecompressSync(bytes, outputOptions(sizeBytesMax, sizeHintBytes)));
  },
  gunzip(bytes, sizeBytesMax) {
    return plain(gunzipSync(bytes, gunzipOptions(bytes, sizeBytesMax)));
  },
  crc32(bytes) {
    return crc32(bytes);
  },
};

const gunzipInPool = promisify<Uint8Array, ZlibOptions, Uint8Array>(gunzip);

/** With zlib's thread pool: what comes out does not depend on it, but when it comes does. Tests of exact orders use {@link nodeCodecs}. */
export const pooledNodeCodecs: Codecs = {
  ...nodeCodecs,
  async gunzipAside(bytes, sizeBytesMax) {
    return plain(await gunzipInPool(bytes, gunzipOptions(bytes, sizeBytesMax)));
  },
};

/** One buffer of the right length, and eight bytes: the walker reads words up to the last byte. */
function gunzipOptions(bytes: Uint8Array, sizeBytesMax: number): ZlibOptions {
  return outputOptions(sizeBytesMax, decodedBytesLikely(bytes, 'gzip', sizeBytesMax) + 8);
}

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
