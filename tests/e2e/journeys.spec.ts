/** The journeys of the product's goals that belong to one trace; numbers are theirs. Each runs unattended. */
import type { Page } from '@playwright/test';
import type { Span } from '../../src/trace/model.ts';
import { encodeJaegerJson } from '../../src/wire/jaeger-json.ts';
import { fixtureSpans, traceIds } from './fixtures.ts';
import { at, dropFile, expect, send, test } from './page-test.ts';

const failedTrace = `/trace/${traceIds.failed}`;
const producerId = '00000000000000b9';
const queueTraceId = 'abcd0000000000000000000000000000';
const consumerTraceId = (index: number): string => `abcd000000000000000000000000000${index}`;

/** A producer among twenty siblings, and three consumers in traces of their own that link to it, 40, 80 and 120 ms later. */
function queueSpans(nowMs: number): Span[] {
  const [model] = fixtureSpans(nowMs).filter((span) => span.traceId === traceIds.browse);
  const start = BigInt(nowMs - 60_000) * 1_000_000n;
  const at = (ms: number): bigint => start + BigInt(ms) * 1_000_000n;
  const root: Span = {
    ...model,
    traceId: queueTraceId,
    spanId: '00000000000000b8',
    startUnixNanos: at(0),
    endUnixNanos: at(200),
  };
  const siblings = Array.from({ length: 60 }, (_, index): Span => ({
    ...root,
    spanId: (0xc00 + index).toString(16).padStart(16, '0'),
    parentSpanId: root.spanId,
    name: `step ${index}`,
    startUnixNanos: at(index),
    endUnixNanos: at(index + 1),
  }));
  const producer: Span = {
    ...root,
    spanId: producerId,
    parentSpanId: root.spanId,
    name: 'orders publish',
    kind: 4,
    startUnixNanos: at(100),
    endUnixNanos: at(110),
  };
  const consumers = [1, 2, 3].map((index): Span => ({
    ...model,
    traceId: consumerTraceId(index),
    spanId: `000000000000d00${index}`,
    parentSpanId: '',
    name: `orders process ${index}`,
    kind: 5,
    startUnixNanos: at(110 + 40 * index),
    endUnixNanos: at(130 + 40 * index),
    links: [
      {
        traceId: queueTraceId,
        spanId: producerId,
        traceState: '',
        attributes: [],
        droppedAttributesCount: 0,
        flags: 0,
      },
    ],
  }));
  return [root, ...siblings, producer, ...consumers];
}

interface ExemplarAnswer {
  readonly series: readonly {
    readonly exemplars?: readonly {
      readonly labels: readonly { readonly key: string; readonly value: { readonly stringValue: string } }[];
    }[];
  }[];
}

test('1: from an exemplar to the cause, in three actions and less than ten seconds', async ({
  page,
  loggedServer: server,
}) => {
  // A dashboard asks for the rate and draws the exemplars of the answer; its link names the exemplar's trace and span.
  const q = encodeURIComponent('{ status = error } | rate()');
  const nowSeconds = Math.floor(Date.now() / 1000);
  const asked = await page.request.get(
    at(
      server,
      `/api/metrics/query_range?q=${q}&start=${nowSeconds - 3600}&end=${nowSeconds + 60}&step=60s&exemplars=10`
    )
  );
  const { series } = (await asked.json()) as ExemplarAnswer;
  const [exemplar] = series.flatMap((one) => one.exemplars ?? []);
  const label = (...keys: string[]) =>
    exemplar.labels.find(({ key }) => keys.includes(key))?.value.stringValue.replaceAll('"', '');
  const begun = Date.now();
  await page.goto(
    at(server, `/trace/${label('trace:id', 'traceID')}?span=${label('span:id', 'spanID') ?? ''}&show=story`)
  );
  await expect(page.getByRole('row').filter({ hasText: 'charge card' })).toBeVisible();
  await page.getByRole('treegrid').focus();
  await page.keyboard.press('Home');
  await page.keyboard.press('e');
  const detail = page.getByTestId('span-detail');
  // The first error on the way down may be a caller; the deepest one is next.
  for (let more = 0; more < 3 && !(await detail.textContent())?.includes('charge card'); more++) {
    await page.keyboard.press('e');
  }
  await expect(detail).toContainText('charge card');
  await expect(detail).toContainText(/exception/i);
  await expect(page.getByRole('row').filter({ hasText: 'charge card' })).toContainText('1 log');
  await page.keyboard.press('5');
  await page.getByRole('button', { name: '1 log line' }).click();
  await expect(page.getByTestId('events')).toContainText('issuer refused the card');
  expect(Date.now() - begun).toBeLessThan(10_000);
});

