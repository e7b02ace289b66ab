/**
 * Streams over plain HTTP, for clients that cannot speak gRPC: one JSON object a line. `type` says what it is: `progress`, `delta`, `final`
 * (the body of the route without `/stream`), `spans` and `dropped` (live tail), `error` (the last line of a stream that failed).
 */
import { CodedError, errorCodeOf } from '../../base/coded-error.ts';
import { errorText } from '../error-response.ts';
import { errorTable } from '../errors.ts';
import { messageToJson, type Message } from '../../wire/protobuf-schema.ts';
import { queryRangeResponse, searchResponse } from '../../wire/tempo.ts';
import type { ApiContext, ApiRequest } from '../exchange.ts';
import { countParam } from '../tempo/params.ts';
import { streamMetricsRange, streamSearch, type MessageStream } from './queries.ts';
import { tailQuery } from './tail-query.ts';

export const ndjsonContentType = 'application/x-ndjson';

export interface StreamRoute {
  /** For metrics and logs. */
  readonly name: string;
  /** Goes on until the client leaves: `query_timeout` is not for it. */
  readonly isEndless: boolean;
  /** Lines without their newline. Errors: thrown at once for what is wrong with the request, by the iteration later. */
  open(request: ApiRequest, context: ApiContext): AsyncIterable<string>;
}

const routes: Readonly<Record<string, StreamRoute>> = {
  '/api/vivace/search/stream': {
    name: 'search_stream',
    isEndless: false,
    open: (request, context) => lines(streamSearch(request, context), searchResponse, { traces: [] }),
  },
  '/api/vivace/query_range/stream': {
    name: 'metrics_range_stream',
    isEndless: false,
    open: (request, context) => lines(streamMetricsRange(request, context), queryRangeResponse, { series: [] }),
  },
  '/api/vivace/tail': { name: 'tail', isEndless: true, open: tail },
};

export function streamPaths(): string[] {
  return Object.keys(routes);
}

/** `undefined` for a path that does not stream. */
export function streamRouteOf(path: string): StreamRoute | undefined {
  return Object.hasOwn(routes, path) ? routes[path] : undefined;
}

/** The last line of a stream that failed after its first. */
export function errorLine(error: unknown, onInternalError: (error: unknown) => string): string {
  const { http } = errorTable[errorCodeOf(error)];
  return JSON.stringify({ type: 'error', status: http, message: errorText(error, onInternalError) });
}

async function* lines<T extends object>(
  stream: MessageStream<T>,
  type: Message<T>,
  empty: Readonly<Record<string, readonly never[]>>
): AsyncGenerator<string> {
  for await (const { kind, body } of stream) {
    yield JSON.stringify({ type: kind, ...(kind === 'progress' ? {} : empty), ...messageToJson(type, body) });
  }
}

const spansPerSecondDefault = 100;
const spansPerSecondMax = 1_000;

function tail({ params, tenant, signal }: ApiRequest, { tails }: ApiContext): AsyncIterable<string> {
  const query = tailQuery(params);
  const spansPerSecond = countParam(params, 'limit', spansPerSecondDefault, spansPerSecondMax);
  if (tails === undefined) {
    throw new CodedError('unsupported', 'this server has no live tail');
  }
  const opened = tails.open(tenant, query, spansPerSecond);
  signal?.addEventListener('abort', () => opened.close(), { once: true });
  return tailLines();

  async function* tailLines(): AsyncGenerator<string> {
    for await (const told of opened) {
      // The spans are JSON already.
      yield told.type === 'spans' ? `{"type":"spans","spans":[${told.spans.join(',')}]}` : JSON.stringify(told);
    }
  }
}
