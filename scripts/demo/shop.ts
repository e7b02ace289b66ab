/**
 * What happens in the shop. Each function tells one request from the browser on. Things to find: product pages read prices one by one
 * (N+1); the bank times out now and then and payment retries; carts miss the cache; and checkouts paid through the provider `nordpay`
 * are slow, which nothing but that one attribute explains.
 */
import { SpanKind } from '@opentelemetry/api';
import type { Attributes, SpanContext, Tracer } from '@opentelemetry/api';
import { Scene } from './story.ts';
import type { Chance } from './story.ts';
import type { ServiceName } from './services.ts';

export interface Shop {
  readonly tracers: Readonly<Record<ServiceName, Tracer>>;
  readonly chance: Chance;
}

interface Visitor {
  readonly id: string;
  readonly country: string;
  readonly tier: string;
}

const countries = ['DE', 'FR', 'US', 'BR', 'JP', 'SE', 'IN'];
const providers = ['cardly', 'cardly', 'cardly', 'paywave', 'paywave', 'nordpay'];

/** One request of one visitor; answers the time it ended. */
export function tellRequest(shop: Shop, startMs: number): void {
  const { chance } = shop;
  const visitor: Visitor = {
    id: `u-${Math.floor(100_000 * chance.float() ** 3)}`,
    country: chance.pick(countries),
    tier: chance.pick(['free', 'free', 'free', 'plus', 'business']),
  };
  const kind = chance.float();
  if (kind < 0.45) {
    productPage(shop, visitor, startMs);
  } else if (kind < 0.7) {
    addToCart(shop, visitor, startMs);
  } else if (kind < 0.94) {
    placeOrder(shop, visitor, startMs);
  } else {
    search(shop, visitor, startMs);
  }
}

/** From the browser through the gateway: the part that every request has in common. */
function fromBrowser(
  { tracers, chance }: Shop,
  visitor: Visitor,
  startMs: number,
  route: { method: string; route: string; path: string },
  tell: (gateway: Scene) => number
): void {
  const url = `https://shop.example${route.path}`;
  const fetchTelling = {
    kind: SpanKind.CLIENT,
    attributes: {
      'http.request.method': route.method,
      'url.full': url,
      'server.address': 'shop.example',
      'session.id': `s-${visitor.id}`,
    },
  };
  Scene.root(tracers.storefront, `${route.method} ${route.route}`, fetchTelling, { startMs, chance }, (browser) => {
    browser.spend(8);
    const attributes = {
      'http.request.method': route.method,
      'http.route': route.route,
      'url.path': route.path,
      'url.scheme': 'https',
      'client.address': `203.0.113.${chance.below(255)}`,
      'network.protocol.version': '2',
      'user.id': visitor.id,
      'app.country': visitor.country,
      'app.customer.tier': visitor.tier,
    };
    const status = browser.child(
      tracers.gateway,
      `${route.method} ${route.route}`,
      { kind: SpanKind.SERVER, attributes },
      (gateway) => {
        gateway.spend(0.6);
        const answered = tell(gateway);
        gateway.spend(0.4).set({ 'http.response.status_code': answered });
        return answered >= 500 ? (gateway.fail(''), answered) : answered;
      }
    );
    browser.spend(6).set({ 'http.response.status_code': status });
    if (status >= 500) {
      browser.set({ 'error.type': String(status) }).fail(`HTTP ${status}`);
    }
  });
}

/** A gRPC call: client span, the wire, server span. The body answers the gRPC status code. */
function rpc(
  scene: Scene,
  [from, to]: readonly [Tracer, Tracer],
  [service, method]: readonly [string, string],
  attributes: Attributes,
  tell: (server: Scene) => number
): number {
  const name = `${service}/${method}`;
  const rpcAttributes = { 'rpc.system': 'grpc', 'rpc.service': service, 'rpc.method': method };
  const client = {
    kind: SpanKind.CLIENT,
    attributes: { ...rpcAttributes, 'server.address': `${service.split('.')[1]}.shop.svc` },
  };
  return scene.child(from, name, client, (caller) => {
    caller.spend(0.3);
    const server = { kind: SpanKind.SERVER, attributes: { ...rpcAttributes, ...attributes } };
    const status = caller.child(to, name, server, (callee) => {
      const answered = tell(callee);
      callee.set({ 'rpc.grpc.status_code': answered });
      return answered;
    });
    caller.spend(0.3).set({ 'rpc.grpc.status_code': status });
    if (status !== 0) {
      caller.fail(`rpc error: code = ${status}`);
    }
    return status;
  });
}

