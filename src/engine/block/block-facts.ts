import type { BlockMeta, RowGroupInfo } from './format.ts';

/** What a block says of all its row groups together; there is at least one. */
export function blockFacts(
  groups: readonly RowGroupInfo[]
): Pick<BlockMeta, 'spans' | 'traces' | 'startUnixNanos' | 'endUnixNanos' | 'minTraceId' | 'maxTraceId'> {
  let { startUnixNanos, endUnixNanos } = groups[0];
  let spans = 0;
  let traces = 0;
  for (const group of groups) {
    startUnixNanos = group.startUnixNanos < startUnixNanos ? group.startUnixNanos : startUnixNanos;
    endUnixNanos = group.endUnixNanos > endUnixNanos ? group.endUnixNanos : endUnixNanos;
    spans += group.rowCount;
    traces += group.traceCount;
  }
  return {
    spans,
    traces,
    startUnixNanos: String(startUnixNanos),
    endUnixNanos: String(endUnixNanos),
    minTraceId: groups[0].minTraceId,
    maxTraceId: groups[groups.length - 1].maxTraceId,
  };
}
