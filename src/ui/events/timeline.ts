/** Span events and log lines of a trace in one order of time. */
import type { SpanTable } from '../../trace/span-table.ts';
import type { TraceLogs } from '../logs/log-lines.ts';

/** Columns by entry, by time. */
export interface Timeline {
  readonly length: number;
  /** 0: span event, 1: log line. */
  readonly kind: Uint8Array;
  /** Into the table's columns of events, or the lines. */
  readonly index: Uint32Array;
  /** The span; −1 for a line that names none of this trace. */
  readonly row: Int32Array;
  readonly offsetNanos: Float64Array;
}

export const eventEntry = 0;
export const logEntry = 1;

/** `scope`: 1 for rows that count; lines without a span count where there is no scope. Only what lies in `range`. */
export function timelineOf(
  table: SpanTable,
  logs: TraceLogs | undefined,
  scope: Uint8Array | undefined,
  range: { readonly startNanos: number; readonly endNanos: number } | undefined
): Timeline {
  const kinds: number[] = [];
  const indices: number[] = [];
  const rows: number[] = [];
  const times: number[] = [];
  const add = (kind: number, index: number, row: number, nanos: number): void => {
    const isIn = scope === undefined || (row >= 0 ? scope[row] === 1 : range !== undefined);
    if (isIn && (range === undefined || (nanos >= range.startNanos && nanos <= range.endNanos))) {
      kinds.push(kind);
      indices.push(index);
      rows.push(row);
      times.push(nanos);
    }
  };
  for (let row = 0; row < table.rowCount; row++) {
    for (let event = table.eventStart[row]; event < table.eventStart[row + 1]; event++) {
      add(eventEntry, event, row, table.eventOffsetNanos[event]);
    }
  }
  logs?.lines.forEach((_, line) => add(logEntry, line, logs.row[line], logs.offsetNanos[line]));
  const order = Uint32Array.from(times, (_, at) => at).sort((a, b) => times[a] - times[b] || a - b);
  return {
    length: order.length,
    kind: Uint8Array.from(order, (at) => kinds[at]),
    index: Uint32Array.from(order, (at) => indices[at]),
    row: Int32Array.from(order, (at) => rows[at]),
    offsetNanos: Float64Array.from(order, (at) => times[at]),
  };
}
