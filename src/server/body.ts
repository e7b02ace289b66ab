/** Request bodies: read and decompressed with every byte counted before it is kept. */
import type { Readable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { CodedError } from '../base/coded-error.ts';
import type { IngestBatch } from '../store/trace-store.ts';
import type { Lease } from './admission.ts';
import { chunkBytesMin, decodedBytesLikely } from './decoded-size.ts';

export type Compression = IngestBatch['compression'];

export interface BodyLimits {
  readonly bytesMax: number;
  readonly timeoutMs: number;
}

/**
 * Everything the client sends. The stream is left alive on an error, so that an answer can still go out; what follows is thrown away.
 * Errors: `too_large`, `unavailable` (budget), `deadline_exceeded` (slow client), `canceled` (client went away).
 */
export function readBody(
  source: Readable,
  contentLength: string | undefined,
  limits: BodyLimits,
  lease: Lease
): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = [];
    let length = 0;
    const timer = setTimeout(
      () => fail(new CodedError('deadline_exceeded', `the body did not arrive within ${limits.timeoutMs} ms`)),
      limits.timeoutMs
    );
    const settle = (): void => {
      clearTimeout(timer);
      source.off('data', onData).off('end', onEnd).off('close', onClose).off('error', onError);
      // Without a listener a late error would end the process.
      source.on('error', () => undefined);
    };
    const fail = (error: unknown): void => {
      settle();
      source.resume();
      reject(error);
    };
    const onData = (chunk: Uint8Array): void => {
      try {
        length += chunk.length;
        checkSize(length, limits.bytesMax, 'body');
        lease.take(chunk.length);
        chunks.push(chunk);
      } catch (error) {
        fail(error);
      }
    };
    const onEnd = (): void => {
      settle();
      resolve(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks, length));
    };
    const onClose = (): void => fail(new CodedError('canceled', 'the client went away'));
    const onError = (): void => fail(new CodedError('canceled', 'the connection broke'));
    source.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onError);
    try {
      // What is no number is left to the count of what arrives.
      if (contentLength !== undefined && /^\d{1,15}$/.test(contentLength)) {
        const declaredBytes = Number(contentLength);
        checkSize(declaredBytes, limits.bytesMax, 'body');
        lease.expect(declaredBytes);
      }
    } catch (error) {
      fail(error);
    }
  });
}

/** The fields of an {@link IngestBatch} that say what was received. */
export type DecodedBody = Pick<IngestBatch, 'body' | 'compression' | 'decoded' | 'freeDecoded'>;

/** More frames than any client writes; each costs a decoder. */
const framesMax = 1000;

/**
 * Decompresses a body, in the thread pool. Output is counted while it is made: a bomb stops at `bytesMax`.
 * Errors: `too_large`, `unavailable` (budget), `invalid_argument` (damaged or cut short).
 */
export async function decompress(
  body: Uint8Array,
  compression: Compression,
  bytesMax: number,
  lease: Lease
): Promise<DecodedBody> {
  if (compression === 'identity') {
    return { body, compression, decoded: body };
  }
  const output: Output = { chunks: [], length: 0, bytesMax, lease };
  let offset = 0;
  let frames = 0;
  do {
    if (frames === framesMax) {
      throw new CodedError('invalid_argument', `the body has more than ${framesMax} ${compression} frames`);
    }
    offset += await decodeFrame(body.subarray(offset), compression, output);
    frames++;
  } while (offset < body.length);
  const decoded = output.chunks.length === 1 ? output.chunks[0] : Buffer.concat(output.chunks, output.length);
  const freeDecoded = freeOf(decoded);
  // Node's zstd stops after one frame without a word. The store decodes the body again when it replays its log, so it gets one it can.
  return frames === 1
    ? { body, compression, decoded, freeDecoded }
    : { body: decoded, compression: 'identity', decoded };
}

interface Output {
  readonly chunks: Uint8Array[];
  length: number;
  readonly bytesMax: number;
  readonly lease: Lease;
}

/** Decodes the first frame (of gzip: all members) into `output`; answers how many bytes of input it took. */
async function decodeFrame(input: Uint8Array, compression: 'gzip' | 'zstd', output: Output): Promise<number> {
  const chunkSize = decodedBytesLikely(input, compression, output.bytesMax) + spareBytes;
  output.lease.expect(chunkSize);
  const decoder = compression === 'gzip' ? createGunzip({ chunkSize }) : createZstdDecompress({ chunkSize });
  decoder.end(input);
  try {
    for await (const chunk of decoder as AsyncIterable<Uint8Array>) {
      output.length += chunk.length;
      checkSize(output.length, output.bytesMax, `body decoded from ${compression}`);
      output.lease.take(chunk.length);
      output.chunks.push(chunk);
    }
  } catch (error) {
    throw error instanceof CodedError
      ? error
      : new CodedError('invalid_argument', `the body is no ${compression} data: ${(error as Error).message}`);
  } finally {
    decoder.destroy();
  }
  // Gzip reads to the end, trailing bytes that are no member included; zstd tells where its frame ended.
  return compression === 'gzip' || decoder.bytesWritten === 0 ? input.length : decoder.bytesWritten;
}

/** Behind the content: the walker reads words up to the last byte, and zlib sees that there is room left. */
const spareBytes = 8;

/** Frees the memory behind `bytes`; `undefined` when others may share it. */
function freeOf({ buffer, byteOffset }: Uint8Array): (() => void) | undefined {
  const alone = buffer instanceof ArrayBuffer && byteOffset === 0 && buffer.byteLength >= chunkBytesMin;
  return alone ? () => void buffer.transfer(0) : undefined;
}

function checkSize(bytes: number, bytesMax: number, what: string): void {
  if (bytes > bytesMax) {
    throw new CodedError('too_large', `the ${what} has more than ${bytesMax} bytes (limit body_bytes_max)`);
  }
}
