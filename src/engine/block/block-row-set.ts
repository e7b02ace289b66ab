import { CorruptionError } from '../../base/coded-error.ts';
import type { Codecs } from '../../base/codecs.ts';
import { compareBytes } from '../../base/bytes.ts';
import { type Chunk, chunkStart, readCodes, readFixed, readFixedCodes } from '../parquet/read.ts';
import type { CodedColumn, ColumnKey, ColumnScope, ColumnType, RowSet } from '../row-set.ts';
import { columnKeyText } from './column-names.ts';

/** A chunk and its bytes, read but not yet decoded. */
export interface ReadChunk {
  readonly chunk: Chunk;
  readonly bytes: Uint8Array;
}

/** The fixed columns that a row set needs. */
export interface FixedChunks {
  readonly traceId: ReadChunk;
  readonly spanId: ReadChunk;
  readonly parentSpanId: ReadChunk;
  readonly start: ReadChunk;
  readonly duration: ReadChunk;
  readonly kind: ReadChunk;
  readonly statusCode: ReadChunk;
}

/**
 * A row group as a {@link RowSet}. Trace ids and the columns asked for are decoded at once; the other fixed columns when first used,
 * so that a query pays for no time or id that it does not look at. Errors of those: {@link CorruptionError} on first use.
 */
export class BlockRowSet implements RowSet {
  readonly rowCount: number;
  readonly traceCount: number;
  readonly traceIds: Uint8Array;
  readonly traceOfRow: Uint32Array;
  readonly columnKeys: readonly ColumnKey[];
  private readonly fixed: FixedChunks;
  private readonly codecs: Codecs;
  private readonly columns = new Map<string, CodedColumn>();
  /** First row of each trace, and one entry past the last. */
  private readonly rowStarts: Uint32Array;
  private decodedSpanIds: Uint8Array | undefined;
  private decodedParentIds: Uint8Array | undefined;
  private decodedStart: BigUint64Array | undefined;
  private decodedDuration: BigInt64Array | undefined;
  private decodedKinds: Uint8Array | undefined;
  private decodedStatusCodes: Uint8Array | undefined;

  /** `columnKeys`: all columns with a value in this row group; `coded`: those of them that have been read. */
  constructor(
    fixed: FixedChunks,
    columnKeys: readonly ColumnKey[],
    coded: readonly { key: ColumnKey; read: ReadChunk }[],
    codecs: Codecs
  ) {
    const { chunk, bytes } = fixed.traceId;
    const traces = readTraces(chunk, bytes, codecs);
    this.fixed = fixed;
    this.codecs = codecs;
    this.columnKeys = columnKeys;
    this.rowCount = chunk.rowCount;
    this.traceIds = traces.traceIds;
    this.traceCount = traces.traceIds.length / 16;
    this.traceOfRow = traces.traceOfRow;
    this.rowStarts = traces.rowStarts;
    for (const { key, read } of coded) {
      this.columns.set(columnKeyText(key), { key, ...readCodes(read.chunk, key.type, read.bytes, codecs) });
    }
  }

  get spanIds(): Uint8Array {
    return (this.decodedSpanIds ??= this.values(this.fixed.spanId));
  }

  get parentSpanIds(): Uint8Array {
    return (this.decodedParentIds ??= this.values(this.fixed.parentSpanId));
  }

  get startUnixNanos(): BigUint64Array {
    return (this.decodedStart ??= this.words(this.fixed.start, BigUint64Array));
  }

  get durationNanos(): BigInt64Array {
    return (this.decodedDuration ??= this.words(this.fixed.duration, BigInt64Array));
  }

  get kinds(): Uint8Array {
    return (this.decodedKinds ??= this.smallInts(this.fixed.kind));
  }

  get statusCodes(): Uint8Array {
    return (this.decodedStatusCodes ??= this.smallInts(this.fixed.statusCode));
  }

  rowsOfTrace(ordinal: number): Uint32Array {
    const start = this.rowStarts[ordinal];
    return Uint32Array.from({ length: this.rowStarts[ordinal + 1] - start }, (_, i) => start + i);
  }

  findTrace(traceId: Uint8Array): number {
    return findTraceId(this.traceIds, traceId);
  }

  column(scope: ColumnScope, key: string, type: ColumnType): CodedColumn | undefined {
    return this.columns.get(columnKeyText({ scope, key, type }));
  }

  private values({ chunk, bytes }: ReadChunk): Uint8Array {
    return readFixed(chunk, bytes, this.codecs);
  }

  private words<T>(read: ReadChunk, Words: new (buffer: ArrayBufferLike, byteOffset: number, length: number) => T): T {
    const values = this.values(read);
    // A view needs a multiple of eight. Not `slice()`: of a Node buffer, which readers may answer, that is no copy.
    const aligned = values.byteOffset % 8 === 0 ? values : new Uint8Array(values);
    return new Words(aligned.buffer, aligned.byteOffset, aligned.length / 8);
  }

  private smallInts({ chunk, bytes }: ReadChunk): Uint8Array {
    const { codes, entries } = readFixedCodes(chunk, bytes, this.codecs);
    const values = new Uint8Array(codes.length);
    for (let row = 0; row < codes.length; row++) {
      values[row] = entries[4 * (codes[row] - 1)];
    }
    return values;
  }
}

/** Ordinal of a 16-byte id among ascending ids, or −1. */
export function findTraceId(traceIds: Uint8Array, traceId: Uint8Array): number {
  let low = 0;
  let high = traceIds.length / 16;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const order = compareBytes(traceIds.subarray(16 * middle, 16 * middle + 16), traceId);
    if (order === 0) {
      return middle;
    }
    if (order < 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return -1;
}

function readTraces(
  chunk: Chunk,
  bytes: Uint8Array,
  codecs: Codecs
): { traceIds: Uint8Array; traceOfRow: Uint32Array; rowStarts: Uint32Array } {
  const { codes, entries } = readFixedCodes(chunk, bytes, codecs);
  const traceCount = entries.length / 16;
  const traceOfRow = new Uint32Array(codes.length);
  const rowStarts = new Uint32Array(traceCount + 1);
  let previous = 0;
  for (let row = 0; row < codes.length; row++) {
    const code = codes[row];
    if (code !== previous) {
      if (code !== previous + 1) {
        throw new CorruptionError(
          chunk.file,
          chunkStart(chunk.metadata),
          'traces in ascending order',
          `${code} after ${previous}`
        );
      }
      rowStarts[code - 1] = row;
      previous = code;
    }
    traceOfRow[row] = code - 1;
  }
  if (previous !== traceCount) {
    throw new CorruptionError(chunk.file, chunkStart(chunk.metadata), `rows of ${traceCount} traces`, `of ${previous}`);
  }
  rowStarts[traceCount] = codes.length;
  return { traceIds: entries, traceOfRow, rowStarts };
}
