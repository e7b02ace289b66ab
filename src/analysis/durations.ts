/** How long spans of a group took. */
import type { SpanTable } from '../trace/span-table.ts';

export interface DurationSummary {
  readonly count: number;
  readonly errorCount: number;
  readonly sumNanos: number;
  readonly p50Nanos: number;
  readonly p99Nanos: number;
  readonly maxNanos: number;
}

/** The value at `share` of `sorted` (ascending): the smallest that at least that share is not above. 0 of nothing. */
export function percentileOf(sorted: Float64Array, share: number): number {
  return sorted.length === 0 ? 0 : sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
}

/** Negative durations count as 0. */
export function durationSummaryOf(table: SpanTable, rows: Uint32Array): DurationSummary {
  const durations = new Float64Array(rows.length);
  let [errorCount, sumNanos] = [0, 0];
  rows.forEach((row, index) => {
    durations[index] = Math.max(0, table.durationNanos[row]);
    sumNanos += durations[index];
    errorCount += table.statusCode[row] === 2 ? 1 : 0;
  });
  durations.sort();
  return {
    count: rows.length,
    errorCount,
    sumNanos,
    p50Nanos: percentileOf(durations, 0.5),
    p99Nanos: percentileOf(durations, 0.99),
    maxNanos: durations.at(-1) ?? 0,
  };
}
