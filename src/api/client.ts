/**
 * What the page and the plugin ask of a server that speaks Tempo's query API: Vivace, Tempo, or another clone. Answers are typed and say
 * whether they are partial; errors carry the server's own text.
 */
import { CodedError } from '../base/coded-error.ts';
import type { ErrorCode } from '../base/coded-error.ts';
import type { Span, SpanId, TraceId, UnixNanos } from '../trace/model.ts';
import type { TraceBody } from './trace-body.ts';
import type { Transport, TransportRequest, TransportResponse } from './transport.ts';
import type { ServiceGraphBody } from './vivace/graph.ts';
import type { ArrivalsBody } from './vivace/arrivals.ts';
import type { VivaceStatus } from './vivace/status.ts';
import { columnsContentType } from './vivace/columns.ts';

/** Partial is not an error: `warnings` say in sentences what is missing. */
export interface ClientAnswer<T> {
  readonly data: T;
  readonly partial: boolean;
  readonly warnings: readonly string[];
}

/** Unix seconds, half-open. */
export interface SecondsRange {
  readonly startSeconds: number;
  readonly endSeconds: number;
}

export interface ClientSearchRequest {
  /** TraceQL; empty means every trace. */
  readonly query: string;
  readonly range: SecondsRange | undefined;
  readonly limit: number;
  readonly spansPerSpanset?: number;
  readonly signal?: AbortSignal;
}

/** A matching span of a found trace, with the attributes the query read. */
export interface FoundSpan {
  readonly spanId: SpanId;
  readonly name: string;
  readonly startUnixNanos: UnixNanos;
  readonly durationNanos: number;
  readonly attributes: readonly (readonly [key: string, value: string])[];
}

export interface FoundTrace {
  readonly traceId: TraceId;
  readonly rootServiceName: string;
  readonly rootName: string;
  readonly startUnixNanos: UnixNanos;
  readonly durationMs: number;
  /** By service; empty when the server does not say. */
  readonly services: readonly { readonly service: string; readonly spanCount: number; readonly errorCount: number }[];
  /** Of all spansets together; `spans` may be fewer. */
  readonly matchedSpans: number;
  readonly spans: readonly FoundSpan[];
}

export interface SearchAnswer {
  readonly traces: readonly FoundTrace[];
  readonly inspectedTraces: number;
  readonly inspectedBytes: number;
}

export interface AttributeName {
  readonly scope: string;
  readonly name: string;
}

export interface AttributeValue {
  /** `string`, `int`, `float`, `bool`, `duration` or `keyword`. */
  readonly type: string;
  readonly value: string;
}

/** One series of an instant metrics query. */
export interface InstantValue {
  readonly labels: readonly (readonly [name: string, value: string])[];
  readonly value: number;
}

export interface NamesRequest {
  /** TraceQL that values and names must occur together with. */
  readonly query?: string;
  readonly range?: SecondsRange;
  readonly signal?: AbortSignal;
}

/** Errors of every method: CodedError, with the code that belongs to the HTTP status and the server's text as message. */
export interface Client {
  search(request: ClientSearchRequest): Promise<ClientAnswer<SearchAnswer>>;
  /**
   * Whole: Vivace ignores `range`, which tells other servers where to look. `data` is undefined when the server does not know the
   * trace.
   */
  trace(
    traceId: TraceId,
    signal?: AbortSignal,
    range?: SecondsRange
  ): Promise<ClientAnswer<readonly Span[] | undefined>>;
  /** What `trace` would decode, for where that is done elsewhere (a worker); `undefined` when the server does not know the trace. */
  traceBody(traceId: TraceId, signal?: AbortSignal, range?: SecondsRange): Promise<TraceBody | undefined>;
  /**
   * Vivace only: an answer below `/api/vivace/traces/{id}/` in columns (see docs/api.md). `undefined` when there is none: the server is
   * another, or does not know the trace.
   */
  traceColumns(
    traceId: TraceId,
    part: 'skeleton' | 'spans' | 'match' | 'keys' | 'column',
    params: Readonly<Record<string, string>>,
    signal?: AbortSignal
  ): Promise<Uint8Array | undefined>;
  attributeNames(request?: NamesRequest): Promise<readonly AttributeName[]>;
  /** `attribute` as TraceQL writes it: `resource.service.name`, `name`. */
  attributeValues(attribute: string, request?: NamesRequest & { limit?: number }): Promise<readonly AttributeValue[]>;
  /** A TraceQL metrics query over the whole range: one value a series, by its labels. */
  metricsInstant(
    query: string,
    range: SecondsRange,
    signal?: AbortSignal
  ): Promise<ClientAnswer<readonly InstantValue[]>>;
  /** Vivace only. `query` chooses traces; empty means every trace. */
  serviceGraph(request: NamesRequest): Promise<ServiceGraphBody>;
  /** What arrived and what was refused since the server's start; `undefined` when the server has no such page. */
  arrivals(signal?: AbortSignal): Promise<ArrivalsBody | undefined>;
  /** `undefined` when the server is not Vivace. */
  status(signal?: AbortSignal): Promise<VivaceStatus | undefined>;
}

