/** Who calls whom, how often, how well and how fast: the plain data of a service graph. */

/**
 * What a node stands for: a `service` sent spans of its own; a `database`, a `queue` and an `external` peer are known only from the spans
 * of those that call them.
 */
export type GraphNodeKind = 'service' | 'database' | 'queue' | 'external';

/** `call`: a request and its answer. `messaging`: through a queue, or from producer to consumer where no span names the queue. */
export type GraphEdgeKind = 'call' | 'messaging';

export interface GraphStats {
  readonly requests: number;
  /** Requests that failed: span status error. */
  readonly errors: number;
  /** Nanoseconds; within 0.4 % above the exact quantile. 0 without requests. */
  readonly p50Nanos: number;
  readonly p95Nanos: number;
  readonly p99Nanos: number;
}

export interface GraphNode extends GraphStats {
  /** Unique among the nodes, the same in every answer: `service:checkout`, `database:postgresql/orders`. */
  readonly id: string;
  readonly kind: GraphNodeKind;
  readonly name: string;
  /** `service.namespace` of a service; the system of a database or queue (`postgresql`, `kafka`); else empty. */
  readonly namespace: string;
}

export interface GraphEdge extends GraphStats {
  /** Ids of nodes. */
  readonly source: string;
  readonly target: string;
  readonly kind: GraphEdgeKind;
}

export interface ServiceGraph {
  /** By id. */
  readonly nodes: readonly GraphNode[];
  /** By source, target, kind. */
  readonly edges: readonly GraphEdge[];
}

export interface ServiceGraphLimits {
  readonly nodesMax: number;
  readonly edgesMax: number;
}

/** Far above what a person or a browser takes in; what is meant is an attribute that makes a peer of every request. */
export const serviceGraphLimits: ServiceGraphLimits = { nodesMax: 10_000, edgesMax: 50_000 };

/** Source of the key: a node's identity never depends on the order of spans. */
export function nodeIdOf(kind: GraphNodeKind, namespace: string, name: string): string {
  return namespace === '' ? `${kind}:${name}` : `${kind}:${namespace}/${name}`;
}
