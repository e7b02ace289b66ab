import type { SpanTable } from '../trace/span-table.ts';

/** A stretch of the critical path: `row` was the one everybody waited for. Half-open, offsets from the table's base. */
export interface CriticalSegment {
  /** −1 where no span was running: a gap between two roots. */
  readonly row: number;
  readonly startNanos: number;
  readonly endNanos: number;
}

/** The path as columns: `rows[i]` was waited for from `startNanos[i]` to `endNanos[i]`. By start; each begins where the one before ended. */
export interface CriticalPath {
  readonly length: number;
  readonly rows: Int32Array;
  readonly startNanos: Float64Array;
  readonly endNanos: Float64Array;
}

export function segmentsOf({ rows, startNanos, endNanos }: CriticalPath): readonly CriticalSegment[] {
  return Array.from(rows, (row, i) => ({ row, startNanos: startNanos[i], endNanos: endNanos[i] }));
}

/**
 * The chain of work that decided how long the trace took, by start. Segments touch each other and sum to `table.traceNanos` exactly.
 *
 * Walks back from the end of a window: the child that finished last before the cursor was waited for, its start is the new cursor,
 * what lies between belongs to the parent. A child counts with the end of its whole subtree where that fits, so that asynchronous
 * work that outlives its parent is on the path when the trace ended with it. Windows wait in a list, so depth costs no stack.
 */
export function criticalPathOf(table: SpanTable): CriticalPath {
  const { rowCount, offsetNanos, durationNanos, parent } = table;
  const end = new Float64Array(rowCount);
  for (let row = 0; row < rowCount; row++) {
    end[row] = offsetNanos[row] + Math.max(0, durationNanos[row]);
  }
  const subtreeEnd = end.slice();
  for (let row = rowCount - 1; row >= 0; row--) {
    if (parent[row] >= 0 && subtreeEnd[row] > subtreeEnd[parent[row]]) {
      subtreeEnd[parent[row]] = subtreeEnd[row];
    }
  }

  const segments: CriticalSegment[] = [];
  const windows: CriticalSegment[] = [{ row: -1, startNanos: 0, endNanos: table.traceNanos }];
  for (let window = windows.pop(); window !== undefined; window = windows.pop()) {
    let cursor = window.endNanos;
    for (const child of candidates(childrenOf(table, window.row), end, subtreeEnd)) {
      const childStart = Math.max(offsetNanos[child.row], window.startNanos);
      if (child.end > cursor || childStart >= child.end) {
        continue;
      }
      if (child.end < cursor) {
        segments.push({ row: window.row, startNanos: child.end, endNanos: cursor });
      }
      windows.push({ row: child.row, startNanos: childStart, endNanos: child.end });
      cursor = childStart;
      if (cursor <= window.startNanos) {
        break;
      }
    }
    if (cursor > window.startNanos) {
      segments.push({ row: window.row, startNanos: window.startNanos, endNanos: cursor });
    }
  }
  segments.sort((a, b) => a.startNanos - b.startNanos);
  return {
    length: segments.length,
    rows: Int32Array.from(segments, ({ row }) => row),
    startNanos: Float64Array.from(segments, ({ startNanos }) => startNanos),
    endNanos: Float64Array.from(segments, ({ endNanos }) => endNanos),
  };
}

/** Of −1 the top level. In pre-order the next sibling begins where a subtree ends. */
function* childrenOf({ rowCount, subtreeEnd }: SpanTable, row: number): Generator<number> {
  const rowsEnd = row < 0 ? rowCount : subtreeEnd[row];
  for (let child = row + 1; child < rowsEnd; child = subtreeEnd[child]) {
    yield child;
  }
}

/** Children by the moment at which they may have been waited for, latest first: the end of their subtree, then their own. */
function candidates(
  rows: Iterable<number>,
  end: Float64Array,
  subtreeEnd: Float64Array
): readonly { row: number; end: number }[] {
  const list: { row: number; end: number }[] = [];
  for (const row of rows) {
    list.push({ row, end: subtreeEnd[row] });
    if (end[row] < subtreeEnd[row]) {
      list.push({ row, end: end[row] });
    }
  }
  return list.sort((a, b) => b.end - a.end || a.row - b.row);
}

/** Nanoseconds of each row on the path, in the table's order. */
export function criticalNanosOf(table: SpanTable, path: CriticalPath): Float64Array {
  const nanos = new Float64Array(table.rowCount);
  for (let i = 0; i < path.length; i++) {
    if (path.rows[i] >= 0) {
      nanos[path.rows[i]] += path.endNanos[i] - path.startNanos[i];
    }
  }
  return nanos;
}
