import { seededRandom } from '../../src/base/random.ts';
import { emptyResource, spanKinds } from '../../src/trace/model.ts';
import type { Attribute, InstrumentationScope, Resource, Span, SpanEvent } from '../../src/trace/model.ts';
import { exceptionEvent } from './exceptions.ts';
import { bool, double, int, randomSpanId, randomTraceId, randomUuid, scopeOf, spanWith, text } from './parts.ts';
import type { Rng } from './parts.ts';
import { shopRoutes, shopServices } from './shop-routes.ts';
import type { Operation, ShopService, Step } from './shop-routes.ts';

/**
 * The bench corpus: requests to a web shop. Its entropy is fixed, and held by `shop.test.ts`, because it decides every figure of the
 * benches: ids are random, times have nanoseconds, each trace has a UUID and so have the spans that talk to a database or a queue,
 * url.path holds random ids, users and client addresses are many and skewed, stack traces vary.
 */
export const shopUsers = 100_000;
export const shopClients = 30_000;
const podsPerService = 5;

/** Chosen so that, with the errors that pass up to callers, 2 % of spans end in an error. */
const errorOdds = 0.0125;
const errorPassesUpOdds = 0.5;
/** Exceptions that were caught and made no error. */
const handledExceptionOdds = 0.001;

export interface Shop {
  readonly random: Rng;
  readonly pods: ReadonlyMap<ShopService, readonly Resource[]>;
  readonly clientAddresses: readonly string[];
}

export function openShop(seed: number): Shop {
  const random = seededRandom(seed);
  const pods = new Map(
    shopServices.map((service) => [service.name, Array.from({ length: podsPerService }, () => podOf(service, random))])
  );
  const clientAddresses = Array.from({ length: shopClients }, () => {
    const word = random.uint32();
    return `${word >>> 24 || 1}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}`;
  });
  return { random, pods, clientAddresses };
}

/** One request that arrives at `startUnixNanos`; parents before children. */
export function shopTrace(shop: Shop, startUnixNanos: bigint): Span[] {
  const { random } = shop;
  const visit: Visit = {
    shop,
    traceId: randomTraceId(random),
    startUnixNanos,
    // A cube: half of the requests come from an eighth of the users.
    user: Math.floor(shopUsers * random.float() ** 3),
    clientAddress: shop.clientAddresses[Math.floor(shopClients * random.float() ** 2)],
    requestUuid: randomUuid(random),
    pods: new Map(),
    spans: [],
  };
  walk(visit, pickRoute(random), '', random.float());
  return visit.spans;
}

interface Visit {
  readonly shop: Shop;
  readonly traceId: string;
  readonly startUnixNanos: bigint;
  readonly user: number;
  readonly clientAddress: string;
  readonly requestUuid: string;
  /** One pod of a service serves one trace. */
  readonly pods: Map<ShopService, Resource>;
  readonly spans: Span[];
}

interface Outcome {
  /** From the start of the trace. */
  readonly endOffsetNanos: number;
  readonly isError: boolean;
}

/** Depth is that of the route, at most 10. */
function walk(
  visit: Visit,
  { service, operation, target, ownMs, children }: Step,
  parentSpanId: string,
  startOffsetNanos: number
): Outcome {
  const { random } = visit.shop;
  const spanId = randomSpanId(random);
  const slot = visit.spans.length;
  // The place is taken now, so that parents come before children; the span is known when its children are.
  visit.spans.push(undefined as unknown as Span);
  // Exponential, and once in a hundred twenty times slower.
  const ownNanos = ownMs * 1e6 * (0.3 - 0.7 * Math.log(1 - random.float())) * (random.float() < 0.01 ? 20 : 1);
  let offsetNanos = startOffsetNanos + (ownNanos * (1 + random.float())) / (children.length + 2);
  let isError = random.float() < errorOdds;
  const isOwnError = isError;
  for (const child of children) {
    const outcome = walk(visit, child, spanId, offsetNanos);
    // A consumer works on its own time.
    if (operation !== 'publish') {
      offsetNanos = outcome.endOffsetNanos + (ownNanos * random.float()) / (children.length + 1);
      isError ||= outcome.isError && random.float() < errorPassesUpOdds;
    }
  }
  const endOffsetNanos = offsetNanos + ownNanos / (children.length + 1);
  const startUnixNanos = visit.startUnixNanos + BigInt(Math.floor(startOffsetNanos));
  const endUnixNanos = visit.startUnixNanos + BigInt(Math.ceil(endOffsetNanos));
  const events: SpanEvent[] = [];
  if (isOwnError || isError || random.float() < handledExceptionOdds) {
    events.push(exceptionEvent(random, service, startUnixNanos + (endUnixNanos - startUnixNanos) / 2n));
  }
  visit.spans[slot] = spanWith({
    traceId: visit.traceId,
    spanId,
    parentSpanId,
    flags: parentSpanId === '' ? 0x101 : operation.endsWith('server') || operation === 'consume' ? 0x301 : 0x101,
    name: spanName(operation, target),
    kind: kindOf[operation],
    startUnixNanos,
    endUnixNanos,
    attributes: attributesOf(visit, service, operation, target, isError),
    events,
    statusCode: isError ? 2 : 0,
    statusMessage: isOwnError ? `${target} failed` : '',
    resource: podFor(visit, service),
    scope: scopes[operation],
  });
  return { endOffsetNanos, isError };
}

