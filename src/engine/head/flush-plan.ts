import type { UnixNanos } from '../../trace/model.ts';
import type { RowSet } from '../row-set.ts';

/** Rows of a head that go into one block. */
export interface FlushPart {
  /** The aligned window of the part; `undefined` for spans whose times fit no window. */
  readonly windowStartUnixNanos: UnixNanos | undefined;
  /** Ordered by trace id, start, span id. */
  readonly rows: Uint32Array<ArrayBuffer>;
}

export interface FlushWindows {
  /** Width of the aligned windows (1 h). */
  readonly windowNanos: bigint;
  /** How far a span may reach out of its trace's window, and into the future. */
  readonly slackNanos: bigint;
  readonly nowUnixNanos: UnixNanos;
}

/**
 * Which row goes into which block. A trace goes whole into the window of its start; a span that lies outside this window's slack, or
 * in the future, goes into the odd-time part, so that one bad clock widens no block. Every row is in exactly one part; parts are in
 * order of their windows, the odd one last.
 *
 * The start of a trace is the earliest start within slack of its middle span, spans of the future aside: a single zero among the times
 * moves nothing.
 */
export function planFlush(rowSet: RowSet, windows: FlushWindows): FlushPart[] {
  const { windowNanos, slackNanos, nowUnixNanos } = windows;
  const { startUnixNanos, durationNanos } = rowSet;
  const partOfWindow = new Map<bigint, number[]>();
  const odd: number[] = [];
  for (const ordinal of traceOrder(rowSet)) {
    const rows = sortedRows(rowSet, rowSet.rowsOfTrace(ordinal));
    const start = startOfTrace(startUnixNanos, rows, windows);
    const windowStart = start - (start % windowNanos);
    const earliest = windowStart - slackNanos;
    const windowLatest = windowStart + windowNanos + slackNanos;
    const latest = windowLatest < nowUnixNanos + slackNanos ? windowLatest : nowUnixNanos + slackNanos;
    let part = partOfWindow.get(windowStart);
    for (const row of rows) {
      const spanStart = startUnixNanos[row];
      const spanEnd = spanStart + durationNanos[row];
      // A span that ends before it starts counts with both its times.
      if (spanStart < earliest || spanStart > latest || spanEnd < earliest || spanEnd > latest) {
        odd.push(row);
      } else {
        if (part === undefined) {
          part = [];
          partOfWindow.set(windowStart, part);
        }
        part.push(row);
      }
    }
  }
  const parts: FlushPart[] = [...partOfWindow]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([windowStartUnixNanos, rows]) => ({ windowStartUnixNanos, rows: Uint32Array.from(rows) }));
  if (odd.length > 0) {
    parts.push({ windowStartUnixNanos: undefined, rows: Uint32Array.from(odd) });
  }
  return parts;
}

/** Ordinals in order of the trace ids. */
function traceOrder(rowSet: RowSet): Uint32Array {
  const { traceIds, traceCount } = rowSet;
  const view = new DataView(traceIds.buffer, traceIds.byteOffset, traceIds.byteLength);
  const high = new BigUint64Array(traceCount);
  const low = new BigUint64Array(traceCount);
  for (let ordinal = 0; ordinal < traceCount; ordinal++) {
    high[ordinal] = view.getBigUint64(ordinal * 16);
    low[ordinal] = view.getBigUint64(ordinal * 16 + 8);
  }
  return Uint32Array.from({ length: traceCount }, (_, ordinal) => ordinal).sort((a, b) => {
    if (high[a] !== high[b]) {
      return high[a] < high[b] ? -1 : 1;
    }
    return low[a] < low[b] ? -1 : low[a] > low[b] ? 1 : 0;
  });
}

/** By start, then span id, then row. */
function sortedRows(rowSet: RowSet, rows: ArrayLike<number>): number[] {
  const { startUnixNanos, spanIds } = rowSet;
  return Array.from(rows).sort((a, b) => {
    if (startUnixNanos[a] !== startUnixNanos[b]) {
      return startUnixNanos[a] < startUnixNanos[b] ? -1 : 1;
    }
    for (let i = 0; i < 8; i++) {
      const difference = spanIds[a * 8 + i] - spanIds[b * 8 + i];
      if (difference !== 0) {
        return difference;
      }
    }
    return a - b;
  });
}

/** `rows` in order of their starts. */
function startOfTrace(startUnixNanos: BigUint64Array, rows: readonly number[], windows: FlushWindows): bigint {
  const latest = windows.nowUnixNanos + windows.slackNanos;
  let pastEnd = rows.length;
  while (pastEnd > 0 && startUnixNanos[rows[pastEnd - 1]] > latest) {
    pastEnd--;
  }
  const middle = startUnixNanos[rows[(pastEnd === 0 ? rows.length : pastEnd) >> 1]];
  for (const row of rows) {
    if (middle - startUnixNanos[row] <= windows.slackNanos) {
      return startUnixNanos[row];
    }
  }
  return middle;
}
