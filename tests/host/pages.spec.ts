/** The app's pages by their addresses: the same specs run against the test hosts and, with `VIVACE_GRAFANA_URL`, against a real Grafana. */
import AxeBuilder from '@axe-core/playwright';
import { expect, hostUrl, test } from './host-test.ts';
import { checkoutTraceId, spanId, wideTraceId } from './traces.ts';

const page = (path: string): string => `${hostUrl()}/a/vivace-traces-app/${path}`;

test('search: a query in the address, a row opens its trace, Back comes back', async ({ host }) => {
  await host.goto(page(`search?q=${encodeURIComponent('{ span.customer.id = "42" }')}&editor=traceql&ds=vivace`));
  const app = host.getByTestId('vivace-app');
  const found = app.getByText('POST /checkout').first();
  await found.click();
  await expect(app.getByText('SELECT accounts').first()).toBeVisible();
  expect(new URL(host.url()).pathname).toMatch(new RegExp(`/a/vivace-traces-app/trace/${checkoutTraceId}$`));
  await host.goBack();
  await expect(found).toBeVisible();
});

test('trace: the address opens it with the span selected; axe finds nothing', { tag: '@both' }, async ({ host }) => {
  await host.goto(page(`trace/${checkoutTraceId}?span=${spanId(3)}&ds=vivace`));
  const app = host.getByTestId('vivace-app');
  await expect(app.getByText('customer.id').first()).toBeVisible();
  const { violations } = await new AxeBuilder({ page: host })
    .include('[data-testid=vivace-app]')
    .withTags(['wcag2a', 'wcag2aa'])
    .analyze();
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0].html}`)).toEqual([]);
});

test('services: graph and table, 2 hops upstream, an edge leads to a trace through it', async ({ host }) => {
  await host.goto(page('services?ds=vivace'));
  const app = host.getByTestId('vivace-app');
  await expect(app.getByRole('img', { name: /^Service graph: \d+ nodes/ })).toHaveAttribute('data-laid-out', 'true');
  await app.getByLabel('Find a service').fill('payment');
  await app.getByRole('row').filter({ hasText: 'payment' }).first().getByRole('button').click();
  const detail = app.getByRole('region', { name: 'Selected service' });
  await detail.getByRole('button', { name: 'Show what is around it' }).click();
  await app.getByLabel('Direction').selectOption('upstream');
  await app.getByLabel('Hops').selectOption('2');
  await detail.getByRole('button', { name: '← checkout' }).click();
  await app.getByRole('link', { name: 'Traces through this edge' }).click();
  await app.getByRole('listitem').first().getByRole('link').first().click();
  // Which trace comes first depends on what else the server holds.
  await expect(app.getByRole('treegrid').getByText('payment').first()).toBeVisible();
});

test('a Viewer may use every page but the settings, which say so', async ({ host }) => {
  test.skip(
    process.env.VIVACE_GRAFANA_URL !== undefined && process.env.VIVACE_GRAFANA_ROLE !== 'Viewer',
    'this Grafana has no Viewer'
  );
  await host.goto(page('settings'));
  if (process.env.VIVACE_GRAFANA_URL === undefined) {
    await expect(host.getByText('Settings are for administrators')).toBeVisible();
  } else {
    // Grafana itself keeps a Viewer from a page for administrators, and shows its home page.
    await expect(host).not.toHaveURL(/settings/);
  }
  await expect(host.getByTestId('vivace-setup')).toHaveCount(0);
  for (const [path, text] of [
    // The traces of this spec among those of others.
    [`search?ds=vivace&q=${encodeURIComponent('{ name = "charge card" }')}`, 'POST /checkout'],
    [`trace/${checkoutTraceId}?ds=vivace`, 'charge card'],
    ['services?ds=vivace', 'payment'],
    [`compare?a=${checkoutTraceId}&b=${wideTraceId}&ds=vivace`, 'charge card'],
  ]) {
    await host.goto(page(path));
    await expect(host.getByTestId('vivace-app').getByText(text).first()).toBeVisible();
  }
});