function sql(
  scene: Scene,
  tracer: Tracer,
  system: string,
  database: string,
  text: string,
  typicalMs: number,
  attributes: Attributes = {}
): void {
  const [operation, , table] = [text.split(' ')[0], '', /(?:from|into|update) (\w+)/i.exec(text)?.[1] ?? ''];
  const telling = {
    kind: SpanKind.CLIENT,
    attributes: {
      'db.system.name': system,
      'db.namespace': database,
      'db.operation.name': operation,
      'db.collection.name': table,
      'db.query.text': text,
      'server.address': `${system}.shop.svc`,
      'server.port': system === 'postgresql' ? 5432 : 3306,
      ...attributes,
    },
  };
  scene.child(tracer, `${operation} ${table}`, telling, (query) => void query.spend(typicalMs));
}

function redis(scene: Scene, tracer: Tracer, command: string, key: string, hit: boolean): void {
  const attributes = {
    'db.system.name': 'redis',
    'db.operation.name': command,
    'db.query.text': `${command} ${key}`,
    'server.address': 'redis.shop.svc',
    'server.port': 6379,
    'app.cache.hit': hit,
  };
  scene.child(tracer, command, { kind: SpanKind.CLIENT, attributes }, (call) => void call.spend(0.5));
}

function productPage(shop: Shop, visitor: Visitor, startMs: number): void {
  const { tracers, chance } = shop;
  const sku = `SKU-${1000 + chance.below(400)}`;
  fromBrowser(
    shop,
    visitor,
    startMs,
    { method: 'GET', route: '/products/{sku}', path: `/products/${sku}` },
    (gateway) => {
      let status = 0;
      gateway.together(
        (scene) => {
          status = rpc(
            scene,
            [tracers.gateway, tracers.catalog],
            ['shop.Catalog', 'GetProduct'],
            { 'app.product.sku': sku },
            (catalog) => {
              catalog.spend(1.5);
              sql(catalog, tracers.catalog, 'postgresql', 'catalog', 'SELECT * FROM products WHERE sku = $1', 2.5);
              const variants = chance.float() < 0.25 ? 12 + chance.below(30) : 2 + chance.below(3);
              catalog.set({ 'app.product.variants': variants });
              for (let variant = 0; variant < variants; variant++) {
                sql(
                  catalog,
                  tracers.catalog,
                  'postgresql',
                  'catalog',
                  'SELECT price, currency FROM prices WHERE variant_id = $1',
                  1.2,
                  { 'db.query.parameter.0': String(7000 + variant) }
                );
              }
              if (chance.float() < 0.01) {
                catalog.throws('java.lang.IllegalStateException', `price list of ${sku} has no currency`, [
                  '\tat shop.catalog.PriceList.currency(PriceList.java:88)',
                  '\tat shop.catalog.ProductView.of(ProductView.java:41)',
                  '\tat shop.catalog.CatalogService.getProduct(CatalogService.java:112)',
                  '\tat io.grpc.stub.ServerCalls$UnaryServerCallHandler.onHalfClose(ServerCalls.java:182)',
                ]);
                return 13;
              }
              return 0;
            }
          );
        },
        (scene) => {
          rpc(
            scene,
            [tracers.gateway, tracers.recommendation],
            ['shop.Recommendation', 'List'],
            { 'app.product.sku': sku },
            (recommendation) => {
              redis(recommendation, tracers.recommendation, 'GET', `similar:${sku}`, chance.float() < 0.8);
              recommendation.child(
                tracers.recommendation,
                'rank_candidates',
                { attributes: { 'app.model': 'two-tower-v4', 'app.candidates': 50 + chance.below(200) } },
                (rank) => void rank.spend(9)
              );
              return 0;
            }
          );
        }
      );
      return status === 0 ? 200 : 500;
    }
  );
}

function addToCart(shop: Shop, visitor: Visitor, startMs: number): void {
  const { tracers, chance } = shop;
  fromBrowser(shop, visitor, startMs, { method: 'POST', route: '/cart/items', path: '/cart/items' }, (gateway) => {
    const telling = {
      kind: SpanKind.CLIENT,
      attributes: {
        'http.request.method': 'POST',
        'url.full': 'http://cart.shop.svc/items',
        'server.address': 'cart.shop.svc',
      },
    };
    gateway.child(tracers.gateway, 'POST', telling, (call) => {
      call.spend(0.3);
      const server = {
        kind: SpanKind.SERVER,
        attributes: {
          'http.request.method': 'POST',
          'http.route': '/items',
          'url.path': '/items',
          'aspnetcore.routing.match_status': 'success',
        },
      };
      call.child(tracers.cart, 'POST /items', server, (cart) => {
        const hit = chance.float() < 0.9;
        redis(cart, tracers.cart, 'HGETALL', `cart:${visitor.id}`, hit);
        if (!hit) {
          cart.event('cache.miss', { 'app.cache.key': `cart:${visitor.id}` });
          sql(cart, tracers.cart, 'postgresql', 'carts', 'SELECT * FROM carts WHERE user_id = $1', 14);
        }
        redis(cart, tracers.cart, 'HSET', `cart:${visitor.id}`, true);
        cart.spend(0.4).set({ 'http.response.status_code': 201 });
      });
      call.set({ 'http.response.status_code': 201 });
    });
    return 201;
  });
}

