import { assert } from '../../base/assert.ts';
import { chunkCapacity, chunkOfEntry, chunkStart, slabOf, wordOf, type Address } from './arena.ts';
import { postingShape } from './column.ts';
import { HeadSelection } from './head-selection.ts';
import { HeadValues } from './head-values.ts';
import { noRow, rowColumns, rowShape } from './rows.ts';
import type { ColumnSnapshot, HeadSnapshot } from './snapshot.ts';
import { traceFields, traceShape, traceSlot } from './traces.ts';
import {
  sparseShare,
  type CodedColumn,
  type Codes,
  type ColumnKey,
  type ColumnScope,
  type ColumnType,
  type RowSet,
  type SparseColumn,
} from '../row-set.ts';

/** So many traces are looked up row by row; who asks for more gets all traces sorted out at once. */
const chainedLookupsMax = 64;
/** Columns copied out are kept up to so many bytes, the newest: a head may have thousands. */
const openedBytesMax = 64 << 20;

/** A head snapshot as a row set. Arrays are copied out of the shared memory on first use and kept. */
export class HeadRowSet implements RowSet {
  readonly rowCount: number;
  readonly traceCount: number;
  readonly columnKeys: readonly ColumnKey[];
  private readonly snapshot: HeadSnapshot;
  private readonly slabs: readonly Int32Array[];
  private readonly slots: Int32Array;
  private readonly columnOf = new Map<string, ColumnSnapshot>();
  private readonly opened = new Map<ColumnSnapshot, CodedColumn>();
  private openedBytes = 0;
  private readonly values = new Map<ColumnSnapshot, HeadValues>();
  private readonly fixed = new Map<number, Int32Array>();
  private traceIdsCopy: Uint8Array | undefined = undefined;
  private traceOfRowCopy: Uint32Array | undefined = undefined;
  private spanIdsCopy: Uint8Array | undefined = undefined;
  private parentSpanIdsCopy: Uint8Array | undefined = undefined;
  private startUnixNanosCopy: BigUint64Array | undefined = undefined;
  private durationNanosCopy: BigInt64Array | undefined = undefined;
  private kindsCopy: Uint8Array | undefined = undefined;
  private statusCodesCopy: Uint8Array | undefined = undefined;
  private chainedLookups = 0;
  /** Rows by trace: those of ordinal t are `rowsByTrace[traceEnds[t − 1] … traceEnds[t])`. */
  private rowsByTrace: Uint32Array | undefined = undefined;
  private traceEnds: Uint32Array | undefined = undefined;

  constructor(snapshot: HeadSnapshot) {
    this.snapshot = snapshot;
    this.rowCount = snapshot.rowCount;
    this.traceCount = snapshot.traceCount;
    this.slabs = snapshot.slabs.map((slab) => new Int32Array(slab));
    this.slots = new Int32Array(snapshot.traceSlots);
    this.columnKeys = snapshot.columns;
    for (const column of snapshot.columns) {
      this.columnOf.set(nameOf(column.scope, column.key, column.type), column);
    }
  }

  get traceIds(): Uint8Array {
    if (this.traceIdsCopy === undefined) {
      const words = new Int32Array(4 * this.traceCount);
      for (let ordinal = 0; ordinal < this.traceCount; ordinal++) {
        const at = this.traceAt(ordinal);
        const slab = this.slabs[slabOf(at)];
        const word = wordOf(at);
        words[4 * ordinal] = slab[word];
        words[4 * ordinal + 1] = slab[word + 1];
        words[4 * ordinal + 2] = slab[word + 2];
        words[4 * ordinal + 3] = slab[word + 3];
      }
      this.traceIdsCopy = new Uint8Array(words.buffer);
    }
    return this.traceIdsCopy;
  }

  get traceOfRow(): Uint32Array {
    return (this.traceOfRowCopy ??= new Uint32Array(this.fixedColumn(rowColumns.trace).buffer));
  }

  get spanIds(): Uint8Array {
    return (this.spanIdsCopy ??= new Uint8Array(this.fixedColumn(rowColumns.spanId).buffer));
  }

  get parentSpanIds(): Uint8Array {
    return (this.parentSpanIdsCopy ??= new Uint8Array(this.fixedColumn(rowColumns.parentSpanId).buffer));
  }

  get startUnixNanos(): BigUint64Array {
    return (this.startUnixNanosCopy ??= new BigUint64Array(this.fixedColumn(rowColumns.start).buffer));
  }

  get durationNanos(): BigInt64Array {
    return (this.durationNanosCopy ??= new BigInt64Array(this.fixedColumn(rowColumns.duration).buffer));
  }

  get kinds(): Uint8Array {
    return (this.kindsCopy ??= bytesAt(this.fixedColumn(rowColumns.kindAndStatus), 0));
  }

  get statusCodes(): Uint8Array {
    return (this.statusCodesCopy ??= bytesAt(this.fixedColumn(rowColumns.kindAndStatus), 8));
  }