test('4: a beginner writes PromQL, one key makes it TraceQL, a structural condition comes by completion', async ({
  page,
  server,
}) => {
  await page.goto(at(server, '/search?editor=traceql'));
  const editor = page.locator('.cm-content');
  await editor.fill('rate(http_requests[5m]) by service where status=500');
  await expect(page.getByRole('alert')).toContainText('stands behind a pipe');
  await editor.click();
  await page.keyboard.press('Control+.');
  await expect(editor).toHaveText('{ span.http.response.status_code = 500 } | rate() by(resource.service.name)');
  await expect(page.getByRole('alert')).toHaveCount(0);

  // A structural condition, out of what is offered alone.
  await page.keyboard.press('Control+a');
  await page.keyboard.insertText('{ resource.service.name = "checkout" } ');
  await page.keyboard.press('Control+Space');
  const offered = page.locator('.cm-tooltip-autocomplete');
  await expect(offered).toContainText('>>');
  await offered.getByRole('option', { name: />>/ }).first().click();
  for (const [typed, chosen] of [
    ['{ ', /^status/],
    [' = ', /^error/],
  ] as const) {
    await page.keyboard.type(typed);
    await page.keyboard.press('Control+Space');
    await offered.getByRole('option', { name: chosen }).first().click();
  }
  await page.keyboard.type(' }');
  await page.keyboard.press('Escape');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('listitem').first()).toBeVisible();
  // The address is the saved search: whoever opens it gets the same.
  await expect(page).toHaveURL(/q=.*%3E%3E/);
  const shared = page.url();
  await page.goto(at(server, '/'));
  await page.goto(shared);
  await expect(page.getByRole('listitem').first()).toBeVisible();
  await expect(page.locator('.cm-content')).toContainText('>>');
});

const shopServiceCount = 300;

/** 300 services, each called by the one before it; `payments` by two, one of them called by `web`. */
function manyServices(nowMs: number): Span[] {
  const [model] = fixtureSpans(nowMs);
  const names = Array.from({ length: shopServiceCount - 4 }, (_, index) => `service-${String(index).padStart(3, '0')}`);
  const chains = [
    ...names.map((name, index) => [name, names[(index + 1) % names.length]]),
    ['web', 'orders', 'payments'],
    ['batch', 'payments'],
  ];
  return chains.flatMap((chain, trace) => {
    const traceId = (0xf00000 + trace).toString(16).padStart(32, '0');
    return chain.flatMap((service, depth): Span[] => {
      const start = BigInt(nowMs - 60_000) * 1_000_000n + BigInt(depth) * 1_000_000n;
      const resource = {
        ...model.resource,
        attributes: [{ key: 'service.name', value: { type: 'string' as const, value: service } }],
      };
      const at = (id: number, parent: number, kind: number, name: string): Span => ({
        ...model,
        traceId,
        spanId: (0xa00000 + trace * 16 + id).toString(16).padStart(16, '0'),
        parentSpanId: parent === 0 ? '' : (0xa00000 + trace * 16 + parent).toString(16).padStart(16, '0'),
        name,
        kind,
        startUnixNanos: start,
        endUnixNanos: start + 50_000_000n - BigInt(depth) * 5_000_000n,
        statusCode: 0,
        events: [],
        links: [],
        attributes: [],
        resource,
      });
      const server = at(2 * depth + 1, 2 * depth, 2, `${service} handles`);
      return depth === chain.length - 1 ? [server] : [server, at(2 * depth + 2, 2 * depth + 1, 3, `${service} calls`)];
    });
  });
}

test('5: who calls payments, among 300 services: two hops upstream, and a trace through the edge', async ({
  page,
  emptyServer: server,
}) => {
  await send(server, manyServices(Date.now()));
  await page.goto(at(server, '/services'));
  const graph = page.getByRole('img', { name: /^Service graph: 300 nodes/ });
  await expect(graph).toHaveAttribute('data-laid-out', 'true');
  await page.getByLabel('Find a service').fill('payments');
  await page.getByLabel('Find a service').press('Enter');
  const detail = page.getByRole('region', { name: 'Selected service' });
  await detail.getByRole('button', { name: 'Show what is around it' }).click();
  await page.getByLabel('Direction').selectOption('upstream');
  await page.getByLabel('Hops').selectOption('1');
  await expect(page.getByRole('img', { name: /^Service graph: 3 nodes, 2 edges/ })).toBeVisible();
  await page.getByLabel('Hops').selectOption('2');
  await expect(page.getByRole('img', { name: /^Service graph: 4 nodes, 3 edges/ })).toBeVisible();
  await detail.getByRole('button', { name: '← orders' }).click();
  await page.getByRole('link', { name: 'Traces through this edge' }).click();
  await expect(page.getByRole('listitem')).toHaveCount(1);
  await page.getByRole('listitem').first().getByRole('link').first().click();
  await expect(page.getByRole('row').filter({ hasText: 'orders calls' })).toBeVisible();
  await expect(page.getByRole('row').filter({ hasText: 'payments handles' })).toBeVisible();
});

