/** Request bodies: read and decompressed with every byte counted before it is kept. */
import type { Readable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { CodedError } from '../base/coded-error.ts';
import type { IngestBatch } from '../store/trace-store.ts';
import type { Lease } from './admission.ts';

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
  declaredBytes: number | undefined,
  limits: BodyLimits,
  lease: Lease
): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = [];
    let length = 0;
    let leased = 0;
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
        if (length > leased) {
          lease.take(length - leased);
          leased = length;
        }
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
      if (declaredBytes !== undefined) {
        checkSize(declaredBytes, limits.bytesMax, 'body');
        lease.take(declaredBytes);
        leased = declaredBytes;
      }
    } catch (error) {
      fail(error);
    }
  });
}

/**
 * The decoded body. Output is counted while it is made: a bomb stops at `bytesMax`.
 * Errors: `too_large`, `unavailable` (budget), `invalid_argument` (damaged or cut short).
 */
export async function decompress(
  body: Uint8Array,
  compression: Compression,
  bytesMax: number,
  lease: Lease
): Promise<Uint8Array> {
  if (compression === 'identity') {
    return body;
  }
  // 256 KiB: few trips to the thread pool, and at most so much over the limit.
  const chunkSize = 256 * 1024;
  const decoder = compression === 'gzip' ? createGunzip({ chunkSize }) : createZstdDecompress({ chunkSize });
  const chunks: Uint8Array[] = [];
  let length = 0;
  decoder.end(body);
  try {
    for await (const chunk of decoder as AsyncIterable<Uint8Array>) {
      length += chunk.length;
      checkSize(length, bytesMax, `body decoded from ${compression}`);
      lease.take(chunk.length);
      chunks.push(chunk);
    }
  } catch (error) {
    throw error instanceof CodedError
      ? error
      : new CodedError('invalid_argument', `the body is no ${compression} data: ${(error as Error).message}`);
  } finally {
    decoder.destroy();
  }
  return chunks.length === 1 ? chunks[0] : Buffer.concat(chunks, length);
}

function checkSize(bytes: number, bytesMax: number, what: string): void {
  if (bytes > bytesMax) {
    throw new CodedError('too_large', `the ${what} has more than ${bytesMax} bytes (limit body_bytes_max)`);
  }
}
