import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emptyResource, emptyScope, type Span } from '../../trace/model.ts';
import type { VivaceJsonData } from '../settings.ts';
import { exploreHref, frameLinks, shiftMs, spanLinks, type FindDataSource, type LinkSettings } from './span-links.ts';

const string = (key: string, value: string) => ({ key, value: { type: 'string', value } as const });
const span: Span = {
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId: 'b7ad6b7169203331',
  parentSpanId: '',
  traceState: '',
  flags: 1,
  name: 'POST /pay',
  kind: 2,
  startUnixNanos: 1_700_000_000_123_456_789n,
  endUnixNanos: 1_700_000_002_223_456_789n,
  attributes: [string('pod', 'shop"1'), string('pyroscope.profile.id', 'p1')],
  droppedAttributesCount: 0,
  events: [],
  droppedEventsCount: 0,
  links: [],
  droppedLinksCount: 0,
  statusCode: 0,
  statusMessage: '',
  resource: { ...emptyResource, attributes: [string('service.name', 'shop'), string('k8s.node.name', 'n1')] },
  scope: emptyScope,
};

const find =
  (type: string): FindDataSource =>
  (uid) =>
    uid === 'target' ? { uid, name: 'Target', type } : undefined;
const both: VivaceJsonData['tracesToLogsV2'] = { datasourceUid: 'target', filterByTraceID: true, filterBySpanID: true };
const only = (type: string, settings: LinkSettings) => {
  const links = spanLinks(settings, span, find(type));
  assert.equal(links.length, 1, type);
  return links[0];
};

test('the logs query of every target type', () => {
  const traceId = '"0af7651916cd43dd8448eb211c80319c"';
  const spanId = '"b7ad6b7169203331"';
  const metrics = [{ id: '1', type: 'logs' }];
  const refId = '';
  const lucene = `pod:"shop\\"1" AND service_name:"shop" AND ${traceId} AND ${spanId}`;
  const table: [string, object][] = [
    ['loki', { expr: `{pod="shop\\"1", service_name="shop"} |= ${traceId} |= ${spanId}`, refId }],
    ['elasticsearch', { query: lucene, refId, metrics }],
    ['grafana-opensearch-datasource', { query: lucene, refId, metrics }],
    ['grafana-splunk-datasource', { query: `pod="shop\\"1" service_name="shop" ${traceId} ${spanId}`, refId }],
    [
      'grafana-falconlogscale-datasource',
      { lsql: `pod="shop\\"1" and service_name="shop" and ${traceId} and ${spanId}`, refId },
    ],
    [
      'googlecloud-logging-datasource',
      { query: `pod="shop\\"1" AND service_name="shop" AND ${traceId} AND ${spanId}`, refId },
    ],
    [
      'victoriametrics-logs-datasource',
      { expr: `"pod":="shop\\"1" AND "service_name":="shop" AND ${traceId} AND ${spanId}`, refId },
    ],
  ];
  for (const [type, query] of table) {
    const link = only(type, { tracesToLogsV2: both });
    assert.deepEqual(link.query, query, type);
    assert.deepEqual([link.kind, link.title, link.dataSource.uid], ['logs', 'Logs in Target', 'target']);
    assert.deepEqual(frameLinks({ tracesToLogsV2: both }, find(type)).span, [], `${type}: core makes the link itself`);
  }
});

test('other logs data sources need a custom query, and get their link through the frame too', () => {
  assert.deepEqual(spanLinks({ tracesToLogsV2: both }, span, find('other-logs')), []);
  const custom = {
    ...both,
    customQuery: true,
    query: 'trace:${__span.traceId} $__tags ${__span.tags["k8s.node.name"]} ${__x}',
  };
  const filled = 'trace:0af7651916cd43dd8448eb211c80319c pod="shop\\"1", service_name="shop" n1 ${__x}';
  assert.deepEqual(only('other-logs', { tracesToLogsV2: custom }).query, { query: filled, refId: '' });
  assert.deepEqual(only('grafana-clickhouse-datasource', { tracesToLogsV2: custom }).query, {
    rawSql: filled,
    editorType: 'sql',
    queryType: 'logs',
    refId: '',
  });
  assert.deepEqual(only('loki', { tracesToLogsV2: custom }).query, { expr: filled, refId: '' });
  assert.deepEqual(frameLinks({ tracesToLogsV2: custom }, find('other-logs')).span, [
    {
      title: 'Logs for this span',
      url: '',
      internal: { datasourceUid: 'target', datasourceName: 'Target', query: { query: custom.query, refId: '' } },
    },
  ]);
});

