/** The panels as a dashboard uses them. */
import { expect, hostUrl, test } from './host-test.ts';
import { checkoutTraceId, spanId, wideTraceId } from './traces.ts';
import type { TestHost } from './browser/main.tsx';

declare const window: { testHost: TestHost };

test('service graph panel: hops around a service, a call leads to its traces', { tag: '@both' }, async ({ host }) => {
  await host.evaluate(() => window.testHost.renderGraphPanel({}));
  const panel = host.getByTestId('panel');
  await panel.getByLabel('Find a service').fill('payment');
  const row = panel.getByRole('row').filter({ hasText: 'payment' });
  await expect(row).toContainText('/');
  await row.getByRole('button', { name: 'payment' }).click();
  const detail = panel.getByRole('region', { name: 'Selected service' });
  await expect(detail.getByRole('link', { name: 'Traces' })).toHaveAttribute(
    'href',
    /^\/a\/vivace-traces-app\/search\?q=.*payment.*&from=now-1h&to=now&ds=vivace$/
  );
  await detail.getByRole('button', { name: 'Show what is around it' }).click();
  await expect(panel.getByRole('img', { name: /^Service graph: 2 nodes, 1 edges/ })).toBeVisible();
  await detail.getByRole('button', { name: '← checkout' }).click();
  await expect(panel.getByRole('link', { name: 'Traces through this edge' })).toBeVisible();
  await expect(panel.getByRole('link', { name: 'Failed ones' })).toBeVisible();
});

test('service graph panel: says so when it gets no graph', async ({ host }) => {
  await host.evaluate(() => window.testHost.renderGraphPanel({ query: '{ resource.service.name = "nobody" }' }));
  await expect(host.getByTestId('panel')).toContainText('No service graph here');
});

test('waterfall panel: the full view opens at the selected span; data links of its author', async ({ host }) => {
  await host.evaluate(
    (id) =>
      window.testHost.renderPanel([{ query: id }], {
        links: [{ title: 'Runbook', url: '/runbooks/${__span.name}?trace=${__trace.traceId}' }],
      }),
    checkoutTraceId
  );
  const panel = host.getByTestId('panel');
  const full = panel.getByRole('link', { name: 'Open full view' });
  await expect(full).toHaveAttribute('href', `/a/vivace-traces-app/trace/${checkoutTraceId}?ds=vivace`);
  await panel.getByText('charge card').first().click();
  await expect(full).toHaveAttribute(
    'href',
    `/a/vivace-traces-app/trace/${checkoutTraceId}?span=${spanId(3)}&ds=vivace`
  );
  await expect(panel.getByRole('link', { name: 'Runbook' })).toHaveAttribute(
    'href',
    `/runbooks/charge card?trace=${checkoutTraceId}`
  );
});

test('waterfall panel: the view and the rows that its options choose come first', async ({ host }) => {
  await host.evaluate(
    (id) => window.testHost.renderPanel([{ query: id }], { options: { view: 'statistics' } }),
    checkoutTraceId
  );
  const panel = host.getByTestId('panel');
  await expect(panel.getByRole('button', { name: 'Statistics' })).toHaveAttribute('aria-pressed', 'true');
  await panel.getByRole('button', { name: 'Waterfall' }).click();
  await expect(panel.getByText('charge card').first()).toBeVisible();
});

test('two panels on one dashboard: a key in one is not felt in the other', async ({ host }) => {
  await host.evaluate(([first, second]) => window.testHost.renderTwoPanels({ query: first }, { query: second }), [
    checkoutTraceId,
    wideTraceId,
  ] as const);
  const [first, second] = [host.getByTestId('panel').nth(0), host.getByTestId('panel').nth(1)];
  await expect(second.getByText('import').first()).toBeVisible();
  await first.getByText('charge card').first().click();
  const before = await second.innerHTML();
  for (const key of ['ArrowDown', 'ArrowUp', 'ArrowLeft', 'z', '/', '?', 'Escape']) {
    await host.keyboard.press(key);
  }
  expect(await second.innerHTML()).toBe(before);
});

test('links of the app in menus: as plugin.json has them, each leads to the page', async ({ host }) => {
  const targets = [{ datasource: { type: 'vivace-traces-datasource', uid: 'vivace' }, query: checkoutTraceId }];
  const { links, exposed } = await host.evaluate((context) => window.testHost.extensions(context), {
    targets,
    traceID: checkoutTraceId,
    datasource: targets[0].datasource,
  });
  const path = `/a/vivace-traces-app/trace/${checkoutTraceId}?ds=vivace`;
  expect(links.map((link) => link.path)).toEqual([path, path]);
  const answer = await host.request.get(`${hostUrl()}/public/plugins/vivace-traces-app/plugin.json`);
  const { extensions } = (await answer.json()) as { extensions: object };
  expect({ addedLinks: links.map(({ path: _, ...rest }) => rest), exposedComponents: exposed }).toEqual(extensions);
});

test(
  'the exposed trace view: another plugin shows a trace, the URL stays its own',
  { tag: '@both' },
  async ({ host }) => {
    const before = host.url();
    await host.evaluate(
      (traceId) => window.testHost.renderExposedTrace({ traceId, datasourceUid: 'vivace' }),
      checkoutTraceId
    );
    const view = host.getByTestId('exposed');
    await view.getByText('charge card').first().click();
    await expect(view.getByText('customer.id').first()).toBeVisible();
    expect(host.url()).toBe(before);
  }
);