test('6: from a producer to its consumer over the incoming link, and back to the same place', async ({
  page,
  emptyServer: server,
}) => {
  await send(server, queueSpans(Date.now()));
  await page.goto(at(server, `/trace/${queueTraceId}?show=all&zoom=20000000-180000000`));
  await page.getByRole('treegrid').focus();
  await page.keyboard.press('End');
  await expect(page.getByTestId('span-detail')).toContainText('orders publish');
  const detail = page.getByTestId('span-detail');
  await expect(detail.getByText('Linked from 3')).toBeVisible();
  await expect(detail.getByTestId('queue-time').first()).toContainText('40 ms in the queue');
  await expect(page).toHaveURL(/span=00000000000000b9/);
  const before = page.url();
  const scrolled = await page.getByRole('treegrid').evaluate((grid) => grid.scrollTop);
  expect(scrolled).toBeGreaterThan(0);
  await detail.getByRole('link', { name: /orders process 2/ }).click();
  await expect(page.getByRole('heading', { level: 1 })).toContainText('orders process 2');
  await expect(page.getByTestId('queue-time')).toContainText('80 ms in the queue');
  await expect(page.getByRole('navigation', { name: 'The way here over links' })).toContainText('orders publish');
  // On to the producer over the consumer's own link, and Back twice.
  await page
    .getByTestId('span-detail')
    .getByRole('link', { name: /orders publish/ })
    .click();
  await expect(page.getByRole('navigation', { name: 'The way here over links' })).toContainText('orders process 2');
  await page.goBack();
  await expect(page.getByRole('heading', { level: 1 })).toContainText('orders process 2');
  await page.goBack();
  await expect(page).toHaveURL(before);
  await expect(page.getByTestId('span-detail')).toContainText('Linked from 3');
  await expect(page.getByRole('button', { name: 'Reset zoom' })).toBeVisible();
  await expect
    .poll(() => page.getByRole('treegrid').evaluate((grid) => grid.scrollTop))
    .toBeGreaterThanOrEqual(scrolled - 30);
});

test('7: keyboard and screen reader only', async ({ page, server, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  const said = page.getByTestId('announcements');
  await page.goto(at(server, '/search'));
  await expect(page.getByRole('status').first()).toContainText(/trace/);
  await openPalette(page);
  await page.keyboard.type(traceIds.failed);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('treegrid')).toBeVisible();
  await page.getByRole('treegrid').focus();
  await page.keyboard.press('j');
  await expect(said).toContainText(
    'POST /api/checkout of frontend, 412 ms, error: payment declined. Path: POST /api/checkout'
  );
  await openPalette(page);
  await page.keyboard.type('slowest child');
  await page.keyboard.press('Enter');
  await expect(said).toContainText('shop.Checkout/PlaceOrder of checkout, 371 ms');
  await expect(page.getByRole('complementary', { name: /Span detail: shop.Checkout/ })).toContainText('rpc.method');
  const actions = page.getByRole('button', { name: 'Actions for rpc.method' });
  for (
    let press = 0;
    press < 120 && !(await actions.evaluate((button) => button === document.activeElement));
    press++
  ) {
    await page.keyboard.press('Tab');
  }
  await expect(actions).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('menuitem', { name: /^Filter/ })).toBeFocused();
  await page.keyboard.press('f');
  await expect(said).toContainText('Filtered: rpc.method PlaceOrder');
  await expect(page).toHaveURL(/filter=span.rpc.method/);
  await openPalette(page);
  await page.keyboard.type('copy a link');
  await page.keyboard.press('Enter');
  await expect(said).toContainText('Link copied.');
  expect(await page.evaluate(() => navigator.clipboard.readText())).toContain('filter=span.rpc.method');
});

async function openPalette(page: Page): Promise<void> {
  await page.keyboard.press(':');
  await expect(page.getByRole('combobox', { name: 'Command' })).toBeFocused();
}

