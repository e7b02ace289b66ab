import type { ErrorCode } from '../base/coded-error.ts';

/** The numbers of gRPC's status codes that we answer with. Source: grpc/status.proto. */
export const grpcStatus = {
  ok: 0,
  canceled: 1,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  permissionDenied: 7,
  resourceExhausted: 8,
  failedPrecondition: 9,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
} as const;

export interface ErrorMapping {
  readonly http: number;
  readonly grpc: number;
  /** The same request may succeed later: HTTP answers carry Retry-After, gRPC answers RetryInfo. */
  readonly retryable: boolean;
  /** One sentence for docs/errors.md. */
  readonly meaning: string;
}

/**
 * The one table from error code to HTTP and gRPC status. `docs/errors.md` is kept equal to it by a test.
 * Source: the OTLP specification's lists of retryable answers, and the Tempo API for queries.
 */
export const errorTable: Readonly<Record<ErrorCode, ErrorMapping>> = {
  invalid_argument: {
    http: 400,
    grpc: grpcStatus.invalidArgument,
    retryable: false,
    meaning: 'A body, parameter or id is malformed. Nothing of the request was stored.',
  },
  query_invalid: {
    http: 400,
    grpc: grpcStatus.invalidArgument,
    retryable: false,
    meaning: 'The TraceQL text does not parse or validate; the message says where and what was expected.',
  },
  not_found: {
    http: 404,
    grpc: grpcStatus.notFound,
    retryable: false,
    meaning: 'There is no such trace, path or page.',
  },
  precondition_failed: {
    http: 412,
    grpc: grpcStatus.failedPrecondition,
    retryable: false,
    meaning: 'What is to be changed has another version than the request names. Read it again.',
  },
  too_large: {
    http: 413,
    grpc: grpcStatus.resourceExhausted,
    retryable: false,
    meaning: 'The body or answer is above a limit, which the message names. The same request never succeeds.',
  },
  resource_exhausted: {
    http: 429,
    grpc: grpcStatus.resourceExhausted,
    retryable: true,
    meaning: 'A rate or memory limit of the tenant is reached.',
  },
  unauthenticated: {
    http: 401,
    grpc: grpcStatus.unauthenticated,
    retryable: false,
    meaning: 'Credentials or the tenant header are missing or unknown.',
  },
  permission_denied: {
    http: 403,
    grpc: grpcStatus.permissionDenied,
    retryable: false,
    meaning: 'The credentials are good, but not for this scope, tenant or host.',
  },
  unsupported: {
    http: 415,
    grpc: grpcStatus.unimplemented,
    retryable: false,
    meaning: 'A content type, encoding or format version that this server does not know.',
  },
  unavailable: {
    http: 503,
    grpc: grpcStatus.unavailable,
    retryable: true,
    meaning: 'The server is starting, stopping, out of disk space or out of memory for bodies.',
  },
  deadline_exceeded: {
    http: 504,
    grpc: grpcStatus.deadlineExceeded,
    retryable: true,
    meaning: 'The request took longer than its deadline or the limit of the server.',
  },
  canceled: {
    http: 499,
    grpc: grpcStatus.canceled,
    retryable: true,
    meaning: 'The client went away.',
  },
  corrupt: {
    http: 500,
    grpc: grpcStatus.internal,
    retryable: false,
    meaning: 'Stored bytes are damaged and nothing could be answered from the rest.',
  },
  internal: {
    http: 500,
    grpc: grpcStatus.internal,
    retryable: false,
    meaning: 'Our own fault. The answer names an error id that stands in the log.',
  },
};

/** Seconds a client should wait before it tries again; also in gRPC's RetryInfo. */
export const retryAfterSeconds = 1;
