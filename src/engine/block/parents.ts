import { hashWords } from '../../base/hash.ts';

/** Parents of the rows of one row group. */
export interface Parents {
  /** Position in the trace of the parent's first row, plus one; 0: root, or the parent is not in this fragment. */
  readonly index: Uint32Array;
  readonly indexMax: number;
  /** Eight bytes a row, zero for a root. */
  readonly ids: Uint8Array;
}

/**
 * Finds each row's parent among the rows of its trace. Rows of a trace are contiguous; ids are 8 bytes a row, `traceOfRow` counts from 0.
 */
export function findParents(spanIds: Uint8Array, parentIds: Uint8Array, traceOfRow: Uint32Array): Parents {
  const rowCount = traceOfRow.length;
  const table = new ParentTable(spanIds, parentIds, traceOfRow);
  const index = new Uint32Array(rowCount);
  let indexMax = 0;
  for (let row = 0, traceStart = 0; row < rowCount; row++) {
    if (row > 0 && traceOfRow[row] !== traceOfRow[row - 1]) {
      traceStart = row;
    }
    const owner = isRoot(parentIds, row) ? -1 : table.ownerOf(row);
    if (owner >= 0) {
      index[row] = owner - traceStart + 1;
      indexMax = Math.max(indexMax, index[row]);
    }
  }
  return { index, indexMax, ids: parentIds };
}

/** Open addressing over (trace, span id). */
class ParentTable {
  private readonly slots: Int32Array;
  private readonly mask: number;
  private readonly spanWords: DataView;
  private readonly parentWords: DataView;
  private readonly traceOfRow: Uint32Array;
  private readonly rowCount: number;

  constructor(spanIds: Uint8Array, parentIds: Uint8Array, traceOfRow: Uint32Array) {
    this.rowCount = traceOfRow.length;
    this.spanWords = new DataView(spanIds.buffer, spanIds.byteOffset, spanIds.byteLength);
    this.parentWords = new DataView(parentIds.buffer, parentIds.byteOffset, parentIds.byteLength);
    this.traceOfRow = traceOfRow;
    let capacity = 16;
    while (capacity < 2 * this.rowCount) {
      capacity *= 2;
    }
    this.slots = new Int32Array(capacity);
    this.mask = capacity - 1;
    for (let row = 0; row < this.rowCount; row++) {
      const slot = this.find(this.spanWords, row);
      if (this.slots[slot] === 0) {
        this.slots[slot] = row + 1; // of spans that share an id the first is the parent
      }
    }
  }

  /** First row of the same trace whose span id is the parent's, or −1. */
  ownerOf(row: number): number {
    return this.slots[this.find(this.parentWords, row)] - 1;
  }

  /** The slot that holds the id of `ids[row]` in the row's trace, or the free slot where it belongs. */
  private find(ids: DataView, row: number): number {
    const low = ids.getInt32(8 * row, true);
    const high = ids.getInt32(8 * row + 4, true);
    const trace = this.traceOfRow[row];
    let slot = hashWords(low ^ trace, high) & this.mask;
    for (;;) {
      const owner = this.slots[slot] - 1;
      if (owner < 0) {
        return slot;
      }
      const words = this.spanWords;
      if (
        this.traceOfRow[owner] === trace &&
        words.getInt32(8 * owner, true) === low &&
        words.getInt32(8 * owner + 4, true) === high
      ) {
        return slot;
      }
      slot = (slot + 1) & this.mask;
    }
  }
}

/** Whether the parent id of a row is zero. */
export function isRoot(parentIds: Uint8Array, row: number): boolean {
  for (let at = 8 * row, end = at + 8; at < end; at++) {
    if (parentIds[at] !== 0) {
      return false;
    }
  }
  return true;
}

/**
 * Parent ids of rows: `stored` where there is one, else the id of the row that the parent index points at. `indexes`: per row, position of
 * the parent in the trace plus one; `traceStartOf`: where in `spanIds` the trace of a row begins.
 */
export function parentIdsOf(
  stored: Uint8Array,
  indexes: Uint32Array,
  spanIds: Uint8Array,
  traceStartOf: (row: number) => number
): Uint8Array {
  const ids = new Uint8Array(stored);
  for (let row = 0; row < indexes.length; row++) {
    if (indexes[row] !== 0 && isRoot(stored, row)) {
      const from = 8 * (traceStartOf(row) + indexes[row] - 1);
      // Byte by byte: a view for each row would cost more than the copy.
      for (let byte = 0; byte < 8; byte++) {
        ids[8 * row + byte] = spanIds[from + byte];
      }
    }
  }
  return ids;
}
