/**
 * Flame graphs of a trace: by calls (paths added up, as wide as the time worked in and below them) and by time (every span at its time,
 * below its parent, none over another).
 */
import type { SpanTable } from '../trace/span-table.ts';
import { callTreeOf, sumByNode } from './call-tree.ts';
import type { CallTree } from './call-tree.ts';

/** Rectangles: `[start, end)` in nanoseconds (of work, or from the base), on line `line`. By line, then by start. */
export interface Flame {
  readonly frameCount: number;
  readonly start: Float64Array;
  readonly end: Float64Array;
  readonly line: Uint32Array;
  readonly lineCount: number;
  /** The row whose service and name the frame shows. */
  readonly row: Uint32Array;
  /** Spans in the frame, and how many of them failed. */
  readonly count: Uint32Array;
  readonly errorCount: Uint32Array;
  /** Time worked in the frame itself. */
  readonly selfNanos: Float64Array;
  /** Row → frame; −1 for rows that have none. */
  readonly frameOfRow: Int32Array;
  /** Frames of a line: `[lineStart[line], lineStart[line + 1])`. */
  readonly lineStart: Uint32Array;
  /** The frame above; −1 at the top. */
  readonly parent: Int32Array;
}

/**
 * Paths added up: a frame is as wide as the self time of its spans and of all below, so that children never exceed their parent. `rows`: 1 for
 * spans that count; frames of none are left out.
 */
export function flameByCalls(table: SpanTable, selfNanos: Float64Array, rows?: Uint8Array): Flame {
  const tree = callTreeOf(table);
  const isCounted = (row: number): boolean => rows === undefined || rows[row] === 1;
  const counted = (value: (row: number) => number): Float64Array =>
    sumByNode(
      tree,
      Float64Array.from({ length: table.rowCount }, (_, row) => (isCounted(row) ? value(row) : 0))
    );
  const self = counted((row) => selfNanos[row]);
  const count = counted(() => 1);
  const errors = counted((row) => (table.statusCode[row] === 2 ? 1 : 0));
  const total = self.slice();
  const countBelow = count.slice();
  for (let node = tree.nodeCount - 1; node >= 0; node--) {
    if (tree.parent[node] >= 0) {
      total[tree.parent[node]] += total[node];
      countBelow[tree.parent[node]] += countBelow[node];
    }
  }
  const [start, nodes] = placed(tree, total, countBelow);
  return framesOf(table.rowCount, nodes, {
    start: (node) => start[node],
    end: (node) => start[node] + total[node],
    line: (node) => tree.depth[node],
    row: (node) => tree.firstRow[node],
    count: (node) => count[node],
    errorCount: (node) => errors[node],
    selfNanos: (node) => self[node],
    parent: (node) => tree.parent[node],
    ofRow: (row) => tree.nodeOfRow[row],
  });
}

/** Where each node begins: children side by side from where their parent begins, by first row. And the nodes that have spans in or below them. */
function placed(
  tree: CallTree,
  total: Float64Array,
  countBelow: Float64Array
): readonly [start: Float64Array, nodes: readonly number[]] {
  const start = new Float64Array(tree.nodeCount);
  const filled = new Float64Array(tree.nodeCount);
  const nodes: number[] = [];
  let top = 0;
  for (let node = 0; node < tree.nodeCount; node++) {
    if (countBelow[node] === 0) {
      continue;
    }
    const parent = tree.parent[node];
    start[node] = parent < 0 ? top : start[parent] + filled[parent];
    if (parent < 0) {
      top += total[node];
    } else {
      filled[parent] += total[node];
    }
    nodes.push(node);
  }
  return [start, nodes];
}

/** Every span at its time, on the first line below its parent's where it covers nothing. `rows` as above. O(n log n). */
export function flameByTime(table: SpanTable, selfNanos: Float64Array, rows?: Uint8Array): Flame {
  const { rowCount, offsetNanos, durationNanos, parent, statusCode } = table;
  const shown: number[] = [];
  // A child that begins before its parent waits for it: only the order of placing changes, not its place in time.
  const order = new Float64Array(rowCount);
  for (let row = 0; row < rowCount; row++) {
    order[row] = parent[row] < 0 ? offsetNanos[row] : Math.max(offsetNanos[row], order[parent[row]]);
    if (rows === undefined || rows[row] === 1) {
      shown.push(row);
    }
  }
  shown.sort((a, b) => order[a] - order[b] || a - b);
  const line = new Uint32Array(rowCount);
  const ends = new EarliestEnds(shown.length);
  for (const row of shown) {
    let above = parent[row];
    while (above >= 0 && rows !== undefined && rows[above] === 0) {
      above = parent[above];
    }
    line[row] = ends.firstFree(above < 0 ? 0 : line[above] + 1, order[row]);
    ends.set(line[row], Math.max(order[row], offsetNanos[row] + Math.max(0, durationNanos[row])));
  }
  return framesOf(rowCount, shown, {
    start: (row) => offsetNanos[row],
    end: (row) => offsetNanos[row] + Math.max(0, durationNanos[row]),
    line: (row) => line[row],
    row: (row) => row,
    count: () => 1,
    errorCount: (row) => (statusCode[row] === 2 ? 1 : 0),
    selfNanos: (row) => selfNanos[row],
    parent: (row) => parent[row],
    ofRow: (row) => row,
  });
}

