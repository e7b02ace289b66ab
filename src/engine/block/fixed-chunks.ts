import { type PhysicalType, type SchemaColumn, physicalType } from '../parquet/metadata.ts';
import { BloomBuilder } from '../parquet/bloom.ts';
import type { ChunkValues } from '../parquet/write.ts';
import { bloomValuesMin } from './coded-chunk.ts';
import { type Parents, isRoot } from './parents.ts';

const column = (name: string, type: PhysicalType, more: Partial<SchemaColumn> = {}): SchemaColumn => ({
  name,
  type,
  optional: false,
  ...more,
});

/** The columns that are no dictionaries of a row set, in file order; the two root columns of the summary are coded. */
export const fixedSchema = {
  traceId: column('trace_id', physicalType.fixedLenByteArray, { typeLength: 16 }),
  spanId: column('span_id', physicalType.fixedLenByteArray, { typeLength: 8 }),
  parentSpanId: column('parent_span_id', physicalType.fixedLenByteArray, { typeLength: 8, optional: true }),
  parentIndex: column('parent_index', physicalType.int32),
  start: column('start_unix_nano', physicalType.int64, { annotation: 'uint64' }),
  duration: column('duration_nano', physicalType.int64),
  kind: column('kind', physicalType.int32),
  statusCode: column('status_code', physicalType.int32),
  traceDuration: column('trace_duration_nano', physicalType.int64, { annotation: 'uint64', optional: true }),
  traceSpans: column('trace_span_count', physicalType.int32, { optional: true }),
  traceErrors: column('trace_error_count', physicalType.int32, { optional: true }),
} as const;

/** Dictionary of the group's trace ids, ascending; runs of codes. */
export function traceIdChunk(traceIds: Uint8Array, traceOfRow: Uint32Array): ChunkValues {
  const count = traceIds.length / 16;
  let bloom: BloomBuilder | undefined;
  if (count >= bloomValuesMin) {
    bloom = new BloomBuilder(count);
    for (let at = 0; at < traceIds.length; at += 16) {
      bloom.add(traceIds, at, at + 16);
    }
  }
  const entries = {
    bytes: traceIds,
    count,
    min: traceIds.slice(0, 16),
    max: traceIds.slice(-16),
    bloomBits: bloom?.finish(),
  };
  return { presentCount: traceOfRow.length, content: { kind: 'dictionary', entries, codes: traceOfRow } };
}

/** Random bytes: stored as they are. */
export function spanIdChunk(spanIds: Uint8Array): ChunkValues {
  const count = spanIds.length / 8;
  return { presentCount: count, content: { kind: 'plain', values: { bytes: spanIds, count }, compress: false } };
}

/**
 * Only ids that `parent_index` does not give back: of spans whose parent is not in this fragment of the trace. Roots have none. All of
 * them cost 5.4 bytes a span, these almost nothing.
 */
export function parentIdChunk({ ids, index }: Parents): ChunkValues {
  const rowCount = index.length;
  const present = new Uint8Array(Math.ceil(rowCount / 8));
  const dense = new Uint8Array(ids.length);
  let presentCount = 0;
  for (let row = 0; row < rowCount; row++) {
    if (index[row] === 0 && !isRoot(ids, row)) {
      present[row >>> 3] |= 1 << (row & 7);
      for (let from = 8 * row, to = 8 * presentCount, end = from + 8; from < end; from++) {
        dense[to++] = ids[from];
      }
      presentCount++;
    }
  }
  const values = { bytes: dense.subarray(0, 8 * presentCount), count: presentCount };
  return { present, presentCount, content: { kind: 'plain', values, compress: true } };
}

/** Entries 0, 1, … max: each value is its own code. */
export function smallIntChunk(values: Uint32Array, max: number): ChunkValues {
  const entries = { bytes: bytesOf(Uint32Array.from({ length: max + 1 }, (_, i) => i)), count: max + 1 };
  return { presentCount: values.length, content: { kind: 'dictionary', entries, codes: values } };
}