const kindOf: Readonly<Record<Operation, number>> = {
  'http-server': spanKinds.indexOf('server'),
  'http-client': spanKinds.indexOf('client'),
  'rpc-server': spanKinds.indexOf('server'),
  'rpc-client': spanKinds.indexOf('client'),
  sql: spanKinds.indexOf('client'),
  cache: spanKinds.indexOf('client'),
  publish: spanKinds.indexOf('producer'),
  consume: spanKinds.indexOf('consumer'),
  internal: spanKinds.indexOf('internal'),
};

const scopes: Readonly<Record<Operation, InstrumentationScope>> = {
  'http-server': scopeOf('@opentelemetry/instrumentation-http', '0.203.0'),
  'http-client': scopeOf('io.opentelemetry.okhttp-3.0', '2.16.0'),
  'rpc-server': scopeOf('go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc', '0.61.0'),
  'rpc-client': scopeOf('go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc', '0.61.0'),
  sql: scopeOf('github.com/XSAM/otelsql', '0.39.0'),
  cache: scopeOf('OpenTelemetry.Instrumentation.StackExchangeRedis', '1.12.0-beta.1'),
  publish: scopeOf('go.opentelemetry.io/contrib/instrumentation/kafka', '0.61.0'),
  consume: scopeOf('opentelemetry.instrumentation.kafka', '0.54b1'),
  internal: scopeOf('shop', ''),
};

/** What every span of the shop has: seven attributes, of which two are of high cardinality. */
function commonAttributes(visit: Visit, service: ShopService, isError: boolean): Attribute[] {
  const { random } = visit.shop;
  return [
    text('user.id', `user-${visit.user}`),
    text('app.region', regions[visit.user % regions.length]),
    text('app.plan', plans[visit.user % 7 === 0 ? 1 : visit.user % 53 === 0 ? 2 : 0]),
    int('thread.id', 1 + random.below(64)),
    text('code.function.name', `${service}.${functions[random.below(functions.length)]}`),
    bool('app.feature.new_pricing', visit.user % 3 === 0),
    ...(isError ? [text('error.type', random.pick(errorTypes))] : []),
  ];
}

function attributesOf(
  visit: Visit,
  service: ShopService,
  operation: Operation,
  target: string,
  isError: boolean
): Attribute[] {
  const { random } = visit.shop;
  const attributes = commonAttributes(visit, service, isError);
  switch (operation) {
    case 'http-server':
    case 'http-client': {
      const [method, route] = target.split(' ');
      const path = route.replace('{id}', random.uint32().toString(36) + random.uint32().toString(36));
      attributes.push(
        text('http.request.method', method),
        text('http.route', route),
        text('url.path', path),
        text('url.scheme', 'https'),
        int('http.response.status_code', isError ? random.pick([500, 502, 503]) : method === 'POST' ? 201 : 200),
        int('http.response.body.size', 200 + random.below(60_000)),
        text('network.protocol.version', random.float() < 0.8 ? '2' : '1.1'),
        text('server.address', operation === 'http-server' ? 'shop.example.com' : 'api.partner.example.net')
      );
      if (operation === 'http-server') {
        attributes.push(
          text('app.request.id', visit.requestUuid),
          text('client.address', visit.clientAddress),
          text('user_agent.original', userAgents[visit.user % userAgents.length])
        );
      }
      return attributes;
    }
    case 'rpc-server':
    case 'rpc-client': {
      const slash = target.indexOf('/');
      attributes.push(
        text('rpc.system', 'grpc'),
        text('rpc.service', target.slice(0, slash)),
        text('rpc.method', target.slice(slash + 1)),
        int('rpc.grpc.status_code', isError ? 13 : 0),
        int('server.port', 8080),
        int('rpc.message.sent.size', 20 + random.below(4000)),
        int('rpc.message.received.size', 20 + random.below(12_000)),
        text('network.peer.address', `10.${random.below(4)}.${random.below(256)}.${random.below(256)}`)
      );
      return attributes;
    }
    case 'sql': {
      const [verb, table] = target.split(' ');
      attributes.push(
        text('db.system.name', 'postgresql'),
        text('db.namespace', 'shop'),
        text('db.operation.name', verb),
        text('db.collection.name', table),
        text('db.query.text', queryTexts[verb]?.replace('$t', table) ?? target),
        int('db.response.returned_rows', random.below(50)),
        text('server.address', `pg-${random.below(3)}.shop.internal`),
        text('app.query.id', randomUuid(random))
      );
      return attributes;
    }
    case 'cache':
      attributes.push(
        text('db.system.name', 'redis'),
        text('db.operation.name', target.split(' ')[0]),
        text('db.query.text', `${target}:${random.below(2_000_000)}`),
        int('db.response.returned_rows', random.below(2)),
        text('server.address', `redis-${random.below(6)}.shop.internal`),
        int('server.port', 6379),
        bool('app.cache.hit', random.float() < 0.85),
        double('app.cache.age_seconds', random.float() * 3600)
      );
      return attributes;
    case 'publish':
    case 'consume':
      attributes.push(
        text('messaging.system', 'kafka'),
        text('messaging.destination.name', target),
        text('messaging.operation.type', operation === 'publish' ? 'send' : 'process'),
        text('messaging.message.id', randomUuid(random)),
        int('messaging.destination.partition.id', random.below(12)),
        int('messaging.kafka.offset', random.uint32()),
        int('messaging.message.body.size', 200 + random.below(3000))
      );
      return attributes;
    case 'internal':
      attributes.push(
        text('app.step', target),
        double('app.score', random.float()),
        int('app.items', 1 + random.below(40)),
        text('app.experiment', experiments[visit.user % experiments.length])
      );
      return attributes;
  }
}