  rowsOfTrace(ordinal: number): ArrayLike<number> {
    assert(ordinal >= 0 && ordinal < this.traceCount, `trace ordinal ${ordinal} of ${this.traceCount}`);
    if (this.rowsByTrace === undefined && this.chainedLookups < chainedLookupsMax) {
      this.chainedLookups++;
      const chained = this.chainedRows(ordinal);
      if (chained !== undefined) {
        return chained;
      }
    }
    if (this.rowsByTrace === undefined || this.traceEnds === undefined) {
      this.sortOutTraces();
    }
    return this.rowsByTrace!.subarray(ordinal === 0 ? 0 : this.traceEnds![ordinal - 1], this.traceEnds![ordinal]);
  }

  findTrace(traceId: Uint8Array): number {
    assert(traceId.length === 16, `trace id of ${traceId.length} bytes`);
    const [w0, w1, w2, w3] = new Int32Array(traceId.slice().buffer);
    const mask = this.slots.length - 1;
    for (let slot = traceSlot(w0, w1, w2, w3, mask); ; slot = (slot + 1) & mask) {
      const ordinal = Atomics.load(this.slots, slot) - 1;
      if (ordinal < 0) {
        return -1;
      }
      // Younger traces than the snapshot stand in the table too, their words may change: stepped over.
      if (ordinal < this.traceCount) {
        const at = this.traceAt(ordinal);
        const slab = this.slabs[slabOf(at)];
        const word = wordOf(at);
        if (slab[word] === w0 && slab[word + 1] === w1 && slab[word + 2] === w2 && slab[word + 3] === w3) {
          return ordinal;
        }
      }
    }
  }

  column(scope: ColumnScope, key: string, type: ColumnType): CodedColumn | undefined {
    const column = this.columnOf.get(nameOf(scope, key, type));
    if (column === undefined) {
      return undefined;
    }
    let opened = this.opened.get(column);
    if (opened === undefined) {
      opened = { key: { scope, key, type }, dictionary: this.valuesOf(column), codes: this.codesOf(column) };
      this.keep(column, opened);
    }
    return opened;
  }

  sparseColumn(scope: ColumnScope, key: string, type: ColumnType): SparseColumn | undefined {
    const column = this.columnOf.get(nameOf(scope, key, type));
    if (column === undefined || column.unit !== 'row' || column.postingCount * sparseShare > this.rowCount) {
      return undefined;
    }
    const rows = new Uint32Array(column.postingCount);
    const codes = new Uint32Array(column.postingCount);
    for (let chunk = 0, posting = 0; posting < column.postingCount; chunk++) {
      const address = column.postings[chunk];
      const end = Math.min(posting + chunkCapacity(postingShape, chunk), column.postingCount);
      const slab = this.slabs[slabOf(address)];
      for (let at = wordOf(address); posting < end; posting++, at += 2) {
        rows[posting] = slab[at];
        codes[posting] = slab[at + 1];
      }
    }
    return { key: { scope, key, type }, dictionary: this.valuesOf(column), rows, codes };
  }

  narrow(rows: ArrayLike<number>): RowSet {
    return new HeadSelection(this, this.snapshot, rows);
  }

  /** The dictionary of a column, shared by this row set and its narrow ones. */
  valuesOf(column: ColumnSnapshot): HeadValues {
    let values = this.values.get(column);
    if (values === undefined) {
      values = new HeadValues(column, this.slabs);
      this.values.set(column, values);
    }
    return values;
  }

  columnNamed(scope: ColumnScope, key: string, type: ColumnType): ColumnSnapshot | undefined {
    return this.columnOf.get(nameOf(scope, key, type));
  }

  /** Code of one unit of a column by binary search; 0 when absent. */
  codeAt(column: ColumnSnapshot, unit: number): number {
    let low = 0;
    let high = column.postingCount;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const chunk = chunkOfEntry(postingShape, middle);
      const at = column.postings[chunk] + 2 * (middle - chunkStart(postingShape, chunk));
      const slab = this.slabs[slabOf(at)];
      const found = slab[wordOf(at)];
      if (found === unit) {
        return slab[wordOf(at) + 1];
      }
      if (found < unit) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return 0;
  }

  /** One word of a fixed column. */
  wordAt(row: number, column: number, half = 0): number {
    assert(row >= 0 && row < this.rowCount, `row ${row} of ${this.rowCount}`);
    const chunk = chunkOfEntry(rowShape, row);
    const address = this.snapshot.rows[chunk];
    const capacity = chunkCapacity(rowShape, chunk);
    const index = row - chunkStart(rowShape, chunk);
    const wide = column < rowColumns.trace;
    return this.slabs[slabOf(address)][wordOf(address) + column * capacity + (wide ? 2 * index + half : index)];
  }

  /** The 16 bytes of one trace id. */
  traceIdAt(ordinal: number): Uint8Array {
    const at = this.traceAt(ordinal);
    return new Uint8Array(this.slabs[slabOf(at)].slice(wordOf(at), wordOf(at) + 4).buffer);
  }