function search(shop: Shop, visitor: Visitor, startMs: number): void {
  const { tracers, chance } = shop;
  const terms = chance.pick(['wool socks', 'espresso', 'rain jacket', 'e-reader', 'climbing rope']);
  fromBrowser(shop, visitor, startMs, { method: 'GET', route: '/search', path: '/search' }, (gateway) => {
    gateway.set({ 'url.query': `q=${encodeURIComponent(terms)}` });
    return rpc(
      gateway,
      [tracers.gateway, tracers.catalog],
      ['shop.Catalog', 'Search'],
      { 'app.search.terms': terms },
      (catalog) => {
        const attributes = {
          'db.system.name': 'elasticsearch',
          'db.operation.name': 'search',
          'db.query.text': JSON.stringify({ query: { match: { title: terms } }, size: 24 }),
          'server.address': 'search.shop.svc',
        };
        catalog.child(
          tracers.catalog,
          'search products',
          { kind: SpanKind.CLIENT, attributes },
          (query) => void query.spend(22)
        );
        catalog.set({ 'app.search.hits': chance.below(180), 'app.search.facets': ['brand', 'colour', 'size'] });
        return 0;
      }
    ) === 0
      ? 200
      : 500;
  });
}

function placeOrder(shop: Shop, visitor: Visitor, startMs: number): void {
  const { tracers, chance } = shop;
  const orderId = `o-${chance.uint32().toString(36)}`;
  const provider = chance.pick(providers);
  const amount = Math.round(900 + 24_000 * chance.float() ** 2) / 100;
  let published: { message: SpanContext; atMs: number } | undefined;
  fromBrowser(shop, visitor, startMs, { method: 'POST', route: '/orders', path: '/orders' }, (gateway) => {
    const order = {
      'app.order.id': orderId,
      'app.order.amount': amount,
      'app.order.items': 1 + chance.below(6),
      'app.payment.provider': provider,
    };
    const status = rpc(
      gateway,
      [tracers.gateway, tracers.checkout],
      ['shop.Checkout', 'PlaceOrder'],
      order,
      (checkout) => {
        checkout.spend(0.8);
        checkout.together(
          (scene) => reserve(shop, scene),
          (scene) => quoteShipping(shop, scene, visitor)
        );
        const paid = charge(shop, checkout, provider, amount);
        if (!paid) {
          checkout.fail('payment failed');
          return 9;
        }
        sql(
          checkout,
          tracers.checkout,
          'postgresql',
          'orders',
          'INSERT INTO orders (id, user_id, amount) VALUES ($1, $2, $3)',
          4
        );
        const telling = {
          kind: SpanKind.PRODUCER,
          attributes: {
            'messaging.system': 'kafka',
            'messaging.destination.name': 'orders',
            'messaging.operation.type': 'send',
            'messaging.kafka.message.key': orderId,
          },
        };
        checkout.child(tracers.checkout, 'send orders', telling, (send) => {
          send.spend(1.1);
          published = { message: send.context, atMs: send.nowMs };
        });
        return 0;
      }
    );
    return status === 0 ? 201 : 502;
  });
  if (published) {
    consume(shop, published.message, published.atMs, orderId, visitor);
  }
}

function reserve({ tracers, chance }: Shop, scene: Scene): void {
  const telling = { 'app.warehouse': chance.pick(['ham-1', 'rtm-2', 'gdn-1']) };
  rpc(scene, [tracers.checkout, tracers.inventory], ['shop.Inventory', 'Reserve'], telling, (inventory) => {
    sql(inventory, tracers.inventory, 'mysql', 'stock', 'SELECT quantity FROM stock WHERE sku = %s FOR UPDATE', 3);
    sql(inventory, tracers.inventory, 'mysql', 'stock', 'UPDATE stock SET quantity = quantity - 1 WHERE sku = %s', 4);
    return 0;
  });
}

