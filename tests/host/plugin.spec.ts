/** The production build in a real browser, loaded as Grafana loads it. Console errors, CSP violations and failed requests fail a spec. */
import { expect, test as base, type Page } from '@playwright/test';
import { gzipSync } from 'node:zlib';
import { checkoutTraceId, spanId, wideSpanCount, wideTraceId } from './traces.ts';
import type { TestHost } from './browser/main.tsx';

declare const window: { testHost: TestHost; options: unknown; query: unknown };

const test = base.extend<{ host: Page }>({
  host: async ({ page }, use) => {
    const problems: string[] = [];
    page.on('console', (message) => {
      // Error statuses of the API are answers; the browser logs them all the same.
      if (message.type() === 'error' && !message.location().url.includes('/api/')) {
        problems.push(message.text());
      }
    });
    page.on('pageerror', (error) => problems.push(String(error.stack)));
    page.on('response', (response) => {
      if (response.status() >= 400 && response.url().includes('/public/')) {
        problems.push(`${response.status()} ${response.url()}`);
      }
    });
    // Grafana's fonts are not in its packages.
    await page.route('**/public/host/fonts/**', (route) => route.fulfill({ contentType: 'font/woff2', body: '' }));
    await page.addInitScript(() => {
      document.addEventListener('securitypolicyviolation', (event) =>
        console.error(`CSP: ${event.violatedDirective} ${event.blockedURI}`)
      );
    });
    await page.goto(process.env.VIVACE_HOST_URL!);
    await use(page);
    expect(problems).toEqual([]);
  },
});

type Frame = Awaited<ReturnType<TestHost['query']>>['frames'][number];
const query = (page: Page, ...targets: Record<string, unknown>[]) =>
  page.evaluate((all) => window.testHost.query(all), targets);
const column = (frame: Frame, name: string): unknown[] =>
  (frame.fields as { name: string; values: unknown[] }[]).find((field) => field.name === name)!.values;

test('Save & test says which server answers', async ({ host }) => {
  const answer = await host.evaluate(() => window.testHost.testDatasource());
  expect(answer).toMatchObject({ status: 'success' });
  expect(answer.message).toMatch(/^Connected to Vivace 0\.0\.0-test\. It holds [\d,]+ spans\.$/);
});

test('a trace by its id, under any query type and with blanks', async ({ host }) => {
  for (const queryType of [undefined, 'traceql', 'traceId']) {
    const { frames, errors } = await query(host, { query: ` ${checkoutTraceId.toUpperCase()} `, queryType });
    expect(errors).toBeUndefined();
    expect(frames).toHaveLength(1);
    expect(frames[0].meta).toMatchObject({ preferredVisualisationType: 'trace' });
    expect(frames[0].length).toBe(4);
    expect(column(frames[0], 'traceID')[0]).toBe(checkoutTraceId);
    expect(column(frames[0], 'operationName')).toContain('charge card');
    expect(column(frames[0], 'serviceName')).toContain('payment');
  }
});

test('an unknown trace is an empty frame, a huge one is shown by our panel', async ({ host }) => {
  const { frames } = await query(host, { query: 'dead' });
  expect(
    frames.map((frame) => [frame.length, (frame.fields as { name: string }[]).map((field) => field.name)])
  ).toEqual([[0, ['trace']]]);
  const wide = await query(host, { query: wideTraceId });
  expect(wide.frames[0].length).toBe(wideSpanCount);
  expect(wide.frames[0].meta).toMatchObject({ preferredVisualisationPluginId: 'vivace-waterfall-panel' });
});

test('TraceQL search: a table of traces with their spans nested, refIds kept', async ({ host }) => {
  const { frames, errors } = await query(
    host,
    { refId: 'X', query: '{ span.customer.id = "42" }', queryType: 'traceql' },
    { refId: 'Y', query: '{ resource.service.name = "nobody" }', queryType: 'traceql' }
  );
  expect(errors).toBeUndefined();
  expect(frames.map((frame) => [frame.refId, frame.name, frame.length])).toEqual([
    ['X', 'Traces', 1],
    ['Y', 'Traces', 0],
  ]);
  expect(column(frames[0], 'traceID')).toEqual([checkoutTraceId]);
  expect(column(frames[0], 'traceName')).toEqual(['POST /checkout']);
  const [[spans]] = column(frames[0], 'nested') as Frame[][];
  expect(column(spans, 'spanID')).toEqual([spanId(3)]);
  expect(column(spans, 'customer.id')).toEqual(['42']);
});