test('labels: mapped by the settings, dots replaced where a label cannot hold them; no label, no Loki link', () => {
  const tags = [{ key: 'k8s.node.name' }, { key: 'service.name', value: 'app' }, { key: 'absent' }];
  const logs = { datasourceUid: 'target', tags };
  assert.deepEqual(only('loki', { tracesToLogsV2: logs }).query, {
    expr: '{k8s_node_name="n1", app="shop"}',
    refId: '',
  });
  assert.deepEqual(spanLinks({ tracesToLogsV2: { ...both, tags: [{ key: 'absent' }] } }, span, find('loki')), []);
});

test('metrics: every query with its tags, or the median of the service; two minutes around', () => {
  const queries = [{ name: 'Rate', query: 'rate(calls{$__tags}[5m])' }, { query: 'up' }];
  const metrics = { datasourceUid: 'target', tags: [{ key: 'service.name', value: 'service' }], queries };
  const links = spanLinks({ tracesToMetrics: metrics }, span, find('prometheus'));
  assert.deepEqual(
    links.map((link) => [link.kind, link.title, link.query]),
    [
      ['metrics', 'Rate', { expr: 'rate(calls{service="shop"}[5m])' }],
      ['metrics', 'Metrics in Target (2)', { expr: 'up' }],
    ]
  );
  assert.deepEqual([links[0].fromMs, links[0].toMs], [1_699_999_880_123, 1_700_000_122_224]);
  const [median] = spanLinks({ tracesToMetrics: { datasourceUid: 'target' } }, span, find('prometheus'));
  assert.match(String(median.query.expr), /traces_spanmetrics_latency_bucket\{service="shop"\}/);
});

test('profiles: only for spans that were profiled; on the field "tags" for core', () => {
  const settings = { tracesToProfiles: { datasourceUid: 'target', profileTypeId: 'cpu' } };
  const query = { groupBy: [], profileTypeId: 'cpu', queryType: 'profile', refId: 'profile' };
  assert.deepEqual(only('grafana-pyroscope-datasource', settings).query, {
    ...query,
    labelSelector: '{service_name="shop"}',
    spanSelector: ['p1'],
  });
  assert.deepEqual(spanLinks(settings, { ...span, attributes: [] }, find('grafana-pyroscope-datasource')), []);
  const [link] = frameLinks(settings, find('grafana-pyroscope-datasource')).tags;
  assert.equal(link.title, 'Related profiles');
  assert.deepEqual(link.internal?.query, {
    ...query,
    labelSelector: '{${__tags}}',
    spanSelector: ['${__span.tags["pyroscope.profile.id"]}'],
  });
});

test('ranges: shifts as set, never empty; a data source that is gone has no link', () => {
  const logs = { ...both, spanStartTimeShift: '-5m', spanEndTimeShift: '1h' };
  const link = only('loki', { tracesToLogsV2: logs });
  assert.deepEqual([link.fromMs, link.toMs], [1_699_999_700_123, 1_700_003_602_224]);
  const instant = spanLinks({ tracesToLogsV2: both }, { ...span, endUnixNanos: span.startUnixNanos }, find('loki'))[0];
  assert.equal(instant.toMs - instant.fromMs, 1000);
  assert.deepEqual(spanLinks({ tracesToLogsV2: { ...both, datasourceUid: 'gone' } }, span, find('loki')), []);
  assert.deepEqual([shiftMs('+2s', 0), shiftMs('soon', 7), shiftMs(undefined, 8)], [2000, 7, 8]);
});

test('the link opens Explore with query, data source and range', () => {
  const url = new URL(exploreHref(only('loki', { tracesToLogsV2: both })), 'http://host');
  assert.equal(url.pathname, '/explore');
  const { span: pane } = JSON.parse(url.searchParams.get('panes')!) as { span: { queries: unknown[]; range: unknown } };
  assert.deepEqual(pane.range, { from: '1700000000123', to: '1700000002224' });
  assert.deepEqual((pane.queries[0] as { datasource: unknown }).datasource, { uid: 'target', type: 'loki' });
});
