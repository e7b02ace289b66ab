/** The plan of a query as data: the same verdicts that the executor obeys, all of them at once. */
import type { Answer, TimeRange } from '../../store/trace-store.ts';
import type { ExplainedPart, Explanation, QueryAnalysis } from '../../store/explanation.ts';
import type { Query } from '../../traceql/ast.ts';
import { conditionsOf, fieldsOf } from '../../traceql/conditions.ts';
import { printQuery } from '../../traceql/printer.ts';
import type { ColumnKey } from '../row-set.ts';
import { answer } from './answer.ts';
import { Progress } from './candidates.ts';
import { columnsToEvaluate } from './field-columns.ts';
import { traceIdBytesAt, TraceReader } from './fragments.ts';
import { evaluationOf, evaluationText } from './kernels/plan.ts';
import { conditionText, pruneBlock, pruneSource } from './prune.ts';
import { columnsOfCondition } from './scan.ts';
import { SplitIndex } from './split-index.ts';
import { placesOf, rowGroupsOf } from './view.ts';
import type { Place, Source, StoreView } from './view.ts';

/** Plans the query over the whole view. `analyze` runs it and tells what that took. */
export async function explainView(
  view: StoreView,
  { query, range }: { readonly query: Query; readonly range: TimeRange },
  analyze: (() => Promise<QueryAnalysis>) | undefined
): Promise<Answer<Explanation>> {
  const progress = new Progress(view, undefined);
  const condition = conditionsOf(query);
  const evaluated = columnsToEvaluate(fieldsOf(query));
  const parts: ExplainedPart[] = [];
  let [soloTraces, splitTraces] = [0, 0];
  await progress.within(async () => {
    const split = new SplitIndex(view);
    for (const place of placesOf(view)) {
      await progress.point();
      const closed = place.kind === 'block' ? pruneBlock(place.block, condition, range) : undefined;
      if (closed !== undefined && place.kind === 'block') {
        parts.push(partOfBlock(place, closed));
        continue;
      }
      for (const source of await sourcesOfPlace(place)) {
        await progress.point();
        const pruned = await pruneSource(source, condition, range);
        parts.push(partOf(view, source, pruned));
        if (pruned === undefined) {
          const rowSet = source.kind === 'head' ? source.rowSet : await source.reader.readRowGroup(source.rowGroup, []);
          await split.prepare(rowSet.traceCount, progress);
          for (let trace = 0; trace < rowSet.traceCount; trace++) {
            splitTraces += Number(split.isSplit(source, traceIdBytesAt(rowSet, trace)));
          }
          soloTraces += rowSet.traceCount;
          progress.inspectedTraces += rowSet.traceCount;
        }
      }
    }
    soloTraces -= splitTraces;
  });
  const analysis = await analyze?.();
  return answer(view, progress, new TraceReader('all'), {
    query: printQuery(query),
    condition: conditionText(condition),
    evaluation: evaluationText(evaluationOf(query)),
    columnsToRate: namesOf(columnsOfCondition(condition)),
    columnsToEvaluate: evaluated === 'all' ? 'all' : namesOf(evaluated),
    parts,
    soloTraces,
    splitTraces,
    analysis,
  });
}

async function sourcesOfPlace(place: Place): Promise<readonly Source[]> {
  if (place.kind === 'head') {
    return [place];
  }
  const reader = await place.block.open();
  return reader === undefined ? [] : rowGroupsOf(reader, place.index);
}

/** A block that is not opened. */
function partOfBlock({ block }: Extract<Place, { kind: 'block' }>, pruned: ExplainedPart['pruned']): ExplainedPart {
  const { path, spans, traces, startUnixNanos, endUnixNanos } = block.meta;
  return { place: path, rowGroup: undefined, spans, traces, startUnixNanos, endUnixNanos, pruned };
}

function partOf(view: StoreView, source: Source, pruned: ExplainedPart['pruned']): ExplainedPart {
  if (source.kind === 'head') {
    const { rowCount, traceCount } = source.rowSet;
    return {
      place: `head ${view.heads.indexOf(source.rowSet)}`,
      rowGroup: undefined,
      spans: rowCount,
      traces: traceCount,
      startUnixNanos: undefined,
      endUnixNanos: undefined,
      pruned,
    };
  }
  const { reader, rowGroup } = source;
  const { rowCount, traceCount, startUnixNanos, endUnixNanos } = reader.rowGroups[rowGroup];
  return {
    place: reader.meta.path,
    rowGroup,
    spans: rowCount,
    traces: traceCount,
    startUnixNanos: String(startUnixNanos),
    endUnixNanos: String(endUnixNanos),
    pruned,
  };
}

function namesOf(keys: readonly ColumnKey[]): string[] {
  return [...new Set(keys.map(({ scope, key, type }) => `${scope}.${key} (${type})`))];
}