/** 64-bit values of every row as words (low, high); minimum and maximum as the column's type orders them. */
export function int64Chunk(words: Uint32Array, signed: boolean, zstdLevelMin = 1): ChunkValues {
  const flip = signed ? 0x8000_0000 : 0; // turns the order of signed high words into that of unsigned ones
  let min = 0;
  let max = 0;
  for (let i = 2; i < words.length; i += 2) {
    if (isBelow(words[i + 1] ^ flip, words[i], words[min + 1] ^ flip, words[min])) {
      min = i;
    } else if (isBelow(words[max + 1] ^ flip, words[max], words[i + 1] ^ flip, words[i])) {
      max = i;
    }
  }
  const bytes = bytesOf(words);
  const statistic = (at: number): Uint8Array => bytes.slice(4 * at, 4 * at + 8);
  const count = words.length / 2;
  const values = { bytes, count, min: statistic(min), max: statistic(max) };
  return { presentCount: count, zstdLevelMin, content: { kind: 'plain', values, compress: true } };
}

/** a < b, unsigned, of words. */
function isBelow(aHigh: number, aLow: number, bHigh: number, bLow: number): boolean {
  return aHigh === bHigh ? aLow < bLow : aHigh >>> 0 < bHigh >>> 0;
}

/** Bit per row: the first row of each trace. */
export function firstRowBits(firstRows: Uint32Array, rowCount: number): Uint8Array {
  const bits = new Uint8Array(Math.ceil(rowCount / 8));
  for (const row of firstRows) {
    bits[row >>> 3] |= 1 << (row & 7);
  }
  return bits;
}

/** One value per trace, at its first row. */
export function traceChunk(present: Uint8Array, values: BigUint64Array | Uint32Array): ChunkValues {
  const plain = { bytes: bytesOf(values), count: values.length };
  return { present, presentCount: values.length, content: { kind: 'plain', values: plain, compress: true } };
}

/** Every machine that runs this is little-endian, as PLAIN is. */
function bytesOf(values: BigUint64Array | Uint32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

/** Facts of the traces of one row group, in order: what the summary columns hold. */
export interface TraceSummaries {
  readonly start: BigUint64Array;
  readonly duration: BigUint64Array;
  readonly spans: Uint32Array;
  readonly errors: Uint32Array;
  /** First row of each trace in the group. */
  readonly firstRows: Uint32Array;
  /** Row of each trace's root in the group, plus one; 0 where there is none. */
  readonly rootRows: Uint32Array;
}

/** OTLP's STATUS_CODE_ERROR. */
const statusError = 2;

/**
 * Columns of one row group in row order, times as words (low, high); the root is the first row without a parent id. A BigInt per span
 * would cost more than everything else here.
 */
export function summarize(
  traceOfRow: Uint32Array,
  traceCount: number,
  start: Uint32Array,
  duration: Uint32Array,
  statusCodes: Uint32Array,
  parentIds: Uint8Array
): TraceSummaries {
  const rowCount = traceOfRow.length;
  const summaries: TraceSummaries = {
    start: new BigUint64Array(traceCount),
    duration: new BigUint64Array(traceCount),
    spans: new Uint32Array(traceCount),
    errors: new Uint32Array(traceCount),
    firstRows: new Uint32Array(traceCount),
    rootRows: new Uint32Array(traceCount),
  };
  for (let first = 0; first < rowCount;) {
    const trace = traceOfRow[first];
    summaries.firstRows[trace] = first;
    let startLow = start[2 * first];
    let startHigh = start[2 * first + 1];
    let endLow = startLow;
    let endHigh = startHigh;
    let row = first;
    for (; row < rowCount && traceOfRow[row] === trace; row++) {
      const low = start[2 * row];
      const high = start[2 * row + 1];
      if (isBelow(high, low, startHigh, startLow)) {
        startLow = low;
        startHigh = high;
      }
      const sum = low + duration[2 * row];
      const toLow = sum >>> 0;
      const toHigh = (high + duration[2 * row + 1] + (sum > 0xffff_ffff ? 1 : 0)) >>> 0;
      if (isBelow(endHigh, endLow, toHigh, toLow)) {
        endLow = toLow;
        endHigh = toHigh;
      }
      if (isBelow(endHigh, endLow, high, low)) {
        endLow = low;
        endHigh = high;
      }
      summaries.errors[trace] += statusCodes[row] === statusError ? 1 : 0;
      if (summaries.rootRows[trace] === 0 && isRoot(parentIds, row)) {
        summaries.rootRows[trace] = row + 1;
      }
    }
    summaries.spans[trace] = row - first;
    const earliest = (BigInt(startHigh) << 32n) | BigInt(startLow);
    const latest = (BigInt(endHigh) << 32n) | BigInt(endLow);
    summaries.start[trace] = earliest;
    summaries.duration[trace] = latest - earliest;
    first = row;
  }
  return summaries;
}
