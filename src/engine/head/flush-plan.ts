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
  const starts = wordsOf(startUnixNanos);
  const durations = wordsOf(durationNanos);
  const partOfWindow = new Map<bigint, number[]>();
  const odd: number[] = [];
  for (const ordinal of traceOrder(rowSet)) {
    const rows = sortedRows(starts, rowSet.spanIds, rowSet.rowsOfTrace(ordinal));
    const start = startOfTrace(startUnixNanos, rows, windows);
    const windowStart = start - (start % windowNanos);
    const earliest = windowStart - slackNanos;
    const windowLatest = windowStart + windowNanos + slackNanos;
    const latest = windowLatest < nowUnixNanos + slackNanos ? windowLatest : nowUnixNanos + slackNanos;
    const surelyIn = { from: Number(earliest) + roundingNanos, to: Number(latest) - roundingNanos };
    let part = partOfWindow.get(windowStart);
    for (const row of rows) {
      const nearStart = (starts[2 * row + 1] >>> 0) * 0x1_0000_0000 + (starts[2 * row] >>> 0);
      const nearEnd = nearStart + durations[2 * row + 1] * 0x1_0000_0000 + (durations[2 * row] >>> 0);
      const isNear =
        nearStart >= surelyIn.from && nearStart <= surelyIn.to && nearEnd >= surelyIn.from && nearEnd <= surelyIn.to;
      if (!isNear && isOdd(startUnixNanos[row], durationNanos[row], earliest, latest)) {
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

/** Nanoseconds as doubles are off by less: where they are this far inside, no bigint is made. */
const roundingNanos = 16_384;

/** A span that ends before it starts counts with both its times. */
function isOdd(start: bigint, duration: bigint, earliest: bigint, latest: bigint): boolean {
  const end = start + duration;
  return start < earliest || start > latest || end < earliest || end > latest;
}

/** Low and high word of each entry: bigints would be one object per look. */
function wordsOf({ buffer, byteOffset, length }: BigUint64Array | BigInt64Array): Int32Array {
  return new Int32Array(buffer, byteOffset, 2 * length);
}

/** Ordinals in order of the trace ids. */
function traceOrder(rowSet: RowSet): Uint32Array {
  const { traceIds, traceCount } = rowSet;
  const view = new DataView(traceIds.buffer, traceIds.byteOffset, traceIds.byteLength);
  // The first 53 bits decide but for ids made alike.
  const front = new Float64Array(traceCount);
  for (let ordinal = 0; ordinal < traceCount; ordinal++) {
    front[ordinal] = view.getUint32(ordinal * 16) * 0x20_0000 + (view.getUint32(ordinal * 16 + 4) >>> 11);
  }
  const order = new Uint32Array(traceCount);
  for (let ordinal = 0; ordinal < traceCount; ordinal++) {
    order[ordinal] = ordinal;
  }
  return order.sort((a, b) => {
    const difference = front[a] - front[b];
    return difference !== 0 ? difference : compareBytes(traceIds, a * 16, b * 16, 16);
  });
}

/** By start, then span id, then row. Traces are short and mostly in order: by insertion. */
function sortedRows(starts: Int32Array, spanIds: Uint8Array, rows: ArrayLike<number>): number[] {
  const sorted: number[] = [];
  // Not `Array.from`, which asks an array-like for its iterator: one more object for each trace.
  for (let i = 0; i < rows.length; i++) {
    sorted.push(rows[i]);
  }
  const compare = (a: number, b: number): number =>
    (starts[2 * a + 1] >>> 0) - (starts[2 * b + 1] >>> 0) ||
    (starts[2 * a] >>> 0) - (starts[2 * b] >>> 0) ||
    compareBytes(spanIds, a * 8, b * 8, 8) ||
    a - b;
  if (sorted.length > insertionMax) {
    return sorted.sort(compare);
  }
  for (let i = 1; i < sorted.length; i++) {
    const row = sorted[i];
    let to = i;
    for (; to > 0 && compare(sorted[to - 1], row) > 0; to--) {
      sorted[to] = sorted[to - 1];
    }
    sorted[to] = row;
  }
  return sorted;
}

const insertionMax = 32;

function compareBytes(bytes: Uint8Array, at: number, other: number, length: number): number {
  for (let i = 0; i < length; i++) {
    const difference = bytes[at + i] - bytes[other + i];
    if (difference !== 0) {
      return difference;
    }
  }
  return 0;
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
