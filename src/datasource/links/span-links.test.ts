import assert from 'node:assert/strict';
import { test } from 'node:test';
import { frameLinks } from './frame-links.ts';
import { emptyResource, emptyScope, type Span } from '../../trace/model.ts';
import { fieldLinksOf, safeHref, type FieldLink, type LinkFrame } from '../../ui/links/field-links.ts';
import { relatedLinks } from '../../ui/links/related-links.ts';
import type { LinkSettings } from '../../ui/links/settings.ts';
import {
  exploreHref,
  shiftMs,
  spanLinks,
  type FindDataSource,
  type SpanLinkTarget,
} from '../../ui/links/span-links.ts';

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
const trace = { traceId: span.traceId, name: 'shop: GET /', durationNanos: 3_000_000 };
const both: LinkSettings['tracesToLogsV2'] = { datasourceUid: 'target', filterByTraceID: true, filterBySpanID: true };
const linksOf = (settings: LinkSettings, type: string, one = span) => spanLinks(settings, one, trace, find(type));
const only = (type: string, settings: LinkSettings): SpanLinkTarget => {
  const links = linksOf(settings, type);
  assert.equal(links.length, 1, type);
  return links[0];
};

/** Grafana's host contract (its trace view's own links, every target type): what is asked, and of when. */
test('link objects of every target type', () => {
  const traceId = '"0af7651916cd43dd8448eb211c80319c"';
  const spanId = '"b7ad6b7169203331"';
  const metrics = [{ id: '1', type: 'logs' }];
  const refId = '';
  const lucene = `pod:"shop\\"1" AND service_name:"shop" AND ${traceId} AND ${spanId}`;
  const spanRange = { fromMs: 1_700_000_000_123, toMs: 1_700_000_002_224 };
  const logs = { tracesToLogsV2: both };
  const custom = { tracesToLogsV2: { ...both, customQuery: true, query: 'id=${__span.traceId}' } };
  const customText = 'id=0af7651916cd43dd8448eb211c80319c';
  const profiles = { tracesToProfiles: { datasourceUid: 'target', profileTypeId: 'cpu' } };
  const table: [type: string, settings: LinkSettings, kind: string, title: string, query: object, range: object][] = [
    [
      'loki',
      logs,
      'logs',
      'Logs in Target',
      { expr: `{pod="shop\\"1", service_name="shop"} |= ${traceId} |= ${spanId}`, refId },
      spanRange,
    ],
    ['elasticsearch', logs, 'logs', 'Logs in Target', { query: lucene, refId, metrics }, spanRange],
    ['grafana-opensearch-datasource', logs, 'logs', 'Logs in Target', { query: lucene, refId, metrics }, spanRange],
    [
      'grafana-splunk-datasource',
      logs,
      'logs',
      'Logs in Target',
      { query: `pod="shop\\"1" service_name="shop" ${traceId} ${spanId}`, refId },
      spanRange,
    ],
    [
      'grafana-falconlogscale-datasource',
      logs,
      'logs',
      'Logs in Target',
      { lsql: `pod="shop\\"1" and service_name="shop" and ${traceId} and ${spanId}`, refId },
      spanRange,
    ],
    [
      'googlecloud-logging-datasource',
      logs,
      'logs',
      'Logs in Target',
      { query: `pod="shop\\"1" AND service_name="shop" AND ${traceId} AND ${spanId}`, refId },
      spanRange,
    ],
    [
      'victoriametrics-logs-datasource',
      logs,
      'logs',
      'Logs in Target',
      { expr: `"pod":="shop\\"1" AND "service_name":="shop" AND ${traceId} AND ${spanId}`, refId },
      spanRange,
    ],
    // Left out by core: only with a query of their own.
    [
      'grafana-clickhouse-datasource',
      custom,
      'logs',
      'Logs in Target',
      { rawSql: customText, editorType: 'sql', queryType: 'logs', refId },
      spanRange,
    ],
    ['other-logs', custom, 'logs', 'Logs in Target', { query: customText, refId }, spanRange],
    [
      'prometheus',
      { tracesToMetrics: { datasourceUid: 'target' } },
      'metrics',
      'Median latency',
      { expr: 'histogram_quantile(0.5, sum(rate(traces_spanmetrics_latency_bucket{service="shop"}[5m])) by (le))' },
      { fromMs: 1_699_999_880_123, toMs: 1_700_000_122_224 },
    ],
    [
      'grafana-pyroscope-datasource',
      profiles,
      'profiles',
      'Related profiles',
      {
        labelSelector: '{service_name="shop"}',
        groupBy: [],
        profileTypeId: 'cpu',
        queryType: 'profile',
        spanSelector: ['p1'],
        refId: 'profile',
      },
      { fromMs: 1_699_999_940_123, toMs: 1_700_000_062_224 },
    ],
  ];
  for (const [type, settings, kind, title, query, range] of table) {
    const dataSource = { uid: 'target', name: 'Target', type };
    assert.deepEqual(only(type, settings), { kind, title, dataSource, query, ...range }, type);
    const inFrame = frameLinks(settings, find(type));
    // Core makes these itself; the frame carries what it leaves out.
    assert.equal(inFrame.span.length, type === 'grafana-clickhouse-datasource' || type === 'other-logs' ? 1 : 0, type);
    assert.equal(inFrame.tags.length, kind === 'profiles' ? 1 : 0, type);
  }
});

