import { createDataFrame, FieldType, type DataFrame, type Field } from '@grafana/data';

/** Rate, errors and duration of one operation or service. */
export interface OperationRow {
  readonly name: string;
  readonly ratePerSecond: number;
  /** 0 to 1. */
  readonly errorShare: number;
  readonly latencyMs: number;
  /** TraceQL that finds its traces. */
  readonly traces: string;
}

/**
 * The table under a service graph: rate and error share as gauges, a latency, a link to the traces. It has no field `id`: Grafana's node
 * graph would take it for nodes. Source: the Tempo data source's service graph view.
 */
export function operationsFrame(
  rows: readonly OperationRow[],
  options: {
    readonly refId: string;
    /** What a row is, and which latency it has: `Service`, `p95`. */
    readonly title: string;
    readonly latency: string;
    readonly target: { readonly uid: string; readonly name: string };
  }
): DataFrame {
  const { refId, title, latency, target } = options;
  const rateMax = Math.max(1e-9, ...rows.map(({ ratePerSecond }) => ratePerSecond));
  const gauge = (name: string, values: number[], config: Field['config'], color: string): Field => ({
    name,
    type: FieldType.number,
    config: {
      decimals: 2,
      color: { mode: 'fixed', fixedColor: color },
      custom: { cellOptions: { type: 'gauge', mode: 'lcd' } },
      ...config,
    },
    values,
  });
  return createDataFrame({
    refId,
    name: `${title}s`,
    meta: { preferredVisualisationType: 'table' },
    fields: [
      { name: title, type: FieldType.string, config: {}, values: rows.map(({ name }) => name) },
      gauge(
        'Rate',
        rows.map(({ ratePerSecond }) => ratePerSecond),
        { unit: 'reqps', min: 0, max: rateMax },
        'blue'
      ),
      gauge(
        'Error rate',
        rows.map(({ errorShare }) => errorShare),
        { unit: 'percentunit', min: 0, max: 1 },
        'red'
      ),
      {
        name: `Duration (${latency})`,
        type: FieldType.number,
        config: { unit: 'ms', decimals: 2 },
        values: rows.map(({ latencyMs }) => latencyMs),
      },
      {
        name: 'Links',
        type: FieldType.string,
        config: {
          links: [
            {
              title: 'View traces',
              url: '',
              internal: {
                datasourceUid: target.uid,
                datasourceName: target.name,
                query: { refId: 'traces', queryType: 'traceql', query: '${__data.fields.traces}' },
              },
            },
          ],
        },
        values: rows.map(() => 'View traces'),
      },
      {
        name: 'traces',
        type: FieldType.string,
        config: { custom: { hidden: true, hideFrom: { viz: true } } },
        values: rows.map(({ traces }) => traces),
      },
    ],
  });
}
