/** `/api/vivace/explain`: what a query would read, what it would not, and why; with `analyze` also what it took. */
import { CodedError } from '../../base/coded-error.ts';
import type { ExplainedPart, Explanation, QueryAnalysis } from '../../store/explanation.ts';
import type { Answer } from '../../store/trace-store.ts';
import { isMetricsQuery } from '../../traceql/metrics.ts';
import type { ApiContext, ApiRequest, ApiResponse } from '../exchange.ts';
import { jsonResponse, textResponse } from '../exchange.ts';
import { boolParam, countParam, invalid, textParam } from '../tempo/params.ts';
import { checkedQuery } from '../tempo/query.ts';
import { alignedMetricsRange, searchRange } from '../tempo/range.ts';

const limitDefault = 20;
const limitMax = 262_144;
/** Parts named in one answer: of each of the others the counts are there. */
const partsMax = 1000;

/** Errors: `invalid_argument`, `query_invalid`; `unsupported` where the store has no plans. */
export async function explain(request: ApiRequest, context: ApiContext): Promise<ApiResponse> {
  const { params, tenant, signal } = request;
  const { store, clock } = context;
  const text = textParam(params, 'q');
  if (text === undefined) {
    throw invalid('invalid query: q is missing');
  }
  const query = checkedQuery(text);
  const isMetrics = isMetricsQuery(query);
  const metrics = isMetrics ? alignedMetricsRange(params, clock) : undefined;
  const limit = countParam(params, 'limit', limitDefault, limitMax);
  const analyze =
    boolParam(params, 'analyze') === true
      ? metrics === undefined
        ? { limit }
        : { stepNanos: metrics.stepNanos }
      : undefined;
  const range = metrics ?? searchRange(params, clock);
  if (store.explain === undefined) {
    throw new CodedError('unsupported', 'this store has no plans to explain');
  }
  const { startUnixNanos, endUnixNanos } = range;
  const answer = await store.explain({
    tenant,
    query,
    range: { startUnixNanos, endUnixNanos },
    analyze,
    signal,
  });
  return textParam(params, 'format') === 'text' || request.accept.startsWith('text/plain')
    ? textResponse(200, explanationText(answer))
    : jsonResponse(explanationJson(answer));
}

/** What is read and what is not, in numbers. */
interface Summary {
  readonly partsRead: number;
  readonly partsPruned: number;
  readonly spansRead: number;
  readonly spansPruned: number;
  /** Parts by reason. */
  readonly reasons: Readonly<Record<string, number>>;
}

function summaryOf(parts: readonly ExplainedPart[]): Summary {
  const reasons: Record<string, number> = {};
  let [partsRead, spansRead, spansPruned] = [0, 0, 0];
  for (const { pruned, spans } of parts) {
    if (pruned === undefined) {
      partsRead++;
      spansRead += spans;
    } else {
      spansPruned += spans;
      reasons[pruned.reason] = (reasons[pruned.reason] ?? 0) + 1;
    }
  }
  return { partsRead, partsPruned: parts.length - partsRead, spansRead, spansPruned, reasons };
}

function explanationJson({ data, partial, warnings }: Answer<Explanation>): unknown {
  return {
    ...data,
    summary: summaryOf(data.parts),
    parts: data.parts.slice(0, partsMax),
    partsLeftOut: Math.max(0, data.parts.length - partsMax),
    partial,
    warnings,
  };
}

/** For a person at a terminal. */
export function explanationText({ data, warnings }: Answer<Explanation>): string {
  const { partsRead, spansRead, reasons } = summaryOf(data.parts);
  const spansTotal = data.parts.reduce((sum, { spans }) => sum + spans, 0);
  const lines = [
    `query       ${data.query}`,
    `condition   ${data.condition}`,
    `evaluation  ${data.evaluation}`,
    `rate by     ${data.columnsToRate.join(', ') || 'nothing: every trace is a candidate'}`,
    `evaluate    ${data.columnsToEvaluate === 'all' ? 'all columns' : data.columnsToEvaluate.join(', ')}`,
    `read        ${partsRead} of ${data.parts.length} parts, ${spansRead} of ${spansTotal} spans`,
    `traces      ${data.soloTraces} in one place, ${data.splitTraces} to be merged`,
    ...Object.entries(reasons).map(([reason, parts]) => `pruned      ${parts} by ${reason}`),
    ...(data.analysis === undefined ? [] : analysisLines(data.analysis)),
    ...warnings.map((warning) => `warning     ${warning}`),
    '',
    ...data.parts.slice(0, partsMax).map(partLine),
  ];
  if (data.parts.length > partsMax) {
    lines.push(`… and ${data.parts.length - partsMax} more`);
  }
  return `${lines.join('\n')}\n`;
}

function analysisLines({ results, durationMs, cpuMs, stats, warnings }: QueryAnalysis): string[] {
  return [
    `answer      ${results} results in ${durationMs.toFixed(1)} ms, ${cpuMs.toFixed(1)} ms of CPU`,
    `looked at   ${stats.inspectedSpans} spans of ${stats.inspectedTraces} traces, ${stats.inspectedBytes} bytes from disk`,
    `completed   ${stats.soloTraces} traces from one place, ${stats.splitTraces} merged`,
    ...warnings.map((warning) => `warning     ${warning}`),
  ];
}

function partLine({ place, rowGroup, spans, pruned }: ExplainedPart): string {
  const where = rowGroup === undefined ? place : `${place} row group ${rowGroup}`;
  return `${where}: ${spans} spans, ${pruned === undefined ? 'read' : `not read (${pruned.reason}): ${pruned.because}`}`;
}
