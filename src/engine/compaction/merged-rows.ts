import { assert } from '../../base/assert.ts';
import { columnKeyText } from '../block/column-names.ts';
import { findTraceId } from '../block/trace-table.ts';
import type { CodedColumn, Codes, ColumnKey, ColumnScope, ColumnType, RowSet, SparseColumn } from '../row-set.ts';
import { Slots, UnitedDictionary } from './united-dictionary.ts';

/** Rows of one row set and where they stand in the batch, parallel. */
export interface BatchPart {
  readonly rowSet: RowSet;
  readonly rows: Uint32Array;
  readonly positions: Uint32Array;
}

export interface Batch {
  readonly rowCount: number;
  readonly parts: readonly BatchPart[];
  /** 16 bytes a trace, ascending. */
  readonly traceIds: Uint8Array;
  readonly traceOfRow: Uint32Array;
}

/**
 * Rows of several row sets as one, in block order. Columns are put together when they are asked for and not kept: the writer takes them one by
 * one. Codes are renumbered over a dictionary that points into those of the parts; no value is decoded.
 */
export class MergedRows implements RowSet {
  readonly rowCount: number;
  readonly traceCount: number;
  readonly traceIds: Uint8Array;
  readonly traceOfRow: Uint32Array;
  readonly columnKeys: readonly ColumnKey[];
  private readonly parts: readonly BatchPart[];
  private readonly slots: Slots;
  /** By part: where each row of its row set stands in the batch, plus one. */
  private readonly places: (Uint32Array | undefined)[] = [];

  constructor({ rowCount, parts, traceIds, traceOfRow }: Batch, slots: Slots) {
    this.rowCount = rowCount;
    this.parts = parts;
    this.traceIds = traceIds;
    this.traceCount = traceIds.length / 16;
    this.traceOfRow = traceOfRow;
    this.slots = slots;
    const keys = parts.flatMap(({ rowSet }) => rowSet.columnKeys.map((key) => [columnKeyText(key), key] as const));
    this.columnKeys = [...new Map(keys).values()];
  }

  get spanIds(): Uint8Array {
    return this.idsOf((rowSet) => rowSet.spanIds);
  }

  get parentSpanIds(): Uint8Array {
    return this.idsOf((rowSet) => rowSet.parentSpanIds);
  }

  get startUnixNanos(): BigUint64Array {
    return new BigUint64Array(this.wordsOf((rowSet) => rowSet.startUnixNanos));
  }

  get durationNanos(): BigInt64Array {
    return new BigInt64Array(this.wordsOf((rowSet) => rowSet.durationNanos));
  }

  get kinds(): Uint8Array {
    return this.bytesOf((rowSet) => rowSet.kinds);
  }

  get statusCodes(): Uint8Array {
    return this.bytesOf((rowSet) => rowSet.statusCodes);
  }

  rowsOfTrace(ordinal: number): number[] {
    const rows: number[] = [];
    for (let row = this.traceOfRow.indexOf(ordinal); this.traceOfRow[row] === ordinal; row++) {
      rows.push(row);
    }
    return rows;
  }

  findTrace(traceId: Uint8Array): number {
    return findTraceId(this.traceIds, traceId);
  }

  column(scope: ColumnScope, key: string, type: ColumnType): CodedColumn | undefined {
    const columns = this.parts.map(({ rowSet }) => rowSet.column(scope, key, type));
    const sources = columns.filter((column) => column !== undefined).length;
    if (sources === 0) {
      return undefined;
    }
    const dictionary = new UnitedDictionary(type, this.slots);
    const codes = new Uint32Array(this.rowCount);
    columns.forEach((column, part) => {
      if (column !== undefined) {
        renumber(column, this.parts[part], dictionary, codes, sources > 1);
      }
    });
    return dictionary.size === 0 ? undefined : { key: { scope, key, type }, dictionary, codes };
  }

