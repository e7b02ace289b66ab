/** Clocks that the spans of a trace prove wrong, and the trace as right clocks would have timed it. */
import type { SpanTable } from '../trace/span-table.ts';

/** A clock that was set right. */
export interface ClockCorrection {
  readonly service: string;
  /** Added to its times: positive where the clock was behind. With several clocks behind one service name, of its first moved span. */
  readonly shiftNanos: number;
  readonly spanCount: number;
}

export interface Clocks {
  /** By row: what was added to its start; 0 where nothing was. */
  readonly shiftNanos: Float64Array;
  readonly movedCount: number;
  readonly corrections: readonly ClockCorrection[];
}

export interface CorrectedTable {
  readonly table: SpanTable;
  readonly clocks: Clocks;
}

/** Below this a child that starts before its parent is rounding, not a wrong clock. */
const skewNanosMin = 1_000_000;
const [statusError, kindServer, kindClient] = [2, 2, 3];

/**
 * A service's clock is wrong when a span of it starts before the span of another service that caused it, or, for the two ends of a call,
 * after that one has ended. Its shift is the middle of what all its callers allow (as NTP's: a call's server side lies within its client
 * side); where no one shift fits all of them, several machines go by one name, and each span called from elsewhere is set into the middle
 * of its caller together with what it caused in its own service. Services are set right in the order in which the trace first reaches
 * them. Rows keep their order. `undefined` when no clock is proven wrong. Linear in rows and services' edges.
 */
export function correctedTable(table: SpanTable): CorrectedTable | undefined {
  const edges = edgesByService(table);
  const shiftNanos = new Float64Array(table.rowCount);
  const settled = new Set<number>();
  let isMoved = false;
  for (const service of edges.order) {
    // Only callers whose clock is right by now tell anything.
    const rows = (edges.of.get(service) ?? []).filter((row) => settled.has(table.service[table.parent[row]]));
    const called = new Set(rows);
    const shift = rows.some((row) => contradicts(table, row, shiftNanos)) ? commonShift(table, rows, shiftNanos) : 0;
    isMoved ||= shift !== 0;
    for (const row of edges.rowsOf.get(service) ?? []) {
      shiftNanos[row] = shift ?? shiftOfOne(table, row, called.has(row), shiftNanos);
    }
    settled.add(service);
  }
  if (!isMoved) {
    return undefined;
  }
  return { table: shifted(table, shiftNanos), clocks: clocksOf(table, shiftNanos) };
}

interface Edges {
  /** Services by first row. */
  readonly order: readonly number[];
  readonly rowsOf: ReadonlyMap<number, readonly number[]>;
  /** Rows whose parent is of another service, by their service. */
  readonly of: ReadonlyMap<number, readonly number[]>;
}

function edgesByService({ rowCount, service, parent }: SpanTable): Edges {
  const rowsOf = new Map<number, number[]>();
  const of = new Map<number, number[]>();
  const push = (into: Map<number, number[]>, key: number, row: number): void => {
    const list = into.get(key);
    if (list) {
      list.push(row);
    } else {
      into.set(key, [row]);
    }
  };
  for (let row = 0; row < rowCount; row++) {
    push(rowsOf, service[row], row);
    if (parent[row] >= 0 && service[parent[row]] !== service[row]) {
      push(of, service[row], row);
    }
  }
  return { order: [...rowsOf.keys()], rowsOf, of };
}

function bounds(
  table: SpanTable,
  row: number,
  shiftNanos: Float64Array
): { readonly low: number; readonly high: number } {
  const parent = table.parent[row];
  const parentStart = table.offsetNanos[parent] + shiftNanos[parent];
  const parentEnd = parentStart + Math.max(0, table.durationNanos[parent]);
  const start = table.offsetNanos[row];
  const end = start + Math.max(0, table.durationNanos[row]);
  // A child that lasts longer than its parent was not waited for: it only cannot start earlier.
  const high = end - start <= parentEnd - parentStart ? parentEnd - end : parentEnd - start;
  return { low: parentStart - start, high };
}

function contradicts(table: SpanTable, row: number, shiftNanos: Float64Array): boolean {
  const { low } = bounds(table, row, shiftNanos);
  if (low >= skewNanosMin) {
    return true;
  }
  const parent = table.parent[row];
  const parentEnd = table.offsetNanos[parent] + shiftNanos[parent] + Math.max(0, table.durationNanos[parent]);
  // A client that gave up may be followed by its server's work.
  return (
    table.kind[parent] === kindClient &&
    table.kind[row] === kindServer &&
    table.statusCode[parent] !== statusError &&
    table.durationNanos[row] <= table.durationNanos[parent] &&
    table.offsetNanos[row] - parentEnd >= skewNanosMin
  );
}

/** `undefined` when no shift fits every caller. */
function commonShift(table: SpanTable, rows: readonly number[], shiftNanos: Float64Array): number | undefined {
  let low = -Infinity;
  let high = Infinity;
  for (const row of rows) {
    const of = bounds(table, row, shiftNanos);
    low = Math.max(low, of.low);
    high = Math.min(high, of.high);
  }
  return low <= high ? Math.round((low + high) / 2) : undefined;
}

/** A row's own shift: its parent's within a service, the middle of its caller where that proves it wrong. */
function shiftOfOne(table: SpanTable, row: number, isCalled: boolean, shiftNanos: Float64Array): number {
  const parent = table.parent[row];
  if (parent < 0) {
    return 0;
  }
  if (table.service[parent] === table.service[row]) {
    return shiftNanos[parent];
  }
  if (!isCalled || !contradicts(table, row, shiftNanos)) {
    return 0;
  }
  const { low, high } = bounds(table, row, shiftNanos);
  return Math.round(low <= high ? (low + high) / 2 : low);
}

function shifted(table: SpanTable, shiftNanos: Float64Array): SpanTable {
  const { rowCount, durationNanos, eventStart } = table;
  const moved = table.offsetNanos.map((offset, row) => offset + shiftNanos[row]);
  const base = moved.reduce((least, offset) => Math.min(least, offset), Infinity);
  const offsetNanos = moved.map((offset) => offset - base);
  const eventOffsetNanos = new Float64Array(table.eventOffsetNanos.length);
  let traceNanos = 0;
  for (let row = 0; row < rowCount; row++) {
    traceNanos = Math.max(traceNanos, offsetNanos[row] + durationNanos[row]);
    for (let event = eventStart[row]; event < eventStart[row + 1]; event++) {
      eventOffsetNanos[event] = table.eventOffsetNanos[event] + shiftNanos[row] - base;
    }
  }
  return { ...table, baseUnixNanos: table.baseUnixNanos + BigInt(base), traceNanos, offsetNanos, eventOffsetNanos };
}

function clocksOf(table: SpanTable, shiftNanos: Float64Array): Clocks {
  const byService = new Map<number, { shiftNanos: number; spanCount: number }>();
  let movedCount = 0;
  shiftNanos.forEach((shift, row) => {
    if (shift !== 0) {
      movedCount++;
      const known = byService.get(table.service[row]);
      if (known) {
        known.spanCount++;
      } else {
        byService.set(table.service[row], { shiftNanos: shift, spanCount: 1 });
      }
    }
  });
  const corrections = [...byService].map(([service, correction]) => ({
    service: table.services[service],
    ...correction,
  }));
  return { shiftNanos, movedCount, corrections };
}
