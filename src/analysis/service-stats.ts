import type { SpanTable } from '../trace/span-table.ts';

/** One service's share of a trace. */
export interface ServiceStats {
  readonly service: string;
  readonly spanCount: number;
  readonly errorCount: number;
  /** Sum of the self times of its spans. */
  readonly selfNanos: number;
}

/** In the order of `table.services`. */
export function serviceStatsOf(table: SpanTable, selfNanos: Float64Array): readonly ServiceStats[] {
  const spanCount = new Uint32Array(table.services.length);
  const errorCount = new Uint32Array(table.services.length);
  const self = new Float64Array(table.services.length);
  for (let row = 0; row < table.rowCount; row++) {
    const service = table.service[row];
    spanCount[service]++;
    errorCount[service] += table.statusCode[row] === 2 ? 1 : 0;
    self[service] += selfNanos[row];
  }
  return table.services.map((service, code) => ({
    service,
    spanCount: spanCount[code],
    errorCount: errorCount[code],
    selfNanos: self[code],
  }));
}