/** When each line is free again, as a tree of minima: "the first line from `line` on that is free at `nanos`" in O(log n). */
class EarliestEnds {
  private readonly leaves: number;
  private readonly minima: Float64Array;

  constructor(lines: number) {
    this.leaves = 2 ** Math.ceil(Math.log2(Math.max(1, lines) + 1));
    this.minima = new Float64Array(2 * this.leaves).fill(-Infinity);
  }

  set(line: number, end: number): void {
    let at = this.leaves + line;
    this.minima[at] = end;
    for (at >>= 1; at >= 1; at >>= 1) {
      this.minima[at] = Math.min(this.minima[2 * at], this.minima[2 * at + 1]);
    }
  }

  firstFree(line: number, nanos: number): number {
    let at = this.leaves + line;
    // Up, to the right where this half is taken, …
    while (this.minima[at] > nanos) {
      while ((at & 1) === 1) {
        at >>= 1;
      }
      at++;
    }
    // … then down to its first free line.
    while (at < this.leaves) {
      at = this.minima[2 * at] <= nanos ? 2 * at : 2 * at + 1;
    }
    return at - this.leaves;
  }
}

interface FrameSource {
  start(id: number): number;
  end(id: number): number;
  line(id: number): number;
  row(id: number): number;
  count(id: number): number;
  errorCount(id: number): number;
  selfNanos(id: number): number;
  /** The id above; −1 at the top. */
  parent(id: number): number;
  ofRow(row: number): number;
}

/** `ids`: rows or nodes; each becomes a frame. */
function framesOf(rowCount: number, ids: readonly number[], source: FrameSource): Flame {
  const sorted = [...ids].sort((a, b) => source.line(a) - source.line(b) || source.start(a) - source.start(b) || a - b);
  const frameOf = new Map(sorted.map((id, frame) => [id, frame]));
  const lineCount = sorted.length === 0 ? 0 : source.line(sorted[sorted.length - 1]) + 1;
  const lineStart = new Uint32Array(lineCount + 1);
  sorted.forEach((id) => lineStart[source.line(id) + 1]++);
  for (let line = 0; line < lineCount; line++) {
    lineStart[line + 1] += lineStart[line];
  }
  const parent = Int32Array.from(sorted, (id) => {
    let above = source.parent(id);
    while (above >= 0 && !frameOf.has(above)) {
      above = source.parent(above);
    }
    return above < 0 ? -1 : frameOf.get(above)!;
  });
  return {
    frameCount: sorted.length,
    start: Float64Array.from(sorted, source.start),
    end: Float64Array.from(sorted, source.end),
    line: Uint32Array.from(sorted, source.line),
    lineCount,
    row: Uint32Array.from(sorted, source.row),
    count: Uint32Array.from(sorted, source.count),
    errorCount: Uint32Array.from(sorted, source.errorCount),
    selfNanos: Float64Array.from(sorted, source.selfNanos),
    frameOfRow: Int32Array.from({ length: rowCount }, (_, row) => frameOf.get(source.ofRow(row)) ?? -1),
    lineStart,
    parent,
  };
}

/** The frame of `line` that covers `nanos`, or is nearest within `slackNanos`; −1 for none. */
export function frameAt(flame: Flame, line: number, nanos: number, slackNanos: number): number {
  if (line < 0 || line >= flame.lineCount) {
    return -1;
  }
  let low = flame.lineStart[line];
  let high = flame.lineStart[line + 1];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (flame.start[middle] <= nanos) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  const before = low - 1;
  if (before >= flame.lineStart[line] && nanos <= flame.end[before] + slackNanos) {
    return before;
  }
  return low < flame.lineStart[line + 1] && flame.start[low] - nanos <= slackNanos ? low : -1;
}