  /** Put together without arrays over all rows where all parts that have the key have few values of it. */
  sparseColumn(scope: ColumnScope, key: string, type: ColumnType): SparseColumn | undefined {
    const columns: (SparseColumn | undefined)[] = [];
    let sources = 0;
    for (const { rowSet } of this.parts) {
      const sparse = rowSet.sparseColumn?.(scope, key, type);
      if (sparse === undefined && rowSet.column(scope, key, type) !== undefined) {
        return undefined;
      }
      columns.push(sparse);
      sources += sparse === undefined ? 0 : 1;
    }
    if (sources === 0) {
      return undefined;
    }
    const dictionary = new UnitedDictionary(type, this.slots);
    const values: { row: number; code: number }[] = [];
    columns.forEach((column, part) => {
      if (column !== undefined) {
        const places = this.placesOf(part);
        const codeOf = new Map<number, number>();
        for (let i = 0; i < column.rows.length; i++) {
          const place = places[column.rows[i]];
          if (place !== 0) {
            const code = column.codes[i];
            let number = codeOf.get(code);
            if (number === undefined) {
              number =
                1 +
                (sources > 1
                  ? dictionary.intern(column.dictionary, code - 1)
                  : dictionary.push(column.dictionary, code - 1));
              codeOf.set(code, number);
            }
            values.push({ row: place - 1, code: number });
          }
        }
      }
    });
    if (values.length === 0) {
      return undefined;
    }
    values.sort((a, b) => a.row - b.row);
    return {
      key: { scope, key, type },
      dictionary,
      rows: Uint32Array.from(values, ({ row }) => row),
      codes: Uint32Array.from(values, ({ code }) => code),
    };
  }

  private placesOf(part: number): Uint32Array {
    let places = this.places[part];
    if (places === undefined) {
      const { rowSet, rows, positions } = this.parts[part];
      places = new Uint32Array(rowSet.rowCount);
      for (let i = 0; i < rows.length; i++) {
        places[rows[i]] = positions[i] + 1;
      }
      this.places[part] = places;
    }
    return places;
  }

  private idsOf(read: (rowSet: RowSet) => Uint8Array): Uint8Array {
    return new Uint8Array(this.wordsOf(read));
  }

  /** Eight bytes a row. */
  private wordsOf(read: (rowSet: RowSet) => Uint8Array | BigUint64Array | BigInt64Array): ArrayBuffer {
    const words = new Uint32Array(2 * this.rowCount);
    for (const { rowSet, rows, positions } of this.parts) {
      const values = read(rowSet);
      const from = wordsIn(values);
      for (let i = 0; i < rows.length; i++) {
        words[2 * positions[i]] = from[2 * rows[i]];
        words[2 * positions[i] + 1] = from[2 * rows[i] + 1];
      }
    }
    return words.buffer;
  }

  private bytesOf(read: (rowSet: RowSet) => Uint8Array): Uint8Array {
    const bytes = new Uint8Array(this.rowCount);
    for (const { rowSet, rows, positions } of this.parts) {
      const from = read(rowSet);
      for (let i = 0; i < rows.length; i++) {
        bytes[positions[i]] = from[rows[i]];
      }
    }
    return bytes;
  }
}

/** Writes the codes of one part into those of all; only entries that a row uses get into the dictionary. */
function renumber(
  { codes: partCodes, dictionary: values }: CodedColumn,
  { rows, positions }: BatchPart,
  dictionary: UnitedDictionary,
  codes: Uint32Array,
  mayRepeat: boolean
): void {
  const codeOf = new Uint32Array(values.size + 1);
  const found = gathered(partCodes, rows);
  for (let i = 0; i < found.length; i++) {
    const code = found[i];
    if (code !== 0) {
      let number = codeOf[code];
      if (number === 0) {
        number = 1 + (mayRepeat ? dictionary.intern(values, code - 1) : dictionary.push(values, code - 1));
        codeOf[code] = number;
      }
      codes[positions[i]] = number;
    }
  }
}

/** One loop per width, so that each stays monomorphic. */
function gathered(codes: Codes, rows: Uint32Array): Uint32Array {
  const found = new Uint32Array(rows.length);
  if (codes instanceof Uint8Array) {
    for (let i = 0; i < rows.length; i++) {
      found[i] = codes[rows[i]];
    }
  } else if (codes instanceof Uint16Array) {
    for (let i = 0; i < rows.length; i++) {
      found[i] = codes[rows[i]];
    }
  } else {
    for (let i = 0; i < rows.length; i++) {
      found[i] = codes[rows[i]];
    }
  }
  return found;
}

/** A view where the bytes are aligned, else a copy. */
function wordsIn(values: Uint8Array | BigUint64Array | BigInt64Array): Uint32Array {
  assert(values.byteLength % 8 === 0, `${values.byteLength} bytes are no whole number of values`);
  if (values.byteOffset % 4 === 0) {
    return new Uint32Array(values.buffer, values.byteOffset, values.byteLength / 4);
  }
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  // Not `slice()`: of a Node buffer, which readers may answer, that is no copy.
  return new Uint32Array(new Uint8Array(bytes).buffer);
}
