/** Traces the browser tests look at: a small shop with errors, exceptions, events and links, and traces with something wrong. Seeded. */
import { seededRandom } from '../../src/base/random.ts';
import type {
  AnyValue,
  Attribute,
  InstrumentationScope,
  Resource,
  Span,
  SpanEvent,
  SpanLink,
} from '../../src/trace/model.ts';

const text = (value: string): AnyValue => ({ type: 'string', value });
const int = (value: number): AnyValue => ({ type: 'int', value: BigInt(value) });

function attributesOf(values: Readonly<Record<string, string | number>>): Attribute[] {
  return Object.entries(values).map(([key, value]) => ({
    key,
    value: typeof value === 'string' ? text(value) : int(value),
  }));
}

function resource(service: string, language: string): Resource {
  const values = {
    'service.name': service,
    'service.version': '2.4.1',
    'telemetry.sdk.language': language,
    'k8s.namespace.name': 'shop',
    'k8s.pod.name': `${service}-7d9f6c5b4-x2x9k`,
    'host.name': 'node-3',
  };
  return { attributes: attributesOf(values), droppedAttributesCount: 0, schemaUrl: '' };
}

const services = {
  frontend: resource('frontend', 'nodejs'),
  checkout: resource('checkout', 'go'),
  cart: resource('cart', 'dotnet'),
  payment: resource('payment', 'nodejs'),
  inventory: resource('inventory', 'java'),
  shipping: resource('shipping', 'rust'),
  email: resource('email', 'ruby'),
  recommendation: resource('recommendation', 'python'),
};
type Service = keyof typeof services;

const scope: InstrumentationScope = {
  name: 'shop.tracer',
  version: '1.2.0',
  attributes: [],
  droppedAttributesCount: 0,
  schemaUrl: '',
};

interface Step {
  readonly service: Service;
  readonly name: string;
  readonly kind: number;
  /** Milliseconds from the start of the parent, and how long. */
  readonly at: number;
  readonly length: number;
  readonly attributes?: Readonly<Record<string, string | number>>;
  readonly error?: string;
  readonly events?: readonly { at: number; name: string; attributes: Readonly<Record<string, string | number>> }[];
  readonly links?: readonly { traceId: string; spanId: string }[];
  readonly children?: readonly Step[];
}

const [internal, server, client, producer, consumer] = [1, 2, 3, 4, 5];

const stackTrace = [
  'PaymentDeclinedError: card was declined by issuer: insufficient_funds',
  ...Array.from(
    { length: 14 },
    (_, depth) => `    at step${depth} (/app/payment/charge.js:${120 + 7 * depth}:${11 + depth})`
  ),
].join('\n');

function checkout(failed: boolean, customer: number): Step {
  const stock = Array.from({ length: 6 }, (_, index): Step => ({
    service: 'inventory',
    name: 'SELECT stock.items',
    kind: client,
    at: 6 + index * 9,
    length: 7,
    attributes: {
      'db.system.name': 'postgresql',
      'db.query.text': 'SELECT quantity FROM items WHERE id = $1',
      'db.response.rows': 1,
    },
  }));
  return {
    service: 'frontend',
    name: 'POST /api/checkout',
    kind: server,
    at: 0,
    length: 412,
    attributes: {
      'http.request.method': 'POST',
      'http.route': '/api/checkout',
      'http.response.status_code': failed ? 402 : 200,
      'url.full': 'https://shop.example.test/api/checkout?step=pay',
      'customer.id': customer,
      'user_agent.original': 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36',
    },
    error: failed ? 'payment declined' : undefined,
    children: [
      {
        service: 'frontend',
        name: 'render cart',
        kind: internal,
        at: 4,
        length: 18,
      },
      {
        service: 'checkout',
        name: 'shop.Checkout/PlaceOrder',
        kind: server,
        at: 26,
        length: 371,
        attributes: {
          'rpc.system': 'grpc',
          'rpc.service': 'shop.Checkout',
          'rpc.method': 'PlaceOrder',
          'app.items': 6,
        },
        error: failed ? 'rpc error: code = FailedPrecondition' : undefined,
        events: [{ at: 12, name: 'order validated', attributes: { 'app.items': 6 } }],
        children: [
          {
            service: 'cart',
            name: 'GET cart:{id}',
            kind: client,
            at: 5,
            length: 9,
            attributes: { 'db.system.name': 'redis', 'db.operation.name': 'GET' },
            events: [{ at: 4, name: 'cache hit', attributes: { 'cache.age_seconds': 31 } }],
          },
          { service: 'inventory', name: 'POST /reserve', kind: server, at: 18, length: 70, children: stock },
          {
            service: 'payment',
            name: 'charge card',
            kind: server,
            at: 95,
            length: 210,
            attributes: { 'payment.provider': 'acme', 'payment.amount_cents': 12_995, 'payment.retry': 2 },
            error: failed ? 'card was declined by issuer: insufficient_funds' : undefined,
            events: failed
              ? [
                  {
                    at: 190,
                    name: 'exception',
                    attributes: {
                      'exception.type': 'PaymentDeclinedError',
                      'exception.message': 'card was declined by issuer: insufficient_funds',
                      'exception.stacktrace': stackTrace,
                    },
                  },
                ]
              : [],
            children: [
              { service: 'payment', name: 'POST issuer', kind: client, at: 8, length: 80 },
              {
                service: 'payment',
                name: 'POST issuer',
                kind: client,
                at: 96,
                length: 92,
                error: failed ? 'status 402' : undefined,
              },
            ],
          },
          { service: 'checkout', name: 'orders publish', kind: producer, at: 318, length: 12 },
          {
            service: 'email',
            name: 'orders process',
            kind: consumer,
            at: 340,
            length: 140,
            links: [{ traceId: traceIds.browse, spanId: '00000000000000b1' }],
            children: [{ service: 'email', name: 'send confirmation', kind: client, at: 20, length: 96 }],
          },
        ],
      },
    ],
  };
}

