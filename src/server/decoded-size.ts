/** How large a compressed body will be, by its own word: so that it is decoded into one buffer of the right size. */

/** Smaller buffers could come from Node's shared pool, which must not be freed. */
export const chunkBytesMin = 64 * 1024;
const chunkBytesUsual = 256 * 1024;
/** Spans shrink by six to eight. What claims more than this gets so much at a time. */
const ratioMax = 64;

/** Between {@link chunkBytesMin} and `bytesMax` (the former wins); a guess where the body does not tell, and a lie costs no more. */
export function decodedBytesLikely(input: Uint8Array, compression: 'gzip' | 'zstd', bytesMax: number): number {
  const claimed = compression === 'gzip' ? gzipContentBytes(input) : zstdContentBytes(input);
  return Math.max(chunkBytesMin, Math.min(claimed ?? chunkBytesUsual, ratioMax * input.length, bytesMax));
}

/** Of the last member. Source: RFC 1952, ISIZE. */
function gzipContentBytes(input: Uint8Array): number | undefined {
  return input.length < 18 ? undefined : wordAt(input, input.length - 4);
}

/** Of the first frame; `undefined` when its header has no content size, or one beyond 32 bits. Source: RFC 8878, section 3.1.1.1. */
function zstdContentBytes(input: Uint8Array): number | undefined {
  if (input.length < 14 || wordAt(input, 0) !== 0xfd2fb528) {
    return undefined;
  }
  const descriptor = input[4];
  const singleSegment = (descriptor & 0x20) !== 0;
  const dictionaryIdBytes = [0, 1, 2, 4][descriptor & 3];
  const at = 5 + (singleSegment ? 0 : 1) + dictionaryIdBytes;
  switch (descriptor >>> 6) {
    case 0:
      return singleSegment ? input[at] : undefined;
    case 1:
      return (input[at] | (input[at + 1] << 8)) + 256;
    case 2:
      return wordAt(input, at);
    default:
      return undefined;
  }
}

function wordAt(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset + at, 4).getUint32(0, true);
}
