import type { QueryStats, TimeRange } from './trace-store.ts';
import type { Query } from '../traceql/ast.ts';

export interface ExplainRequest {
  readonly tenant: string;
  readonly query: Query;
  readonly range: TimeRange;
  /** Also runs the query, as a search for so many traces or as metrics in steps of so long. */
  readonly analyze: { readonly limit: number } | { readonly stepNanos: bigint } | undefined;
  readonly signal?: AbortSignal;
}

/** A head, or a row group of a block, and what becomes of it. */
export interface ExplainedPart {
  /** `head 0`, or the path of a block. */
  readonly place: string;
  /** Of a block. */
  readonly rowGroup: number | undefined;
  readonly spans: number;
  readonly traces: number;
  /** Nanoseconds, decimal; `undefined` for a head. */
  readonly startUnixNanos: string | undefined;
  readonly endUnixNanos: string | undefined;
  /** `undefined`: it is read. */
  readonly pruned: { readonly reason: string; readonly because: string } | undefined;
}

/** What a query reads, what it does not read, and why. */
export interface Explanation {
  /** As the parser understood it. */
  readonly query: string;
  /** What has to hold for every trace of the answer: rates traces before any is completed. */
  readonly condition: string;
  /** Who has the last word over traces that lie in one place; split traces are always evaluated whole. */
  readonly evaluation: string;
  /** Read to rate traces. */
  readonly columnsToRate: readonly string[];
  /** Read of traces that may match; `all` where the query looks at everything. */
  readonly columnsToEvaluate: readonly string[] | 'all';
  readonly parts: readonly ExplainedPart[];
  /** Of the parts that are read: traces that lie in one place, and traces to be merged from several. */
  readonly soloTraces: number;
  readonly splitTraces: number;
  readonly analysis: QueryAnalysis | undefined;
}

/** What running the query took. */
export interface QueryAnalysis {
  /** Traces of a search, series of metrics. */
  readonly results: number;
  readonly durationMs: number;
  /** Of the thread that ran it; queries that ran beside it included. */
  readonly cpuMs: number;
  readonly stats: QueryStats;
  readonly partial: boolean;
  readonly warnings: readonly string[];
}