/** One trace a fault, each with what it must say. */
const faults: readonly (readonly [name: string, says: RegExp, make: (spans: Span[]) => Span[]])[] = [
  [
    'no root',
    /root/i,
    (spans) => spans.map((span, i) => (i === 0 ? { ...span, parentSpanId: 'dead00000000beef' } : span)),
  ],
  ['parents missing', /parent/i, (spans) => spans.filter((_, i) => i !== 2 && i !== 4 && i !== 11)],
  [
    '90 s of skew',
    /clock|before|start/i,
    (spans) =>
      spans.map((span, i) =>
        i >= 11 && i <= 13
          ? {
              ...span,
              startUnixNanos: span.startUnixNanos - 90_000_000_000n,
              endUnixNanos: span.endUnixNanos - 90_000_000_000n,
            }
          : span
      ),
  ],
  [
    'ids twice',
    /(id|twice|same)/i,
    (spans) => spans.map((span, i) => (i === 6 ? { ...span, spanId: spans[5].spanId } : span)),
  ],
  [
    'a cycle',
    /(cycle|ancestor|itself)/i,
    (spans) =>
      spans.map((span, i) =>
        i === 2
          ? { ...span, parentSpanId: spans[4].spanId }
          : i === 4
            ? { ...span, parentSpanId: spans[2].spanId }
            : span
      ),
  ],
  [
    'an attribute of 5 MB',
    /./,
    (spans) =>
      spans.map((span, i) =>
        i === 0
          ? {
              ...span,
              attributes: [
                ...span.attributes,
                { key: 'big', value: { type: 'string' as const, value: 'x'.repeat(5_000_000) } },
              ],
            }
          : span
      ),
  ],
  ['no duration', /./, (spans) => spans.map((span) => ({ ...span, endUnixNanos: span.startUnixNanos }))],
  [
    'an end before the start',
    /before|negative/i,
    (spans) => spans.map((span, i) => (i === 3 ? { ...span, endUnixNanos: span.startUnixNanos - 5_000_000n } : span)),
  ],
];

for (const [name, says, make] of faults) {
  test(`8: bad data: ${name}`, async ({ page, server }) => {
    const spans = make(fixtureSpans(Date.UTC(2026, 0, 2)).filter((span) => span.traceId === traceIds.failed));
    await page.goto(at(server, '/file'));
    await dropFile(page, 'bad.json', encodeJaegerJson(spans));
    await expect(page.getByRole('treegrid')).toBeVisible();
    await expect(page.getByText(`${spans.length} spans`, { exact: true })).toBeVisible();
    if (says.source !== '.') {
      await expect(page.getByTestId('notes')).toContainText(says);
      await expect(page.getByTestId('notes')).toContainText(/\d|One|one/);
    }
    const services = page.getByRole('list', { name: 'Services' }).getByRole('listitem');
    const counts = await services.evaluateAll((items) =>
      items.map((item) => Number(/(\d+)\s*$/.exec(item.textContent ?? '')?.[1]))
    );
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(spans.length);
    await page.getByRole('row').first().click();
    await expect(page.getByTestId('span-detail')).toContainText('Duration');
    if (name.startsWith('an attribute')) {
      await expect(page.getByTestId('span-detail')).toContainText('Show all 5,000,000 characters');
    }
  });
}

test('10: a phone reads the error, shares a note, and a desktop opens it at the same place', async ({
  page,
  server,
  context,
}) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.setViewportSize({ width: 390, height: 844 });
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.goto(at(server, `${failedTrace}?span=00000000000000ac`));
  const detail = page.getByTestId('span-detail');
  await expect(detail).toContainText('PaymentDeclinedError');
  const overflow = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth
  );
  expect(overflow).toBeLessThanOrEqual(0);
  await page.getByRole('button', { name: 'Add note' }).click();
  await page.getByRole('textbox', { name: /Note at charge card/ }).fill('issuer declines: ask the bank');
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Copy link' }).click();
  await expect(page.getByTestId('announcements')).toContainText('Link copied.');
  const link = await page.evaluate(() => navigator.clipboard.readText());
  expect(link.length).toBeLessThan(2_000);
  const desktop = await context.newPage();
  await desktop.setViewportSize({ width: 1440, height: 900 });
  await desktop.goto(link);
  await expect(desktop.getByRole('region', { name: 'Notes' })).toContainText('issuer declines: ask the bank');
  await expect(desktop.getByTestId('span-detail')).toContainText('PaymentDeclinedError');
  await desktop.close();
});
