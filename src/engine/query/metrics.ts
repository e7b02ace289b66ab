/**
 * Metrics over whole traces: solo traces are counted over columns as their row group is scanned, split ones observed at the end, each once.
 */
import type { Answer, MetricsRequest } from '../../store/trace-store.ts';
import { conditionsOf, fieldsOf } from '../../traceql/conditions.ts';
import { startMetrics } from '../../traceql/metrics.ts';
import type { MetricSeries } from '../../traceql/metrics.ts';
import { Progress, ratedSources } from './candidates.ts';
import { columnsToEvaluate } from './field-columns.ts';
import { findFragments, traceIdAt, traceIdBytesAt, TraceReader } from './fragments.ts';
import { isCertainAlone } from './scan.ts';
import { SplitIndex } from './split-index.ts';
import { answer } from './answer.ts';
import { RowCollector } from './kernels/collect.ts';
import { evaluationOf } from './kernels/plan.ts';
import { rowsOfTraces } from './kernels/trace-masks.ts';
import type { RowSet } from '../row-set.ts';
import type { StoreView } from './view.ts';

export async function metricsView(view: StoreView, request: MetricsRequest): Promise<Answer<readonly MetricSeries[]>> {
  const progress = new Progress(view, request.signal);
  const evaluation = startMetrics(request.query, request);
  const reader = new TraceReader(columnsToEvaluate(fieldsOf(request.query)));
  if (request.onProgress) {
    const { onProgress } = request;
    progress.tell = () =>
      onProgress({
        stats: answer(view, progress, reader, undefined).stats,
        stepsDone: progress.stepsDone,
        // One more for the split traces at the end.
        stepsTotal: progress.steps + 1,
        data: () => evaluation.finish(),
      });
  }
  const collector =
    evaluationOf(request.query).kind === 'kernel' ? new RowCollector(evaluation, progress.poll) : undefined;
  await progress.within(async () => {
    const split = new SplitIndex(view);
    const splitTraces = new Map<string, Uint8Array>();
    const range = { startUnixNanos: request.startUnixNanos, endUnixNanos: request.endUnixNanos };
    const sources = ratedSources(view, conditionsOf(request.query), range, progress, reader.scanCache);
    for await (const { source, rowSet, rating } of sources) {
      const solo: number[] = [];
      await split.prepare(countOf(rating), progress);
      for (let ordinal = 0; ordinal < rating.length; ordinal++) {
        if (rating[ordinal] === 0) {
          continue;
        }
        if (split.isSplit(source, traceIdBytesAt(rowSet, ordinal))) {
          splitTraces.set(traceIdAt(rowSet, ordinal), traceIdBytesAt(rowSet, ordinal).slice());
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
    for (const [traceId, bytes] of splitTraces) {
      evaluation.observe(await reader.read(traceId, await findFragments(view, bytes)));
      await progress.point();
    }
  });
  return answer(view, progress, reader, evaluation.finish());
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
