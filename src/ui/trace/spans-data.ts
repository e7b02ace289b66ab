/** A trace whose spans are at hand (a panel's frames, a test), worked on where it is. */
import { CodedError } from '../../base/coded-error.ts';
import { inOneGo } from '../../base/pieces.ts';
import { openTraceOf } from '../../api/open-trace/open-trace.ts';
import type { OpenTrace } from '../../api/open-trace/open-trace.ts';
import type { Span } from '../../trace/model.ts';
import { traceModels } from './model.ts';
import type { Signal, TraceData } from './trace-data.ts';

/** `spans` are of one trace, without duplicates, in any order; at least one. */
export function traceDataOfSpans(spans: readonly Span[], warnings: readonly string[] = []): TraceData {
  let open: OpenTrace | undefined = openTraceOf(spans);
  const { rowCount } = open.table;
  const models = inOneGo(traceModels(open.table));
  const answer = async <T>(ask: (of: OpenTrace) => T, signal: Signal | undefined): Promise<T> => {
    // The event at hand is finished first: typing goes before searching.
    await Promise.resolve();
    if (open === undefined || signal?.aborted) {
      throw new CodedError('canceled', open === undefined ? 'The trace was closed.' : 'The question was withdrawn.');
    }
    return ask(open);
  };
  const progress = { loaded: rowCount, total: rowCount, where: 'here' } as const;
  return {
    ...models,
    warnings,
    progress,
    subscribe: () => () => undefined,
    span: (row, signal) =>
      answer((trace) => {
        const span = trace.span(row);
        if (span === undefined) {
          throw new CodedError('invalid_argument', `Row ${row} of ${rowCount} is not in this trace.`);
        }
        return span;
      }, signal),
    keys: (signal) => answer((trace) => trace.keys(), signal),
    column: (key, signal) => answer((trace) => trace.column(key), signal),
    find: (text, signal) => answer((trace) => trace.find(text), signal),
    filter: (traceql, signal) => answer((trace) => trace.filter(traceql), signal),
    spans: (rows, signal) => answer((trace) => trace.spans(rows), signal),
    close: () => (open = undefined),
  };
}
