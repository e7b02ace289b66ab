import type { ChunkReader } from '../parquet/chunk-reader.ts';
import type { CodedColumn, ColumnKey, ColumnScope, ColumnType, RowSet } from '../row-set.ts';
import { columnKeyText } from './column-names.ts';
import { eventColumn } from './event-column.ts';
import { FoldedColumns } from './folded-columns.ts';
import { parentIdsOf } from './parents.ts';
import { type RowGroupChunks, asWords, asWords32 } from './row-group-chunks.ts';
import { findTraceId, traceOf } from './trace-table.ts';

/** Few rows of a row group: only the pages that hold them are decoded. */
export class BlockSelection implements RowSet {
  readonly rowCount: number;
  readonly traceCount: number;
  readonly traceIds: Uint8Array;
  readonly traceOfRow: Uint32Array;
  private readonly chunks: RowGroupChunks;
  private readonly rows: Uint32Array;
  private keys: readonly ColumnKey[] | undefined;
  private readonly opened = new Map<string, CodedColumn | undefined>();
  private foldedColumns: FoldedColumns | undefined;
  private decodedSpanIds: Uint8Array | undefined;
  private decodedParentIds: Uint8Array | undefined;
  private decodedStart: BigUint64Array | undefined;
  private decodedDuration: BigInt64Array | undefined;
  private decodedKinds: Uint8Array | undefined;
  private decodedStatusCodes: Uint8Array | undefined;

  constructor(chunks: RowGroupChunks, rows: Uint32Array) {
    this.chunks = chunks;
    this.rows = rows;
    this.rowCount = rows.length;
    this.traceOfRow = new Uint32Array(rows.length);
    const { traces } = chunks;
    // Ordinals ascend with the trace id, as in the row group.
    const outer = Uint32Array.from(rows, (row) => traceOf(traces, row));
    const ordinals = new Map([...new Set(outer)].sort((a, b) => a - b).map((trace, ordinal) => [trace, ordinal]));
    this.traceCount = ordinals.size;
    this.traceIds = new Uint8Array(16 * ordinals.size);
    for (const [trace, ordinal] of ordinals) {
      this.traceIds.set(traces.traceIds.subarray(16 * trace, 16 * trace + 16), 16 * ordinal);
    }
    for (let i = 0; i < rows.length; i++) {
      this.traceOfRow[i] = ordinals.get(outer[i]) as number;
    }
  }

  get spanIds(): Uint8Array {
    return (this.decodedSpanIds ??= this.chunks.fixed.spanId.fixedValuesAt(this.rows));
  }

  get parentSpanIds(): Uint8Array {
    return (this.decodedParentIds ??= this.readParentIds());
  }

  get startUnixNanos(): BigUint64Array {
    return (this.decodedStart ??= asWords(this.chunks.fixed.start.fixedValuesAt(this.rows), BigUint64Array));
  }

  get durationNanos(): BigInt64Array {
    return (this.decodedDuration ??= asWords(this.chunks.fixed.duration.fixedValuesAt(this.rows), BigInt64Array));
  }

  get kinds(): Uint8Array {
    return (this.decodedKinds ??= smallIntsAt(this.chunks.fixed.kind, this.rows));
  }

  get statusCodes(): Uint8Array {
    return (this.decodedStatusCodes ??= smallIntsAt(this.chunks.fixed.statusCode, this.rows));
  }

  /** Of the columns that have been read: those with a value in some row of the selection. */
  get columnKeys(): readonly ColumnKey[] {
    this.keys ??= this.chunks.columnKeys.filter(({ scope, key, type }) => this.column(scope, key, type) !== undefined);
    return this.keys;
  }

  rowsOfTrace(ordinal: number): ArrayLike<number> {
    const rows: number[] = [];
    for (let i = 0; i < this.rowCount; i++) {
      if (this.traceOfRow[i] === ordinal) {
        rows.push(i);
      }
    }
    return rows;
  }

  findTrace(traceId: Uint8Array): number {
    return findTraceId(this.traceIds, traceId);
  }

  /** Dictionaries may have entries that no row of the selection has. */
  column(scope: ColumnScope, key: string, type: ColumnType): CodedColumn | undefined {
    const text = columnKeyText({ scope, key, type });
    if (!this.opened.has(text)) {
      this.opened.set(text, this.open({ scope, key, type }, text));
    }
    return this.opened.get(text);
  }

  private open(key: ColumnKey, text: string): CodedColumn | undefined {
    const { coded, events, folded } = this.chunks;
    const lists = events.find(({ kind }) => key.scope === 'intrinsic' && key.key === kind);
    if (lists !== undefined) {
      return eventColumn(key, lists, this.rows);
    }
    if (folded?.wanted.has(text) === true) {
      this.foldedColumns ??= new FoldedColumns(folded.list, this.rows);
      return this.foldedColumns.column(key);
    }
    const found = coded.get(text)?.some(this.rows);
    return found === undefined ? undefined : { key, ...found };
  }

  /** Parents may be rows that are not selected: their ids are looked up beside those of the rows. */
  private readParentIds(): Uint8Array {
    const { fixed, traces } = this.chunks;
    const indexes = asWords32(fixed.parentIndex.fixedValuesAt(this.rows));
    const parents = Uint32Array.from(this.rows, (row, i) =>
      indexes[i] === 0 ? row : traces.rowStarts[traceOf(traces, row)] + indexes[i] - 1
    );
    const parentIds = fixed.spanId.fixedValuesAt(parents);
    // Each row's parent stands at its own place, so that it is found at an offset of one less than its index.
    return parentIdsOf(
      fixed.parentSpanId.fixedValuesAt(this.rows),
      indexes,
      parentIds,
      (row) => row - indexes[row] + 1
    );
  }
}

function smallIntsAt(reader: ChunkReader, rows: Uint32Array): Uint8Array {
  const values = reader.fixedValuesAt(rows);
  return Uint8Array.from(rows, (_, i) => values[4 * i]);
}