const browse: Step = {
  service: 'frontend',
  name: 'GET /products',
  kind: server,
  at: 0,
  length: 64,
  attributes: { 'http.request.method': 'GET', 'http.route': '/products', 'http.response.status_code': 200 },
  children: [
    { service: 'recommendation', name: 'ListRecommendations', kind: server, at: 6, length: 41 },
    { service: 'shipping', name: 'quote', kind: server, at: 8, length: 22 },
  ],
};

/** Known ids, so that tests can ask for them. */
export const traceIds = {
  failed: 'f00d0000000000000000000000000001',
  browse: 'b0b00000000000000000000000000001',
  broken: 'bad00000000000000000000000000001',
} as const;

/** Spans of the shop as if it had just run: `count` ordinary traces, one failed checkout, one trace with much wrong. */
export function fixtureSpans(nowMs: number, count = 40, seed = 7): Span[] {
  const random = seededRandom(seed);
  const spans: Span[] = [];
  const startOf = (secondsAgo: number): bigint =>
    BigInt(Math.round(nowMs - secondsAgo * 1_000)) * 1_000_000n + BigInt(random.below(999_999));
  for (let i = 0; i < count; i++) {
    const traceId = random.uint32().toString(16).padStart(8, '0').repeat(4);
    const stretch = 0.4 + random.float() * (i % 9 === 0 ? 9 : 1.6);
    spans.push(
      ...spansOf(
        i % 3 === 0 ? checkout(i % 12 === 0, 1_000 + i) : browse,
        traceId,
        startOf(20 + i * 21),
        stretch,
        0x1000 * (i + 1)
      )
    );
  }
  spans.push(...spansOf(checkout(true, 42), traceIds.failed, startOf(9), 1, 0xa0));
  spans.push(...spansOf(browse, traceIds.browse, startOf(14), 1, 0xb0));
  spans.push(...brokenSpans(startOf(17)));
  return spans;
}

function spansOf(root: Step, traceId: string, startUnixNanos: bigint, stretch: number, firstSpanId: number): Span[] {
  const spans: Span[] = [];
  const add = (step: Step, parentSpanId: string, parentStart: bigint): void => {
    const nanos = (ms: number): bigint => BigInt(Math.round(ms * stretch * 1e6));
    const start = parentStart + nanos(step.at);
    const spanId = (firstSpanId + spans.length + 1).toString(16).padStart(16, '0');
    spans.push({
      traceId,
      spanId,
      parentSpanId,
      traceState: '',
      flags: 257,
      name: step.name,
      kind: step.kind,
      startUnixNanos: start,
      endUnixNanos: start + nanos(step.length),
      attributes: attributesOf(step.attributes ?? {}),
      droppedAttributesCount: 0,
      events: (step.events ?? []).map((event): SpanEvent => ({
        timeUnixNanos: start + nanos(event.at),
        name: event.name,
        attributes: attributesOf(event.attributes),
        droppedAttributesCount: 0,
      })),
      droppedEventsCount: 0,
      links: (step.links ?? []).map((link): SpanLink => ({
        ...link,
        traceState: '',
        attributes: [],
        droppedAttributesCount: 0,
        flags: 0,
      })),
      droppedLinksCount: 0,
      statusCode: step.error === undefined ? 0 : 2,
      statusMessage: step.error ?? '',
      resource: services[step.service],
      scope,
    });
    for (const child of step.children ?? []) {
      add(child, spanId, start);
    }
  };
  add(root, '', startUnixNanos);
  return spans;
}

/** No root, a parent that is missing, two spans with one id, a clock that is wrong, and a span that ends before it starts. */
function brokenSpans(start: bigint): Span[] {
  const [root, child, other] = spansOf(browse, traceIds.broken, start, 1, 0xc0);
  const twin: Span = { ...other, name: 'quote again', startUnixNanos: other.startUnixNanos + 1_000_000n };
  return [
    { ...root, parentSpanId: 'dead00000000beef' },
    { ...child, startUnixNanos: root.startUnixNanos - 20_000_000n },
    other,
    twin,
    { ...child, spanId: '00000000000000cf', name: 'backwards', endUnixNanos: child.startUnixNanos - 1_000_000n },
  ];
}

export const batchTraceId = 'ba7c0000000000000000000000000001';

/** A nightly batch: one item after the other, each with a read, a write and a call; one item fails. Three spans an item, and a root. */
export function batchSpans(nowMs: number, items = 1_500): Span[] {
  const children = Array.from({ length: items }, (_, item): Step => ({
    service: 'inventory',
    name: 'import item',
    kind: internal,
    at: item * 40,
    length: 38,
    attributes: { 'item.id': item },
    children: [
      {
        service: 'inventory',
        name: 'SELECT price',
        kind: client,
        at: 2,
        length: item % 10 === 0 ? 24 : 8,
        attributes: { 'db.system': 'postgresql', 'db.statement': 'SELECT price FROM items WHERE id = $1' },
      },
      {
        service: 'shipping',
        name: 'quote',
        kind: server,
        at: 28,
        length: 6,
        error: item === items - 100 ? 'no route to depot' : undefined,
      },
    ],
  }));
  const batch: Step = {
    service: 'inventory',
    name: 'nightly import',
    kind: internal,
    at: 0,
    length: items * 40,
    children,
  };
  const start = BigInt(Math.round(nowMs - items * 40 - 30_000)) * 1_000_000n;
  return spansOf(batch, batchTraceId, start, 1, 0x100000);
}
