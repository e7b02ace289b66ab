import { FieldSet } from '@grafana/ui';

/** Of a data source without a backend of its own. docs/grafana.md has the same. */
export const limitsOfFrontend: readonly (readonly [missing: string, instead: string])[] = [
  [
    'Alert and recording rules on TraceQL',
    'Rules on metrics in Prometheus: span metrics of a collector, or what the server shows of itself at /metrics',
  ],
  ['Server-side and SQL expressions over traces', 'Transformations in the panel'],
  ['Externally shared (public) dashboards', "Links to the app's pages, or Vivace's own page"],
  ['Query caching in Grafana', 'The server answers from its own caches'],
  ['Grafana Live channels', "Streaming over Grafana's data proxy, as set above"],
  ['A health check by Grafana itself', '"Save & test", from the browser'],
];

export function LimitsSection() {
  return (
    <FieldSet label="What this data source cannot do, and the way round">
      <p>It runs in the browser and has no backend in Grafana.</p>
      <table data-testid="vivace-limits">
        <tbody>
          {limitsOfFrontend.map(([missing, instead]) => (
            <tr key={missing}>
              <th scope="row" style={{ textAlign: 'left', fontWeight: 'normal', padding: '2px 24px 2px 0' }}>
                {missing}
              </th>
              <td>{instead}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </FieldSet>
  );
}
