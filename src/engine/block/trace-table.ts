import { CorruptionError } from '../../base/coded-error.ts';
import { compareBytes } from '../../base/bytes.ts';
import { type Chunk, chunkStart } from '../parquet/read.ts';
import type { ChunkReader } from '../parquet/chunk-reader.ts';

/** The traces of a row group, in order. */
export interface TraceTable {
  /** 16 bytes each, ascending. */
  readonly traceIds: Uint8Array;
  readonly traceCount: number;
  /** First row of each trace, and one entry past the last: the number of rows. */
  readonly rowStarts: Uint32Array;
}

/** Reads the table off the chunk of the trace ids. Errors: {@link CorruptionError}. */
export function readTraceTable(chunk: Chunk, reader: ChunkReader): TraceTable {
  const traceIds = reader.fixedEntries();
  const codes = reader.fixedCodes();
  const traceCount = traceIds.length / 16;
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
  }
  if (previous !== traceCount) {
    throw new CorruptionError(chunk.file, chunkStart(chunk.metadata), `rows of ${traceCount} traces`, `of ${previous}`);
  }
  rowStarts[traceCount] = codes.length;
  return { traceIds, traceCount, rowStarts };
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

/** Ordinal of the trace that a row belongs to. */
export function traceOf({ rowStarts, traceCount }: TraceTable, row: number): number {
  let low = 0;
  let high = traceCount;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (rowStarts[middle] <= row) {
      low = middle;
    } else {
      high = middle;
    }
  }
  return low;
}
