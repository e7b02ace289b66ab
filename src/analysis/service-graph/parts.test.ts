import assert from 'node:assert/strict';
import { test } from 'node:test';
import { traceFromText } from '../../trace/text.ts';
import { evaluateTrace } from '../../traceql/evaluate.ts';
import { parseQuery } from '../../traceql/parser.ts';
import { validateQuery } from '../../traceql/validate.ts';
import { ServiceGraphBuilder } from './builder.ts';
import { neighbourhood } from './neighbourhood.ts';
import { tracesOfEdge, tracesOfNode } from './traces-query.ts';

const trace = traceFromText(`
  web GET /cart          |====================| {kind=server}
    web GET              |==================  | {kind=client}
      cart GET /cart     | ================   | {kind=server resource.service.namespace="sh\\"op" status=error}
        cart SELECT      |  ===               | {kind=client resource.service.namespace="sh\\"op" db.system=postgresql db.namespace=carts}
        cart POST        |     ====           | {kind=client resource.service.namespace="sh\\"op" server.address=pay.example}
        cart publish     |         ==         | {kind=producer resource.service.namespace="sh\\"op" messaging.system=kafka messaging.destination.name=orders}
          mail process   |           =====    | {kind=consumer messaging.system=kafka messaging.destination.name=orders}
`);

function finds(text: string): boolean {
  const query = parseQuery(text);
  validateQuery(query);
  return evaluateTrace(query, trace).length > 0;
}

test('every node and edge leads to the traces it was counted from', () => {
  const builder = new ServiceGraphBuilder({ startUnixNanos: undefined, endUnixNanos: undefined });
  builder.addTrace(trace);
  const { nodes, edges } = builder.finish();
  assert.equal(edges.length, 5);
  for (const node of nodes) {
    assert.ok(finds(tracesOfNode(node)), node.id);
    assert.ok(!finds(tracesOfNode({ ...node, name: 'other', namespace: 'other' })), node.id);
  }
  const byId = new Map(nodes.map((node) => [node.id, node]));
  for (const { source, target, kind, errors } of edges) {
    const [from, to] = [byId.get(source), byId.get(target)];
    assert.ok(from !== undefined && to !== undefined);
    assert.ok(finds(tracesOfEdge(from, to, kind)), `${source} → ${target}`);
    assert.equal(finds(tracesOfEdge(from, to, kind, true)), errors > 0, `${source} → ${target}, failed`);
  }
});

test('a neighbourhood has what is upstream or downstream within its hops, not the callees of callers', () => {
  const edge = (text: string) => ({ source: text[0], target: text[1] });
  const graph = {
    nodes: [...'abcdef'].map((id) => ({ id })),
    edges: ['ab', 'bc', 'cd', 'eb', 'ef', 'dc'].map(edge),
  };
  const within = (hops: number, direction: 'both' | 'upstream' | 'downstream'): string =>
    neighbourhood(graph, 'b', hops, direction)
      .nodes.map(({ id }) => id)
      .join('');
  assert.equal(within(1, 'both'), 'abce');
  assert.equal(within(2, 'upstream'), 'abe');
  assert.equal(within(2, 'downstream'), 'bcd');
  assert.equal(neighbourhood(graph, 'z', 1, 'both'), graph);
});
