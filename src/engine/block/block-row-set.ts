import type { ChunkReader } from '../parquet/chunk-reader.ts';
import {
  sparseShare,
  type CodedColumn,
  type ColumnKey,
  type ColumnScope,
  type ColumnType,
  type RowSet,
  type SparseColumn,
} from '../row-set.ts';
import { BlockSelection } from './block-selection.ts';
import { columnKeyText } from './column-names.ts';
import { eventColumn } from './event-column.ts';
import { FoldedColumns } from './folded-columns.ts';
import { parentIdsOf } from './parents.ts';
import { type RowGroupChunks, asWords, asWords32 } from './row-group-chunks.ts';
import { findTraceId } from './trace-table.ts';

/**
 * A row group as a {@link RowSet}. Columns are decoded when first used, so that a query pays for none that it does not look at. Errors of
 * that: `corrupt`, on first use.
 */
export class BlockRowSet implements RowSet {
  readonly rowCount: number;
  readonly traceCount: number;
  readonly traceIds: Uint8Array;
  readonly columnKeys: readonly ColumnKey[];
  private readonly chunks: RowGroupChunks;
  private readonly columns = new Map<string, CodedColumn>();
  private readonly sparseColumns = new Map<string, SparseColumn>();
  private foldedColumns: FoldedColumns | undefined;
  private decodedTraceOfRow: Uint32Array | undefined;
  private decodedSpanIds: Uint8Array | undefined;
  private decodedParentIds: Uint8Array | undefined;
  private decodedStart: BigUint64Array | undefined;
  private decodedDuration: BigInt64Array | undefined;
  private decodedKinds: Uint8Array | undefined;
  private decodedStatusCodes: Uint8Array | undefined;

  constructor(chunks: RowGroupChunks) {
    const { traces, columnKeys } = chunks;
    this.chunks = chunks;
    this.columnKeys = columnKeys;
    this.traceIds = traces.traceIds;
    this.traceCount = traces.traceCount;
    this.rowCount = traces.rowStarts[traces.traceCount];
  }

  get traceOfRow(): Uint32Array {
    if (this.decodedTraceOfRow === undefined) {
      const { rowStarts } = this.chunks.traces;
      const traceOfRow = new Uint32Array(this.rowCount);
      for (let trace = 0, row = 0; trace < this.traceCount; trace++) {
        for (const end = rowStarts[trace + 1]; row < end; row++) {
          traceOfRow[row] = trace;
        }
      }
      this.decodedTraceOfRow = traceOfRow;
    }
    return this.decodedTraceOfRow;
  }

  get spanIds(): Uint8Array {
    return (this.decodedSpanIds ??= this.chunks.fixed.spanId.fixedValues());
  }

  get parentSpanIds(): Uint8Array {
    const { traceOfRow } = this;
    const { rowStarts } = this.chunks.traces;
    this.decodedParentIds ??= parentIdsOf(
      this.chunks.fixed.parentSpanId.fixedValues(),
      asWords32(this.chunks.fixed.parentIndex.fixedValues()),
      this.spanIds,
      (row) => rowStarts[traceOfRow[row]]
    );
    return this.decodedParentIds;
  }

  get startUnixNanos(): BigUint64Array {
    return (this.decodedStart ??= asWords(this.chunks.fixed.start.fixedValues(), BigUint64Array));
  }

  get durationNanos(): BigInt64Array {
    return (this.decodedDuration ??= asWords(this.chunks.fixed.duration.fixedValues(), BigInt64Array));
  }

  get kinds(): Uint8Array {
    return (this.decodedKinds ??= smallInts(this.chunks.fixed.kind));
  }

  get statusCodes(): Uint8Array {
    return (this.decodedStatusCodes ??= smallInts(this.chunks.fixed.statusCode));
  }

  rowsOfTrace(ordinal: number): Uint32Array {
    const { rowStarts } = this.chunks.traces;
    const start = rowStarts[ordinal];
    return Uint32Array.from({ length: rowStarts[ordinal + 1] - start }, (_, i) => start + i);
  }

  findTrace(traceId: Uint8Array): number {
    return findTraceId(this.traceIds, traceId);
  }

  column(scope: ColumnScope, key: string, type: ColumnType): CodedColumn | undefined {
    const text = columnKeyText({ scope, key, type });
    let column = this.columns.get(text);
    if (column === undefined) {
      const reader = this.chunks.coded.get(text);
      if (reader === undefined) {
        return this.listed({ scope, key, type }, text);
      }
      column = { key: { scope, key, type }, ...reader.all() };
      this.columns.set(text, column);
    }
    return column;
  }

  sparseColumn(scope: ColumnScope, key: string, type: ColumnType): SparseColumn | undefined {
    const text = columnKeyText({ scope, key, type });
    const known = this.sparseColumns.get(text);
    if (known !== undefined || this.columns.has(text)) {
      return known;
    }
    if (this.chunks.folded?.wanted.has(text) === true) {
      this.foldedColumns ??= new FoldedColumns(this.chunks.folded.list, everyRow(this.rowCount));
      return this.foldedColumns.sparseColumn({ scope, key, type });
    }
    const reader = this.chunks.coded.get(text);
    if (reader === undefined || reader.valueCount * sparseShare > this.rowCount) {
      return undefined;
    }
    const { codes, dictionary } = reader.all();
    reader.dropPages();
    const rows = new Uint32Array(reader.valueCount);
    const values = new Uint32Array(reader.valueCount);
    let count = 0;
    for (let row = 0; row < codes.length; row++) {
      if (codes[row] !== 0) {
        rows[count] = row;
        values[count++] = codes[row];
      }
    }
    const column = {
      key: { scope, key, type },
      dictionary,
      rows: rows.subarray(0, count),
      codes: values.subarray(0, count),
    };
    this.sparseColumns.set(text, column);
    return column;
  }

  private listed(key: ColumnKey, text: string): CodedColumn | undefined {
    const lists = this.chunks.events.find(({ kind }) => key.scope === 'intrinsic' && key.key === kind);
    if (lists !== undefined) {
      const column = eventColumn(key, lists, everyRow(this.rowCount));
      if (column !== undefined) {
        this.columns.set(text, column);
      }
      return column;
    }
    const { folded } = this.chunks;
    if (folded?.wanted.has(text) !== true) {
      return undefined;
    }
    this.foldedColumns ??= new FoldedColumns(folded.list, everyRow(this.rowCount));
    return this.foldedColumns.column(key);
  }

  narrow(rows: ArrayLike<number>): RowSet {
    return new BlockSelection(this.chunks, Uint32Array.from(rows));
  }
}

function everyRow(rowCount: number): Uint32Array {
  return Uint32Array.from({ length: rowCount }, (_, row) => row);
}

/** Values below 256, of every row. */
function smallInts(reader: ChunkReader): Uint8Array {
  const entries = reader.fixedEntries();
  const codes = reader.fixedCodes();
  const values = new Uint8Array(codes.length);
  for (let row = 0; row < codes.length; row++) {
    values[row] = entries[4 * (codes[row] - 1)];
  }
  return values;
}
