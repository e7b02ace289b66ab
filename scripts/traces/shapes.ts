import type { InstrumentationScope, Resource, Span } from '../../src/trace/model.ts';
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
import { batch } from './batch.ts';
import type { Rng } from './parts.ts';

/**
 * Traces that are hard to draw, to store or to query, one idea each. A shape answers exactly `count` spans, parents before children
 * where there are such.
 */
export type Shape = (random: Rng, count: number, startUnixNanos: bigint) => Span[];

const services = ['edge', 'orders', 'stock', 'billing', 'mail'].map((name) => serviceOf(name));
const scope = scopeOf('shapes', '1.0.0');
const ms = 1_000_000n;

/** Traces of at most this many spans in shapes that make many. */
const spansPerTrace = 20;

/** A tree over `parents[i] < i` (−1 for a root): each child inside its parent, siblings one after the other. */
function tree(random: Rng, count: number, startUnixNanos: bigint, parentOf: (index: number) => number): Span[] {
  const traceId = randomTraceId(random);
  const ids = Array.from({ length: count }, () => randomSpanId(random));
  const parents = ids.map((_, index) => parentOf(index));
  // Inner times first: a span takes its own work and its children's.
  const work = ids.map(() => BigInt(50_000 + random.below(400_000)));
  const total = [...work];
  for (let i = count - 1; i > 0; i--) {
    if (parents[i] >= 0) {
      total[parents[i]] += total[i];
    }
  }
  const starts: bigint[] = [];
  const cursor: bigint[] = [];
  return ids.map((spanId, i) => {
    const parent = parents[i];
    starts[i] = parent < 0 ? startUnixNanos : cursor[parent];
    // Half of a span's own work is before its first child.
    cursor[i] = starts[i] + work[i] / 2n;
    if (parent >= 0) {
      cursor[parent] += total[i];
    }
    return spanWith({
      traceId,
      spanId,
      parentSpanId: parent < 0 ? '' : ids[parent],
      name: `step ${i}`,
      kind: parent < 0 ? 2 : 1 + (i % 3),
      startUnixNanos: starts[i],
      endUnixNanos: starts[i] + total[i],
      attributes: [int('step', i), text('app.key', `value-${random.below(1000)}`)],
      resource: services[Math.min(i, i % services.length)],
      scope,
    });
  });
}

/** Many small traces, one a millisecond; `build` says how one looks. */
function many(
  count: number,
  startUnixNanos: bigint,
  build: (size: number, startUnixNanos: bigint, index: number) => Span[]
): Span[] {
  const spans: Span[] = [];
  for (let index = 0; spans.length < count; index++) {
    const trace = build(Math.min(spansPerTrace, count - spans.length), startUnixNanos + BigInt(index) * ms, index);
    for (const span of trace) {
      spans.push(span);
    }
  }
  return spans;
}

const randomTree = (random: Rng, size: number, start: bigint): Span[] =>
  tree(random, size, start, (i) => (i === 0 ? -1 : random.below(i)));

/** One trace: every span the child of the one before. */
const chain: Shape = (random, count, start) => tree(random, count, start, (i) => i - 1);

/** One trace: a root with all others as its children. */
const wide: Shape = (random, count, start) => tree(random, count, start, (i) => (i === 0 ? -1 : 0));

/** One trace: a ragged tree whose depth grows with its size, with side branches everywhere. */
const deep: Shape = (random, count, start) =>
  tree(random, count, start, (i) => (i === 0 ? -1 : Math.max(0, i - 1 - random.below(4))));

/** A list query, then one more query for each of its rows. */
const nPlusOne: Shape = (random, count, start) =>
  many(count, start, (size, at) =>
    tree(random, size, at, (i) => (i === 0 ? -1 : 0)).map((span, i) => ({
      ...span,
      name: i === 0 ? 'GET /orders' : 'SELECT',
      kind: i === 0 ? 2 : 3,
      resource: services[1],
      attributes:
        i === 0
          ? [text('http.route', '/orders')]
          : [
              text('db.system.name', 'postgresql'),
              text(
                'db.query.text',
                i === 1 ? 'SELECT id FROM orders LIMIT 50' : 'SELECT * FROM items WHERE order_id = $1'
              ),
            ],
    }))
  );

