/**
 * Errors that are the caller's or the world's fault. One table (`src/api/errors.ts`) maps each code to HTTP and gRPC status
 * and to *retryable*; `docs/errors.md` lists them. Query errors and damaged bytes have classes of their own below.
 */
export type ErrorCode =
  | 'invalid_argument' // malformed body, parameter or id
  | 'query_invalid' // TraceQL that does not parse or validate
  | 'not_found'
  | 'precondition_failed' // the version named by the client is not the one that is there
  | 'too_large' // body, trace or answer above a limit: the same request will never succeed
  | 'resource_exhausted' // rate or memory limit: succeeds later
  | 'unauthenticated'
  | 'permission_denied'
  | 'unsupported' // content type, encoding, format version we do not know
  | 'unavailable' // disk full, starting up, shutting down: retry
  | 'deadline_exceeded'
  | 'canceled'
  | 'corrupt' // damaged bytes
  | 'internal';

export type ErrorDetails = Readonly<Record<string, string | number | boolean>>;

export class CodedError extends Error {
  override readonly name: string = 'CodedError';
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
    this.details = details;
  }
}

/** Damaged bytes in a file: reading stops for that block or record, never for the process. */
export class CorruptionError extends CodedError {
  override readonly name = 'CorruptionError';

  constructor(file: string, offset: number, expected: string, found: string) {
    super('corrupt', `${file}: at byte ${offset}: expected ${expected}, found ${found}`, {
      file,
      offset,
      expected,
      found,
    });
  }
}

/** The code of any thrown value; what is not a {@link CodedError} is our own fault. */
export function errorCodeOf(error: unknown): ErrorCode {
  return error instanceof CodedError ? error.code : 'internal';
}
