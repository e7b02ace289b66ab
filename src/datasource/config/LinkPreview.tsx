import { dateTimeFormat } from '@grafana/data';
import { FieldSet } from '@grafana/ui';
import { emptyResource, emptyScope, type Attribute, type Span } from '../../trace/model.ts';
import { logsSettings } from '../../ui/links/settings.ts';
import { spanLinks } from '../../ui/links/span-links.ts';
import { findDataSource } from '../answers.ts';
import type { VivaceJsonData } from '../settings.ts';

const string = (key: string, value: string): Attribute => ({ key, value: { type: 'string', value } });

/** Has what links usually ask by. */
const exampleSpan: Span = {
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId: 'b7ad6b7169203331',
  parentSpanId: '',
  traceState: '',
  flags: 1,
  name: 'GET /cart',
  kind: 2,
  startUnixNanos: 1_767_225_600_000_000_000n,
  endUnixNanos: 1_767_225_600_250_000_000n,
  attributes: [string('http.route', '/cart'), string('pyroscope.profile.id', 'b7ad6b7169203331')],
  droppedAttributesCount: 0,
  events: [],
  droppedEventsCount: 0,
  links: [],
  droppedLinksCount: 0,
  statusCode: 0,
  statusMessage: '',
  resource: {
    ...emptyResource,
    attributes: [
      string('service.name', 'cart'),
      string('service.namespace', 'shop'),
      string('cluster', 'eu-1'),
      string('namespace', 'shop'),
      string('pod', 'cart-5d4f'),
      string('hostname', 'node-7'),
    ],
  },
  scope: emptyScope,
};
const exampleTrace = { traceId: exampleSpan.traceId, name: 'cart: GET /cart', durationNanos: 250e6 };

/** What the settings above make of a span. */
export function LinkPreview({ settings }: { readonly settings: VivaceJsonData }) {
  const links = spanLinks(settings, exampleSpan, exampleTrace, findDataSource);
  const missing = (
    [
      ['logs', logsSettings(settings)?.datasourceUid],
      ['metrics', settings.tracesToMetrics?.datasourceUid],
      ['profiles', settings.tracesToProfiles?.datasourceUid],
    ] as const
  ).filter(([kind, uid]) => Boolean(uid) && !links.some((link) => link.kind === kind));
  return (
    <FieldSet label="Links of a span, as set above">
      <p>
        Of an example: <code>{exampleSpan.name}</code> of the service <code>cart</code> in the namespace{' '}
        <code>shop</code>, 250 ms.
      </p>
      <ul data-testid="vivace-link-preview" style={{ listStyle: 'none' }}>
        {links.map(({ kind, title, dataSource, query, fromMs, toMs }) => (
          <li key={kind + title} style={{ marginBottom: 8 }}>
            <strong>{title}</strong> → {dataSource.name}, {dateTimeFormat(fromMs)} to {dateTimeFormat(toMs)}
            <pre style={{ whiteSpace: 'pre-wrap' }}>{JSON.stringify(query, undefined, 1)}</pre>
          </li>
        ))}
        {missing.map(([kind]) => (
          <li key={kind} role="alert">
            No link to {kind}: the data source is not there, or its query needs what the span lacks; log data sources
            that Grafana has no query for need a custom one.
          </li>
        ))}
        {links.length === 0 && missing.length === 0 && <li>None: choose a data source above.</li>}
      </ul>
    </FieldSet>
  );
}
