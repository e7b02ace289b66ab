/**
 * Searches and metrics that tell what they have found before they end, as messages of Tempo's API. gRPC and NDJSON carry the same.
 */
import type { Answer, MetricsSoFar, QueryProgress } from '../../store/trace-store.ts';
import type { TraceMatch } from '../../traceql/match.ts';
import { settlesByStep } from '../../traceql/metrics.ts';
import type { MetricSeries } from '../../traceql/metrics.ts';
import type {
  QueryInstantResponse,
  QueryRangeResponse,
  SearchMetrics,
  SearchResponse,
  TimeSeries,
} from '../../wire/tempo.ts';
import type { ApiContext, ApiRequest } from '../exchange.ts';
import { asksInTraceql } from '../tempo/query.ts';
import { metricsInstantOf, metricsRangeOf, searchOf, seriesMaxOf } from '../tempo/search.ts';
import { metricsInstantBody, metricsRangeBody, searchBody } from '../tempo/shape.ts';
import { watch } from './watch.ts';

/**
 * `progress` has metrics only, `delta` what is new or has changed since the message before, `final` everything again. In `metrics` of each
 * `completedJobs` of `totalJobs` are done.
 */
export interface StreamMessage<Body> {
  readonly kind: 'progress' | 'delta' | 'final';
  readonly body: Body;
}

export type MessageStream<Body> = AsyncIterable<StreamMessage<Body>>;

/** Every trace that a delta tells is in the final message, unchanged and in the same order. Errors: those of a search, before the first message. */
export function streamSearch(request: ApiRequest, context: ApiContext): MessageStream<SearchResponse> {
  const wanted = searchOf(request, context);
  const hasSpansets = asksInTraceql(request.params);
  return messages();

  async function* messages(): AsyncGenerator<StreamMessage<SearchResponse>> {
    const told = new Set<string>();
    const run = (onProgress: (progress: QueryProgress<readonly TraceMatch[]>) => void) =>
      context.store.search({ ...wanted, onProgress });
    for await (const sight of watch(run, context.clock, request.signal)) {
      if (sight.kind === 'answer') {
        const body = searchBody(sight.answer, hasSpansets);
        yield { kind: 'final', body: { ...body, metrics: withJobs(body.metrics, sight.stepsTotal, sight.stepsTotal) } };
        return;
      }
      const fresh = sight.data.filter(({ traceId }) => !told.has(traceId));
      fresh.forEach(({ traceId }) => told.add(traceId));
      const body = searchBody(soFar(fresh, sight.stats), hasSpansets);
      const metrics = withJobs(body.metrics, sight.stepsDone, sight.stepsTotal);
      yield { kind: fresh.length === 0 ? 'progress' : 'delta', body: { ...body, metrics } };
    }
  }
}

/**
 * A delta tells the samples of the steps that have become complete, newest first: what it tells is in the final message, unchanged. Series that
 * are found later bring samples of earlier told steps too. `topk`, `bottomk` and `compare()` choose among all that is found, and tell
 * nothing before the end; exemplars come with the final message.
 */
export function streamMetricsRange(request: ApiRequest, context: ApiContext): MessageStream<QueryRangeResponse> {
  const wanted = metricsRangeOf(request, context);
  const seriesMax = seriesMaxOf(request);
  const settles = settlesByStep(wanted.query);
  return messages();

  async function* messages(): AsyncGenerator<StreamMessage<QueryRangeResponse>> {
    const told = new Map<string, Set<string>>();
    const run = (onProgress: (progress: QueryProgress<MetricsSoFar>) => void) =>
      context.store.metrics({ ...wanted, onProgress });
    for await (const sight of watch(run, context.clock, request.signal)) {
      if (sight.kind === 'answer') {
        const body = metricsRangeBody(sight.answer, seriesMax);
        yield { kind: 'final', body: { ...body, metrics: withJobs(body.metrics, sight.stepsTotal, sight.stepsTotal) } };
        return;
      }
      const complete = settles ? completeSamples(sight.data, wanted.stepNanos) : [];
      const { series = [], metrics } = metricsRangeBody(soFar(complete, sight.stats), seriesMax);
      const fresh = untold(told, series, seriesMax);
      const body = { series: fresh, metrics: withJobs(metrics, sight.stepsDone, sight.stepsTotal) };
      yield { kind: fresh.length === 0 ? 'progress' : 'delta', body };
    }
  }
}

/** Series with the samples of the steps all of whose spans are counted. */
function completeSamples({ series, completeAfterUnixNanos }: MetricsSoFar, stepNanos: bigint): MetricSeries[] {
  if (completeAfterUnixNanos === undefined) {
    return [];
  }
  const earliest = completeAfterUnixNanos + stepNanos;
  return series.map(({ labels, samples }) => ({
    labels,
    samples: samples.filter(({ timestampUnixNanos }) => timestampUnixNanos >= earliest),
    exemplars: [],
  }));
}

/** One message: clients of an instant query replace what they have by each that comes. */
export function streamMetricsInstant(request: ApiRequest, context: ApiContext): MessageStream<QueryInstantResponse> {
  const wanted = metricsInstantOf(request, context);
  return messages();

  async function* messages(): AsyncGenerator<StreamMessage<QueryInstantResponse>> {
    for await (const sight of watch(() => context.store.metrics(wanted), context.clock, request.signal)) {
      if (sight.kind === 'answer') {
        yield { kind: 'final', body: metricsInstantBody(sight.answer) };
      }
    }
  }
}

/** Samples that have not been told yet, of `seriesMax` series at most in all; `told` is brought up to date. */
function untold(told: Map<string, Set<string>>, series: readonly TimeSeries[], seriesMax: number): TimeSeries[] {
  return series.flatMap(({ labels, samples = [] }) => {
    const key = JSON.stringify(labels);
    const before = told.get(key) ?? new Set<string>();
    const fresh = samples.filter(({ timestampMs = '0' }) => !before.has(timestampMs));
    if (fresh.length === 0 || (before.size === 0 && told.size >= seriesMax)) {
      return [];
    }
    told.set(key, before);
    fresh.forEach(({ timestampMs = '0' }) => before.add(timestampMs));
    return [{ labels, samples: fresh }];
  });
}

function soFar<T>(data: T, stats: Answer<T>['stats']): Answer<T> {
  return { data, partial: false, warnings: [], stats };
}

function withJobs(metrics: SearchMetrics | undefined, completedJobs: number, totalJobs: number): SearchMetrics {
  return { ...metrics, completedJobs, totalJobs };
}