/** Each service's clock is off by up to five seconds either way: children start before their parents or end after them. */
const skew: Shape = (random, count, start) => {
  const offsets = services.map(() => BigInt(random.below(10_000) - 5_000) * ms);
  return many(count, start, (size, at) =>
    randomTree(random, size, at).map((span) => {
      const offset = offsets[services.indexOf(span.resource)];
      return { ...span, startUnixNanos: span.startUnixNanos + offset, endUnixNanos: span.endUnixNanos + offset };
    })
  );
};

/** One span in five names a parent that never came; one trace in three has no root at all. */
const orphans: Shape = (random, count, start) =>
  many(count, start, (size, at, index) =>
    randomTree(random, size, at).map((span, i) => {
      const isLost = i === 0 ? index % 3 === 0 : random.float() < 0.2;
      return isLost ? { ...span, parentSpanId: randomSpanId(random) } : span;
    })
  );

/** Spans that are their own ancestors: by themselves, in pairs, and in a ring with a tree hanging from it. */
const cycles: Shape = (random, count, start) =>
  many(count, start, (size, at, index) => {
    const spans = randomTree(random, size, at);
    const ring = Math.min(spans.length, 1 + (index % 4));
    return spans.map((span, i) => (i < ring ? { ...span, parentSpanId: spans[(i + 1) % ring].spanId } : span));
  });

/** One span in four is there twice: alike, or with other content, or as the server side that shares its client's id (Zipkin). */
const duplicateIds: Shape = (random, count, start) =>
  many(count, start, (size, at) => {
    const spans: Span[] = [];
    for (const span of randomTree(random, size, at)) {
      spans.push(span);
      switch (random.below(12)) {
        case 0:
          spans.push(span);
          break;
        case 1:
          spans.push({ ...span, name: `${span.name} again`, endUnixNanos: span.endUnixNanos + 1n });
          break;
        case 2:
          spans.push({ ...span, kind: 2, resource: services[2], startUnixNanos: span.startUnixNanos + 1000n });
          break;
      }
    }
    return spans.slice(0, size);
  });

/** Every tenth span holds 100 kB of text, the first one a mebibyte. */
const hugeAttribute: Shape = (random, count, start) => {
  let first = true;
  return many(count, start, (size, at) =>
    randomTree(random, size, at).map((span, i) => {
      if (i % 10 !== 0) {
        return span;
      }
      const length = first ? 1024 * 1024 : 100_000;
      first = false;
      return { ...span, attributes: [...span.attributes, text('app.body', longText(random, length))] };
    })
  );
};

function longText(random: Rng, length: number): string {
  const words: string[] = [];
  for (let size = 0; size <= length; size += 8) {
    words.push(random.uint32().toString(36).padStart(7, '0'));
  }
  return words.join(' ').slice(0, length);
}

/** Up to four attempts at one call under one parent: the failed ones carry an error and when the next will be. */
const retries: Shape = (random, count, start) =>
  many(count, start, (size, at) => {
    const spans = tree(random, size, at, (i) => (i === 0 ? -1 : 0));
    let attempt = 0;
    return spans.map((span, i) => {
      if (i === 0) {
        return { ...span, name: 'POST /orders' };
      }
      const hasFailed = attempt < 3 && random.float() < 0.5;
      const resend = attempt;
      attempt = hasFailed ? attempt + 1 : 0;
      return {
        ...span,
        name: 'POST',
        kind: 3,
        statusCode: hasFailed ? 2 : 0,
        statusMessage: hasFailed ? 'upstream not ready' : '',
        attributes: [
          int('http.response.status_code', hasFailed ? 503 : 200),
          ...(resend > 0 ? [int('http.request.resend_count', resend)] : []),
        ],
        events: hasFailed
          ? [
              {
                timeUnixNanos: span.endUnixNanos,
                name: 'retry scheduled',
                attributes: [double('delay_ms', 10 * 2 ** resend)],
                droppedAttributesCount: 0,
              },
            ]
          : [],
      };
    });
  });

