/** The slow, obvious service graph: every definition of `builder.ts` as a question to all spans. For tests. */
import type { Span, Trace } from '../../trace/model.ts';
import { serviceNameOf, attributeOf } from '../../trace/model.ts';
import { buildTree } from '../../trace/tree.ts';

/** One request or call: `edge` empty for a request of the service `node`. */
export interface Counted {
  readonly key: string;
  readonly nanos: number;
  readonly failed: boolean;
}

type Side = string | undefined;

const text = (span: Span, ...keys: string[]): string => {
  const values = keys.map((key) => attributeOf(span.attributes, key));
  const found = values.find((value) => value?.type === 'string' && value.value !== '');
  return found?.type === 'string' ? found.value : '';
};

const id = (kind: string, namespace: string, name: string): string =>
  namespace === '' ? `${kind}:${name}` : `${kind}:${namespace}/${name}`;

function queue(span: Span): Side {
  const system = text(span, 'messaging.system');
  const name = text(span, 'messaging.destination.name', 'messaging.destination', 'messaging.destination_publish.name');
  return system === '' && name === '' ? undefined : id('queue', system, name || system);
}

function database(span: Span): Side {
  const system = text(span, 'db.system.name', 'db.system');
  const name = text(span, 'peer.service', 'db.namespace', 'db.name', 'server.address', 'net.peer.name') || system;
  return system === '' ? undefined : id('database', system, name);
}

function named(prefix: string, name: string): Side {
  return name === '' ? undefined : `${prefix}:${name}`;
}

/** Every request and call of these traces. Keys: a node's id, or `source → target (kind)`. */
export function recount(traces: readonly Trace[], startUnixNanos: bigint, endUnixNanos: bigint): Counted[] {
  const facts: (Counted & { readonly at: bigint })[] = [];
  for (const trace of traces) {
    const parents = [...buildTree(trace).parent];
    const { spans } = trace;
    const service = (span: Span): string => {
      const namespace = attributeOf(span.resource.attributes, 'service.namespace');
      const name = serviceNameOf(span.resource) || 'unknown service';
      return id('service', namespace?.type === 'string' ? namespace.value : '', name);
    };
    const isCallOf = (child: Span, parent: Span): boolean =>
      service(child) !== service(parent) || ([2, 5].includes(child.kind) && [3, 4].includes(parent.kind));
    const note = (key: string, span: Span, failed = span.statusCode === 2): void => {
      facts.push({
        key,
        nanos: Number(span.endUnixNanos - span.startUnixNanos),
        failed,
        at: span.startUnixNanos,
      });
    };
    const edge = (source: Side, target: Side, kind: string, span: Span, failed?: boolean): void => {
      if (source !== undefined && target !== undefined) {
        note(`${source} → ${target} (${kind})`, span, failed);
      }
    };
    spans.forEach((span, index) => {
      const parent = parents[index] < 0 ? undefined : spans[parents[index]];
      const own = service(span);
      const children = spans.filter((_, other) => parents[other] === index);
      if (parent === undefined || service(parent) !== own || [2, 5].includes(span.kind)) {
        note(own, span);
      }
      if (parent !== undefined && isCallOf(span, parent)) {
        const isMessage = span.kind === 5 || parent.kind === 4;
        const through = isMessage ? (queue(span) ?? queue(parent)) : undefined;
        if (through === undefined) {
          const failed = span.statusCode === 2 || (parent.kind === 3 && parent.statusCode === 2);
          edge(service(parent), own, isMessage ? 'messaging' : 'call', span, failed);
        } else {
          edge(service(parent), queue(parent) ?? through, 'messaging', parent);
          edge(through, own, 'messaging', span);
        }
      }
      const isContinued = children.some((child) => isCallOf(child, span));
      const takes = ['receive', 'process', 'settle', 'deliver'].includes(
        text(span, 'messaging.operation.type', 'messaging.operation')
      );
      if (!isContinued && span.kind === 3 && queue(span) !== undefined && takes) {
        edge(queue(span), own, 'messaging', span);
      } else if (!isContinued && (span.kind === 3 || span.kind === 4)) {
        const external = named('external', text(span, 'peer.service', 'server.address', 'net.peer.name', 'http.host'));
        const isMessage = queue(span) !== undefined || span.kind === 4;
        edge(own, queue(span) ?? database(span) ?? external, isMessage ? 'messaging' : 'call', span);
      }
      if (parent === undefined && span.kind === 2) {
        edge(named('external', text(span, 'peer.service')), own, 'call', span);
      }
      if (span.kind === 5 && (parent === undefined || !isCallOf(span, parent))) {
        const caller = parent === undefined ? named('external', text(span, 'peer.service')) : undefined;
        edge(queue(span) ?? caller, own, 'messaging', span);
      }
    });
  }
  return settle(facts.filter(({ at }) => at >= startUnixNanos && at < endUnixNanos));
}

/** Peers that have the name of exactly one service are that service. */
function settle(facts: readonly Counted[]): Counted[] {
  const services = new Set(facts.map(({ key }) => key).filter((key) => !key.includes(' → ')));
  const settled = (side: string): string => {
    const name = /^external:(.*)$/s.exec(side)?.[1];
    const same = [...services].filter((service) => /^service:(?:.*\/)?([^/]*)$/s.exec(service)?.[1] === name);
    return name !== undefined && same.length === 1 ? same[0] : side;
  };
  return facts.map(({ key, nanos, failed }) => {
    const edge = /^(.*) → (.*) \((\w+)\)$/s.exec(key);
    return { key: edge ? `${settled(edge[1])} → ${settled(edge[2])} (${edge[3]})` : key, nanos, failed };
  });
}

/** The exact quantile: the smallest value that `share` of all do not exceed. */
export function exactQuantile(nanos: readonly number[], share: number): number {
  const sorted = nanos.map((value) => Math.max(0, value)).sort((a, b) => a - b);
  return sorted[Math.max(1, Math.ceil(share * sorted.length)) - 1];
}