test('other logs data sources need a custom query, and get their link through the frame too', () => {
  assert.deepEqual(linksOf({ tracesToLogsV2: both }, 'other-logs'), []);
  const custom = {
    ...both,
    customQuery: true,
    query:
      'trace:${__span.traceId} $__tags ${__span.tags["k8s.node.name"]} ${__trace.name} ${__trace.duration} [$__interval]',
  };
  const filled =
    'trace:0af7651916cd43dd8448eb211c80319c pod="shop\\"1", service_name="shop" n1 shop: GET / 3000 [$__interval]';
  // As in core: what names a variable without a value is no link.
  const lacking = { tracesToLogsV2: { ...custom, query: '${__span.tags["absent"]}' } };
  assert.deepEqual(linksOf(lacking, 'loki'), []);
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
  assert.deepEqual(linksOf({ tracesToLogsV2: { ...both, tags: [{ key: 'absent' }] } }, 'loki'), []);
  const legacy = { datasourceUid: 'target', mapTagNamesEnabled: true, mappedTags: tags, tags: ['pod'] };
  assert.deepEqual(only('loki', { tracesToLogs: legacy }).query, {
    expr: '{k8s_node_name="n1", app="shop"}',
    refId: '',
  });
  const listed = { tracesToLogs: { ...legacy, mapTagNamesEnabled: false } };
  assert.deepEqual(only('loki', listed).query, { expr: '{pod="shop\\"1"}', refId: '' });
});

test('metrics: every query with its tags, or the median of the service; two minutes around', () => {
  const queries = [{ name: 'Rate', query: 'rate(calls{$__tags}[5m])' }, { query: 'up' }];
  const metrics = { datasourceUid: 'target', tags: [{ key: 'service.name', value: 'service' }], queries };
  const links = linksOf({ tracesToMetrics: metrics }, 'prometheus');
  assert.deepEqual(
    links.map((link) => [link.kind, link.title, link.query]),
    [
      ['metrics', 'Rate', { expr: 'rate(calls{service="shop"}[5m])' }],
      ['metrics', 'Metrics in Target (2)', { expr: 'up' }],
    ]
  );
});

test('profiles: only for spans that were profiled; on the field "tags" for core', () => {
  const settings = { tracesToProfiles: { datasourceUid: 'target', profileTypeId: 'cpu' } };
  assert.deepEqual(linksOf(settings, 'grafana-pyroscope-datasource', { ...span, attributes: [] }), []);
  const [link] = frameLinks(settings, find('grafana-pyroscope-datasource')).tags;
  assert.equal(link.title, 'Related profiles');
  assert.deepEqual(link.internal?.query, {
    groupBy: [],
    profileTypeId: 'cpu',
    queryType: 'profile',
    refId: 'profile',
    labelSelector: '{${__tags}}',
    spanSelector: ['${__span.tags["pyroscope.profile.id"]}'],
  });
});

test('ranges: shifts as set, never empty; a data source that is gone has no link', () => {
  const logs = { ...both, spanStartTimeShift: '-5m', spanEndTimeShift: '1h' };
  const link = only('loki', { tracesToLogsV2: logs });
  assert.deepEqual([link.fromMs, link.toMs], [1_699_999_700_123, 1_700_003_602_224]);
  const [instant] = linksOf({ tracesToLogsV2: both }, 'loki', { ...span, endUnixNanos: span.startUnixNanos });
  assert.equal(instant.toMs - instant.fromMs, 1000);
  assert.deepEqual(linksOf({ tracesToLogsV2: { ...both, datasourceUid: 'gone' } }, 'loki'), []);
  assert.deepEqual([shiftMs('+2s', 0), shiftMs('soon', 7), shiftMs(undefined, 8)], [2000, 7, 8]);
});