/** Each span has 40 of 10,000 keys, whose values change their type. */
const manyKeys: Shape = (random, count, start) =>
  many(count, start, (size, at) =>
    randomTree(random, size, at).map((span) => ({
      ...span,
      attributes: Array.from({ length: 40 }, () => {
        const key = `app.field_${random.below(10_000)}`;
        switch (random.below(4)) {
          case 0:
            return text(key, `value ${random.below(50)}`);
          case 1:
            return int(key, random.below(1000));
          case 2:
            return double(key, random.float());
          default:
            return bool(key, random.float() < 0.5);
        }
      }),
    }))
  );

/** One span in five ends before it starts, one in five at its start. */
const negativeDuration: Shape = (random, count, start) =>
  many(count, start, (size, at) =>
    randomTree(random, size, at).map((span) => {
      const choice = random.below(5);
      const endUnixNanos =
        choice === 0
          ? span.startUnixNanos - BigInt(1 + random.below(5_000_000))
          : choice === 1
            ? span.startUnixNanos
            : span.endUnixNanos;
      return { ...span, endUnixNanos };
    })
  );

/** Everything that OTLP can say: all value types and their edges, events, links, trace state, flags, status, schema URLs, counts. */
const everyType: Shape = (random, count, start) =>
  many(count, start, (size, at) => {
    const spans = randomTree(random, size, at);
    const resource: Resource = {
      attributes: [text('service.name', 'every-type'), ...typedAttributes(random)],
      droppedAttributesCount: 1,
      schemaUrl: 'https://schema.example/resource',
    };
    const richScope: InstrumentationScope = {
      name: 'every',
      version: '2',
      attributes: typedAttributes(random),
      droppedAttributesCount: 3,
      schemaUrl: 'https://schema.example/scope',
    };
    return spans.map((span, i) => ({
      ...span,
      traceState: 'vendor=a1b2,other=3',
      flags: 0x301,
      kind: i % 6,
      statusCode: i % 3,
      statusMessage: i % 3 === 2 ? 'broken: ünïcödé 🚂' : '',
      attributes: typedAttributes(random),
      droppedAttributesCount: i % 4,
      events: [
        {
          timeUnixNanos: span.startUnixNanos + 5n,
          name: 'event',
          attributes: typedAttributes(random),
          droppedAttributesCount: 1,
        },
      ],
      droppedEventsCount: i % 5,
      links: [
        {
          traceId: randomTraceId(random),
          spanId: randomSpanId(random),
          traceState: 'l=1',
          attributes: typedAttributes(random),
          droppedAttributesCount: 2,
          flags: 0x101,
        },
      ],
      droppedLinksCount: i % 2,
      resource,
      scope: richScope,
    }));
  });

function typedAttributes(random: Rng): Span['attributes'] {
  return [
    text('t.string', `text ${random.uint32()}`),
    text('t.empty_string', ''),
    bool('t.bool', random.float() < 0.5),
    int('t.int', random.below(1_000_000)),
    int('t.int_max', 9_223_372_036_854_775_807n),
    int('t.int_min', -9_223_372_036_854_775_808n),
    int('t.int_beyond_double', 9_007_199_254_740_993n + BigInt(random.below(1000))),
    double('t.double', random.float()),
    double('t.nan', Number.NaN),
    double('t.minus_zero', -0),
    double('t.infinity', Number.NEGATIVE_INFINITY),
    attribute('t.bytes', { type: 'bytes', value: random.fill(new Uint8Array(12)) }),
    attribute('t.array', {
      type: 'array',
      value: [
        { type: 'string', value: 'a' },
        { type: 'int', value: -1n },
        { type: 'empty' },
        { type: 'array', value: [] },
      ],
    }),
    attribute('t.map', {
      type: 'kvlist',
      value: [text('inner', 'x'), int('inner', 2), attribute('nested', { type: 'kvlist', value: [bool('b', true)] })],
    }),
    attribute('t.empty', { type: 'empty' }),
    text('t.twice', 'first'),
    int('t.twice', 2),
    text('t.dots.and "quotes" and 🚂', 'ok'),
  ];
}

export const shapes = {
  batch,
  chain,
  wide,
  deep,
  'n-plus-one': nPlusOne,
  skew,
  orphans,
  cycles,
  'duplicate-ids': duplicateIds,
  'huge-attribute': hugeAttribute,
  retries,
  'many-keys': manyKeys,
  'negative-duration': negativeDuration,
  'every-type': everyType,
} as const satisfies Record<string, Shape>;
