import assert from 'node:assert/strict';
import { test } from 'node:test';
import '../../tests/support/grafana-data.ts';
import type { DataFrame } from '@grafana/data';
import { graphOfFrames, prometheusQueries, selectorsOf } from './prometheus-graph.ts';

const { FieldType } = await import('@grafana/data');
const { serviceGraphFrames } = await import('./frames/service-graph-frames.ts');
const { operationsFrame } = await import('./frames/operations-frame.ts');

const asked = { selectors: [], byNamespace: false, rangeSeconds: 100 };
const range = { startSeconds: 0, endSeconds: 100 };
type Row = [labels: Record<string, string>, value: number];

/** As Prometheus' data source answers an instant query of format `table`. */
function table(refId: string, rows: Row[]): DataFrame {
  const names = [...new Set(rows.flatMap(([labels]) => Object.keys(labels)))];
  return {
    refId,
    length: rows.length,
    fields: [
      { name: 'Time', type: FieldType.time, config: {}, values: rows.map(() => 0) },
      ...names.map((name) => {
        return { name, type: FieldType.string, config: {}, values: rows.map(([labels]) => labels[name] ?? '') };
      }),
      { name: 'Value', type: FieldType.number, config: {}, values: rows.map(([, value]) => value) },
    ],
  };
}

const web = { client: 'web', server: 'cart', connection_type: '' };
const user = { client: 'user', server: 'web', connection_type: 'virtual_node' };
const db = { client: 'cart', server: 'redis', connection_type: 'database' };
const mail = { client: 'cart', server: 'mail', connection_type: 'messaging_system' };
const api = { client: 'web', server: 'api.stripe.com', connection_type: 'virtual_node' };
const frames = [
  table(
    'edge.rate',
    [web, user, db, mail, api].map((labels, index): Row => [labels, index + 1])
  ),
  table('edge.failed', [[web, 0.25]]),
  table('edge.p95Ms', [
    [web, 0.2],
    [db, Number.NaN],
  ]),
  table('node.p95Ms', [[{ server: 'cart' }, 0.3]]),
  table('operation.rate', [
    [{ span_name: 'GET /' }, 2],
    [{ span_name: 'POST "x"' }, 4],
  ]),
  table('operation.failed', [[{ span_name: 'GET /' }, 1]]),
  table('operation.p90', [[{ span_name: 'GET /' }, 0.05]]),
];

test('a graph out of tables: who calls whom, of what kind, how often, how well', () => {
  const { graph, operations } = graphOfFrames(frames, asked, range);
  assert.deepEqual(
    graph.nodes.map(({ id, kind, ratePerSecond }) => [id, kind, ratePerSecond]),
    [
      ['web', 'service', 2],
      ['cart', 'service', 1],
      ['user', 'external', 0],
      ['redis', 'database', 3],
      ['mail', 'service', 4],
      ['api.stripe.com', 'external', 5],
    ]
  );
  const [first, , third, fourth] = graph.edges;
  const stats = { requests: 100, errors: 25, ratePerSecond: 1, errorShare: 0.25, p50Ms: 0, p95Ms: 200, p99Ms: 0 };
  assert.deepEqual(first, { source: 'web', target: 'cart', kind: 'call', ...stats });
  assert.deepEqual([third.p95Ms, fourth.kind], [0, 'messaging']);
  assert.equal(graph.nodes[1].p95Ms, 300);
  assert.deepEqual(
    operations.map(({ name, ratePerSecond, errorShare, latencyMs }) => [name, ratePerSecond, errorShare, latencyMs]),
    [
      ['POST "x"', 4, 0, 0],
      ['GET /', 2, 0.5, 50],
    ]
  );
  assert.equal(operations[0].traces, '{ kind = server && name = "POST \\"x\\"" }');
  // Series instead of a table, as an older Prometheus data source answers.
  const series: DataFrame = {
    refId: 'edge.rate',
    length: 1,
    fields: [{ name: 'Value', type: FieldType.number, config: {}, labels: web, values: [7] }],
  };
  assert.equal(graphOfFrames([series], asked, range).graph.edges[0].ratePerSecond, 7);
});

test('services of one name in two namespaces are two nodes when asked so', () => {
  const labels = { ...web, client_service_namespace: 'a', server_service_namespace: 'b' };
  const { graph } = graphOfFrames([table('edge.rate', [[labels, 1]])], { ...asked, byNamespace: true }, range);
  assert.deepEqual(
    graph.nodes.map(({ id, namespace }) => [id, namespace]),
    [
      ['a/web', 'a'],
      ['b/cart', 'b'],
    ]
  );
});

test('the queries: classic or native histograms, any of several filters, service matchers for span metrics', () => {
  const queries = new Map(
    prometheusQueries({ ...asked, selectors: ['{client="a"}', '{server=~"b|c"}'] }).map(({ refId, expr }) => [
      refId,
      expr,
    ])
  );
  const [a, b] = ['{client="a"}[100s]', '{server=~"b|c"}[100s]'];
  const of = (metric: string) =>
    `rate(traces_service_graph_request_${metric}${a}) or rate(traces_service_graph_request_${metric}${b})`;
  assert.equal(queries.get('edge.rate'), `sum by (client, server, connection_type) (${of('total')})`);
  assert.equal(
    queries.get('node.p95Ms'),
    `histogram_quantile(0.95, sum by (le, server) (${of('server_seconds_bucket')})) or ` +
      `histogram_quantile(0.95, sum by (server) (${of('server_seconds')}))`
  );
  const kind = 'span_kind="SPAN_KIND_SERVER"';
  assert.match(queries.get('operation.rate')!, /^topk\(5, sum by \(span_name\) \(rate\(traces_spanmetrics_calls_total/);
  assert.ok(queries.get('operation.rate')!.includes(`{service="a", ${kind}}`), queries.get('operation.rate'));
  assert.ok(queries.get('operation.failed')!.includes(`{service=~"b|c", ${kind}, status_code="STATUS_CODE_ERROR"}`));
  assert.deepEqual(selectorsOf(undefined), []);
  assert.deepEqual(selectorsOf(['{}', ' client="a" ']), ['{client="a"}']);
});

test('frames lead to the numbers and to the traces; the table is none of the graph', () => {
  const { graph, operations } = graphOfFrames(frames, asked, range);
  const target = { uid: 'v', name: 'Vivace' };
  const [nodes, edges] = serviceGraphFrames(graph, 'A', target, { uid: 'p', name: 'Prometheus' });
  const links = (frame: DataFrame) =>
    frame.fields[0].config.links!.map(({ title, internal }) => [title, internal?.datasourceUid]);
  const expected = [
    ['Request rate', 'p'],
    ['Request histogram', 'p'],
    ['Failed request rate', 'p'],
    ['View traces', 'v'],
  ];
  assert.deepEqual([links(nodes), links(edges)], [expected, expected]);
  const rate = (frame: DataFrame) => (frame.fields[0].config.links![0].internal!.query as { expr: string }).expr;
  assert.match(rate(nodes), /\{server="\$\{__data\.fields\.title\}"\}/);
  assert.match(rate(edges), /\{client="\$\{__data\.fields\.sourceName\}", server="\$\{__data\.fields\.targetName\}"\}/);
  const rows = operationsFrame(operations, { refId: 'A', title: 'Operation', latency: 'p90', target });
  assert.deepEqual(
    rows.fields.map(({ name }) => name),
    ['Operation', 'Rate', 'Error rate', 'Duration (p90)', 'Links', 'traces']
  );
  assert.equal(rows.meta?.preferredVisualisationType, 'table');
});
