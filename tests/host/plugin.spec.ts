/** The production build in a real browser, loaded as Grafana loads it. Console errors, CSP violations and failed requests fail a spec. */
import { gzipSync } from 'node:zlib';
import { expect, hostUrl, test, type Page } from './host-test.ts';
import { checkoutTraceId, spanId, wideSpanCount, wideTraceId } from './traces.ts';
import type { TestHost } from './browser/main.tsx';

declare const window: { testHost: TestHost; options: unknown; query: unknown };

type Frame = Awaited<ReturnType<TestHost['query']>>['frames'][number];
const query = (page: Page, ...targets: Record<string, unknown>[]) =>
  page.evaluate((all) => window.testHost.query(all), targets);
const column = (frame: Frame, name: string): unknown[] =>
  (frame.fields as { name: string; values: unknown[] }[]).find((field) => field.name === name)!.values;

test('Save & test says which server answers', async ({ host }) => {
  const answer = await host.evaluate(() => window.testHost.testDatasource());
  expect(answer).toMatchObject({ status: 'success' });
  expect(answer.message).toMatch(
    /^Connected to Vivace 0\.0\.0-test\. It holds [\d,]+ spans\. What works: search, metrics, streaming\.$/
  );
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

test('metrics: one frame a series, with the labels it is grouped by', { tag: '@both' }, async ({ host }) => {
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

test('streaming: partial tables with progress, then everything; by chunked() and by fetch', async ({ host }) => {
  const target = { query: '{ name != "held" }' };
  for (const hasChunked of [true, false]) {
    const { packets } = await host.evaluate(([one, chunked]) => window.testHost.streamedQuery([one], chunked), [
      target,
      hasChunked,
    ] as const);
    const partial = packets[0];
    expect(partial).toMatchObject({ state: 'Streaming', key: 'vivace' });
    expect(partial.frames).toEqual([
      ['Traces', 1],
      ['Streaming progress', 1],
    ]);
    expect(packets.at(-1)).toMatchObject({ state: 'Done', key: 'vivace', frames: [['Traces', 2]], notices: [] });
  }
});

test("leaving a stream ends the server's search, within 100 ms", async ({ host }) => {
  for (const hasChunked of [true, false]) {
    const delays: number[] = [];
    // Machines stall now and then: the best of some tries is what the way takes.
    while (delays.length < 5 && Math.min(...delays, Infinity) > 100) {
      const { leftUnixMs } = await host.evaluate(
        (chunked) => window.testHost.streamedQuery([{ query: '{ name != "held" }' }], chunked, 1),
        hasChunked
      );
      const held = async () =>
        (await host.request.get(`${process.env.VIVACE_HOST_URL}/test/held`)).json() as Promise<{
          abortedUnixMs?: number;
        }>;
      await expect.poll(async () => (await held()).abortedUnixMs ?? 0).toBeGreaterThan(0);
      delays.push((await held()).abortedUnixMs! - leftUnixMs);
    }
    console.log(
      `${hasChunked ? 'chunked()' : 'fetch'}: the server heard of it after ${delays.map((ms) => ms.toFixed(1)).join(', ')} ms`
    );
    expect(Math.min(...delays)).toBeLessThanOrEqual(100);
  }
});

test('a refused and a cut stream: one plain answer with a notice', async ({ host }) => {
  const stream = (body: string, status: number) =>
    host.route('**/api/vivace/search/stream*', (route) =>
      route.fulfill({ status, contentType: status === 200 ? 'application/x-ndjson' : 'text/plain', body })
    );
  const ask = async () => {
    const { frames, errors } = await query(host, { query: '{ span.customer.id = "42" }' });
    expect(errors).toBeUndefined();
    return [frames[0].length, (frames[0].meta as { notices?: { text: string }[] }).notices?.map(({ text }) => text)];
  };
  await stream('\n{"type":"delta","traces":[]}\n', 200);
  expect(await ask()).toEqual([
    1,
    ['The answer came in one piece: its stream was cut (it ended before its last line).'],
  ]);
  await host.unroute('**/api/vivace/search/stream*');
  await stream('no such route', 404);
  expect(await ask()).toEqual([1, ['The server answered in one piece: it does not stream (status 404).']]);
  // It is not asked again.
  expect(await ask()).toEqual([1, undefined]);
});

test('ad hoc filters narrow every kind of query; their choices narrow each other', async ({ host }) => {
  const service = { key: 'resource.service.name', operator: '=|', value: 'payment', values: ['payment', 'cart'] };
  const targets = [
    { query: '{}' },
    { query: '{} | count_over_time() by (resource.service.name)' },
    { queryType: 'traceqlSearch', filters: [] },
  ];
  const { frames, errors } = await host.evaluate(([all, filter]) => window.testHost.query(all, undefined, [filter]), [
    targets,
    service,
  ] as const);
  expect(errors).toBeUndefined();
  const [search, ...rest] = frames.filter((frame) => frame.name !== 'exemplar');
  expect(column(search, 'traceID')).toEqual([checkoutTraceId]);
  expect(
    rest
      .filter((frame) => frame.refId === 'B')
      .map((frame) => frame.name)
      .sort()
  ).toEqual(['cart', 'payment']);
  expect(rest.find((frame) => frame.refId === 'C')).toMatchObject({ length: 1 });

  const choices = (filters: object[], key?: string) =>
    host.evaluate(([given, name]) => window.testHost.filterChoices(given as never, name), [filters, key] as const);
  expect((await choices([])).map((one) => one.text)).toEqual(
    expect.arrayContaining(['resource.service.name', 'span.customer.id', 'status'])
  );
  expect(await choices([{ ...service, operator: '=' }], 'span.attempt')).toEqual([
    { text: '3', value: '3', properties: { valueType: 'int' } },
  ]);
  expect(await choices([{ ...service, operator: '=', value: 'batch' }], 'span.attempt')).toEqual([]);
});

test('dashboard variables: services, operations of one, names of a scope, values; their editor', async ({ host }) => {
  const values = (one: Record<string, unknown>, service?: string) =>
    host.evaluate(([asked, value]) => window.testHost.variable(asked, (value && { service: { value } }) as never), [
      one,
      service,
    ] as const);
  expect(await values({ kind: 'services' })).toEqual(['batch', 'cart', 'checkout', 'payment']);
  expect(await values({ kind: 'operations', service: '$service' }, 'payment')).toEqual([
    'charge card',
    'SELECT accounts',
  ]);
  expect(await values({ kind: 'names', scope: 'span' })).toEqual(['span.attempt', 'span.customer.id']);
  expect(await values({ kind: 'values', attribute: 'customer.id' })).toEqual(['42']);
  await host.evaluate(() => window.testHost.renderVariableEditor({ kind: 'values' }));
  await host.getByLabel('Attribute', { exact: true }).fill('span.customer.id');
  await host.getByLabel('Only with').click();
  expect(await host.evaluate(() => window.query)).toMatchObject({ kind: 'values', attribute: 'span.customer.id' });
});

test('Explore: a clicked value, a query that moves there, label matchers of another data source', async ({ host }) => {
  const { clicked, moved, imported } = await host.evaluate(() =>
    window.testHost.exploreQueries({ refId: 'A', query: '{ .service = "x" }' }, [
      { name: 'service_name', value: 'shop', operator: 'Equal' },
    ])
  );
  expect(clicked).toMatchObject({ query: '{ .service = "x" && name != "GET /" }' });
  expect(moved).toMatchObject({
    query: '{ .service = "x" && status = error }',
    datasource: { uid: 'vivace', type: 'vivace-traces-datasource' },
  });
  expect(imported).toMatchObject({ queryType: 'traceql', query: '{ resource.service.name = "shop" }' });
});

test('annotations: slow traces and searches become events that link to their trace', async ({ host }) => {
  const events = (target: Record<string, unknown>) => host.evaluate((one) => window.testHost.annotations(one), target);
  const [slow, ...rest] = (await events({ annotates: 'slow', slowerThan: '400ms', service: 'checkout' }))!;
  expect(rest).toEqual([]);
  expect(slow).toMatchObject({ title: 'checkout: POST /checkout', isRegion: true, tags: ['checkout'] });
  expect(slow.text).toContain(`/a/vivace-traces-app/trace/${checkoutTraceId}?ds=vivace`);
  expect(await events({ annotates: 'errors' })).toEqual([]);
  expect(await events({ annotates: 'search', query: '{ status = error }' })).toHaveLength(1);
  await host.evaluate(() => window.testHost.renderAnnotationEditor({ annotates: 'errors' }));
  await host.getByRole('radio', { name: 'Slow traces' }).click();
  await host.getByLabel('Slower than').fill('2s');
  await host.getByLabel('Service').click();
  expect(await host.evaluate(() => window.query)).toMatchObject({ target: { annotates: 'slow', slowerThan: '2s' } });
});

test('settings: the node graph of a trace, a look-up around the range, links of a span to its logs', async ({
  host,
}) => {
  const asked: string[] = [];
  host.on('request', (request) => asked.push(request.url()));
  const { frames } = await host.evaluate(
    (id) => window.testHost.query([{ query: id }], undefined, undefined, 'vivace-linked'),
    checkoutTraceId
  );
  expect(frames.map((frame) => [frame.name, frame.length])).toEqual([
    ['Trace', 4],
    ['Nodes', 4],
    ['Edges', 3],
  ]);
  const range = new URL(asked.find((url) => url.includes(`/traces/${checkoutTraceId}`))!).searchParams;
  expect(Number(range.get('end')) - Number(range.get('start'))).toBeGreaterThanOrEqual(3 * 3600);

  await host.evaluate((id) => window.testHost.renderPanel([{ query: id }], { uid: 'vivace-linked' }), checkoutTraceId);
  const panel = host.getByTestId('panel');
  await panel.getByText('charge card').first().click();
  const href = await panel.getByRole('link', { name: 'Logs in Loki' }).getAttribute('href');
  const { span } = JSON.parse(new URL(href!, 'http://host').searchParams.get('panes')!);
  expect(span.queries).toMatchObject([{ expr: `{service_name="payment"} |= "${checkoutTraceId}"` }]);
});

test('a trace file is shown without the server', async ({ host }) => {
  await host.evaluate(() => window.testHost.renderQueryEditor({ queryType: 'upload' }));
  const before = await query(host, { queryType: 'upload' });
  expect(before.errors?.[0].message).toContain('Choose the trace file again');
  const file = [{ traceId: 'a'.repeat(32), id: 'b'.repeat(16), name: 'from a file', timestamp: 1, duration: 2 }];
  await host
    .getByTestId('vivace-upload')
    .locator('input[type=file]')
    .setInputFiles({ name: 'zipkin.json', mimeType: 'application/json', buffer: Buffer.from(JSON.stringify(file)) });
  await expect(host.getByTestId('runs')).toHaveText('1');
  const { frames } = await query(host, { queryType: 'upload' });
  expect(frames.map((frame) => column(frame, 'operationName'))).toEqual([['from a file']]);

  const graph = [{ fields: [{ name: 'id', values: ['a'] }] }];
  await host
    .getByTestId('vivace-upload')
    .locator('input[type=file]')
    .setInputFiles({ name: 'graph.json', mimeType: 'application/json', buffer: Buffer.from(JSON.stringify(graph)) });
  await expect(host.getByTestId('runs')).toHaveText('2');
  const saved = await query(host, { queryType: 'upload' });
  expect(saved.frames.map((frame) => [frame.name, (frame.meta as object) ?? {}])).toEqual([
    ['Nodes', expect.objectContaining({ preferredVisualisationType: 'nodeGraph' })],
  ]);
});

test('the query editor: completion, diagnostics, Shift+Enter, rows become text', { tag: '@both' }, async ({ host }) => {
  await host.evaluate(() => window.testHost.renderQueryEditor());
  const text = host.getByTestId('vivace-traceql').locator('.cm-content');
  await text.fill('{ span.customer.id == "42" }');
  await expect(host.locator('.cm-lintRange-error')).toHaveCount(1);
  for (const fine of [checkoutTraceId, '{ resource.service.name =~ "$service" }', '{ span.customer.id = "42" }']) {
    await text.fill(fine);
    await expect(host.locator('.cm-lintRange-error')).toHaveCount(0);
  }
  await text.press('Shift+Enter');
  await expect(host.getByTestId('runs')).toHaveText('1');
  expect(await host.evaluate(() => window.query)).toMatchObject({
    query: '{ span.customer.id = "42" }',
    queryType: 'traceql',
  });
  await text.fill('');
  await text.pressSequentially('{ span.cust');
  await expect(host.locator('.cm-tooltip-autocomplete')).toContainText('span.customer.id');
  await text.press('Escape');
  await text.fill('{ }');

  await expect(host.getByTestId('vivace-match-count')).toHaveText('2 traces match');
  await text.fill('{.customer.id="42"and status=error}');
  await expect(host.locator('.cm-lintRange-error')).toHaveCount(1);
  await text.press('ControlOrMeta+.');
  await expect(text).toHaveText('{.customer.id="42"&& status=error}');
  await text.press('Shift+Alt+f');
  await expect(text).toHaveText('{ .customer.id = "42" && status = error }');
  await text.fill('{ }');

  await host.getByRole('radio', { name: 'Search' }).click();
  await host.getByLabel('Duration at least').fill('100ms');
  await host.getByLabel('Duration at least').press('Enter');
  await host.getByLabel('Service name', { exact: true }).click();
  // Offered by the server, and only what occurs together with the other rows: the import's spans are short.
  await expect(host.getByText('payment', { exact: true })).toBeVisible();
  await expect(host.getByText('batch', { exact: true })).toHaveCount(0);
  await host.getByText('payment', { exact: true }).click();
  await host.getByLabel('Service name', { exact: true }).fill('typed');
  await host.getByLabel('Service name', { exact: true }).press('Enter');
  // The list stays open for more values.
  await host.getByLabel('Service name', { exact: true }).press('Tab');
  await host.getByRole('button', { name: 'Add related spans' }).click();
  await host.getByTestId('vivace-builder-related').getByLabel('Attribute').fill('attempt');
  await host.getByTestId('vivace-builder-related').getByLabel('Value', { exact: true }).fill('3');
  await host.getByTestId('vivace-builder-related').getByLabel('Value', { exact: true }).press('Enter');
  await host.getByTestId('vivace-builder-related').getByLabel('Value', { exact: true }).press('Tab');
  const rows =
    '{duration >= 100ms && (resource.service.name = "payment" || resource.service.name = "typed")} >> {span.attempt = 3}';
  await expect(host.getByTestId('vivace-builder-preview')).toHaveText(rows);
  await host.getByRole('radio', { name: 'TraceQL' }).click();
  await expect(text).toHaveText(rows);
  // And back, unless the text says what rows cannot.
  await host.getByRole('radio', { name: 'Search' }).click();
  await expect(host.getByTestId('vivace-builder-preview')).toHaveText(rows);
  await host.getByRole('radio', { name: 'TraceQL' }).click();
  await text.fill('{ } | count() > 2');
  await host.getByRole('button', { name: 'Format' }).focus();
  await expect(host.getByRole('radio', { name: 'Search' })).toBeDisabled();
});

test(
  'the config editor: every section writes its key; links are shown as they will be',
  { tag: '@both' },
  async ({ host }) => {
    await host.evaluate(() => window.testHost.renderConfigEditor());
    await expect(host.getByTestId('vivace-config-editor')).toBeVisible();
    await host.getByPlaceholder('http://localhost:3200').fill('http://vivace:3200');
    await host.getByLabel('Span start time shift').first().fill('-5m');
    await host.getByLabel('Span end time shift').first().fill('soon');
    await expect(host.getByText('A duration such as -5m, 30s or 1h')).toBeVisible();
    await host.getByLabel('Span end time shift').first().fill('5m');
    await host.locator('#trace-to-logs-data-source').click();
    await host.getByText('Loki', { exact: true }).first().click();
    await host.getByLabel('Filter by trace ID').check({ force: true });
    await host.getByRole('button', { name: 'Add tag' }).first().click();
    await host.getByLabel('Tags 1: attribute').fill('service.name');
    await host.getByLabel('Tags 1: is called').fill('app');
    await expect(host.getByTestId('vivace-link-preview')).toContainText(
      '{app=\\"cart\\"} |= \\"0af7651916cd43dd8448eb211c80319c\\"'
    );
    await host.getByRole('button', { name: 'Add query' }).click();
    await host.getByLabel('Query 1: name').fill('Rate');
    await host.getByLabel('Query 1', { exact: true }).fill('up{$__tags}');
    await host.getByLabel('Profile type').fill('cpu');
    await host.getByLabel('Metrics', { exact: true }).uncheck({ force: true });
    await host.getByLabel('Node graph').check({ force: true });
    await host.getByRole('button', { name: 'Add row' }).click();
    await host.getByLabel('Row 3: attribute').fill('http.route');
    await host.getByLabel('Tag limit').fill('50');
    await host.getByLabel('Look up trace IDs in range').check({ force: true });
    await host.getByLabel('Before the range').fill('1h');
    await host.getByRole('radio', { name: 'Tag' }).click();
    await expect(host.getByTestId('vivace-limits').getByRole('row')).toHaveCount(6);
    expect(await host.evaluate(() => window.options)).toMatchObject({
      url: 'http://vivace:3200',
      jsonData: {
        tracesToLogsV2: {
          datasourceUid: 'loki',
          spanStartTimeShift: '-5m',
          spanEndTimeShift: '5m',
          filterByTraceID: true,
          tags: [{ key: 'service.name', value: 'app' }],
        },
        tracesToMetrics: { queries: [{ name: 'Rate', query: 'up{$__tags}' }] },
        tracesToProfiles: { profileTypeId: 'cpu' },
        streamingEnabled: { metrics: false },
        nodeGraph: { enabled: true },
        search: { filters: [{ id: 'service-name' }, { id: 'span-name' }, { id: 'setting-2', tag: 'http.route' }] },
        tagLimit: 50,
        traceQuery: { timeShiftEnabled: true, spanStartTimeShift: '1h' },
        spanBar: { type: 'Tag' },
      },
    });
  }
);

test('the help sheet runs an example', async ({ host }) => {
  await host.evaluate(() => window.testHost.renderQueryHelp());
  await host.getByRole('button', { name: '{ resource.service.name = "checkout" && status = error }' }).click();
  expect(await host.evaluate(() => window.query)).toMatchObject({ queryType: 'traceql' });
});

test('the service graph from the server: nodes, edges, a table of services, each with its traces', async ({ host }) => {
  const { frames, errors } = await query(host, { queryType: 'serviceMap', query: '{ span.customer.id = "42" }' });
  expect(errors).toBeUndefined();
  expect(frames.map((frame) => [frame.name, frame.length])).toEqual([
    ['Nodes', 3],
    ['Edges', 2],
    ['Services', 3],
  ]);
  expect(column(frames[2], 'traces')).toContain('{ resource.service.name = "payment" }');
});

test('the service graph from a linked Prometheus, unless TraceQL is given; an empty one says why', async ({ host }) => {
  const graph = (part: object) =>
    host.evaluate(
      (one) => window.testHost.query([{ queryType: 'serviceMap', ...one }], undefined, undefined, 'vivace-linked'),
      part
    );
  const linked = await graph({ serviceMapQuery: '{client="web"}' });
  expect(linked.errors).toBeUndefined();
  expect(linked.frames.map((frame) => [frame.name, frame.length])).toEqual([
    ['Nodes', 2],
    ['Edges', 1],
  ]);
  const { config } = (linked.frames[0].fields as { config: { links: { title: string }[] } }[])[0];
  expect(config.links.map(({ title }) => title)).toEqual([
    'Request rate',
    'Request histogram',
    'Failed request rate',
    'View traces',
  ]);
  const empty = await graph({ serviceMapQuery: '{client="nobody"}' });
  const notices = (empty.frames[0].meta as { notices: { text: string }[] }).notices.map(({ text }) => text);
  expect(notices.join()).toContain('Prometheus has no traces_service_graph_request_total');
  const counted = await graph({ query: '{ span.customer.id = "42" }' });
  expect(counted.frames.map((frame) => frame.name)).toEqual(['Nodes', 'Edges', 'Services']);
});

test('the waterfall panel draws the trace of its frames', { tag: '@both' }, async ({ host }) => {
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

  const assets = `${hostUrl()}/public/plugins`;
  for (const path of [
    'vivace-waterfall-panel/panels/waterfall/module.js',
    'vivace-traces-datasource/plugin.jsonx',
    'other/module.js',
  ]) {
    expect((await host.request.get(`${assets}/${path}`)).status()).toBe(404);
  }
});

test('the app: search, open a trace, Back; the URL holds the view', { tag: '@both' }, async ({ host }) => {
  const home = `${hostUrl()}/a/vivace-traces-app`;
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

test('the app opens a linked trace with the span in focus, and leads on to its logs', async ({ host }) => {
  await host.goto(`${hostUrl()}/a/vivace-traces-app/trace/${checkoutTraceId}?span=${spanId(3)}&ds=vivace-linked`);
  await host.evaluate(() => window.testHost.renderApp());
  await expect(host.getByText('customer.id').first()).toBeVisible();
  await expect(host.getByRole('link', { name: 'Logs in Loki' })).toHaveAttribute('href', /^\/explore\?/);
});

test('the setup page asks every data source how it is', { tag: '@both' }, async ({ host }) => {
  await host.evaluate(() => window.testHost.renderAppConfig());
  const health = host.getByRole('region', { name: 'Vivace', exact: true }).getByTestId('vivace-health');
  await expect(health).toContainText(/Vivace 0\.0\.0-test holds [\d,]+ spans/);
  await expect(health.getByRole('table', { name: /^Who sent spans/ })).toContainText('payment');
  await expect(health.getByRole('table', { name: /^What came in/ })).toContainText('otlp-http');
  await expect(health.getByRole('table', { name: 'What was refused' })).toContainText('Nothing.');
});
