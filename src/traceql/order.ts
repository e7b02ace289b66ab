/** The order of the traces in an answer, and so which of them a limit keeps. */
import type { TraceId, UnixNanos } from '../trace/model.ts';
import type { Query, SortStage } from './ast.ts';
import type { Spanset } from './evaluate.ts';
import { printScalar } from './printer.ts';
import type { Static } from './static.ts';
import { compare, compareStatics, nil } from './static.ts';

interface Placed {
  readonly traceId: TraceId;
  /** Earliest start of any span. */
  readonly startUnixNanos: UnixNanos;
  readonly sortValue?: Static;
}

/** What a search is sorted by; `undefined` when the newest come first. */
export function sortOf(query: Query): SortStage | undefined {
  const last = query.body.kind === 'pipeline' ? query.body.stages.at(-1) : undefined;
  return last?.kind === 'sort' ? last : undefined;
}

/**
 * For `Array.sort`, total: by what the query asks for, nil last, then the newest start, then trace id. Expects `sortValue` of every
 * trace when the query sorts.
 */
export function traceOrder(query: Query): (a: Placed, b: Placed) => number {
  const sort = sortOf(query);
  return sort === undefined
    ? newestFirst
    : (a, b) => inOrder(sort, a.sortValue ?? nil, b.sortValue ?? nil) || newestFirst(a, b);
}

/** By start, newest first, then by trace id. */
export function newestFirst(a: Placed, b: Placed): number {
  if (a.startUnixNanos !== b.startUnixNanos) {
    return a.startUnixNanos > b.startUnixNanos ? -1 : 1;
  }
  return a.traceId < b.traceId ? -1 : a.traceId > b.traceId ? 1 : 0;
}

/** The value that places a trace: of its spansets the foremost. */
export function sortValueOf(sort: SortStage, spansets: readonly Spanset[]): Static {
  const name = printScalar(sort.by, 0);
  return spansets
    .map(({ attributes }) => attributes.find(([attribute]) => attribute === name)?.[1] ?? nil)
    .reduce((foremost, value) => (inOrder(sort, value, foremost) < 0 ? value : foremost));
}

function inOrder({ order }: SortStage, a: Static, b: Static): number {
  const [first, second] = [rank(a), rank(b)];
  if (first !== 0 || second !== 0) {
    return first - second;
  }
  const ascending = compare('<', a, b) ? -1 : compare('>', a, b) ? 1 : compareStatics(a, b);
  return order === 'asc' ? ascending : -ascending;
}

/** Numbers come first, then NaN, then nothing. */
function rank(value: Static): number {
  return value.type === 'nil' ? 2 : value.type === 'float' && Number.isNaN(value.value) ? 1 : 0;
}
