import type { Shape } from './shapes.ts';
import type { Attribute, Span, SpanEvent } from '../../src/trace/model.ts';
import {
  attribute,
  bool,
  double,
  int,
  randomSpanId,
  randomTraceId,
  scopeOf,
  serviceOf,
  spanWith,
  text,
} from './parts.ts';
import type { Rng } from './parts.ts';

/** Steps of one item, each below the one that `parent` names; a batch is many items under one root. */
const steps: readonly {
  readonly name: string;
  readonly service: number;
  readonly kind: number;
  readonly parent: number;
}[] = [
  { name: 'process item', service: 0, kind: 1, parent: -1 },
  { name: 'GET /items/{id}', service: 0, kind: 3, parent: 0 },
  { name: 'GET /items/{id}', service: 1, kind: 2, parent: 1 },
  { name: 'cache get', service: 2, kind: 3, parent: 2 },
  { name: 'SELECT items', service: 3, kind: 3, parent: 2 },
  { name: 'price', service: 0, kind: 1, parent: 0 },
  { name: 'POST /quote', service: 4, kind: 2, parent: 5 },
  { name: 'rules', service: 4, kind: 1, parent: 6 },
  { name: 'publish', service: 5, kind: 4, parent: 0 },
  { name: 'consume', service: 6, kind: 5, parent: 8 },
];

const services = ['batch', 'catalog', 'cache', 'database', 'pricing', 'queue', 'ledger'].map((name) => serviceOf(name));
const scope = scopeOf('batch', '3.1.0');

/**
 * One trace of a long batch job: items one after the other under one root, ten spans each, twelve attributes a span, a random id on
 * every second one, an event on one in twenty, 1 % errors with an exception. What a large trace is like in practice, and what G1–G5 are
 * measured with.
 */
export const batch: Shape = (random, count, startUnixNanos) => {
  if (count === 0) {
    return [];
  }
  const traceId = randomTraceId(random);
  const rootId = randomSpanId(random);
  const spans: Span[] = [];
  let at = 1_000_000n;
  while (spans.length < count - 1) {
    const ids = steps.map(() => randomSpanId(random));
    const item = Math.floor(spans.length / steps.length);
    const starts: bigint[] = [];
    const lengths: bigint[] = [];
    for (const [index, step] of steps.entries()) {
      if (spans.length === count - 1) {
        break;
      }
      const parentLength = step.parent < 0 ? BigInt(2_000_000 + random.below(9_000_000)) : lengths[step.parent];
      const share = step.parent < 0 ? 0n : (parentLength * BigInt(random.below(40))) / 100n;
      starts[index] = step.parent < 0 ? at : starts[step.parent] + share;
      lengths[index] = step.parent < 0 ? parentLength : (parentLength * BigInt(20 + random.below(35))) / 100n;
      const isError = random.below(100) === 0;
      const event = random.below(20) === 0 ? [eventOf(random, starts[index], startUnixNanos)] : [];
      spans.push(
        spanWith({
          traceId,
          spanId: ids[index],
          parentSpanId: step.parent < 0 ? rootId : ids[step.parent],
          name: step.name,
          kind: step.kind,
          startUnixNanos: startUnixNanos + starts[index],
          endUnixNanos: startUnixNanos + starts[index] + lengths[index],
          statusCode: isError ? 2 : 0,
          statusMessage: isError ? `item ${item} was refused` : '',
          attributes: attributesOf(random, item, index),
          events: isError ? [...event, exceptionOf(item, startUnixNanos + starts[index])] : event,
          resource: services[step.service],
          scope,
        })
      );
    }
    at += lengths[0] + BigInt(random.below(500_000));
  }
  const root = spanWith({
    traceId,
    spanId: rootId,
    parentSpanId: '',
    name: 'nightly import',
    kind: 1,
    startUnixNanos,
    endUnixNanos: startUnixNanos + at + 1_000_000n,
    attributes: attributesOf(random, 0, 0),
    resource: services[0],
    scope,
  });
  return [root, ...spans];
};

function attributesOf(random: Rng, item: number, step: number): Attribute[] {
  return [
    int('item.index', item),
    text('item.sku', `SKU-${(random.below(100_000) + 100_000).toString(36).toUpperCase()}`),
    text('step', steps[step].name),
    text('customer.id', `user-${Math.floor(100_000 * random.float() ** 3)}`),
    text('net.peer.ip', `10.${random.below(4)}.${random.below(32)}.${random.below(250)}`),
    int('http.response.status_code', random.below(50) === 0 ? 503 : 200),
    text('region', random.pick(['eu-west-1', 'us-east-1', 'ap-south-1'])),
    double('load', Math.floor(random.float() * 1_000) / 1_000),
    bool('cache.hit', random.below(3) > 0),
    text('thread', `worker-${random.below(16)}`),
    int('bytes', random.below(100_000)),
    step % 2 === 0
      ? text('request.id', `${randomSpanId(random)}-${randomSpanId(random)}`)
      : text('db.system', random.pick(['postgresql', 'redis'])),
  ];
}

function eventOf(random: Rng, at: bigint, startUnixNanos: bigint): SpanEvent {
  return {
    timeUnixNanos: startUnixNanos + at + BigInt(random.below(100_000)),
    name: 'retry',
    attributes: [int('attempt', 1 + random.below(3))],
    droppedAttributesCount: 0,
  };
}

function exceptionOf(item: number, timeUnixNanos: bigint): SpanEvent {
  return {
    timeUnixNanos,
    name: 'exception',
    attributes: [
      attribute('exception.type', { type: 'string', value: 'ItemRefused' }),
      text('exception.message', `item ${item}: the quantity is not positive`),
      text(
        'exception.stacktrace',
        'ItemRefused: the quantity is not positive\n  at check (item.ts:41)\n  at run (batch.ts:9)'
      ),
    ],
    droppedAttributesCount: 0,
  };
}