test('the link opens Explore with query, data source and range', () => {
  const url = new URL(exploreHref(only('loki', { tracesToLogsV2: both })), 'http://host');
  assert.equal(url.pathname, '/explore');
  const { span: pane } = JSON.parse(url.searchParams.get('panes')!) as { span: { queries: unknown[]; range: unknown } };
  assert.deepEqual(pane.range, { from: '1700000000123', to: '1700000002224' });
  assert.deepEqual((pane.queries[0] as { datasource: unknown }).datasource, { uid: 'target', type: 'loki' });
});

const frameWith = (links: Record<string, FieldLink[]>): LinkFrame => ({
  length: 1,
  fields: Object.entries({
    traceID: span.traceId,
    spanID: 'B7AD6B7169203331',
    operationName: 'POST /pay order=17 user="Ann B"',
    other: 7,
  }).map(([name, value]) => ({ name, values: [value], config: { links: links[name] } })),
});
const fieldLinks = (links: Record<string, FieldLink[]>) =>
  fieldLinksOf([frameWith(links)], find('loki'))?.(span, trace) ?? [];

test('links on the frame: correlations and data links, each variable from its place', () => {
  assert.equal(fieldLinksOf([frameWith({})], find('loki')), undefined);
  const [internal] = fieldLinks({
    operationName: [
      {
        title: 'Order ${order}',
        url: '',
        internal: {
          datasourceUid: 'target',
          query: {
            expr: '{f="${__targetField}"} |= "${order}" ${user} ${path}',
            deep: ['${__data.fields.other}', '${__data.fields["traceID"]}'],
          },
          panelsState: { trace: { spanId: '${spanID}' } },
          transformations: [{ type: 'logfmt' }, { type: 'regex', expression: 'POST (\\S+)', mapValue: 'path' }],
        },
      },
    ],
  });
  assert.deepEqual(internal, {
    kind: 'field',
    title: 'Order 17',
    dataSource: { uid: 'target', name: 'Target', type: 'loki' },
    query: { expr: '{f="operationName"} |= "17" Ann B /pay', deep: ['7', span.traceId] },
    panelsState: { trace: { spanId: 'B7AD6B7169203331' } },
    fromMs: 1_699_999_999_123,
    toMs: 1_700_000_003_224,
  });
  const [url] = fieldLinks({
    other: [
      { title: 'Wiki', url: 'https://wiki/?q=${__value.raw}&o=${operationName:percentencode}&t=${__trace.name}' },
    ],
  });
  assert.deepEqual(url, {
    kind: 'url',
    title: 'Wiki',
    href: 'https://wiki/?q=7&o=POST%20%2Fpay%20order%3D17%20user%3D%22Ann%20B%22&t=shop: GET /',
  });
});

test('links on the frame that lead nowhere are left out: a missing variable, a data source, an address of another kind', () => {
  const internal = { datasourceUid: 'target', query: { query: '${nothing}' } };
  assert.deepEqual(fieldLinks({ other: [{ title: 'a', internal }] }), []);
  assert.deepEqual(fieldLinks({ other: [{ title: 'a', internal: { datasourceUid: 'gone', query: {} } }] }), []);
  assert.deepEqual(fieldLinks({ other: [{ title: 'a', url: 'javascript:alert(${__value.raw})' }] }), []);
  for (const href of ['java\nscript:x', ' data:text/html,x', '', 'vbscript:x']) {
    assert.equal(safeHref(href), undefined, href);
  }
  for (const href of ['https://a', 'mailto:a@b', '/explore', '?x=a:b', 'd/uid']) {
    assert.equal(safeHref(href), href);
  }
  const wrongExpression = {
    datasourceUid: 'target',
    query: { query: '${x}' },
    transformations: [{ type: 'regex', expression: '(', mapValue: 'x' }],
  };
  assert.deepEqual(fieldLinks({ other: [{ title: 'a', internal: wrongExpression }] }), []);
});

test('a question that settings and frame both ask stands once', () => {
  const custom = { tracesToLogsV2: { ...both, customQuery: true, query: 'id=${__span.traceId}' } };
  const inFrame = frameLinks(custom, find('other-logs')).span as FieldLink[];
  const ofFields = fieldLinksOf([frameWith({ traceID: inFrame })], find('other-logs'))!(span, trace);
  assert.equal(ofFields.length, 1);
  const links = relatedLinks([...linksOf(custom, 'other-logs'), ...ofFields], (path) => `/grafana${path}`);
  assert.deepEqual(
    links.map(({ title }) => title),
    ['Logs in Target']
  );
  assert.ok(links[0].href.startsWith('/grafana/explore?schemaVersion=1&panes='));
});
