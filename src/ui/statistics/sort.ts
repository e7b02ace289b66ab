/** The order of the rows of the statistics. */
import type { Statistics } from '../../analysis/statistics.ts';

export const sortKeys = ['count', 'errors', 'self', 'critical', 'sum', 'avg', 'p50', 'p95', 'p99', 'max'] as const;
export type SortKey = (typeof sortKeys)[number];

export interface Sort {
  readonly key: SortKey;
  readonly isAscending: boolean;
}

export const defaultSort: Sort = { key: 'self', isAscending: false };

/** `-p99` is p99, largest first; `undefined` for what is no column. */
export function sortFromText(text: string | undefined): Sort | undefined {
  const key = sortKeys.find((name) => name === text?.replace(/^-/, ''));
  return key && { key, isAscending: !text!.startsWith('-') };
}

/** Groups in order; those that are equal by their first row. */
export function sortedGroups(statistics: Statistics, key: SortKey, isAscending: boolean): Uint32Array {
  const value = valueOf(statistics, key);
  const sign = isAscending ? 1 : -1;
  return Uint32Array.from({ length: statistics.groupCount }, (_, group) => group).sort(
    (a, b) => sign * (value(a) - value(b)) || a - b
  );
}

function valueOf(statistics: Statistics, key: SortKey): (group: number) => number {
  if (key === 'avg') {
    return (group) => statistics.sumNanos[group] / statistics.count[group];
  }
  const column = {
    count: statistics.count,
    errors: statistics.errorCount,
    self: statistics.selfNanos,
    critical: statistics.criticalNanos,
    sum: statistics.sumNanos,
    p50: statistics.p50Nanos,
    p95: statistics.p95Nanos,
    p99: statistics.p99Nanos,
    max: statistics.maxNanos,
  }[key];
  return (group) => column[group];
}
