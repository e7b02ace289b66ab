/** From a node or an edge of the graph back to the traces it was counted from, as TraceQL. */
import type { GraphEdge, GraphNode } from './model.ts';

type Named = Pick<GraphNode, 'kind' | 'name' | 'namespace'>;

/** Spans of a service, or of those that call a peer without spans. */
export function tracesOfNode(node: Named): string {
  return `{ ${conditionOf(node)} }`;
}

/**
 * Calls from `source` to `target`. `failed`: only those that carry an error on the callee's side, or on the caller's where the callee sends
 * no spans.
 */
export function tracesOfEdge(source: Named, target: Named, kind: GraphEdge['kind'], failed = false): string {
  const error = failed ? ' && status = error' : '';
  if (source.kind === 'service' && target.kind === 'service') {
    const peer = anyOf(peerKeys, target.name);
    return (
      `{ ${serviceCondition(source)} } > { ${serviceCondition(target)}${error} } || ` +
      `{ ${serviceCondition(source)} && ${kind === 'call' ? 'kind = client' : 'kind = producer'} && ${peer}${error} }`
    );
  }
  const [service, peer] = source.kind === 'service' ? [source, target] : [target, source];
  return `{ ${serviceCondition(service)} && ${peerCondition(peer)}${error} }`;
}

const peerKeys = ['peer.service', 'server.address', 'net.peer.name', 'http.host'];
const databaseKeys = ['peer.service', 'db.namespace', 'db.name', 'server.address', 'net.peer.name'];
const queueKeys = ['messaging.destination.name', 'messaging.destination', 'messaging.destination_publish.name'];

function conditionOf(node: Named): string {
  return node.kind === 'service' ? serviceCondition(node) : peerCondition(node);
}

function serviceCondition({ name, namespace }: Named): string {
  const named = `resource.service.name = ${quoted(name)}`;
  return namespace === '' ? named : `${named} && resource.service.namespace = ${quoted(namespace)}`;
}

function peerCondition({ kind, name, namespace }: Named): string {
  switch (kind) {
    case 'database': {
      if (namespace === '') {
        return anyOf(databaseKeys, name);
      }
      const system = anyOf(['db.system.name', 'db.system'], namespace);
      return name === namespace ? system : `${system} && ${anyOf(databaseKeys, name)}`;
    }
    case 'queue':
      return namespace === ''
        ? anyOf(queueKeys, name)
        : `span.messaging.system = ${quoted(namespace)}${name === namespace ? '' : ` && ${anyOf(queueKeys, name)}`}`;
    case 'external':
    case 'service':
      return anyOf(peerKeys, name);
  }
}

function anyOf(keys: readonly string[], value: string): string {
  return `(${keys.map((key) => `span.${key} = ${quoted(value)}`).join(' || ')})`;
}

/** A string of TraceQL. */
function quoted(text: string): string {
  return `"${text.replace(/[\\"]/g, '\\$&').replace(/\n/g, '\\n')}"`;
}
