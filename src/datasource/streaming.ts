import { readStream, type StreamEnd, type StreamLine, type StreamTransport } from '../api/stream-client.ts';
import type { Transport } from '../api/transport.ts';
import type { FoundTrace, JsonSeries, MetricsBody, SearchBody } from './tempo-json.ts';
import {
  metricsParams,
  requestMetrics,
  requestSearch,
  searchParams,
  type MetricsParams,
  type SearchParams,
} from './tempo-requests.ts';

/** How far the server is. */
export interface StreamProgress {
  readonly completedJobs: number;
  readonly totalJobs: number;
  readonly inspectedTraces: number;
  readonly inspectedBytes: number;
}

/** `notice` says in a sentence why the answer came in one piece although a stream was asked for. */
export interface Streamed<Body> {
  readonly body: Body;
  readonly notice: string | undefined;
}

/** Both ways to ask. A server that once refused to stream is not asked again. */
export interface Transports {
  readonly plain: Transport;
  readonly stream: StreamTransport;
  refusesStreams: boolean;
}

/** A search whose traces are told as they are found; without `onPartial` in one piece. Errors: those of {@link requestSearch}. */
export async function answerSearch(
  transports: Transports,
  search: SearchParams,
  signal: AbortSignal,
  onPartial: ((soFar: SearchBody, progress: StreamProgress) => void) | undefined
): Promise<Streamed<SearchBody>> {
  const told: FoundTrace[] = [];
  const onLine = (line: StreamLine): void => {
    const body = line as SearchBody;
    told.push(...(body.traces ?? []));
    onPartial?.({ traces: [...told] }, progressOf(line));
  };
  const end = await stream(transports, '/api/vivace/search/stream', searchParams(search), signal, onPartial && onLine);
  return end?.kind === 'final'
    ? { body: end.body as SearchBody, notice: undefined }
    : { body: await requestSearch(transports.plain, search, signal), notice: noticeOf(end) };
}

/** A range query whose samples are told as they are counted. An instant query has one value a series: it comes in one piece. */
export async function answerMetrics(
  transports: Transports,
  metrics: MetricsParams,
  signal: AbortSignal,
  onPartial: ((soFar: MetricsBody, progress: StreamProgress) => void) | undefined
): Promise<Streamed<MetricsBody>> {
  const told = new Map<string, JsonSeries>();
  const onLine = (line: StreamLine): void => {
    for (const series of (line as MetricsBody).series ?? []) {
      const key = JSON.stringify(series.labels ?? []);
      told.set(key, withSamples(told.get(key), series));
    }
    onPartial?.({ series: [...told.values()] }, progressOf(line));
  };
  const path = '/api/vivace/query_range/stream';
  const listen = metrics.instant ? undefined : onPartial && onLine;
  const end = await stream(transports, path, metricsParams(metrics), signal, listen);
  return end?.kind === 'final'
    ? { body: end.body as MetricsBody, notice: undefined }
    : { body: await requestMetrics(transports.plain, metrics, signal), notice: noticeOf(end) };
}

/** `undefined` where no stream was asked for. */
async function stream(
  transports: Transports,
  path: string,
  params: Readonly<Record<string, string>>,
  signal: AbortSignal,
  onLine: ((line: StreamLine) => void) | undefined
): Promise<StreamEnd | undefined> {
  if (onLine === undefined || transports.refusesStreams) {
    return undefined;
  }
  const headers = { Accept: 'application/x-ndjson' };
  const end = await readStream(transports.stream, { method: 'GET', path, params, headers, signal }, onLine);
  transports.refusesStreams ||= end.kind === 'refused';
  return end;
}

function noticeOf(end: StreamEnd | undefined): string | undefined {
  switch (end?.kind) {
    case 'refused':
      return `The server answered in one piece: it does not stream (${end.reason}).`;
    case 'cut':
      return `The answer came in one piece: its stream was cut (${end.reason}).`;
    default:
      return undefined;
  }
}

/** A sample replaces an earlier one of its time. */
function withSamples(before: JsonSeries | undefined, fresh: JsonSeries): JsonSeries {
  if (before === undefined) {
    return fresh;
  }
  const byTime = new Map((before.samples ?? []).map((sample) => [Number(sample.timestampMs ?? 0), sample]));
  (fresh.samples ?? []).forEach((sample) => byTime.set(Number(sample.timestampMs ?? 0), sample));
  const samples = [...byTime].sort(([a], [b]) => a - b).map(([, sample]) => sample);
  return { ...before, ...fresh, samples };
}

function progressOf(line: StreamLine): StreamProgress {
  const metrics = (line.metrics ?? {}) as Readonly<Record<string, unknown>>;
  const count = (name: string): number => Number(metrics[name] ?? 0);
  return {
    completedJobs: count('completedJobs'),
    totalJobs: count('totalJobs'),
    inspectedTraces: count('inspectedTraces'),
    inspectedBytes: count('inspectedBytes'),
  };
}
