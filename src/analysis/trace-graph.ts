/** Who called whom in one trace: its services and the calls between them. */
import type { SpanTable } from '../trace/span-table.ts';
import { percentileOf } from './durations.ts';

export interface TraceGraphStats {
  readonly count: number;
  readonly errorCount: number;
  readonly selfNanos: number;
  readonly sumNanos: number;
  readonly p50Nanos: number;
  readonly p99Nanos: number;
  /** A row of it, the slowest. */
  readonly row: number;
}

export interface TraceGraphNode extends TraceGraphStats {
  /** Code of the service. */
  readonly service: number;
}

/** Spans of `target` whose parent is of `source`. */
export interface TraceGraphEdge extends TraceGraphStats {
  readonly source: number;
  readonly target: number;
}

export interface TraceGraph {
  readonly nodes: readonly TraceGraphNode[];
  readonly edges: readonly TraceGraphEdge[];
}

/** `rows`: 1 for spans that count; a call counts with the span that was called. Nodes by service, edges by source, then target. */
export function traceGraphOf(table: SpanTable, selfNanos: Float64Array, rows?: Uint8Array): TraceGraph {
  const services = table.services.length;
  const ofService = new Map<number, number[]>();
  const ofCall = new Map<number, number[]>();
  const add = (groups: Map<number, number[]>, key: number, row: number): void => {
    const group = groups.get(key);
    if (group === undefined) {
      groups.set(key, [row]);
    } else {
      group.push(row);
    }
  };
  for (let row = 0; row < table.rowCount; row++) {
    if (rows !== undefined && rows[row] === 0) {
      continue;
    }
    const target = table.service[row];
    const parent = table.parent[row];
    add(ofService, target, row);
    if (parent >= 0 && table.service[parent] !== target) {
      add(ofCall, table.service[parent] * services + target, row);
      // Whoever calls is on the picture, also when its own spans do not count.
      if (!ofService.has(table.service[parent])) {
        ofService.set(table.service[parent], []);
      }
    }
  }
  const byKey = (groups: Map<number, number[]>): readonly (readonly [number, number[]])[] =>
    [...groups].sort(([a], [b]) => a - b);
  return {
    nodes: byKey(ofService).map(([service, members]) => ({ service, ...statsOf(table, selfNanos, members) })),
    edges: byKey(ofCall).map(([key, members]) => ({
      source: Math.floor(key / services),
      target: key % services,
      ...statsOf(table, selfNanos, members),
    })),
  };
}

function statsOf(table: SpanTable, selfNanos: Float64Array, rows: readonly number[]): TraceGraphStats {
  const durations = Float64Array.from(rows, (row) => Math.max(0, table.durationNanos[row])).sort();
  let [errorCount, self, sum, slowest] = [0, 0, 0, rows[0] ?? -1];
  for (const row of rows) {
    errorCount += table.statusCode[row] === 2 ? 1 : 0;
    self += selfNanos[row];
    sum += Math.max(0, table.durationNanos[row]);
    slowest = table.durationNanos[row] > table.durationNanos[slowest] ? row : slowest;
  }
  return {
    count: rows.length,
    errorCount,
    selfNanos: self,
    sumNanos: sum,
    p50Nanos: percentileOf(durations, 0.5),
    p99Nanos: percentileOf(durations, 0.99),
    row: slowest,
  };
}
