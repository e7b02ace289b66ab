import type { SpanTable } from '../trace/span-table.ts';

/**
 * Nanoseconds of each row in which none of its children ran: its duration minus the union of its children, each clipped to it.
 * Never negative, never above the duration, also where children overlap, overhang or start before their parent.
 */
export function selfNanosOf(table: SpanTable): Float64Array {
  const self = new Float64Array(table.rowCount);
  // The end of what the children seen so far cover. Siblings come in order of start, so one number per parent is enough.
  const coveredEnd = new Float64Array(table.rowCount);
  for (let row = 0; row < table.rowCount; row++) {
    self[row] = Math.max(0, table.durationNanos[row]);
    coveredEnd[row] = table.offsetNanos[row];
    const parent = table.parent[row];
    if (parent >= 0) {
      const parentEnd = table.offsetNanos[parent] + Math.max(0, table.durationNanos[parent]);
      const start = Math.max(table.offsetNanos[row], coveredEnd[parent]);
      const end = Math.min(table.offsetNanos[row] + Math.max(0, table.durationNanos[row]), parentEnd);
      if (end > start) {
        self[parent] -= end - start;
        coveredEnd[parent] = end;
      }
    }
  }
  return self;
}
