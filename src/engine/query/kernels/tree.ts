import { hashWords } from '../../../base/hash.ts';
import { isRoot } from '../../block/parents.ts';
import type { RowSet } from '../../row-set.ts';

/** Who is whose child among the rows of a row set. Of traces that are marked unclear nothing here is to be trusted. */
export interface RowTree {
  /** Row of the parent; −1 for roots and orphans. */
  readonly parent: Int32Array;
  /** All rows, each behind its parent; `undefined` when the rows themselves are in such an order. */
  readonly order: Uint32Array | undefined;
  /** 1 for rows below a root, and for roots: others have no relation to any span. */
  readonly connected: Uint8Array;
  readonly isRoot: Uint8Array;
  readonly childCounts: Uint32Array;
}

/**
 * Builds the trees of all traces. Marks in `unclear` those in which two spans share an id or parents form a cycle: rare, and only the
 * reference knows their rules.
 */
export function buildRowTree(rowSet: RowSet, unclear: Uint8Array): RowTree {
  const { rowCount, traceOfRow, parentSpanIds } = rowSet;
  const owners = new SpanTable(rowSet, unclear);
  const parent = new Int32Array(rowCount).fill(-1);
  const roots = new Uint8Array(rowCount);
  const childCounts = new Uint32Array(rowCount);
  let inOrder = true;
  for (let row = 0; row < rowCount; row++) {
    if (isRoot(parentSpanIds, row)) {
      roots[row] = 1;
      continue;
    }
    const owner = owners.ownerOf(row);
    if (owner !== -1) {
      parent[row] = owner;
      childCounts[owner]++;
      inOrder &&= owner < row;
    }
  }
  const order = inOrder ? undefined : parentsFirst(parent, traceOfRow, unclear);
  const connected = roots.slice();
  for (let at = 0; at < rowCount; at++) {
    const row = order === undefined ? at : order[at];
    if (parent[row] !== -1) {
      connected[row] = connected[parent[row]];
    }
  }
  return { parent, order, connected, isRoot: roots, childCounts };
}

/** Rows by depth. Traces with a cycle are marked, their rows stand anywhere. */
function parentsFirst(parent: Int32Array, traceOfRow: Uint32Array, unclear: Uint8Array): Uint32Array {
  const rowCount = parent.length;
  // Depth plus one; 0 where it is not known yet.
  const depth = new Uint32Array(rowCount);
  const climbed = new Uint32Array(rowCount);
  /** The last climb that came by, plus one. */
  const climb = new Uint32Array(rowCount);
  let depthMax = 0;
  for (let start = 0; start < rowCount; start++) {
    let length = 0;
    let at = start;
    while (at !== -1 && depth[at] === 0 && climb[at] !== start + 1) {
      climb[at] = start + 1;
      climbed[length++] = at;
      at = parent[at];
    }
    const isCycle = at !== -1 && depth[at] === 0;
    if (isCycle) {
      unclear[traceOfRow[start]] = 1;
    }
    let reached = isCycle || at === -1 ? 0 : depth[at];
    while (length > 0) {
      depth[climbed[--length]] = ++reached;
    }
    depthMax = Math.max(depthMax, reached);
  }
  return countingSort(depth, depthMax);
}

function countingSort(keys: Uint32Array, keyMax: number): Uint32Array {
  const next = new Uint32Array(keyMax + 2);
  for (const key of keys) {
    next[key + 1]++;
  }
  for (let key = 0; key <= keyMax; key++) {
    next[key + 1] += next[key];
  }
  const sorted = new Uint32Array(keys.length);
  for (let row = 0; row < keys.length; row++) {
    sorted[next[keys[row]]++] = row;
  }
  return sorted;
}

/** Open addressing over (trace, span id). */
class SpanTable {
  private readonly slots: Int32Array;
  private readonly mask: number;
  private readonly spanWords: Int32Array;
  private readonly parentWords: Int32Array;
  private readonly traceOfRow: Uint32Array;

  constructor({ rowCount, traceOfRow, spanIds, parentSpanIds }: RowSet, unclear: Uint8Array) {
    this.traceOfRow = traceOfRow;
    this.spanWords = wordsOf(spanIds);
    this.parentWords = wordsOf(parentSpanIds);
    let capacity = 16;
    while (capacity < 2 * rowCount) {
      capacity *= 2;
    }
    this.slots = new Int32Array(capacity);
    this.mask = capacity - 1;
    for (let row = 0; row < rowCount; row++) {
      const slot = this.find(this.spanWords, row);
      if (this.slots[slot] === 0) {
        this.slots[slot] = row + 1;
      } else {
        unclear[traceOfRow[row]] = 1;
      }
    }
  }

  /** The row of the same trace whose span id is the parent's, or −1. */
  ownerOf(row: number): number {
    return this.slots[this.find(this.parentWords, row)] - 1;
  }

  /** The slot of the id at `ids[row]` in the row's trace, or the free slot where it belongs. */
  private find(ids: Int32Array, row: number): number {
    const { slots, spanWords, traceOfRow, mask } = this;
    const low = ids[2 * row];
    const high = ids[2 * row + 1];
    const trace = traceOfRow[row];
    let slot = hashWords(low ^ trace, high) & mask;
    for (;;) {
      const owner = slots[slot] - 1;
      if (
        owner < 0 ||
        (spanWords[2 * owner] === low && spanWords[2 * owner + 1] === high && traceOfRow[owner] === trace)
      ) {
        return slot;
      }
      slot = (slot + 1) & mask;
    }
  }
}

/** Two words an id; copied where the bytes are not aligned. */
function wordsOf(ids: Uint8Array): Int32Array {
  const aligned = ids.byteOffset % 4 === 0 ? ids : new Uint8Array(ids);
  return new Int32Array(aligned.buffer, aligned.byteOffset, aligned.length / 4);
}