const acceptProtobuf = { accept: 'application/protobuf, application/json;q=0.5' };

export function createClient(transport: Transport): Client {
  const send = async (request: TransportRequest): Promise<TransportResponse> => {
    try {
      return await transport(request);
    } catch (error) {
      if (request.signal?.aborted) {
        throw new CodedError('canceled', 'Canceled.', {}, { cause: error });
      }
      const reason = error instanceof Error ? error.message : String(error);
      throw new CodedError('unavailable', `No answer from the server: ${reason}`, {}, { cause: error });
    }
  };
  const getJson = async (path: string, params: Record<string, string>, signal?: AbortSignal): Promise<Json> =>
    jsonOf(succeeded(await send({ method: 'GET', path, params, headers: { accept: 'application/json' }, signal })));

  const traceBody: Client['traceBody'] = async (traceId, signal, range) => {
    const lookUp = { method: 'GET', params: rangeParams(range), headers: acceptProtobuf, signal } as const;
    const response = await send({ ...lookUp, path: `/api/v2/traces/${traceId}` });
    if (response.status !== 404) {
      const { contentType, body } = succeeded(response);
      return { version: 2, contentType, body };
    }
    // No such trace, or a server without the second version of the route.
    const first = await send({ ...lookUp, path: `/api/traces/${traceId}` });
    if (first.status === 404) {
      return undefined;
    }
    const { contentType, body } = succeeded(first);
    return { version: 1, contentType, body };
  };

  return {
    async search({ query, range, limit, spansPerSpanset, signal }) {
      const params: Record<string, string> = {
        q: query.trim() === '' ? '{}' : query,
        limit: String(limit),
        ...rangeParams(range),
      };
      if (spansPerSpanset !== undefined) {
        params['spss'] = String(spansPerSpanset);
      }
      return searchAnswerOf(await getJson('/api/search', params, signal));
    },
    async trace(traceId, signal, range) {
      const body = await traceBody(traceId, signal, range);
      if (body === undefined) {
        return { data: undefined, partial: false, warnings: [] };
      }
      // The trace page decodes in its worker: it does not carry the codecs.
      const { decodeTraceBody } = await import('./trace-body.ts');
      return decodeTraceBody(body);
    },
    traceBody,
    async traceColumns(traceId, part, params, signal) {
      const response = await send({ method: 'GET', path: `/api/vivace/traces/${traceId}/${part}`, params, signal });
      // Another server may answer with its page, or say in several ways that it has no such route.
      const isOther = response.status === 200 && response.contentType !== columnsContentType;
      return isOther || [404, 405, 501].includes(response.status) ? undefined : succeeded(response).body;
    },
    async attributeNames({ query, range, signal } = {}) {
      const params = { ...rangeParams(range), ...(query ? { q: query } : {}) };
      const answer = await getJson('/api/v2/search/tags', params, signal);
      return listOf(answer['scopes']).flatMap((scope) =>
        (Array.isArray(scope['tags']) ? scope['tags'] : []).map((name) => ({
          scope: textOf(scope['name']),
          name: String(name),
        }))
      );
    },
    async attributeValues(attribute, { query, range, signal, limit } = {}) {
      const params = {
        ...rangeParams(range),
        ...(query ? { q: query } : {}),
        ...(limit ? { limit: String(limit) } : {}),
      };
      const answer = await getJson(`/api/v2/search/tag/${encodeURIComponent(attribute)}/values`, params, signal);
      return listOf(answer['tagValues']).map((entry) => ({
        type: textOf(entry['type']),
        value: textOf(entry['value']),
      }));
    },
    async metricsInstant(query, range, signal) {
      const answer = await getJson('/api/metrics/query', { q: query, ...rangeParams(range) }, signal);
      const message = textOf(answer['message']);
      return {
        data: listOf(answer['series']).map((series) => ({
          labels: listOf(series['labels']).map(labelOf),
          value: numberOf(series['value']),
        })),
        partial: answer['status'] === 'PARTIAL',
        warnings: message ? [message] : [],
      };
    },
    async serviceGraph({ query = '', range, signal }) {
      const params = { ...rangeParams(range), ...(query.trim() === '' ? {} : { q: query }) };
      const body = await getJson('/api/vivace/graph', params, signal);
      if (!Array.isArray(body['nodes']) || !Array.isArray(body['edges']) || !Array.isArray(body['warnings'])) {
        throw new CodedError('unsupported', 'The server answered with no service graph: is it Vivace?');
      }
      return body as unknown as ServiceGraphBody;
    },
    async arrivals(signal) {
      const response = await send({ method: 'GET', path: '/api/vivace/arrivals', signal });
      if (response.status === 404 || response.contentType !== 'application/json') {
        return undefined;
      }
      return jsonOf(succeeded(response)) as unknown as ArrivalsBody;
    },
    async status(signal) {
      const response = await send({ method: 'GET', path: '/api/vivace/status', signal });
      if (response.status === 404 || response.contentType !== 'application/json') {
        return undefined;
      }
      const status = jsonOf(succeeded(response));
      return status['product'] === 'vivace' ? (status as unknown as VivaceStatus) : undefined;
    },
  };
}