test('template variables: in TraceQL and in the builder', async ({ host }) => {
  const names = (targets: Record<string, unknown>[], value: unknown) =>
    host.evaluate(
      async ([all, one]) => {
        const { frames } = await window.testHost.query(all as never, { service: { value: one } } as never);
        return frames.map((frame) => frame.length);
      },
      [targets, value] as const
    );
  const text = { query: '{ resource.service.name =~ "$service" }' };
  const filter = {
    id: 'a',
    scope: 'resource',
    tag: 'service.name',
    operator: '=',
    value: '$service',
    valueType: 'string',
  };
  const builder = { queryType: 'traceqlSearch', filters: [filter] };
  expect(await names([text, builder], 'payment')).toEqual([1, 1]);
  expect(await names([text, builder], ['nobody', 'payment', 'batch'])).toEqual([2, 2]);
});

test('metrics: one frame a series, with the labels it is grouped by', async ({ host }) => {
  const { frames, errors } = await query(host, { query: '{} | count_over_time() by (resource.service.name)' });
  expect(errors).toBeUndefined();
  const series = frames.filter((frame) => frame.name !== 'exemplar');
  expect(series.map((frame) => frame.name).sort()).toEqual(['batch', 'cart', 'checkout', 'payment']);
  expect(series[0].meta).toMatchObject({ type: 'timeseries-multi', preferredVisualisationType: 'graph' });
  const payment = series.find((frame) => frame.name === 'payment')!;
  const counts = (payment.fields as { values: number[] }[])[1].values;
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(2);
});

test("the server's error arrives with the refId of its query; others still answer", async ({ host }) => {
  const { frames, errors, state } = await query(
    host,
    { refId: 'bad', query: '{ span.customer.id = }' },
    { refId: 'good', query: checkoutTraceId }
  );
  expect(state).toBe('Error');
  expect(errors).toMatchObject([{ refId: 'bad', status: 400 }]);
  expect(errors![0].message).toContain('invalid TraceQL query');
  expect(frames.map((frame) => frame.refId)).toEqual(['good']);
});

test('unsubscribing cancels the request', async ({ host }) => {
  const result = await host.evaluate(() => window.testHost.cancelledQuery([{ query: '{}' }]));
  expect(result).toEqual({ aborted: 1, answered: false });
});

test('the query editor: diagnostics, Shift+Enter, rows become text', async ({ host }) => {
  await host.evaluate(() => window.testHost.renderQueryEditor());
  const text = host.getByTestId('vivace-traceql');
  await text.fill('{ span.customer.id == "42" }');
  await expect(host.getByTestId('vivace-traceql-problem')).toContainText('^');
  await text.fill('{ span.customer.id = "42" }');
  await expect(host.getByTestId('vivace-traceql-problem')).toHaveCount(0);
  await text.press('Shift+Enter');
  await expect(host.getByTestId('runs')).toHaveText('1');
  expect(await host.evaluate(() => window.query)).toMatchObject({
    query: '{ span.customer.id = "42" }',
    queryType: 'traceql',
  });

  await host.getByRole('radio', { name: 'Search' }).click();
  await host.getByLabel('Service name').fill('payment');
  await host.getByLabel('Duration at least').fill('100ms');
  await host.getByLabel('Duration at least').press('Enter');
  const rows = '{resource.service.name = "payment" && duration >= 100ms}';
  await expect(host.getByTestId('vivace-builder-preview')).toHaveText(rows);
  await host.getByRole('radio', { name: 'TraceQL' }).click();
  await expect(text).toHaveValue(rows);
});

test('the config editor sets the address and the link to logs', async ({ host }) => {
  await host.evaluate(() => window.testHost.renderConfigEditor());
  await expect(host.getByTestId('vivace-config-editor')).toBeVisible();
  await host.getByPlaceholder('http://localhost:3200').fill('http://vivace:3200');
  await host.getByLabel('Span start time shift').fill('-5m');
  expect(await host.evaluate(() => window.options)).toMatchObject({
    url: 'http://vivace:3200',
    jsonData: { tracesToLogsV2: { spanStartTimeShift: '-5m' } },
  });
});