function quoteShipping({ tracers, chance }: Shop, scene: Scene, visitor: Visitor): void {
  rpc(
    scene,
    [tracers.checkout, tracers.shipping],
    ['shop.Shipping', 'Quote'],
    { 'app.country': visitor.country },
    (shipping) => {
      shipping.child(
        tracers.shipping,
        'tariff::lookup',
        { attributes: { 'code.function.name': 'shop::tariff::lookup', 'thread.id': chance.below(16) } },
        (lookup) => void lookup.spend(2)
      );
      shipping.spend(0.5);
      return 0;
    }
  );
}

/** Up to three attempts at the bank; `nordpay` answers late because of its fraud check. */
function charge({ tracers, chance }: Shop, scene: Scene, provider: string, amount: number): boolean {
  return (
    rpc(
      scene,
      [tracers.checkout, tracers.payment],
      ['shop.Payment', 'Charge'],
      { 'app.payment.provider': provider, 'app.payment.amount': amount },
      (payment) => {
        for (let attempt = 0; attempt < 3; attempt++) {
          const host = `api.${provider}.example`;
          const telling = {
            kind: SpanKind.CLIENT,
            attributes: {
              'http.request.method': 'POST',
              'url.full': `https://${host}/v2/charges`,
              'server.address': host,
              'http.request.resend_count': attempt,
              'app.payment.provider': provider,
            },
          };
          const answered = payment.child(tracers.payment, 'POST', telling, (bank) => {
            if (chance.float() < 0.04) {
              bank
                .spend(900)
                .throws('Error', `connect ETIMEDOUT ${host}:443`, [
                  '    at TLSSocket.onConnectTimeout (node:internal/tls/wrap:1712:23)',
                  '    at ClientRequest.<anonymous> (/app/src/bank/client.js:57:11)',
                  `    at async charge (/app/src/charge.js:${31 + attempt}:18)`,
                ]);
              return false;
            }
            bank
              .spend(provider === 'nordpay' && chance.float() < 0.6 ? 1700 : 85)
              .set({ 'http.response.status_code': 200 });
            return true;
          });
          if (answered) {
            return 0;
          }
          payment.event('retry', { 'app.retry.attempt': attempt + 1 }).spend(40);
        }
        payment.fail('bank unreachable after 3 attempts');
        return 14;
      }
    ) === 0
  );
}

/** What the consumers of the order make of it, a little later: one continues the trace, one starts its own and links back. */
function consume(
  { tracers, chance }: Shop,
  message: SpanContext,
  sentMs: number,
  orderId: string,
  visitor: Visitor
): void {
  const messaging = {
    'messaging.system': 'kafka',
    'messaging.destination.name': 'orders',
    'messaging.operation.type': 'process',
    'messaging.kafka.offset': chance.below(1_000_000),
  };
  const startMs = sentMs + 15 + 60 * chance.float();
  const fraud = {
    kind: SpanKind.CONSUMER,
    attributes: { ...messaging, 'messaging.consumer.group.name': 'fraud' },
    links: [{ context: message }],
  };
  Scene.root(tracers.fraud, 'process orders', fraud, { startMs, chance, parent: message }, (scene) => {
    scene.child(
      tracers.fraud,
      'score',
      { attributes: { 'app.order.id': orderId, 'app.fraud.score': Math.round(1000 * chance.float()) / 1000 } },
      (score) => void score.spend(12)
    );
    scene.spend(1);
  });
  const email = {
    kind: SpanKind.CONSUMER,
    attributes: { ...messaging, 'messaging.consumer.group.name': 'email' },
    links: [{ context: message, attributes: { 'app.link.reason': 'order' } }],
  };
  Scene.root(tracers.email, 'process orders', email, { startMs: startMs + 120, chance }, (scene) => {
    scene.child(
      tracers.email,
      'render OrderMailer#confirmation',
      { attributes: { 'app.locale': visitor.country.toLowerCase(), 'app.order.id': orderId } },
      (render) => void render.spend(18)
    );
    const smtp = {
      kind: SpanKind.CLIENT,
      attributes: { 'server.address': 'smtp.shop.svc', 'server.port': 587, 'network.transport': 'tcp' },
    };
    scene.child(tracers.email, 'smtp send', smtp, (send) => {
      send.spend(60);
      if (chance.float() < 0.02) {
        send.throws('Net::SMTPServerBusy', '451 4.7.1 Greylisting in action, please come back later', [
          "/app/vendor/net-smtp/smtp.rb:1037:in `check_response'",
          "/app/jobs/order_mail_job.rb:24:in `perform'",
        ]);
      }
    });
  });
}
