import assert from 'node:assert/strict';
import { test } from 'node:test';
import '../../../tests/support/grafana-data.ts';
import { drawnSpans } from '../../analysis/testing.ts';

const { nodeGraphFrames } = await import('./node-graph-frames.ts');

test('one node a span, one edge a call, self time as colour', () => {
  const spans = drawnSpans([
    { parent: -1, start: 0, end: 100 },
    { parent: 0, start: 10, end: 60 },
    { parent: 1, start: 20, end: 40 },
  ]);
  const [nodes, edges] = nodeGraphFrames(spans, 'A');
  const column = (frame: typeof nodes, name: string) => frame.fields.find((field) => field.name === name)!.values;
  assert.deepEqual([nodes.name, edges.name, nodes.length, edges.length], ['Nodes', 'Edges', 3, 2]);
  assert.ok([nodes, edges].every((frame) => frame.meta?.preferredVisualisationType === 'nodeGraph'));
  assert.ok([nodes, edges].every((frame) => frame.refId === 'A'));
  const ids = column(nodes, 'id');
  assert.deepEqual(column(edges, 'source'), [ids[0], ids[1]]);
  assert.deepEqual(column(edges, 'target'), [ids[1], ids[2]]);
  assert.equal(column(edges, 'id')[0], `${ids[0]}--${ids[1]}`);
  assert.deepEqual(
    column(nodes, 'color').map((share: number) => Math.round(share * 100)),
    [50, 30, 20]
  );
  assert.match(column(nodes, 'mainstat')[1], /\(50\.00%\)$/);
});

test('spans that share an id stay apart, orphans have no edge, no spans make empty frames', () => {
  const [span] = drawnSpans([{ parent: -1, start: 0, end: 10 }]);
  const [nodes, edges] = nodeGraphFrames(
    [span, { ...span, name: 'twin' }, { ...span, spanId: 'ff'.repeat(8), parentSpanId: 'ee'.repeat(8) }],
    'A'
  );
  assert.equal(new Set(nodes.fields[0].values).size, 3);
  const known = new Set(nodes.fields[0].values);
  assert.ok([...edges.fields[1].values, ...edges.fields[2].values].every((id) => known.has(id)));
  assert.deepEqual(
    nodeGraphFrames([], 'A').map((frame) => frame.length),
    [0, 0]
  );
});
