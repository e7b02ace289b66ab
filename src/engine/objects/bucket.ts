import { CodedError } from '../../base/coded-error.ts';
import type { ByteRange } from '../disk.ts';

/** An object as a listing or a look at its head tells of it. */
export interface ObjectInfo {
  readonly key: string;
  readonly sizeBytes: number;
  /** Changes with the content; means something to {@link PutCondition} alone. */
  readonly version: string;
  readonly modifiedUnixMs: number;
}

/** What must hold for a `put` to happen. */
export type PutCondition = { readonly kind: 'absent' } | { readonly kind: 'version'; readonly version: string };

/**
 * A bucket (container) below a prefix, as the engine sees it. Keys are relative to the prefix, with `/`. What has been put is durable and
 * seen by every later read, as S3, GCS and Azure promise.
 *
 * One call is one try: the caller decides about trying again (`resilient-bucket.ts`). Errors: {@link BucketError}, also when `signal` fires.
 */
export interface Bucket {
  /** For people: `s3://traces/prod`. */
  readonly name: string;
  /** `undefined` when there is no such object. */
  get(key: string, signal?: AbortSignal): Promise<{ bytes: Uint8Array; version: string } | undefined>;
  /** `undefined` when there is no such object. May answer fewer bytes when the object ends or the connection breaks. */
  getRange(key: string, range: ByteRange, signal?: AbortSignal): Promise<Uint8Array | undefined>;
  head(key: string, signal?: AbortSignal): Promise<ObjectInfo | undefined>;
  /**
   * Answers the new version, or `undefined` when the condition does not hold. The store has confirmed the bytes by a checksum when it
   * resolves. When it rejects, the object may have been put.
   */
  put(key: string, bytes: Uint8Array, condition?: PutCondition, signal?: AbortSignal): Promise<string | undefined>;
  /** For objects too large for one `put`. */
  startUpload(key: string, sizeBytes: number, signal?: AbortSignal): Promise<PartUpload>;
  /** All objects whose key begins with the prefix, by key. */
  list(prefix: string, signal?: AbortSignal): Promise<ObjectInfo[]>;
  /** No error when absent. */
  delete(key: string, signal?: AbortSignal): Promise<void>;
  /** Ends uploads that were begun before then and never completed: their parts cost money and are in no listing. */
  abortUploadsBefore(unixMs: number, signal?: AbortSignal): Promise<number>;
  close(): void;
}

/** An object that is put in parts. Nobody sees it before `complete`. */
export interface PartUpload {
  /** Of every part but the last. */
  readonly partBytes: number;
  /** Confirmed by a checksum when it resolves; may be repeated. Parts may be put at the same time. */
  putPart(index: number, bytes: Uint8Array, signal?: AbortSignal): Promise<void>;
  complete(signal?: AbortSignal): Promise<void>;
  abort(signal?: AbortSignal): Promise<void>;
}

/** The store refused, did not answer, or answered something else than was asked for. */
export class BucketError extends CodedError {
  override readonly name = 'BucketError';
  /** Whether the same request may succeed a little later. */
  readonly isTransient: boolean;

  constructor(message: string, isTransient: boolean, options?: { cause?: unknown }) {
    super('unavailable', message, {}, options);
    this.isTransient = isTransient;
  }
}

/** Whether the HTTP status of a refusal is worth another try: overload, timeouts, faults of the store. */
export function isTransientStatus(status: number | undefined): boolean {
  return status === undefined || status === 408 || status === 425 || status === 429 || status >= 500;
}
