import type { ChunkReader } from '../parquet/chunk-reader.ts';
import type { ColumnKey } from '../row-set.ts';
import type { EventLists } from './event-column.ts';
import type { ListReader } from './list-reader.ts';
import type { TraceTable } from './trace-table.ts';

/** Chunks of the fixed columns that a row set needs beside its trace ids. */
export interface FixedChunks {
  readonly spanId: ChunkReader;
  readonly parentSpanId: ChunkReader;
  readonly parentIndex: ChunkReader;
  readonly start: ChunkReader;
  readonly duration: ChunkReader;
  readonly kind: ChunkReader;
  readonly statusCode: ChunkReader;
}

/** A row group that has been read: what row sets over it, whole or narrow, decode from. */
export interface RowGroupChunks {
  readonly traces: TraceTable;
  readonly fixed: FixedChunks;
  /** Columns with a value in the row group. */
  readonly columnKeys: readonly ColumnKey[];
  /** Those of them that have been read, by {@link columnKeyText}. */
  readonly coded: ReadonlyMap<string, ChunkReader>;
  /** Lists of events and links that have been read. */
  readonly events: readonly EventLists[];
  /** The list of folded keys, where some of them are wanted, and which. */
  readonly folded?: { readonly list: ListReader; readonly wanted: ReadonlySet<string> };
}

/** Little-endian 64-bit values as a typed array. */
export function asWords<T>(
  values: Uint8Array,
  Words: new (buffer: ArrayBufferLike, byteOffset: number, length: number) => T
): T {
  // A view needs a multiple of eight. Not `slice()`: of a Node buffer, which readers may answer, that is no copy.
  const aligned = values.byteOffset % 8 === 0 ? values : new Uint8Array(values);
  return new Words(aligned.buffer, aligned.byteOffset, aligned.length / 8);
}

/** Little-endian 32-bit values as a typed array. */
export function asWords32(values: Uint8Array): Uint32Array {
  const aligned = values.byteOffset % 4 === 0 ? values : new Uint8Array(values);
  return new Uint32Array(aligned.buffer, aligned.byteOffset, aligned.length / 4);
}
