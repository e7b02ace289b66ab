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
import { TraceReader } from './fragments.ts';
import { evaluationOf, evaluationText } from './kernels/plan.ts';
import { conditionText, pruneSource } from './prune.ts';
import { columnsOfCondition } from './scan.ts';
import { SplitIndex } from './split-index.ts';
import { sourcesOf } from './view.ts';
import type { Source, StoreView } from './view.ts';

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
  const sources = sourcesOf(view);
  progress.sources = sources.length;
  await progress.within(async () => {
    const split = await SplitIndex.of(view, progress);
    for (const source of sources) {
      await progress.point();
      progress.sourcesDone++;
      const pruned = await pruneSource(source, condition, range);
      parts.push(partOf(view, source, pruned));
      if (pruned === undefined) {
        const rowSet = source.kind === 'head' ? source.rowSet : await source.reader.readRowGroup(source.rowGroup, []);
        for (let trace = 0; trace < rowSet.traceCount; trace++) {
          splitTraces += Number(split.isSplit(rowSet, trace));
        }
        soloTraces += rowSet.traceCount;
        progress.inspectedTraces += rowSet.traceCount;
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
