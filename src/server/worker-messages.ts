import { CodedError, errorCodeOf, type ErrorCode, type ErrorDetails } from '../base/coded-error.ts';
import type { BlockCacheLimits } from '../engine/block/block-cache.ts';
import type { Gone } from '../engine/workers.ts';
import type { MessagePort } from 'node:worker_threads';

export interface WorkerData {
  /** The store's folder. */
  readonly root: string;
  /** This thread's share of what queries keep of blocks. */
  readonly cacheLimits: BlockCacheLimits | undefined;
  /** Where blocks are read that lie in a bucket; see `object-stores/disk-port.ts`. */
  readonly blocks?: MessagePort;
}

export type WorkerRequest =
  | {
      readonly kind: 'run';
      readonly id: number;
      readonly task: string;
      readonly payload: unknown;
      /** One word, not 0 when the task is to stop. */
      readonly stop: SharedArrayBuffer;
    }
  | { readonly kind: 'forget'; readonly gone: Gone };

export interface PlainError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly details: ErrorDetails;
}

export type WorkerAnswer =
  | { readonly kind: 'report'; readonly id: number; readonly report: unknown }
  | { readonly kind: 'result'; readonly id: number; readonly result: unknown }
  | { readonly kind: 'error'; readonly id: number; readonly error: PlainError };

/** An error as it crosses threads: a class would arrive without its code. */
export function plainOfError(error: unknown): PlainError {
  const message = error instanceof Error ? error.message : String(error);
  return { code: errorCodeOf(error), message, details: error instanceof CodedError ? error.details : {} };
}

export function errorOfPlain({ code, message, details }: PlainError): CodedError {
  return new CodedError(code, message, details);
}
