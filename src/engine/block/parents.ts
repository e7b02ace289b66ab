import { hashWords } from '../../base/hash.ts';

/** Parents of the rows of one row group. */
export interface Parents {
  /** Position in the trace of the parent's first row, plus one; 0: root, or the parent is not in this fragment. */
  readonly index: Uint32Array;
  readonly indexMax: number;
  /** Per row: code plus one of the parent's id in `ids`, 0 for a root. */
  readonly codes: Uint32Array;
  /** Eight bytes each; one per distinct parent of a trace. */
  readonly ids: Uint8Array;
}

/**
 * Finds each row's parent among the rows of its trace. Rows of a trace are contiguous; ids are 8 bytes a row, `traceOfRow` counts from 0.
 */
export function findParents(spanIds: Uint8Array, parentIds: Uint8Array, traceOfRow: Uint32Array): Parents {
  const rowCount = traceOfRow.length;
  const table = new ParentTable(spanIds, parentIds, traceOfRow);
  const index = new Uint32Array(rowCount);
  const codes = new Uint32Array(rowCount);
  const codeOfOwner = new Uint32Array(2 * rowCount);
  const ids = new Uint8Array(8 * rowCount);
  let idCount = 0;
  let indexMax = 0;
  for (let row = 0, traceStart = 0; row < rowCount; row++) {
    if (row > 0 && traceOfRow[row] !== traceOfRow[row - 1]) {
      traceStart = row;
    }
    if (isZero(parentIds, 8 * row)) {
      continue;
    }
    const owner = table.ownerOf(row);
    if (owner < rowCount) {
      index[row] = owner - traceStart + 1;
      indexMax = Math.max(indexMax, index[row]);
    }
    if (codeOfOwner[owner] === 0) {
      ids.set(parentIds.subarray(8 * row, 8 * row + 8), 8 * idCount);
      codeOfOwner[owner] = ++idCount;
    }
    codes[row] = codeOfOwner[owner];
  }
  return { index, indexMax, codes, ids: ids.subarray(0, 8 * idCount) };
}

/** Open addressing over (trace, id). An owner is the row with that span id, or rowCount + the first row whose parent is missing. */
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
    while (capacity < 4 * this.rowCount) {
      capacity *= 2; // at most half full, missing parents included
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

  ownerOf(row: number): number {
    const slot = this.find(this.parentWords, row);
    if (this.slots[slot] === 0) {
      this.slots[slot] = this.rowCount + row + 1;
    }
    return this.slots[slot] - 1;
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
      const missing = owner >= this.rowCount;
      const ownerRow = missing ? owner - this.rowCount : owner;
      const words = missing ? this.parentWords : this.spanWords;
      if (
        this.traceOfRow[ownerRow] === trace &&
        words.getInt32(8 * ownerRow, true) === low &&
        words.getInt32(8 * ownerRow + 4, true) === high
      ) {
        return slot;
      }
      slot = (slot + 1) & this.mask;
    }
  }
}

function isZero(bytes: Uint8Array, at: number): boolean {
  return (
    (bytes[at] |
      bytes[at + 1] |
      bytes[at + 2] |
      bytes[at + 3] |
      bytes[at + 4] |
      bytes[at + 5] |
      bytes[at + 6] |
      bytes[at + 7]) ===
    0
  );
}
