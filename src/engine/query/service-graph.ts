/**
 * The service graph, counted from whole traces with the few columns it reads. Traces that lie in one place are taken as their row group is
 * scanned, split ones at the end, each once.
 */
import { ServiceGraphBuilder } from '../../analysis/service-graph/builder.ts';
import type { ServiceGraph } from '../../analysis/service-graph/model.ts';
import { peerAttributes, resourceAttributes } from '../../analysis/service-graph/peers.ts';
import { everySo } from '../../base/poll.ts';
import { traceOverlaps } from '../../store/time-range.ts';
import type { Answer, ServiceGraphRequest } from '../../store/trace-store.ts';
import type { Trace } from '../../trace/model.ts';
import type { Field, Query } from '../../traceql/ast.ts';
import { conditionsOf, fieldsOf } from '../../traceql/conditions.ts';
import { compileQuery } from '../../traceql/evaluate.ts';
import { TraceFacts } from '../../traceql/fields.ts';
import { answer } from './answer.ts';
import { Progress, ratedSources } from './candidates.ts';
import { columnsToEvaluate } from './field-columns.ts';
import { findFragments, traceIdAt, traceIdBytesAt, TraceReader } from './fragments.ts';
import { isCertainAlone } from './scan.ts';
import { SplitIndex } from './split-index.ts';
import type { StoreView } from './view.ts';

const graphFields: readonly Field[] = [
  ...resourceAttributes.map((name): Field => ({ kind: 'attribute', scope: 'resource', name })),
  ...peerAttributes.map((name): Field => ({ kind: 'attribute', scope: 'span', name })),
];

export async function serviceGraphView(view: StoreView, request: ServiceGraphRequest): Promise<Answer<ServiceGraph>> {
  const { filter, range } = request;
  const progress = new Progress(view, request.signal);
  const reader = new TraceReader(columnsToEvaluate(fieldsRead(filter)), progress.poll);
  const builder = new ServiceGraphBuilder(range);
  const pollSpans = everySo(progress.poll);
  const evaluate = filter === undefined ? undefined : compileQuery(filter);
  const add = (trace: Trace): void => {
    if (
      traceOverlaps(trace, range) &&
      (evaluate === undefined || evaluate(new TraceFacts(trace, pollSpans)).length > 0)
    ) {
      builder.addTrace(trace);
    }
  };
  await progress.within(async () => {
    const split = new SplitIndex(view);
    const splitTraces = new Map<string, Uint8Array>();
    const condition = filter === undefined ? ({ kind: 'true' } as const) : conditionsOf(filter);
    for await (const { source, rowSet, rating } of ratedSources(view, condition, range, progress, reader.scanCache)) {
      await split.prepare(rowSet.traceCount, progress);
      for (let ordinal = 0; ordinal < rating.length; ordinal++) {
        if (rating[ordinal] === 0) {
          continue;
        }
        if (split.isSplit(source, traceIdBytesAt(rowSet, ordinal))) {
          splitTraces.set(traceIdAt(rowSet, ordinal), traceIdBytesAt(rowSet, ordinal).slice());
        } else if (isCertainAlone(rating[ordinal])) {
          add(await reader.read(traceIdAt(rowSet, ordinal), [{ source, ordinal }]));
          await progress.point();
        }
      }
    }
    for (const [traceId, bytes] of splitTraces) {
      add(await reader.read(traceId, await findFragments(view, bytes)));
      await progress.point();
    }
  });
  const { warnings, ...found } = answer(view, progress, reader, builder.finish());
  const limits = builder.warnings();
  return { ...found, partial: found.partial || limits.length > 0, warnings: [...warnings, ...limits] };
}

function fieldsRead(filter: Query | undefined): readonly Field[] | 'all' {
  const fields = filter === undefined ? [] : fieldsOf(filter);
  return fields === 'all' ? 'all' : [...fields, ...graphFields];
}
