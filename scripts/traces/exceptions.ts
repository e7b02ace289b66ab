import type { SpanEvent } from '../../src/trace/model.ts';
import { bool, text } from './parts.ts';
import type { Rng } from './parts.ts';

/** An exception as OpenTelemetry's conventions have it, with a stack trace of 6 to 25 frames that hardly ever repeats. */
export function exceptionEvent(random: Rng, service: string, timeUnixNanos: bigint): SpanEvent {
  const type = random.pick(types);
  const message = `${random.pick(messages)} (attempt ${1 + random.below(5)}, id ${random.uint32().toString(36)})`;
  const frames = Array.from({ length: 6 + random.below(20) }, () => {
    const module = `${random.pick(modules)}.${random.pick(classes)}`;
    return `\tat com.shop.${service}.${module}.${random.pick(methods)}(${random.pick(classes)}.java:${1 + random.below(900)})`;
  });
  return {
    timeUnixNanos,
    name: 'exception',
    attributes: [
      text('exception.type', type),
      text('exception.message', message),
      text('exception.stacktrace', [`${type}: ${message}`, ...frames].join('\n')),
      bool('exception.escaped', random.float() < 0.5),
    ],
    droppedAttributesCount: 0,
  };
}

const types = [
  'java.net.SocketTimeoutException',
  'java.lang.IllegalStateException',
  'java.sql.SQLTransientConnectionException',
  'io.grpc.StatusRuntimeException',
  'java.util.ConcurrentModificationException',
  'com.shop.OutOfStockException',
];
const messages = [
  'connection timed out',
  'pool exhausted',
  'unexpected state',
  'deadline exceeded',
  'stock changed',
  'card declined',
];
const modules = ['api', 'core', 'store', 'client', 'pool', 'codec', 'retry', 'worker'];
const classes = [
  'Handler',
  'Session',
  'Repository',
  'Gateway',
  'Dispatcher',
  'Channel',
  'Batch',
  'Lease',
  'Router',
  'Planner',
];
const methods = ['invoke', 'execute', 'acquire', 'send', 'receive', 'commit', 'next', 'await', 'apply', 'lambda$run$0'];
