import assert from 'node:assert/strict';
import { test } from 'node:test';
import '../../../tests/support/grafana-data.ts';
import type { ServiceGraphBody } from '../../api/vivace/graph.ts';

const { serviceGraphFrames } = await import('./service-graph-frames.ts');

const stats = { requests: 10, errors: 1, ratePerSecond: 0.5, errorShare: 0.1, p50Ms: 1, p95Ms: 2, p99Ms: 3 };
const graph: ServiceGraphBody = {
  startSeconds: 0,
  endSeconds: 20,
  nodes: [
    { id: 'service:web', kind: 'service', name: 'web', namespace: '', ...stats },
    { id: 'database:redis/cache', kind: 'database', name: 'cache', namespace: 'redis', ...stats },
  ],
  edges: [
    { source: 'service:web', target: 'database:redis/cache', kind: 'call', ...stats },
    { source: 'service:web', target: 'service:gone', kind: 'call', ...stats },
  ],
  partial: true,
  warnings: ['something is missing'],
  inspectedTraces: 10,
  inspectedSpans: 20,
};

test('nodes and edges as Grafana’s node graph takes them', () => {
  const [nodes, edges] = serviceGraphFrames(graph, 'A', { uid: 'u', name: 'Vivace' });
  const column = (frame: typeof nodes, name: string) => frame.fields.find((field) => field.name === name);
  for (const [frame, name] of [
    [nodes, 'Nodes'],
    [edges, 'Edges'],
  ] as const) {
    assert.deepEqual([frame.name, frame.refId, frame.meta?.preferredVisualisationType], [name, 'A', 'nodeGraph']);
    assert.equal(column(frame, 'mainstat')?.config.unit, 'ms');
    assert.equal(column(frame, 'secondarystat')?.config.unit, 'reqps');
    assert.equal(column(frame, 'id')?.config.links?.[0].internal?.datasourceUid, 'u');
  }
  // The ring is a whole one; what sends no spans is told apart.
  const [success, failed] = ['arc__success', 'arc__failed'].map((name) => column(nodes, name)?.values[0] as number);
  assert.equal(success + failed, 1);
  assert.deepEqual([...(column(nodes, 'isinstrumented')?.values ?? [])], [true, false]);
  assert.equal(column(nodes, 'traces')?.values[0], '{ resource.service.name = "web" }');
  // Grafana throws on an edge whose node is not there.
  assert.deepEqual([...(column(edges, 'target')?.values ?? [])], ['database:redis/cache']);
  assert.deepEqual(nodes.meta?.notices, [{ severity: 'warning', text: 'something is missing' }]);
});
