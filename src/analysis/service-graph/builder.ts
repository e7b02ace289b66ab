/**
 * Counts a service graph from whole traces, span by span.
 *
 * - A *request* of a service is a span by which work enters it: a server or consumer span, or one whose parent is not there or belongs to
 *   another service.
 * - A *call* is a span whose parent belongs to another service, or a server span below a client span of the same service. It lasts as long
 *   as the callee's span, and failed when either side did.
 * - A client or producer span that no such span continues is a call of the peer that its attributes name.
 * - Messages go through the queue that either side names: one edge into it for each that was sent, one out of it for each that was taken.
 *
 * A request or call counts when its span (of a call: the callee's, else the caller's) starts in the range.
 */
import { attributeOf, serviceNameOf, type Resource, type Span, type Trace } from '../../trace/model.ts';
import { buildTree } from '../../trace/tree.ts';
import { Durations } from './durations.ts';
import {
  serviceGraphLimits,
  type GraphEdge,
  type GraphEdgeKind,
  type GraphNode,
  type GraphStats,
  type ServiceGraph,
  type ServiceGraphLimits,
} from './model.ts';
import { callerOf, databaseOf, externalOf, peerOf, queueOf, takesMessages, type GraphPeer } from './peers.ts';

/** Half-open; an open end reaches everywhere. */
export interface GraphRange {
  readonly startUnixNanos: bigint | undefined;
  readonly endUnixNanos: bigint | undefined;
}

const [server, client, producer, consumer] = [2, 3, 4, 5];
const errorStatus = 2;
const unnamedService = 'unknown service';

class Tally {
  readonly durations = new Durations();
  errors = 0;

  add(nanos: number, failed: boolean): void {
    this.durations.add(nanos);
    this.errors += Number(failed);
  }

  addAll(other: Tally): void {
    this.durations.addAll(other.durations);
    this.errors += other.errors;
  }

  stats(): GraphStats {
    const [p50Nanos, p95Nanos, p99Nanos] = this.durations.quantiles([0.5, 0.95, 0.99]);
    return { requests: this.durations.count, errors: this.errors, p50Nanos, p95Nanos, p99Nanos };
  }
}

interface Edge {
  readonly source: GraphPeer;
  readonly target: GraphPeer;
  readonly kind: GraphEdgeKind;
  readonly tally: Tally;
}

/** Takes whole traces, each once, in any order; what comes out does not depend on the order unless a limit is reached. */
export class ServiceGraphBuilder {
  private readonly range: GraphRange;
  private readonly limits: ServiceGraphLimits;
  /** Services by id, with their requests. */
  private readonly services = new Map<string, { readonly peer: GraphPeer; readonly tally: Tally }>();
  private readonly edges = new Map<string, Edge>();
  private readonly peerIds = new Set<string>();
  /** Spans of one process share their resource. */
  private readonly serviceOfResource = new WeakMap<Resource, GraphPeer>();
  private leftOut = 0;

  constructor(range: GraphRange, limits: ServiceGraphLimits = serviceGraphLimits) {
    this.range = range;
    this.limits = limits;
  }

  addTrace(trace: Trace): void {
    const { spans } = trace;
    const { parent } = buildTree(trace);
    const services = spans.map((span) => this.serviceOf(span.resource));
    const isContinued = new Uint8Array(spans.length);
    spans.forEach((span, index) => {
      const above = parent[index];
      if (above >= 0 && isCall(span, services[index], spans[above], services[above])) {
        isContinued[above] = 1;
        this.addCall(span, services[index], spans[above], services[above]);
      }
    });
    spans.forEach((span, index) => {
      const above = parent[index];
      const isEntered = above < 0 || services[above].id !== services[index].id;
      if (isEntered || span.kind === server || span.kind === consumer) {
        this.addRequest(services[index], span);
      }
      if (isContinued[index] === 0 && (span.kind === client || span.kind === producer)) {
        this.addCallOfPeer(span, services[index]);
      }
      if (above < 0 && (span.kind === server || span.kind === consumer)) {
        this.addCallByPeer(span, services[index]);
      } else if (span.kind === consumer && !isCall(span, services[index], spans[above], services[above])) {
        this.addTaken(span, services[index], queueOf(span.attributes));
      }
    });
  }

  /** Of all traces so far. A peer that is known by the name of exactly one service is that service. */
  finish(): ServiceGraph {
    const byName = new Map<string, GraphPeer | undefined>();
    for (const { peer } of this.services.values()) {
      byName.set(peer.name, byName.has(peer.name) ? undefined : peer);
    }
    const settled = (peer: GraphPeer): GraphPeer =>
      (peer.kind === 'external' ? byName.get(peer.name) : undefined) ?? peer;
    const edges = new Map<string, Edge>();
    const nodes = new Map<string, { readonly peer: GraphPeer; readonly tally: Tally }>();
    this.services.forEach((service, id) => nodes.set(id, service));
    for (const edge of this.edges.values()) {
      const [source, target] = [settled(edge.source), settled(edge.target)];
      const key = edgeKey(source, target, edge.kind);
      const known = edges.get(key) ?? { source, target, kind: edge.kind, tally: new Tally() };
      known.tally.addAll(edge.tally);
      edges.set(key, known);
      for (const peer of [source, target]) {
        if (!nodes.has(peer.id)) {
          nodes.set(peer.id, { peer, tally: new Tally() });
        }
      }
      // Whoever sends no spans is measured by those that call.
      if (target.kind !== 'service') {
        nodes.get(target.id)?.tally.addAll(edge.tally);
      }
    }
    return {
      nodes: [...nodes.values()]
        .map(({ peer, tally }): GraphNode => ({ ...peer, ...tally.stats() }))
        .sort((a, b) => compareText(a.id, b.id)),
      edges: [...edges.values()]
        .map(({ source, target, kind, tally }): GraphEdge => {
          return { source: source.id, target: target.id, kind, ...tally.stats() };
        })
        .sort(
          (a, b) => compareText(a.source, b.source) || compareText(a.target, b.target) || compareText(a.kind, b.kind)
        ),
    };
  }

