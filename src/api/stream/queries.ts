/**
 * Searches and metrics that tell what they have found before they end, as messages of Tempo's API. gRPC and NDJSON carry the same.
 */
import type { Answer, QueryProgress } from '../../store/trace-store.ts';
import type { TraceMatch } from '../../traceql/match.ts';
import type { MetricSeries } from '../../traceql/metrics.ts';
import type {
  QueryInstantResponse,
  QueryRangeResponse,
  SearchMetrics,
  SearchResponse,
  TimeSeries,
} from '../../wire/tempo.ts';
import type { ApiContext, ApiRequest } from '../exchange.ts';
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
  return messages();

  async function* messages(): AsyncGenerator<StreamMessage<SearchResponse>> {
    const told = new Set<string>();
    const run = (onProgress: (progress: QueryProgress<readonly TraceMatch[]>) => void) =>
      context.store.search({ ...wanted, onProgress });
    for await (const sight of watch(run, context.clock, request.signal)) {
      if (sight.kind === 'answer') {
        const body = searchBody(sight.answer);
        yield { kind: 'final', body: { ...body, metrics: withJobs(body.metrics, sight.stepsTotal, sight.stepsTotal) } };
        return;
      }
      const fresh = sight.data.filter(({ traceId }) => !told.has(traceId));
      fresh.forEach(({ traceId }) => told.add(traceId));
      const body = searchBody(soFar(fresh, sight.stats));
      const metrics = withJobs(body.metrics, sight.stepsDone, sight.stepsTotal);
      yield { kind: fresh.length === 0 ? 'progress' : 'delta', body: { ...body, metrics } };
    }
  }
}

/**
 * With `provisional`, deltas carry samples of the traces seen so far: each replaces an earlier one of the same series and time, and all are
 * replaced by the final message. Without, there is only progress before the end: a step is complete no sooner, because the spans of
 * one step lie in many places.
 */
export function streamMetricsRange(
  request: ApiRequest,
  context: ApiContext,
  { provisional }: { readonly provisional: boolean }
): MessageStream<QueryRangeResponse> {
  const wanted = metricsRangeOf(request, context);
  const seriesMax = seriesMaxOf(request);
  return messages();

  async function* messages(): AsyncGenerator<StreamMessage<QueryRangeResponse>> {
    const told = new Map<string, Map<string, number | undefined>>();
    const run = (onProgress: (progress: QueryProgress<readonly MetricSeries[]>) => void) =>
      context.store.metrics({
        ...wanted,
        onProgress: (progress) => onProgress(provisional ? progress : { ...progress, data: () => [] }),
      });
    for await (const sight of watch(run, context.clock, request.signal)) {
      if (sight.kind === 'answer') {
        const body = metricsRangeBody(sight.answer, seriesMax);
        yield { kind: 'final', body: { ...body, metrics: withJobs(body.metrics, sight.stepsTotal, sight.stepsTotal) } };
        return;
      }
      const { series, metrics } = metricsRangeBody(soFar(sight.data, sight.stats), seriesMax);
      const changed = changedSeries(told, series ?? []);
      const body = { series: changed, metrics: withJobs(metrics, sight.stepsDone, sight.stepsTotal) };
      yield { kind: changed.length === 0 ? 'progress' : 'delta', body };
    }
  }
}

/** One message: clients of an instant query replace what they have by each that comes. */
export function streamMetricsInstant(request: ApiRequest, context: ApiContext): MessageStream<QueryInstantResponse> {
  const wanted = metricsInstantOf(request, context);
  const seriesMax = seriesMaxOf(request);
  return messages();

  async function* messages(): AsyncGenerator<StreamMessage<QueryInstantResponse>> {
    for await (const sight of watch(() => context.store.metrics(wanted), context.clock, request.signal)) {
      if (sight.kind === 'answer') {
        yield { kind: 'final', body: metricsInstantBody(sight.answer, seriesMax) };
      }
    }
  }
}

/** Series with the samples that differ from what was told; `told` is brought up to date. */
function changedSeries(
  told: Map<string, Map<string, number | undefined>>,
  series: readonly TimeSeries[]
): TimeSeries[] {
  const changed: TimeSeries[] = [];
  for (const { labels, samples = [] } of series) {
    const key = JSON.stringify(labels);
    const before = told.get(key) ?? new Map<string, number | undefined>();
    told.set(key, before);
    const fresh = samples.filter(({ timestampMs = '0', value }) => {
      const isNew = !before.has(timestampMs) || before.get(timestampMs) !== value;
      before.set(timestampMs, value);
      return isNew;
    });
    if (fresh.length > 0) {
      changed.push({ labels, samples: fresh });
    }
  }
  return changed;
}

function soFar<T>(data: T, stats: Answer<T>['stats']): Answer<T> {
  return { data, partial: false, warnings: [], stats };
}

function withJobs(metrics: SearchMetrics | undefined, completedJobs: number, totalJobs: number): SearchMetrics {
  return { ...metrics, completedJobs, totalJobs };
}
