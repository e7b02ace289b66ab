/**
 * What the attributes of a span say about the other side of its call. Both the names of OpenTelemetry's current semantic conventions
 * and those that instrumentations sent before are understood.
 *
 * Source: OpenTelemetry semantic conventions for database, messaging and general attributes.
 */
import { attributeOf, type Attribute } from '../../trace/model.ts';
import { nodeIdOf, type GraphNodeKind } from './model.ts';

export interface GraphPeer {
  readonly id: string;
  readonly kind: GraphNodeKind;
  readonly name: string;
  readonly namespace: string;
}

/** Span attributes that decide; nothing else of a span but kind, status, times, ids and service is read. */
export const peerAttributes = [
  'messaging.system',
  'messaging.destination.name',
  'messaging.destination',
  'messaging.destination_publish.name',
  'messaging.operation.type',
  'messaging.operation',
  'db.system.name',
  'db.system',
  'db.namespace',
  'db.name',
  'peer.service',
  'server.address',
  'net.peer.name',
  'http.host',
] as const;

type PeerAttribute = (typeof peerAttributes)[number];

export const resourceAttributes = ['service.name', 'service.namespace'] as const;

export function peerOf(kind: GraphNodeKind, namespace: string, name: string): GraphPeer {
  return { id: nodeIdOf(kind, namespace, name), kind, namespace, name };
}

/** The queue, topic or stream of a messaging span. */
export function queueOf(attributes: readonly Attribute[]): GraphPeer | undefined {
  const system = first(attributes, ['messaging.system']);
  const name = first(attributes, [
    'messaging.destination.name',
    'messaging.destination',
    'messaging.destination_publish.name',
  ]);
  return name === '' && system === '' ? undefined : peerOf('queue', system, name === '' ? system : name);
}

/** Whether a client span takes messages out, rather than putting them in. */
export function takesMessages(attributes: readonly Attribute[]): boolean {
  const operation = first(attributes, ['messaging.operation.type', 'messaging.operation']);
  return ['receive', 'process', 'settle', 'deliver'].includes(operation);
}

export function databaseOf(attributes: readonly Attribute[]): GraphPeer | undefined {
  const system = first(attributes, ['db.system.name', 'db.system']);
  if (system === '') {
    return undefined;
  }
  const name = first(attributes, ['peer.service', 'db.namespace', 'db.name', 'server.address', 'net.peer.name']);
  return peerOf('database', system, name === '' ? system : name);
}

/** Who was called, when that one sends no spans. */
export function externalOf(attributes: readonly Attribute[]): GraphPeer | undefined {
  const name = first(attributes, ['peer.service', 'server.address', 'net.peer.name', 'http.host']);
  return name === '' ? undefined : peerOf('external', '', name);
}

/** Who called, as a server span says it that has no parent. */
export function callerOf(attributes: readonly Attribute[]): GraphPeer | undefined {
  const name = first(attributes, ['peer.service']);
  return name === '' ? undefined : peerOf('external', '', name);
}

/** The first of these that is a text with something in it. */
function first(attributes: readonly Attribute[], keys: readonly PeerAttribute[]): string {
  for (const key of keys) {
    const value = attributeOf(attributes, key);
    if (value?.type === 'string' && value.value !== '') {
      return value.value;
    }
  }
  return '';
}