  /** Sentences about what the limits left out. */
  warnings(): string[] {
    const { leftOut, limits } = this;
    return leftOut === 0
      ? []
      : [
          `${leftOut} requests are not in the graph: it has ${limits.nodesMax} nodes or ${limits.edgesMax} edges already; ` +
            'often an attribute such as peer.service or messaging.destination.name has a value of its own for each request',
        ];
  }

  private addCall(callee: Span, target: GraphPeer, caller: Span, source: GraphPeer): void {
    const failed = isFailed(callee) || (caller.kind === client && isFailed(caller));
    const isMessage = callee.kind === consumer || caller.kind === producer;
    const queue = isMessage ? (queueOf(callee.attributes) ?? queueOf(caller.attributes)) : undefined;
    if (queue === undefined) {
      this.addEdge(source, target, isMessage ? 'messaging' : 'call', callee, failed);
      return;
    }
    this.addEdge(source, queueOf(caller.attributes) ?? queue, 'messaging', caller, isFailed(caller));
    this.addEdge(queue, target, 'messaging', callee, isFailed(callee));
  }

  private addCallOfPeer(span: Span, source: GraphPeer): void {
    const { attributes } = span;
    const queue = queueOf(attributes);
    if (queue !== undefined && span.kind === client && takesMessages(attributes)) {
      this.addTaken(span, source, queue);
      return;
    }
    const peer = queue ?? databaseOf(attributes) ?? externalOf(attributes);
    if (peer !== undefined) {
      const kind = queue !== undefined || span.kind === producer ? 'messaging' : 'call';
      this.addEdge(source, peer, kind, span, isFailed(span));
    }
  }

  private addCallByPeer(span: Span, target: GraphPeer): void {
    const queue = span.kind === consumer ? queueOf(span.attributes) : undefined;
    const peer = queue ?? callerOf(span.attributes);
    if (peer !== undefined) {
      this.addEdge(peer, target, span.kind === consumer ? 'messaging' : 'call', span, isFailed(span));
    }
  }

  private addTaken(span: Span, target: GraphPeer, queue: GraphPeer | undefined): void {
    if (queue !== undefined) {
      this.addEdge(queue, target, 'messaging', span, isFailed(span));
    }
  }

  private addRequest(service: GraphPeer, span: Span): void {
    if (!this.isInRange(span)) {
      return;
    }
    const known = this.services.get(service.id) ?? { peer: service, tally: new Tally() };
    if (!this.services.has(service.id)) {
      if (!this.hasRoomFor([service])) {
        this.leftOut++;
        return;
      }
      this.services.set(service.id, known);
    }
    known.tally.add(durationOf(span), isFailed(span));
  }

  private addEdge(source: GraphPeer, target: GraphPeer, kind: GraphEdgeKind, span: Span, failed: boolean): void {
    if (!this.isInRange(span)) {
      return;
    }
    const key = edgeKey(source, target, kind);
    let edge = this.edges.get(key);
    if (edge === undefined) {
      if (this.edges.size >= this.limits.edgesMax || !this.hasRoomFor([source, target])) {
        this.leftOut++;
        return;
      }
      edge = { source, target, kind, tally: new Tally() };
      this.edges.set(key, edge);
    }
    edge.tally.add(durationOf(span), failed);
  }

  private hasRoomFor(peers: readonly GraphPeer[]): boolean {
    const added = new Set(peers.map(({ id }) => id).filter((id) => !this.peerIds.has(id)));
    if (this.peerIds.size + added.size > this.limits.nodesMax) {
      return false;
    }
    added.forEach((id) => this.peerIds.add(id));
    return true;
  }

  private isInRange({ startUnixNanos: start }: Span): boolean {
    const { startUnixNanos, endUnixNanos } = this.range;
    return (
      (startUnixNanos === undefined || start >= startUnixNanos) && (endUnixNanos === undefined || start < endUnixNanos)
    );
  }

  private serviceOf(resource: Resource): GraphPeer {
    let peer = this.serviceOfResource.get(resource);
    if (peer === undefined) {
      const namespace = attributeOf(resource.attributes, 'service.namespace');
      const name = serviceNameOf(resource);
      peer = peerOf(
        'service',
        namespace?.type === 'string' ? namespace.value : '',
        name === '' ? unnamedService : name
      );
      this.serviceOfResource.set(resource, peer);
    }
    return peer;
  }
}

function isCall(span: Span, service: GraphPeer, above: Span, serviceAbove: GraphPeer): boolean {
  return service.id !== serviceAbove.id || (continues(span) && calls(above));
}

const continues = ({ kind }: Span): boolean => kind === server || kind === consumer;
const calls = ({ kind }: Span): boolean => kind === client || kind === producer;
const isFailed = ({ statusCode }: Span): boolean => statusCode === errorStatus;
const durationOf = ({ startUnixNanos, endUnixNanos }: Span): number => Number(endUnixNanos - startUnixNanos);

function edgeKey(source: GraphPeer, target: GraphPeer, kind: GraphEdgeKind): string {
  return `${source.id}\0${target.id}\0${kind}`;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
