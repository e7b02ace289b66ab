/** The argument of a metrics function on rows: a number, or the bucket it falls into. */
import type { MetricsAggregate } from '../../../traceql/ast.ts';
import { bucketBound, isMeasurable, measure } from '../../../traceql/metrics-collectors.ts';
import type { Static } from '../../../traceql/static.ts';
import type { RowSteps } from './row-steps.ts';
import type { CodedVector, Vector } from './vector.ts';
import { valueOfRow } from './vector.ts';

/** Rows that the function counts, the others left out. */
export interface Measured extends RowSteps {
  /** What the function measures there, seconds for durations; of functions of buckets the code of the bucket. */
  readonly numbers: Float64Array;
}

/** Codes of buckets: the bits of value − 1, and this much more for durations. */
const durationCodes = 128;
export const bucketCodes = 2 * durationCodes;

/** The bound of the bucket with this code. */
export function boundOfBucket(code: number): number {
  return code < durationCodes ? bucketBound(code, 'int') : bucketBound(code - durationCodes, 'duration');
}

export function countsBuckets({ name }: MetricsAggregate): boolean {
  return name === 'quantile_over_time' || name === 'histogram_over_time';
}

export function measureRows(aggregate: MetricsAggregate, vector: Vector, rowSteps: RowSteps): Measured {
  if (vector.kind === 'durations') {
    return countsBuckets(aggregate) ? durationBuckets(vector.nanos, rowSteps) : durationSeconds(vector.nanos, rowSteps);
  }
  const read = readerOf(aggregate, vector);
  const { rows, steps } = rowSteps;
  const kept = room(rows.length);
  let count = 0;
  for (let i = 0; i < rows.length; i++) {
    const number = read(rows[i]);
    if (number !== undefined) {
      kept.rows[count] = rows[i];
      kept.steps[count] = steps[i];
      kept.numbers[count++] = number;
    }
  }
  return firstOf(kept, count);
}

/** What is measured on a row; `undefined` where the function counts nothing. Codes are looked at once. */
function readerOf(aggregate: MetricsAggregate, vector: Vector): (row: number) => number | undefined {
  const measured = countsBuckets(aggregate) ? bucketCode : measure;
  const numberOf = (value: Static): number | undefined =>
    isMeasurable(aggregate, value) ? measured(value) : undefined;
  if (vector.kind !== 'coded') {
    return (row) => numberOf(valueOfRow(vector, row));
  }
  const { codes, size } = vector;
  const plain = countsBuckets(aggregate) ? undefined : plainNumbers(vector);
  const known = new Uint8Array(size);
  const numbers = new Float64Array(size);
  return (row) => {
    const code = codes[row];
    if (known[code] === 0) {
      const number = plain === undefined ? numberOf(vector.at(code)) : plain(code);
      known[code] = number === undefined ? 1 : 2;
      numbers[code] = number ?? 0;
    }
    return known[code] === 2 ? numbers[code] : undefined;
  };
}

/** The numbers of a column of ints or doubles as they stand in its dictionary, without a value object for each. */
function plainNumbers({ parts }: CodedVector): ((code: number) => number | undefined) | undefined {
  const dictionary = parts?.length === 1 ? parts[0].dictionary : undefined;
  return dictionary?.type === 'int' || dictionary?.type === 'double'
    ? (code) => (code === 0 ? undefined : dictionary.numberAt(code - 1))
    : undefined;
}

function bucketCode(value: Static): number {
  return value.type === 'duration' || value.type === 'int'
    ? (value.value - 1n).toString(2).length + (value.type === 'duration' ? durationCodes : 0)
    : 0;
}

function durationSeconds(nanos: BigInt64Array, { rows, steps }: RowSteps): Measured {
  const words = new Int32Array(nanos.buffer, nanos.byteOffset, 2 * nanos.length);
  const numbers = new Float64Array(rows.length);
  for (let i = 0; i < rows.length; i++) {
    // Rounded once, as the conversion of a bigint is.
    numbers[i] = (words[2 * rows[i] + 1] * 0x1_0000_0000 + (words[2 * rows[i]] >>> 0)) / 1e9;
  }
  return { rows, steps, numbers };
}

function durationBuckets(nanos: BigInt64Array, { rows, steps }: RowSteps): Measured {
  const words = new Int32Array(nanos.buffer, nanos.byteOffset, 2 * nanos.length);
  const kept = room(rows.length);
  let count = 0;
  for (let i = 0; i < rows.length; i++) {
    const high = words[2 * rows[i] + 1];
    const low = words[2 * rows[i]] >>> 0;
    // Values below 2 have no bucket.
    if (high > 0 || (high === 0 && low >= 2)) {
      // The bits of value − 1; a borrow from the high word leaves it all ones below.
      const above = low === 0 ? high - 1 : high;
      const bits = above > 0 ? 64 - Math.clz32(above) : 32 - Math.clz32((low - 1) >>> 0);
      kept.rows[count] = rows[i];
      kept.steps[count] = steps[i];
      kept.numbers[count++] = bits + durationCodes;
    }
  }
  return firstOf(kept, count);
}

function room(length: number): Measured {
  return { rows: new Uint32Array(length), steps: new Uint32Array(length), numbers: new Float64Array(length) };
}

function firstOf({ rows, steps, numbers }: Measured, count: number): Measured {
  return { rows: rows.subarray(0, count), steps: steps.subarray(0, count), numbers: numbers.subarray(0, count) };
}
