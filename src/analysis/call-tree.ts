/**
 * Spans that stand on the same path of calls, taken together: what a flame graph adds up and a story folds. A *node* is a path
 * of (service, name) from a root; a trace of a million spans has a few hundred.
 */
import type { SpanTable } from '../trace/span-table.ts';

/** Columns by node; a parent comes before its children, the first child before the second as their first rows do. */
export interface CallTree {
  readonly nodeCount: number;
  /** By row: the node it belongs to. */
  readonly nodeOfRow: Uint32Array;
  /** −1 at the top. */
  readonly parent: Int32Array;
  readonly depth: Uint32Array;
  /** The first row of the node: its service and name are the node's. */
  readonly firstRow: Uint32Array;
  /** Rows of the node. */
  readonly count: Uint32Array;
  /** Nodes directly below. */
  readonly childCount: Uint32Array;
}

/**
 * `classOfRow` keeps rows of one path apart: rows of different classes are different nodes (absent: all are of class 0). Classes are
 * whole numbers from 0 to `table.rowCount`. Linear in the rows.
 */
export function callTreeOf(table: SpanTable, classOfRow?: Uint32Array): CallTree {
  const { rowCount } = table;
  const nodeOfRow = new Uint32Array(rowCount);
  const parent = new Int32Array(rowCount);
  const firstRow = new Uint32Array(rowCount);
  const count = new Uint32Array(rowCount);
  const depth = new Uint32Array(rowCount);
  const childCount = new Uint32Array(rowCount);
  const [kindOfRow, kindCount] = kindsOf(table, classOfRow);
  let nodeCount = 0;
  // (parent node, kind) in one number: at most (1 M + 1) · 1 M, far below 2^53.
  const nodeOfKey = new Map<number, number>();
  for (let row = 0; row < rowCount; row++) {
    const parentRow = table.parent[row];
    const above = parentRow < 0 ? -1 : nodeOfRow[parentRow];
    const key = (above + 1) * kindCount + kindOfRow[row];
    let node = nodeOfKey.get(key);
    if (node === undefined) {
      node = nodeCount++;
      nodeOfKey.set(key, node);
      parent[node] = above;
      firstRow[node] = row;
      if (above >= 0) {
        depth[node] = depth[above] + 1;
        childCount[above]++;
      }
    }
    nodeOfRow[row] = node;
    count[node]++;
  }
  return {
    nodeCount,
    nodeOfRow,
    parent: parent.slice(0, nodeCount),
    depth: depth.slice(0, nodeCount),
    firstRow: firstRow.slice(0, nodeCount),
    count: count.slice(0, nodeCount),
    childCount: childCount.slice(0, nodeCount),
  };
}

/** A number for each distinct (service, name, class), and how many there are. */
export function kindsOf(
  table: SpanTable,
  classOfRow: Uint32Array | undefined
): readonly [kindOfRow: Uint32Array, kindCount: number] {
  const kindOfRow = new Uint32Array(table.rowCount);
  const kinds = new Map<number, number>();
  const names = table.names.length;
  const pairs = names * table.services.length;
  for (let row = 0; row < table.rowCount; row++) {
    const key = (classOfRow?.[row] ?? 0) * pairs + table.service[row] * names + table.name[row];
    let kind = kinds.get(key);
    if (kind === undefined) {
      kind = kinds.size;
      kinds.set(key, kind);
    }
    kindOfRow[row] = kind;
  }
  return [kindOfRow, Math.max(1, kinds.size)];
}

/** Rows of each node, in order: those of `node` are `rows[start[node] .. start[node + 1])`. */
export function rowsByNode(tree: CallTree): { readonly start: Uint32Array; readonly rows: Uint32Array } {
  const start = new Uint32Array(tree.nodeCount + 1);
  for (let node = 0; node < tree.nodeCount; node++) {
    start[node + 1] = start[node] + tree.count[node];
  }
  const next = start.slice();
  const rows = new Uint32Array(tree.nodeOfRow.length);
  tree.nodeOfRow.forEach((node, row) => (rows[next[node]++] = row));
  return { start, rows };
}

/** `values` added up by node. */
export function sumByNode(tree: CallTree, values: ArrayLike<number>): Float64Array {
  const sums = new Float64Array(tree.nodeCount);
  for (let row = 0; row < tree.nodeOfRow.length; row++) {
    sums[tree.nodeOfRow[row]] += values[row];
  }
  return sums;
}
