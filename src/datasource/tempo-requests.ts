import { CodedError, type ErrorCode } from '../base/coded-error.ts';
import type { Transport } from '../api/transport.ts';
import type { MetricsBody, SearchBody } from './tempo-json.ts';

/** Seconds since the epoch, half-open. */
export interface SecondsRange {
  readonly startSeconds: number;
  readonly endSeconds: number;
}

export interface SearchParams extends SecondsRange {
  readonly traceql: string;
  readonly limit: number;
  readonly spansPerSpanset: number;
}

export async function requestSearch(
  transport: Transport,
  search: SearchParams,
  signal: AbortSignal
): Promise<SearchBody> {
  return (await getJson(transport, '/api/search', searchParams(search), signal)) as SearchBody;
}

/** The same for the plain route and for the one that streams. */
export function searchParams(search: SearchParams): Record<string, string> {
  return {
    q: search.traceql,
    limit: String(search.limit),
    spss: String(search.spansPerSpanset),
    start: String(search.startSeconds),
    end: String(search.endSeconds),
  };
}

export interface MetricsParams extends SecondsRange {
  readonly traceql: string;
  readonly instant: boolean;
  /** Of a range query, as Tempo writes durations: `30s`. */
  readonly step: string;
  readonly exemplars: number | undefined;
}

export async function requestMetrics(
  transport: Transport,
  metrics: MetricsParams,
  signal: AbortSignal
): Promise<MetricsBody> {
  const path = metrics.instant ? '/api/metrics/query' : '/api/metrics/query_range';
  return (await getJson(transport, path, metricsParams(metrics), signal)) as MetricsBody;
}

export function metricsParams(metrics: MetricsParams): Record<string, string> {
  return {
    q: metrics.traceql,
    start: String(metrics.startSeconds),
    end: String(metrics.endSeconds),
    ...(metrics.instant ? {} : { step: metrics.step }),
    ...(metrics.instant || metrics.exemplars === undefined ? {} : { exemplars: String(metrics.exemplars) }),
  };
}

/** Of any server with Tempo's API; an old one has no such route, and then no version. */
export async function requestBuildInfo(
  transport: Transport,
  signal: AbortSignal
): Promise<{ readonly version?: string }> {
  return (await getJson(transport, '/api/status/buildinfo', {}, signal)) as { version?: string };
}

/** Answers are ours or Tempo's; what a decoder relies on beyond being an object is optional in its types. */
async function getJson(
  transport: Transport,
  path: string,
  params: Readonly<Record<string, string>>,
  signal: AbortSignal
): Promise<object> {
  const headers = { Accept: 'application/json' };
  const response = await transport({ method: 'GET', path, params, headers, signal });
  const text = new TextDecoder().decode(response.body);
  if (response.status < 200 || response.status >= 300) {
    throw errorOfAnswer(response.status, text);
  }
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch (cause) {
    const start = text.slice(0, 80);
    throw new CodedError('internal', `${path}: expected JSON, got ${JSON.stringify(start)}`, {}, { cause });
  }
  if (typeof body !== 'object' || body === null) {
    throw new CodedError('internal', `${path}: expected a JSON object, got ${text.slice(0, 80)}`);
  }
  return body;
}

/** The server's own words, when it sent any. */
function errorOfAnswer(status: number, text: string): CodedError {
  const message = text.trim().slice(0, 2_000) || `the server answered with status ${status}`;
  return new CodedError(codeOfStatus(status), message, { status });
}

function codeOfStatus(status: number): ErrorCode {
  switch (status) {
    case 400:
      return 'invalid_argument';
    case 401:
      return 'unauthenticated';
    case 403:
      return 'permission_denied';
    case 404:
      return 'not_found';
    case 429:
      return 'resource_exhausted';
    case 504:
      return 'deadline_exceeded';
    default:
      return status >= 500 ? 'unavailable' : 'internal';
  }
}
