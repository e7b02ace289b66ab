import assert from 'node:assert/strict';
import { test } from 'node:test';
import '../../../tests/support/grafana-data.ts';

const { createDataFrame, FieldType } = await import('@grafana/data');
const { serviceGraphFrames } = await import('../../datasource/frames/service-graph-frames.ts');
const { graphFromFrames } = await import('./graph-from-frames.ts');

const stats = { requests: 120, errors: 6, ratePerSecond: 2, errorShare: 0.05, p50Ms: 10, p95Ms: 40, p99Ms: 90 };
const body = {
  startSeconds: 0,
  endSeconds: 60,
  nodes: [
    { id: 'service:shop/web', kind: 'service' as const, name: 'web', namespace: 'shop', ...stats },
    { id: 'database:postgresql/orders', kind: 'database' as const, name: 'orders', namespace: 'postgresql', ...stats },
    { id: 'queue:mails', kind: 'queue' as const, name: 'mails', namespace: '', ...stats },
  ],
  edges: [
    { source: 'service:shop/web', target: 'database:postgresql/orders', kind: 'call' as const, ...stats },
    { source: 'service:shop/web', target: 'queue:mails', kind: 'messaging' as const, ...stats },
  ],
  partial: true,
  warnings: ['Only a part was read.'],
  inspectedTraces: 1,
  inspectedSpans: 4,
};

test('our own frames come back as the graph they were made from; counts are not in frames', () => {
  const graph = graphFromFrames(serviceGraphFrames(body, 'A', { uid: 'v', name: 'Vivace' }));
  const shown = { ...stats, requests: NaN, errors: NaN };
  assert.deepEqual(
    graph.nodes,
    body.nodes.map((node) => ({ ...node, ...shown }))
  );
  assert.deepEqual(
    graph.edges,
    body.edges.map((edge) => ({ ...edge, ...shown }))
  );
  assert.deepEqual(graph.notices, ['Only a part was read.']);
  assert.equal(graph.rows.get('queue:mails')?.row, 2);
  assert.equal(graph.rows.get('service:shop/web → queue:mails messaging')?.row, 1);
});

/** As Tempo's data source sends it: names in other cases, a mean in ms/r, shares as arcs. */
test("another data source's graph: mean latency, rate and failed share by unit and name", () => {
  const nodes = createDataFrame({
    name: 'Nodes',
    meta: { preferredVisualisationType: 'nodeGraph' },
    fields: [
      { name: 'ID', values: ['shop', 'db'] },
      { name: 'title', values: ['Shop', 'db'] },
      { name: 'subTitle', values: ['prod', ''] },
      {
        name: 'mainStat',
        type: FieldType.number,
        config: { unit: 'ms/r', displayName: 'Average' },
        values: [12.5, NaN],
      },
      { name: 'secondaryStat', type: FieldType.number, config: { unit: 'r/sec' }, values: [3, 4] },
      { name: 'arc__success', type: FieldType.number, values: [0.75, 1] },
      { name: 'arc__failed', type: FieldType.number, values: [0.25, 0] },
    ],
  });
  const edges = createDataFrame({
    name: 'Edges',
    fields: [
      { name: 'id', values: ['shop_db', 'shop_gone'] },
      { name: 'source', values: ['shop', 'shop'] },
      { name: 'target', values: ['db', 'gone'] },
      { name: 'mainstat', type: FieldType.number, config: { unit: 'ms/r' }, values: [7, 8] },
    ],
  });
  const graph = graphFromFrames([edges, nodes]);
  assert.deepEqual(
    graph.nodes.map(({ name, namespace, kind, ratePerSecond, errorShare, meanMs, p95Ms }) => {
      return [name, namespace, kind, ratePerSecond, errorShare, meanMs, p95Ms];
    }),
    [
      ['Shop', 'prod', 'service', 3, 0.25, 12.5, NaN],
      ['db', '', 'service', 4, 0, undefined, NaN],
    ]
  );
  assert.deepEqual(
    graph.edges.map(({ source, target, meanMs }) => [source, target, meanMs]),
    [['shop', 'db', 7]]
  );
  assert.deepEqual(graph.notices, ['1 edges name a node that is not there.']);
});

test('edges alone make up their nodes; a table with an id is no graph', () => {
  const edges = createDataFrame({
    fields: [
      { name: 'id', values: ['1'] },
      { name: 'source', values: ['a'] },
      { name: 'target', values: ['b'] },
    ],
  });
  const table = createDataFrame({ fields: [{ name: 'id', values: ['x'] }] });
  assert.deepEqual(
    graphFromFrames([edges, table]).nodes.map(({ id }) => id),
    ['a', 'b']
  );
  assert.deepEqual(graphFromFrames([table]).nodes, []);
});
