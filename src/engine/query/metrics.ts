/**
 * Metrics over whole traces: solo traces are counted over columns as their row group is scanned, split ones observed at the end, each once.
 */
import type { Answer, MetricsRequest, TimeRange } from '../../store/trace-store.ts';
import type { TraceCondition } from '../../traceql/conditions.ts';
import { conditionsOf, fieldsOf } from '../../traceql/conditions.ts';
import { extrapolates } from '../../traceql/extrapolation.ts';
import { startMetrics } from '../../traceql/metrics.ts';
import type { MetricSeries } from '../../traceql/metrics.ts';
import { Progress, SourceRater } from './candidates.ts';
import type { RatedSource } from './candidates.ts';
import { columnsToEvaluate, traceStateColumn } from './field-columns.ts';
import { findFragments, traceIdAt, traceIdBytesAt, TraceReader } from './fragments.ts';
import { latestStartOf, newestFirst } from './newest-first.ts';
import { isCertainAlone } from './scan.ts';
import { SplitIndex } from './split-index.ts';
import { answer } from './answer.ts';
import { RowCollector } from './kernels/collect.ts';
import { evaluationOf } from './kernels/plan.ts';
import { rowsOfTraces } from './kernels/trace-masks.ts';
import type { RowSet } from '../row-set.ts';
import { placesOf } from './view.ts';
import type { StoreView } from './view.ts';

export async function metricsView(view: StoreView, request: MetricsRequest): Promise<Answer<readonly MetricSeries[]>> {
  const progress = new Progress(view, request.signal);
  const evaluation = startMetrics(request.query, request, progress.pollClient);
  const weights = extrapolates(request.query) ? [traceStateColumn] : [];
  const reader = new TraceReader(columnsToEvaluate(fieldsOf(request.query), weights), progress.poll);
  let completeAfterUnixNanos: bigint | undefined;
  const { onProgress } = request;
  if (onProgress) {
    progress.tell = () =>
      onProgress({
        stats: answer(view, progress, reader, undefined).stats,
        stepsDone: progress.stepsDone,
        // One more for the split traces at the end.
        stepsTotal: progress.steps + 1,
        data: () => ({ series: evaluation.finish(), completeAfterUnixNanos }),
      });
  }
  const collector =
    evaluationOf(request.query).kind === 'kernel' ? new RowCollector(evaluation, progress.poll) : undefined;
  await progress.within(async () => {
    const split = new SplitIndex(view);
    const splitTraces = new Map<string, Uint8Array>();
    const splitObserved = new Set<string>();
    const observeSplit = async (): Promise<void> => {
      for (const [traceId, bytes] of splitTraces) {
        splitTraces.delete(traceId);
        splitObserved.add(traceId);
        evaluation.observe(await reader.read(traceId, await findFragments(view, bytes)));
        await progress.point();
      }
    };
    const range = { startUnixNanos: request.startUnixNanos, endUnixNanos: request.endUnixNanos };
    const sources = new SourcesNewestFirst(view, conditionsOf(request.query), range, progress, reader.scanCache);
    for await (const { source, rowSet, rating } of sources.rated()) {
      if (onProgress && sources.latestStartUnixNanos !== completeAfterUnixNanos) {
        // Somebody looks on: what starts later than everything ahead is told, split traces and all.
        await observeSplit();
        completeAfterUnixNanos = sources.latestStartUnixNanos;
      }
      const solo: number[] = [];
      await split.prepare(countOf(rating), progress);
      for (let ordinal = 0; ordinal < rating.length; ordinal++) {
        if (rating[ordinal] === 0) {
          continue;
        }
        if (split.isSplit(source, traceIdBytesAt(rowSet, ordinal))) {
          const traceId = traceIdAt(rowSet, ordinal);
          if (!splitObserved.has(traceId)) {
            splitTraces.set(traceId, traceIdBytesAt(rowSet, ordinal).slice());
          }
        } else if (isCertainAlone(rating[ordinal])) {
          solo.push(ordinal);
        }
      }
      const unclear = collector === undefined ? solo : collectTraces(collector, rowSet, solo);
      reader.soloTraces += solo.length - unclear.length;
      for (const ordinal of unclear) {
        evaluation.observe(await reader.read(traceIdAt(rowSet, ordinal), [{ source, ordinal }]));
        await progress.point();
      }
    }
    await observeSplit();
  });
  return answer(view, progress, reader, evaluation.finish());
}

/** Rated sources, newest first, with what is known of the spans ahead. */
class SourcesNewestFirst {
  private readonly view: StoreView;
  private readonly rater: SourceRater;
  /** No span of a source that has not been passed over yet starts later, the one at hand included. */
  latestStartUnixNanos: bigint | undefined;

  constructor(
    view: StoreView,
    condition: TraceCondition,
    range: TimeRange,
    progress: Progress,
    cache: TraceReader['scanCache']
  ) {
    this.view = view;
    this.rater = new SourceRater(condition, range, progress, cache);
  }

  async *rated(): AsyncGenerator<RatedSource> {
    const { rater, view } = this;
    const places = newestFirst(rater.remaining(placesOf(view)));
    rater.expect(places, view);
    for (const [at, place] of places.entries()) {
      const latestBehind = at + 1 < places.length ? latestStartOf(places[at + 1]) : 0n;
      for (const source of newestFirst(await rater.open(place))) {
        const latest = latestStartOf(source);
        this.latestStartUnixNanos = latest > latestBehind ? latest : latestBehind;
        const rated = await rater.rate(source);
        if (rated !== undefined) {
          yield rated;
        }
      }
    }
  }
}

/** Traces that may match. */
function countOf(rating: Uint8Array): number {
  return rating.reduce((count, value) => count + Number(value !== 0), 0);
}

/** Collects traces over columns; answers those that have to be observed one by one. */
function collectTraces(collector: RowCollector, rowSet: RowSet, ordinals: readonly number[]): number[] {
  if (ordinals.length === 0) {
    return [];
  }
  const unclear = collector.collect(rowSet, rowsOfTraces(rowSet, ordinals));
  return ordinals.filter((ordinal) => unclear[ordinal] === 1);
}
