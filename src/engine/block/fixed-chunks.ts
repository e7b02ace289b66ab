import { type PhysicalType, type SchemaColumn, physicalType } from '../parquet/metadata.ts';
import { BloomBuilder } from '../parquet/bloom.ts';
import type { ChunkValues } from '../parquet/write.ts';
import { bloomValuesMin, noRow } from './coded-chunk.ts';
import type { Parents } from './parents.ts';

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
  traceStart: column('trace_start_unix_nano', physicalType.int64, { annotation: 'uint64', optional: true }),
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

/** Roots have no value. */
export function parentIdChunk({ codes, ids }: Parents): ChunkValues {
  const rowCount = codes.length;
  const present = new Uint8Array(Math.ceil(rowCount / 8));
  const dense = new Uint32Array(rowCount);
  let presentCount = 0;
  for (let row = 0; row < rowCount; row++) {
    if (codes[row] !== 0) {
      present[row >>> 3] |= 1 << (row & 7);
      dense[presentCount++] = codes[row] - 1;
    }
  }
  const entries = { bytes: ids, count: ids.length / 8 };
  return { present, presentCount, content: { kind: 'dictionary', entries, codes: dense } };
}

/** Entries 0, 1, … max: each value is its own code. */
export function smallIntChunk(values: Uint32Array, max: number): ChunkValues {
  const entries = { bytes: bytesOf(Uint32Array.from({ length: max + 1 }, (_, i) => i)), count: max + 1 };
  return { presentCount: values.length, content: { kind: 'dictionary', entries, codes: values } };
}

/** 64-bit values of every row; minimum and maximum as the column's type orders them. */
export function int64Chunk(values: BigUint64Array | BigInt64Array): ChunkValues {
  let min = values[0];
  let max = values[0];
  for (let i = 1; i < values.length; i++) {
    const value = values[i];
    min = value < min ? value : min;
    max = value > max ? value : max;
  }
  return {
    presentCount: values.length,
    content: {
      kind: 'plain',
      values: { ...plainOf(values), min: int64Bytes(min), max: int64Bytes(max) },
      compress: true,
    },
  };
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
  return { present, presentCount: values.length, content: { kind: 'plain', values: plainOf(values), compress: true } };
}

function plainOf(values: BigUint64Array | BigInt64Array | Uint32Array): { bytes: Uint8Array; count: number } {
  return { bytes: bytesOf(values), count: values.length };
}

/** Every machine that runs this is little-endian, as PLAIN is. */
function bytesOf(values: BigUint64Array | BigInt64Array | Uint32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

function int64Bytes(value: bigint): Uint8Array {
  return bytesOf(BigInt64Array.of(BigInt.asIntN(64, value)));
}

/** Facts of the traces of one row group, in order: what the summary columns hold. */
export interface TraceSummaries {
  readonly start: BigUint64Array;
  readonly duration: BigUint64Array;
  readonly spans: Uint32Array;
  readonly errors: Uint32Array;
  /** First row of each trace in the group. */
  readonly firstRows: Uint32Array;
  /** Per row of the group: at the first row of a trace its root's row, elsewhere {@link noRow}. */
  readonly rootOfFirstRow: Uint32Array;
}

/** OTLP's STATUS_CODE_ERROR. */
const statusError = 2;

/** Columns of one row group in row order; the root is the first row without a parent id. */
export function summarize(
  traceOfRow: Uint32Array,
  traceCount: number,
  start: BigUint64Array,
  duration: BigInt64Array,
  statusCodes: Uint32Array,
  parents: Parents
): TraceSummaries {
  const rowCount = traceOfRow.length;
  const summaries: TraceSummaries = {
    start: new BigUint64Array(traceCount),
    duration: new BigUint64Array(traceCount),
    spans: new Uint32Array(traceCount),
    errors: new Uint32Array(traceCount),
    firstRows: new Uint32Array(traceCount),
    rootOfFirstRow: new Uint32Array(rowCount).fill(noRow),
  };
  for (let first = 0; first < rowCount;) {
    const trace = traceOfRow[first];
    summaries.firstRows[trace] = first;
    let earliest = start[first];
    let latest = start[first];
    let row = first;
    for (; row < rowCount && traceOfRow[row] === trace; row++) {
      const from = start[row];
      const to = BigInt.asUintN(64, from + BigInt.asUintN(64, duration[row]));
      earliest = from < earliest ? from : earliest;
      latest = from > latest ? from : latest;
      latest = to > latest ? to : latest;
      summaries.errors[trace] += statusCodes[row] === statusError ? 1 : 0;
      if (parents.codes[row] === 0 && summaries.rootOfFirstRow[first] === noRow) {
        summaries.rootOfFirstRow[first] = row;
      }
    }
    summaries.spans[trace] = row - first;
    summaries.start[trace] = earliest;
    summaries.duration[trace] = BigInt.asUintN(64, latest - earliest);
    first = row;
  }
  return summaries;
}