function rangeParams(range: SecondsRange | undefined): Record<string, string> {
  return range ? { start: String(range.startSeconds), end: String(range.endSeconds) } : {};
}

const codeOfHttp: Readonly<Record<number, ErrorCode>> = {
  400: 'invalid_argument',
  401: 'unauthenticated',
  403: 'permission_denied',
  404: 'not_found',
  412: 'precondition_failed',
  413: 'too_large',
  415: 'unsupported',
  429: 'resource_exhausted',
  499: 'canceled',
  502: 'unavailable',
  503: 'unavailable',
  504: 'deadline_exceeded',
};

function succeeded(response: TransportResponse): TransportResponse {
  if (response.status >= 200 && response.status < 300) {
    return response;
  }
  const text = new TextDecoder().decode(response.body).trim();
  const isQuery = response.status === 400 && text.startsWith('invalid TraceQL query');
  throw new CodedError(
    isQuery ? 'query_invalid' : (codeOfHttp[response.status] ?? 'internal'),
    messageOf(text, response.contentType) || `The server answered with status ${response.status}.`,
    { status: response.status }
  );
}

/** Plain text as it is; `message` or `error` of a JSON body; nothing of an HTML page, which some proxy wrote. */
function messageOf(text: string, contentType: string): string {
  if (contentType === 'application/json') {
    try {
      const body: unknown = JSON.parse(text);
      const message = isRecord(body) ? (body['message'] ?? body['error']) : undefined;
      return typeof message === 'string' ? message : text;
    } catch {
      return text;
    }
  }
  return contentType === 'text/html' ? '' : text;
}

function searchAnswerOf(answer: Json): ClientAnswer<SearchAnswer> {
  const metrics = isRecord(answer['metrics']) ? answer['metrics'] : {};
  const message = textOf(answer['message']);
  return {
    data: {
      traces: listOf(answer['traces']).map(foundTraceOf),
      inspectedTraces: numberOf(metrics['inspectedTraces']),
      inspectedBytes: numberOf(metrics['inspectedBytes']),
    },
    partial: answer['status'] === 'PARTIAL',
    warnings: message ? [message] : [],
  };
}

function foundTraceOf(trace: Json): FoundTrace {
  const spansets =
    trace['spanSets'] === undefined && isRecord(trace['spanSet']) ? [trace['spanSet']] : listOf(trace['spanSets']);
  const stats = isRecord(trace['serviceStats']) ? trace['serviceStats'] : {};
  return {
    traceId: textOf(trace['traceID']).toLowerCase().padStart(32, '0'),
    rootServiceName: textOf(trace['rootServiceName']),
    rootName: textOf(trace['rootTraceName']),
    startUnixNanos: nanosOf(trace['startTimeUnixNano']),
    durationMs: numberOf(trace['durationMs']),
    services: Object.entries(stats)
      .map(([service, counts]) => ({
        service,
        spanCount: isRecord(counts) ? numberOf(counts['spanCount']) : 0,
        errorCount: isRecord(counts) ? numberOf(counts['errorCount']) : 0,
      }))
      .sort((a, b) => (a.service < b.service ? -1 : 1)),
    matchedSpans: spansets.reduce((sum, spanset) => sum + numberOf(spanset['matched']), 0),
    spans: spansets.flatMap((spanset) => listOf(spanset['spans'])).map(foundSpanOf),
  };
}

function foundSpanOf(span: Json): FoundSpan {
  return {
    spanId: textOf(span['spanID']).toLowerCase().padStart(16, '0'),
    name: textOf(span['name']),
    startUnixNanos: nanosOf(span['startTimeUnixNano']),
    durationNanos: numberOf(span['durationNanos']),
    attributes: listOf(span['attributes']).map(labelOf),
  };
}

function labelOf(entry: Json): readonly [string, string] {
  const value = isRecord(entry['value']) ? Object.values(entry['value'])[0] : undefined;
  return [textOf(entry['key']), typeof value === 'object' ? JSON.stringify(value) : String(value ?? '')];
}

type Json = Readonly<Record<string, unknown>>;

function jsonOf(response: TransportResponse): Json {
  const text = new TextDecoder().decode(response.body);
  try {
    const value: unknown = JSON.parse(text);
    if (isRecord(value)) {
      return value;
    }
  } catch (error) {
    throw new CodedError('internal', `The answer is not JSON: ${text.slice(0, 120)}`, {}, { cause: error });
  }
  throw new CodedError('internal', `The answer is not a JSON object: ${text.slice(0, 120)}`);
}

function isRecord(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function listOf(value: unknown): readonly Json[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** jsonpb writes 64-bit integers as strings and leaves zeros out. */
function numberOf(value: unknown): number {
  const number = Number(value ?? 0);
  return Number.isFinite(number) ? number : 0;
}

function nanosOf(value: unknown): UnixNanos {
  return (typeof value === 'string' || typeof value === 'number') && /^\d+$/.test(String(value)) ? BigInt(value) : 0n;
}
