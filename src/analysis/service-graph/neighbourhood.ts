/** Parts of a graph: what lies within a few hops of a service. */
interface Graph<Node, Edge> {
  readonly nodes: readonly Node[];
  readonly edges: readonly Edge[];
}

export type HopDirection = 'both' | 'upstream' | 'downstream';

/** Nodes within `hops` of `id` (upstream: its callers, downstream: its callees) and the edges between them; all without such a node. */
export function neighbourhood<
  Node extends { readonly id: string },
  Edge extends { readonly source: string; readonly target: string },
>(graph: Graph<Node, Edge>, id: string, hops: number, direction: HopDirection): Graph<Node, Edge> {
  if (!graph.nodes.some((node) => node.id === id)) {
    return graph;
  }
  // One walk each way: a callee's other callers are not upstream of the service.
  const reached = new Set([id]);
  if (direction !== 'downstream') {
    walk(graph.edges, id, hops, 'target', 'source').forEach((each) => reached.add(each));
  }
  if (direction !== 'upstream') {
    walk(graph.edges, id, hops, 'source', 'target').forEach((each) => reached.add(each));
  }
  return {
    nodes: graph.nodes.filter((node) => reached.has(node.id)),
    edges: graph.edges.filter(({ source, target }) => reached.has(source) && reached.has(target)),
  };
}

function walk(
  edges: readonly { readonly source: string; readonly target: string }[],
  id: string,
  hops: number,
  from: 'source' | 'target',
  to: 'source' | 'target'
): Set<string> {
  const reached = new Set([id]);
  let frontier = [id];
  for (let hop = 0; hop < hops && frontier.length > 0; hop++) {
    const last = new Set(frontier);
    frontier = [];
    for (const edge of edges) {
      if (last.has(edge[from]) && !reached.has(edge[to])) {
        reached.add(edge[to]);
        frontier.push(edge[to]);
      }
    }
  }
  return reached;
}
