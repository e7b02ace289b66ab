import { createDataFrame, FieldColorModeId, FieldType, type DataFrame, type Field } from '@grafana/data';
import { selfNanosOf } from '../../analysis/self-time.ts';
import type { Span } from '../../trace/model.ts';
import { spanTableOf } from '../../trace/span-table.ts';

/** Grafana lays the graph out on every change; beyond this it shows nothing for a long time, and no person reads it. */
export const graphSpansMax = 2_000;

/**
 * The spans of one trace as the two frames of Grafana's node graph: a node a span, coloured by its own time, an edge a call. Source:
 * Grafana's node graph frame contract.
 */
export function nodeGraphFrames(spans: readonly Span[], refId: string): DataFrame[] {
  const table = spanTableOf({ traceId: spans[0]?.traceId ?? '', spans });
  const self = selfNanosOf(table);
  const rows = table.spans.map((_, row) => row);
  // Ids that are shared must not make one node of two spans.
  const seen = new Map<string, number>();
  const ids = table.spans.map(({ spanId }) => {
    const count = seen.get(spanId) ?? 0;
    seen.set(spanId, count + 1);
    return count === 0 ? spanId : `${spanId}#${count + 1}`;
  });
  const duration = (row: number) => Math.max(0, table.durationNanos[row]);
  const share = (nanos: number) => (table.traceNanos === 0 ? 0 : (nanos / table.traceNanos) * 100);
  const stat = (nanos: number) => `${(nanos / 1e6).toFixed(2)}ms (${share(nanos).toFixed(2)}%)`;

  const calls = rows.filter((row) => table.parent[row] >= 0);
  return [
    graphFrame('Nodes', refId, [
      text('id', ids),
      text(
        'title',
        rows.map((row) => table.services[table.service[row]])
      ),
      text(
        'subtitle',
        rows.map((row) => table.names[table.name[row]])
      ),
      text(
        'mainstat',
        rows.map((row) => stat(duration(row))),
        'Total time (% of trace)'
      ),
      text(
        'secondarystat',
        rows.map((row) => stat(self[row])),
        'Self time (% of trace)'
      ),
      {
        name: 'color',
        type: FieldType.number,
        config: { displayName: 'Self time / trace duration', color: { mode: FieldColorModeId.ContinuousGrYlRd } },
        values: rows.map((row) => share(self[row]) / 100),
      },
      text(
        'icon',
        rows.map((row) => (table.statusCode[row] === 2 ? 'exclamation-triangle' : ''))
      ),
    ]),
    graphFrame('Edges', refId, [
      text(
        'id',
        calls.map((row) => `${ids[table.parent[row]]}--${ids[row]}`)
      ),
      text(
        'source',
        calls.map((row) => ids[table.parent[row]])
      ),
      text(
        'target',
        calls.map((row) => ids[row])
      ),
    ]),
  ];
}

function graphFrame(name: string, refId: string, fields: Field[]): DataFrame {
  return createDataFrame({ name, refId, fields, meta: { preferredVisualisationType: 'nodeGraph' } });
}

function text(name: string, values: string[], displayName?: string): Field {
  return { name, type: FieldType.string, config: displayName === undefined ? {} : { displayName }, values };
}