function spanName(operation: Operation, target: string): string {
  return operation === 'publish' ? `send ${target}` : operation === 'consume' ? `process ${target}` : target;
}

function pickRoute(random: Rng): Step {
  const total = shopRoutes.reduce((sum, { weight }) => sum + weight, 0);
  let left = random.float() * total;
  for (const { weight, root } of shopRoutes) {
    left -= weight;
    if (left < 0) {
      return root;
    }
  }
  return shopRoutes[0].root;
}

function podFor(visit: Visit, service: ShopService): Resource {
  let pod = visit.pods.get(service);
  if (pod === undefined) {
    pod = visit.shop.random.pick(visit.shop.pods.get(service) ?? [emptyResource]);
    visit.pods.set(service, pod);
  }
  return pod;
}

function podOf({ name, language, sdkVersion }: (typeof shopServices)[number], random: Rng): Resource {
  const pod = `${name}-${random.uint32().toString(36)}-${random.uint32().toString(36).slice(0, 5)}`;
  return {
    ...emptyResource,
    schemaUrl: 'https://opentelemetry.io/schemas/1.34.0',
    attributes: [
      text('service.name', name),
      text('service.namespace', 'shop'),
      text('service.version', `1.${random.below(30)}.${random.below(10)}`),
      text('service.instance.id', randomUuid(random)),
      text('deployment.environment.name', 'production'),
      text('k8s.cluster.name', 'eu-1'),
      text('k8s.namespace.name', 'shop'),
      text('k8s.pod.name', pod),
      text('k8s.pod.uid', randomUuid(random)),
      text('k8s.node.name', `node-${random.below(12)}`),
      text('host.arch', random.float() < 0.5 ? 'amd64' : 'arm64'),
      text('telemetry.sdk.name', 'opentelemetry'),
      text('telemetry.sdk.language', language),
      text('telemetry.sdk.version', sdkVersion),
      int('process.pid', 1 + random.below(30_000)),
    ],
  };
}

const regions = ['eu-west', 'eu-central', 'us-east', 'us-west', 'ap-south'];
const plans = ['free', 'plus', 'business'];
const functions = ['handle', 'load', 'store', 'validate', 'render', 'fetch', 'apply', 'resolve', 'flush', 'commit'];
const errorTypes = ['timeout', 'connection_refused', 'conflict', 'internal', '_OTHER'];
const experiments = ['control', 'one-page', 'big-button', 'no-upsell'];
const userAgents = Array.from(
  { length: 40 },
  (_, i) =>
    `Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${110 + i}.0.0.0 Safari/537.36`
);
const queryTexts: Readonly<Record<string, string>> = {
  SELECT: 'SELECT id, name, price_cents, stock, updated_at FROM $t WHERE id = $1 AND deleted_at IS NULL LIMIT 50',
  INSERT: 'INSERT INTO $t (id, user_id, body, created_at) VALUES ($1, $2, $3, now()) RETURNING id',
  UPDATE: 'UPDATE $t SET reserved = reserved + $1, updated_at = now() WHERE id = $2 AND stock - reserved >= $1',
};
