/** What groups of spans took: the table behind "group by". Columns in, columns out, so that 100,000 spans take a few tens of milliseconds. */
import type { SpanTable } from '../trace/span-table.ts';
import { percentileOf } from './durations.ts';

/** What one of the groupings says of each row: a code, −1 where the row has no value. */
export interface GroupColumn {
  readonly codes: Int32Array | Uint32Array | Uint8Array;
}

/** Columns by group. Durations in nanoseconds; a negative one counts as 0. */
export interface Statistics {
  readonly groupCount: number;
  /** By grouping, then by group: the code, −1 for "no value". */
  readonly codes: readonly Int32Array[];
  readonly count: Uint32Array;
  readonly errorCount: Uint32Array;
  readonly selfNanos: Float64Array;
  readonly criticalNanos: Float64Array;
  readonly sumNanos: Float64Array;
  readonly p50Nanos: Float64Array;
  readonly p95Nanos: Float64Array;
  readonly p99Nanos: Float64Array;
  readonly maxNanos: Float64Array;
  /** The first row of the group. */
  readonly firstRow: Uint32Array;
}

export interface StatisticsSource {
  readonly table: SpanTable;
  readonly selfNanos: Float64Array;
  readonly criticalNanos: Float64Array;
}

/** Groups by their first row. `rows`: 1 for rows that count; absent: all. With no grouping, one group of everything. */
export function statisticsOf(
  { table, selfNanos, criticalNanos }: StatisticsSource,
  by: readonly GroupColumn[],
  rows?: Uint8Array
): Statistics {
  const [groupOfRow, firstRows] = groupsOf(table.rowCount, by, rows);
  const groupCount = firstRows.length;
  const firstRow = Uint32Array.from(firstRows);
  const sums = (): Float64Array => new Float64Array(groupCount);
  const [count, errorCount] = [new Uint32Array(groupCount), new Uint32Array(groupCount)];
  const [self, critical, sum] = [sums(), sums(), sums()];
  for (let row = 0; row < table.rowCount; row++) {
    const group = groupOfRow[row];
    if (group >= 0) {
      count[group]++;
      errorCount[group] += table.statusCode[row] === 2 ? 1 : 0;
      self[group] += selfNanos[row];
      critical[group] += criticalNanos[row];
      sum[group] += Math.max(0, table.durationNanos[row]);
    }
  }
  // Durations of each group side by side, then each sorted in place.
  const start = new Uint32Array(groupCount + 1);
  for (let group = 0; group < groupCount; group++) {
    start[group + 1] = start[group] + count[group];
  }
  const next = start.slice();
  const durations = new Float64Array(start[groupCount]);
  for (let row = 0; row < table.rowCount; row++) {
    if (groupOfRow[row] >= 0) {
      durations[next[groupOfRow[row]]++] = Math.max(0, table.durationNanos[row]);
    }
  }
  const [p50, p95, p99, max] = [sums(), sums(), sums(), sums()];
  for (let group = 0; group < groupCount; group++) {
    const own = durations.subarray(start[group], start[group + 1]).sort();
    p50[group] = percentileOf(own, 0.5);
    p95[group] = percentileOf(own, 0.95);
    p99[group] = percentileOf(own, 0.99);
    max[group] = own[own.length - 1];
  }
  return {
    groupCount,
    codes: by.map(({ codes }) => Int32Array.from(firstRow, (row) => codes[row])),
    count,
    errorCount,
    selfNanos: self,
    criticalNanos: critical,
    sumNanos: sum,
    p50Nanos: p50,
    p95Nanos: p95,
    p99Nanos: p99,
    maxNanos: max,
    firstRow,
  };
}

/** The group of each row, −1 for rows that do not count, and the first row of each group. One grouping after the other splits the groups. */
function groupsOf(
  rowCount: number,
  by: readonly GroupColumn[],
  rows: Uint8Array | undefined
): readonly [Int32Array, readonly number[]] {
  const groupOfRow = new Int32Array(rowCount);
  if (rows !== undefined) {
    for (let row = 0; row < rowCount; row++) {
      groupOfRow[row] = rows[row] === 0 ? -1 : 0;
    }
  }
  let firstRows: number[] = [];
  for (const { codes } of by.length === 0 ? [{ codes: new Uint8Array(rowCount) }] : by) {
    const codeCount = codeMaxOf(codes) + 2;
    const known = new Map<number, number>();
    firstRows = [];
    for (let row = 0; row < rowCount; row++) {
      if (groupOfRow[row] >= 0) {
        const key = groupOfRow[row] * codeCount + codes[row] + 1;
        let group = known.get(key);
        if (group === undefined) {
          group = firstRows.push(row) - 1;
          known.set(key, group);
        }
        groupOfRow[row] = group;
      }
    }
  }
  return [groupOfRow, firstRows];
}

function codeMaxOf(codes: GroupColumn['codes']): number {
  let codeMax = -1;
  for (let row = 0; row < codes.length; row++) {
    codeMax = Math.max(codeMax, codes[row]);
  }
  return codeMax;
}

/** Rows that match and whose time touches the range: what statistics, flame, graph and events are of. `undefined`: every row. */
export function rowsInScope(
  table: SpanTable,
  matches: Uint8Array | undefined,
  range: { readonly startNanos: number; readonly endNanos: number } | undefined
): Uint8Array | undefined {
  if (range === undefined) {
    return matches;
  }
  const rows = new Uint8Array(table.rowCount);
  for (let row = 0; row < table.rowCount; row++) {
    const start = table.offsetNanos[row];
    const isInside = start <= range.endNanos && start + Math.max(0, table.durationNanos[row]) >= range.startNanos;
    rows[row] = isInside && (matches === undefined || matches[row] === 1) ? 1 : 0;
  }
  return rows;
}
