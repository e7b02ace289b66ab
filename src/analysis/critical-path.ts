import type { SpanTable } from '../trace/span-table.ts';

/** A stretch of the critical path: `row` was the one everybody waited for. Half-open, offsets from the table's base. */
export interface CriticalSegment {
  /** −1 where no span was running: a gap between two roots. */
  readonly row: number;
  readonly startNanos: number;
  readonly endNanos: number;
}

interface Window {
  readonly row: number;
  readonly startNanos: number;
  readonly endNanos: number;
}

/**
 * The chain of work that decided how long the trace took, by start. Segments touch each other and sum to `table.traceNanos` exactly.
 *
 * Walks back from the end of a window: the child that finished last before the cursor was waited for, its start is the new cursor,
 * what lies between belongs to the parent. A child counts with the end of its whole subtree where that fits, so that asynchronous
 * work that outlives its parent is on the path when the trace ended with it. Windows wait in a list, so depth costs no stack.
 */
export function criticalPathOf(table: SpanTable): readonly CriticalSegment[] {
  const { rowCount, offsetNanos, durationNanos, parent } = table;
  const end = new Float64Array(rowCount);
  const subtreeEnd = new Float64Array(rowCount);
  const children: number[][] = [];
  const roots: number[] = [];
  for (let row = 0; row < rowCount; row++) {
    end[row] = offsetNanos[row] + Math.max(0, durationNanos[row]);
    subtreeEnd[row] = end[row];
    if (parent[row] < 0) {
      roots.push(row);
    } else {
      (children[parent[row]] ??= []).push(row);
    }
  }
  for (let row = rowCount - 1; row >= 0; row--) {
    if (parent[row] >= 0 && subtreeEnd[row] > subtreeEnd[parent[row]]) {
      subtreeEnd[parent[row]] = subtreeEnd[row];
    }
  }

  const segments: CriticalSegment[] = [];
  const windows: Window[] = [{ row: -1, startNanos: 0, endNanos: table.traceNanos }];
  for (let window = windows.pop(); window !== undefined; window = windows.pop()) {
    let cursor = window.endNanos;
    for (const child of candidates(window.row < 0 ? roots : children[window.row], end, subtreeEnd)) {
      const childStart = Math.max(offsetNanos[child.row], window.startNanos);
      if (child.end > cursor || childStart >= child.end) {
        continue;
      }
      if (child.end < cursor) {
        segments.push({ row: window.row, startNanos: child.end, endNanos: cursor });
      }
      windows.push({ row: child.row, startNanos: childStart, endNanos: child.end });
      cursor = childStart;
    }
    if (cursor > window.startNanos) {
      segments.push({ row: window.row, startNanos: window.startNanos, endNanos: cursor });
    }
  }
  return segments.sort((a, b) => a.startNanos - b.startNanos);
}

/** Children by the moment at which they may have been waited for, latest first: the end of their subtree, then their own. */
function candidates(
  rows: readonly number[] | undefined,
  end: Float64Array,
  subtreeEnd: Float64Array
): readonly { row: number; end: number }[] {
  const list: { row: number; end: number }[] = [];
  for (const row of rows ?? []) {
    list.push({ row, end: subtreeEnd[row] });
    if (end[row] < subtreeEnd[row]) {
      list.push({ row, end: end[row] });
    }
  }
  return list.sort((a, b) => b.end - a.end || a.row - b.row);
}

/** Nanoseconds of each row on the path, in the table's order. */
export function criticalNanosOf(table: SpanTable, path: readonly CriticalSegment[]): Float64Array {
  const nanos = new Float64Array(table.rowCount);
  for (const segment of path) {
    if (segment.row >= 0) {
      nanos[segment.row] += segment.endNanos - segment.startNanos;
    }
  }
  return nanos;
}