  private traceAt(ordinal: number): Address {
    const chunk = chunkOfEntry(traceShape, ordinal);
    return this.snapshot.traces[chunk] + traceShape.entryWords * (ordinal - chunkStart(traceShape, chunk));
  }

  /** All rows of a fixed column in one array of its own. */
  private fixedColumn(column: number): Int32Array<ArrayBuffer> {
    const known = this.fixed.get(column);
    if (known !== undefined) {
      return known as Int32Array<ArrayBuffer>;
    }
    const wordsPerRow = column < rowColumns.trace ? 2 : 1;
    const flat = new Int32Array(this.rowCount * wordsPerRow);
    for (let chunk = 0, row = 0; row < this.rowCount; chunk++) {
      const address = this.snapshot.rows[chunk];
      const capacity = chunkCapacity(rowShape, chunk);
      const count = Math.min(capacity, this.rowCount - row);
      const from = wordOf(address) + column * capacity;
      flat.set(this.slabs[slabOf(address)].subarray(from, from + count * wordsPerRow), row * wordsPerRow);
      row += count;
    }
    this.fixed.set(column, flat);
    return flat;
  }

  private keep(column: ColumnSnapshot, opened: CodedColumn): void {
    this.opened.set(column, opened);
    this.openedBytes += opened.codes.byteLength;
    for (const [oldest, { codes }] of this.opened) {
      if (this.openedBytes <= openedBytesMax || oldest === column) {
        break;
      }
      this.opened.delete(oldest);
      this.openedBytes -= codes.byteLength;
    }
  }

  private codesOf(column: ColumnSnapshot): Codes {
    if (column.unit === 'row') {
      return this.scatter(column, codesFor(column.valueCount, this.rowCount));
    }
    const { resourceCount, scopeCount } = this.snapshot;
    const isResource = column.unit === 'resource';
    const codeOfUnit = this.scatter(column, codesFor(column.valueCount, isResource ? resourceCount : scopeCount));
    const unitOfRow = this.fixedColumn(isResource ? rowColumns.resource : rowColumns.scope);
    const codes = codesFor(column.valueCount, this.rowCount);
    for (let row = 0; row < codes.length; row++) {
      codes[row] = codeOfUnit[unitOfRow[row]];
    }
    return codes;
  }

  private scatter(column: ColumnSnapshot, codes: Codes): Codes {
    for (let chunk = 0, posting = 0; posting < column.postingCount; chunk++) {
      const address = column.postings[chunk];
      const count = Math.min(chunkCapacity(postingShape, chunk), column.postingCount - posting);
      const slab = this.slabs[slabOf(address)];
      let at = wordOf(address);
      for (const end = at + 2 * count; at < end; at += 2) {
        codes[slab[at]] = slab[at + 1];
      }
      posting += count;
    }
    return codes;
  }

  /** Follows the chain of a trace's rows from the newest. `undefined` when an append in progress got in the way. */
  private chainedRows(ordinal: number): Uint32Array | undefined {
    const at = this.traceAt(ordinal);
    let row = Atomics.load(this.slabs[slabOf(at)], wordOf(at) + traceFields.lastRow);
    // Rows above the snapshot may be taken back and written again while they are followed.
    if (row >= this.rowCount) {
      return undefined;
    }
    const rows: number[] = [];
    while (row !== noRow) {
      rows.push(row);
      row = this.wordAt(row, rowColumns.previousOfTrace);
    }
    return Uint32Array.from(rows.reverse());
  }

  private sortOutTraces(): void {
    const traceOfRow = this.fixedColumn(rowColumns.trace);
    const ends = new Uint32Array(this.traceCount);
    for (let row = 0; row < traceOfRow.length; row++) {
      ends[traceOfRow[row]]++;
    }
    for (let ordinal = 1; ordinal < ends.length; ordinal++) {
      ends[ordinal] += ends[ordinal - 1];
    }
    const rows = new Uint32Array(this.rowCount);
    for (let row = traceOfRow.length - 1; row >= 0; row--) {
      rows[--ends[traceOfRow[row]]] = row;
    }
    // The pass above turned ends into starts.
    ends.copyWithin(0, 1);
    if (ends.length > 0) {
      ends[ends.length - 1] = this.rowCount;
    }
    this.rowsByTrace = rows;
    this.traceEnds = ends;
  }
}

/** One byte of each word, the one that begins at bit `shift`. */
function bytesAt(words: Int32Array, shift: number): Uint8Array {
  const bytes = new Uint8Array(words.length);
  for (let i = 0; i < words.length; i++) {
    bytes[i] = words[i] >>> shift; // a typed array keeps the low byte
  }
  return bytes;
}

function nameOf(scope: ColumnScope, key: string, type: ColumnType): string {
  return `${scope} ${type} ${key}`;
}

/** Room for codes 0 to `valueCount`. */
function codesFor(valueCount: number, length: number): Codes {
  return valueCount < 0x100
    ? new Uint8Array(length)
    : valueCount < 0x1_0000
      ? new Uint16Array(length)
      : new Uint32Array(length);
}
