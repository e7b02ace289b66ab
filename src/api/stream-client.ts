/** Reads the server's NDJSON streams (`/api/vivace/search/stream`, `/api/vivace/query_range/stream`), over any transport that hands over bytes as they come. */
import { CodedError } from '../base/coded-error.ts';
import type { TransportRequest } from './transport.ts';

export interface StreamSink {
  /** Once, before the first bytes. `contentType` is lower case, without parameters. */
  begin(status: number, contentType: string): void;
  bytes(chunk: Uint8Array): void;
}

/** Resolves at the end of the answer, whatever its status. Rejects when there was no answer, it was cut, or the signal aborted it. */
export type StreamTransport = (request: TransportRequest, sink: StreamSink) => Promise<void>;

/** One line. `final` has the whole answer; what else it holds is the body of the route without `/stream`. */
export interface StreamLine {
  readonly type: 'progress' | 'delta' | 'final';
  readonly [key: string]: unknown;
}

/**
 * `refused`: the server has no such route, or something between answers in its place. `cut`: the answer ended before its last line. After
 * both a plain request may still succeed.
 */
export type StreamEnd =
  { readonly kind: 'final'; readonly body: StreamLine } | { readonly kind: 'refused' | 'cut'; readonly reason: string };

/** A line is one JSON object of at most this many characters; a longer one is no answer of ours. */
const lineLengthMax = 64 * 1024 * 1024;

/**
 * Calls `onLine` for every line but the last. Errors: CodedError `canceled` when the signal aborts; the server's own error, with
 * `details.status`, when the request or the query fails.
 */
export async function readStream(
  transport: StreamTransport,
  request: TransportRequest,
  onLine: (line: StreamLine) => void
): Promise<StreamEnd> {
  const decoder = new TextDecoder();
  let answer: { readonly status: number; readonly isStream: boolean } | undefined;
  let rest = '';
  let final: StreamLine | undefined;
  let failure: CodedError | undefined;
  const take = (text: string): void => {
    if (text.trim() === '' || final !== undefined || failure !== undefined) {
      return; // Blank lines keep the connection alive.
    }
    const line = JSON.parse(text) as StreamLine | { type: 'error'; status?: number; message?: string };
    if (line.type === 'error') {
      failure = errorOf(Number(line.status ?? 500), String(line.message ?? 'the query failed'));
    } else if (line.type === 'final') {
      final = line;
    } else {
      onLine(line);
    }
  };
  try {
    await transport(request, {
      begin(status, contentType) {
        answer = { status, isStream: contentType === 'application/x-ndjson' && status === 200 };
      },
      bytes(chunk) {
        rest += decoder.decode(chunk, { stream: true });
        if (rest.length > lineLengthMax) {
          throw new CodedError('too_large', `a line of the stream is longer than ${lineLengthMax} characters`);
        }
        if (answer?.isStream) {
          const lines = rest.split('\n');
          rest = lines.pop() ?? '';
          lines.forEach(take);
        }
      },
    });
    if (answer?.isStream) {
      take(rest);
    }
  } catch (error) {
    if (request.signal?.aborted) {
      throw new CodedError('canceled', 'Canceled.', {}, { cause: error });
    }
    if (final === undefined && failure === undefined) {
      const reason = error instanceof Error ? error.message : String(error);
      return answer?.isStream ? { kind: 'cut', reason } : { kind: 'refused', reason };
    }
  }
  if (failure !== undefined) {
    throw failure;
  }
  if (final !== undefined) {
    return { kind: 'final', body: final };
  }
  if (answer === undefined || answer.isStream) {
    return { kind: 'cut', reason: 'it ended before its last line' };
  }
  const { status } = answer;
  if (status >= 400 && !refusals.has(status)) {
    throw errorOf(status, rest.trim().slice(0, 2_000) || `the server answered with status ${status}`);
  }
  return { kind: 'refused', reason: status === 200 ? 'the answer is no stream' : `status ${status}` };
}

/** No such route, method or form of answer: says nothing about the query. */
const refusals: ReadonlySet<number> = new Set([404, 405, 406, 415, 501]);

function errorOf(status: number, message: string): CodedError {
  const code =
    status === 400
      ? 'invalid_argument'
      : status === 401
        ? 'unauthenticated'
        : status === 403
          ? 'permission_denied'
          : status === 429
            ? 'resource_exhausted'
            : status === 504
              ? 'deadline_exceeded'
              : 'unavailable';
  return new CodedError(code, message, { status });
}