test('the waterfall panel draws the trace of its frames', async ({ host }) => {
  await host.evaluate((id) => window.testHost.renderPanel([{ query: id }]), checkoutTraceId);
  const panel = host.getByTestId('panel');
  await expect(panel.getByText('POST /checkout').first()).toBeVisible();
  await expect(panel.getByText('SELECT accounts').first()).toBeVisible();
  await panel.getByText('charge card').first().click();
  await expect(panel.getByText('customer.id').first()).toBeVisible();
  await expect(panel.locator('canvas').first()).toBeVisible();
});

test('the waterfall panel says so when it gets no trace', async ({ host }) => {
  await host.evaluate(() => window.testHost.renderPanel([{ query: '{}' }]));
  await expect(host.getByTestId('panel')).toContainText('No trace here');
});

test('nested plugins load their chunks from the app, and nothing else is served there', async ({ host }) => {
  const scripts: { readonly path: string; readonly gzipBytes: Promise<number> }[] = [];
  host.on('response', (response) => {
    const { pathname } = new URL(response.url());
    if (pathname.startsWith('/public/plugins/') && pathname.endsWith('.js')) {
      scripts.push({ path: pathname, gzipBytes: response.body().then((body) => gzipSync(body).length) });
    }
  });
  await host.evaluate((id) => window.testHost.renderPanel([{ query: id }]), checkoutTraceId);
  await expect(host.getByTestId('panel').getByText('POST /checkout').first()).toBeVisible();
  const lazy = scripts.filter(({ path }) => !path.endsWith('/module.js'));
  expect(lazy.length).toBeGreaterThan(0);
  expect(lazy.every(({ path }) => path.startsWith('/public/plugins/vivace-traces-app/'))).toBe(true);

  const bytes = (await Promise.all(scripts.map(({ gzipBytes }) => gzipBytes))).reduce((sum, one) => sum + one, 0);
  console.log(
    `code to the first trace in a panel, its data source included: ${bytes} bytes gzip, at most 300000 (GOALS G7)`
  );
  expect(bytes).toBeLessThanOrEqual(300_000);

  const assets = `${process.env.VIVACE_HOST_URL}/public/plugins`;
  for (const path of [
    'vivace-waterfall-panel/panels/waterfall/module.js',
    'vivace-traces-datasource/plugin.jsonx',
    'other/module.js',
  ]) {
    expect((await host.request.get(`${assets}/${path}`)).status()).toBe(404);
  }
});

test('the app: search, open a trace, Back; the URL holds the view', async ({ host }) => {
  const home = `${process.env.VIVACE_HOST_URL}/a/vivace-traces-app`;
  await host.goto(`${home}/search?q=${encodeURIComponent('{ span.customer.id = "42" }')}&editor=traceql`);
  await host.evaluate(() => window.testHost.renderApp());
  const app = host.getByTestId('vivace-app');
  const found = app.getByText('POST /checkout').first();
  await expect(found).toBeVisible();
  await found.click();
  await expect(app.getByText('SELECT accounts').first()).toBeVisible();
  expect(new URL(host.url()).pathname).toBe(`/a/vivace-traces-app/trace/${checkoutTraceId}`);
  expect(new URL(host.url()).searchParams.get('ds')).toBe('vivace');
  await host.evaluate(() => history.back());
  await expect(found).toBeVisible();
});

test('the app opens a linked trace with the span in focus', async ({ host }) => {
  await host.goto(
    `${process.env.VIVACE_HOST_URL}/a/vivace-traces-app/trace/${checkoutTraceId}?span=${spanId(3)}&ds=vivace`
  );
  await host.evaluate(() => window.testHost.renderApp());
  await expect(host.getByText('customer.id').first()).toBeVisible();
});

test('the setup page asks every data source how it is', async ({ host }) => {
  await host.evaluate(() => window.testHost.renderAppConfig());
  await expect(host.getByTestId('vivace-setup')).toContainText('Connected to Vivace 0.0.0-test');
});
