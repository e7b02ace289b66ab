/** Compression and checksums as the engine sees it: passed in (Node's zlib in the server, DecompressionStream elsewhere). All calls but one are synchronous; what they answer is the caller's own. */
export interface Codecs {
  /** `level` 1 (fast) to 19. */
  zstdCompress(bytes: Uint8Array, level: number): Uint8Array;
  /** Errors: throws when the frame is damaged or decodes to more than `sizeBytesMax`. `sizeHintBytes`, when known, saves reallocation. */
  zstdDecompress(bytes: Uint8Array, sizeBytesMax: number, sizeHintBytes?: number): Uint8Array;
  /** Errors: throws when the stream is damaged or decodes to more than `sizeBytesMax`. Concatenated members are decoded. */
  gunzip(bytes: Uint8Array, sizeBytesMax: number): Uint8Array;
  /** The same in another thread, where there is one: for who has other work meanwhile. Rejects where `gunzip` throws. */
  gunzipAside?(bytes: Uint8Array, sizeBytesMax: number): Promise<Uint8Array>;
  /** CRC-32 (IEEE) of all bytes, unsigned, where the machine has one that is faster than ours. */
  crc32?(bytes: Uint8Array): number;
}
