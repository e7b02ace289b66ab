/**
 * The shop's requests as trees: who calls whom, how. One tree, walked with random numbers, is one trace. Weighted, they come to about
 * 8 spans a trace.
 */
export const shopServices = [
  { name: 'frontend', language: 'nodejs', sdkVersion: '2.0.1' },
  { name: 'catalog', language: 'go', sdkVersion: '1.36.0' },
  { name: 'cart', language: 'dotnet', sdkVersion: '1.12.0' },
  { name: 'checkout', language: 'go', sdkVersion: '1.36.0' },
  { name: 'payment', language: 'java', sdkVersion: '1.50.0' },
  { name: 'inventory', language: 'java', sdkVersion: '1.50.0' },
  { name: 'shipping', language: 'rust', sdkVersion: '0.30.0' },
  { name: 'email', language: 'python', sdkVersion: '1.33.1' },
] as const;
export type ShopService = (typeof shopServices)[number]['name'];

/** What a span does; decides its kind, scope and attributes. */
export type Operation =
  'http-server' | 'http-client' | 'rpc-server' | 'rpc-client' | 'sql' | 'cache' | 'publish' | 'consume' | 'internal';

export interface Step {
  readonly service: ShopService;
  readonly operation: Operation;
  /** Route, method, table, topic or function, by the operation. */
  readonly target: string;
  /** Own work, not counting children; the median of a long-tailed distribution. */
  readonly ownMs: number;
  readonly children: readonly Step[];
}

export interface Route {
  readonly weight: number;
  readonly root: Step;
}

const step = (
  service: ShopService,
  operation: Operation,
  target: string,
  ownMs: number,
  ...children: Step[]
): Step => ({
  service,
  operation,
  target,
  ownMs,
  children,
});

/** Client and server side of one call. */
const call = (from: ShopService, to: ShopService, method: string, ownMs: number, ...children: Step[]): Step =>
  step(from, 'rpc-client', method, 0.4, step(to, 'rpc-server', method, ownMs, ...children));

export const shopRoutes: readonly Route[] = [
  {
    weight: 34,
    root: step(
      'frontend',
      'http-server',
      'GET /products/{id}',
      2,
      call(
        'frontend',
        'catalog',
        'shop.Catalog/GetProduct',
        1,
        step('catalog', 'cache', 'GET product', 0.3),
        step('catalog', 'sql', 'SELECT products', 3)
      )
    ),
  },
  {
    weight: 22,
    root: step(
      'frontend',
      'http-server',
      'GET /search',
      3,
      step('frontend', 'internal', 'render results', 4),
      call('frontend', 'catalog', 'shop.Catalog/Search', 4, step('catalog', 'sql', 'SELECT products', 12))
    ),
  },
  {
    weight: 20,
    root: step(
      'frontend',
      'http-server',
      'POST /carts/{id}/items',
      2,
      call(
        'frontend',
        'cart',
        'shop.Cart/AddItem',
        1,
        step('cart', 'cache', 'HSET cart', 0.4),
        call('cart', 'catalog', 'shop.Catalog/GetProduct', 1, step('catalog', 'sql', 'SELECT products', 3)),
        call('cart', 'inventory', 'shop.Inventory/Check', 1, step('inventory', 'sql', 'SELECT stock', 2))
      )
    ),
  },
  {
    weight: 14,
    root: step(
      'frontend',
      'http-server',
      'GET /carts/{id}',
      2,
      call('frontend', 'cart', 'shop.Cart/GetCart', 1, step('cart', 'cache', 'HGETALL cart', 0.5))
    ),
  },
  {
    weight: 10,
    root: step(
      'frontend',
      'http-server',
      'POST /orders/{id}/checkout',
      3,
      call(
        'frontend',
        'checkout',
        'shop.Checkout/PlaceOrder',
        2,
        call('checkout', 'cart', 'shop.Cart/GetCart', 1, step('cart', 'cache', 'HGETALL cart', 0.5)),
        call('checkout', 'inventory', 'shop.Inventory/Reserve', 2, step('inventory', 'sql', 'UPDATE stock', 5)),
        call(
          'checkout',
          'payment',
          'shop.Payment/Charge',
          4,
          step('payment', 'internal', 'score fraud', 6),
          step('payment', 'http-client', 'POST /v2/charges/{id}', 80),
          step('payment', 'sql', 'INSERT payments', 4)
        ),
        call('checkout', 'shipping', 'shop.Shipping/Quote', 3, step('shipping', 'cache', 'GET rate', 0.3)),
        step('checkout', 'sql', 'INSERT orders', 6),
        step(
          'checkout',
          'publish',
          'orders',
          1,
          step(
            'email',
            'consume',
            'orders',
            5,
            step('email', 'internal', 'render receipt', 8),
            step('email', 'http-client', 'POST /v3/messages/{id}', 40)
          )
        )
      )
    ),
  },
];
