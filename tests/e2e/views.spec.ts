/** The views of one trace: one selection, one filter, one stretch of time. */
import { batchSpans, batchTraceId, traceIds } from './fixtures.ts';
import { at, expect as expectSoon, send, test } from './page-test.ts';

// Lazy views on a machine that may be busy.
const expect = expectSoon.configure({ timeout: 40_000 });
test.describe.configure({ timeout: 180_000 });

const failed = `/trace/${traceIds.failed}`;

test('five views share selection, filter and time', async ({ page, server }) => {
  await page.goto(at(server, failed));
  await page.getByRole('row').filter({ hasText: 'charge card' }).click();
  await page.keyboard.press('3');
  const table = page.getByRole('table', { name: 'Groups of spans' });
  await expect(table.getByRole('row', { selected: true })).toContainText('charge card');
  await table.getByRole('button', { name: 'Filter by inventory, SELECT stock.items' }).click();
  await expect(table.getByRole('row')).toHaveCount(2);
  await expect(page.getByText('6 of 17 spans by filter')).toBeVisible();

  await page.getByRole('button', { name: 'Flame' }).click();
  await expect(page.getByTestId('flame')).toHaveAttribute('data-frames', '4');
  await page.getByRole('button', { name: 'Graph', exact: true }).click();
  await expect(page.getByText('1 service, ')).toBeVisible();
  await page.getByRole('button', { name: 'Waterfall' }).click();
  await expect(page.getByText('6 of 17')).toBeVisible();
  await page.getByRole('button', { name: 'Hide others' }).click();
  // Six matches and the three spans above them.
  await expect(page.getByRole('row')).toHaveCount(9);
  await page.getByRole('button', { name: 'Events' }).click();
  await expect(page.getByText('No event lies in what the filter')).toBeVisible();
  await page.getByRole('button', { name: 'Show all' }).click();
  await page
    .getByTestId('events')
    .getByRole('row')
    .filter({ hasText: 'exception' })
    .getByRole('gridcell')
    .first()
    .click();
  await expect(page.getByTestId('span-detail')).toContainText('PaymentDeclinedError');
});

test('statistics group by up to three attributes, sort, and say which they are by in the URL', async ({
  page,
  server,
}) => {
  await page.goto(at(server, `${failed}?view=statistics`));
  await page.getByRole('combobox', { name: 'Grouping 1' }).selectOption('kind');
  await page.getByRole('combobox', { name: 'Grouping 2' }).selectOption({ label: 'db.system.name' });
  const rows = page.getByRole('table').getByRole('row');
  await expect(rows.filter({ hasText: 'postgresql' })).toContainText('client');
  await page.getByRole('button', { name: 'Count' }).click();
  await expect(page.getByRole('columnheader', { name: 'Count' })).toHaveAttribute('aria-sort', 'descending');
  await expect(page).toHaveURL(/group=kind&group=span\.db\.system\.name.*sort=-count/);
  await page.reload();
  await expect(rows.filter({ hasText: 'postgresql' })).toBeVisible();
});

test('the flame graph is walked by keys', async ({ page, server }) => {
  await page.goto(at(server, `${failed}?view=flame`));
  await page.getByTestId('flame').focus();
  await page.keyboard.press('ArrowDown');
  await expect(page.getByTestId('flame-facts')).toContainText('POST /api/checkout');
  await page.keyboard.press('ArrowDown');
  await expect(page.getByTestId('flame-facts')).toContainText('PlaceOrder');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('button', { name: 'Reset zoom' })).toBeVisible();
  await page.keyboard.press('e');
  await expect(page).toHaveURL(/span=/);
});

test('repeats fold to one line with their pattern; the critical path has a list', async ({ page, server }) => {
  await page.goto(at(server, failed));
  await page.getByTestId('waterfall').focus();
  await page.keyboard.press('r');
  const repeated = page.getByRole('row').filter({ hasText: 'SELECT stock.items' });
  await expect(repeated).toHaveCount(1);
  await expect(repeated).toContainText('×6');
  await expect(repeated).toContainText('N+1');
  await repeated.getByRole('button', { name: /Unfold/ }).click();
  await expect(repeated).toHaveCount(6);
  await page.getByRole('button', { name: 'Critical path' }).click();
  const list = page.getByRole('region', { name: 'Critical path, top contributors' });
  await expect(list.getByRole('listitem')).toHaveCount(10);
  await list.getByRole('button', { name: /send confirmation/ }).click();
  await expect(page.getByTestId('span-detail')).toContainText('send confirmation');
});

test('a filter completes from the trace and says what is wrong with it', async ({ page, server }) => {
  await page.goto(at(server, failed));
  await page.getByLabel('Filter spans').focus();
  const editor = page.getByTestId('traceql-editor').getByRole('textbox');
  await editor.click();
  await page.keyboard.type('{ span.payment.prov');
  await expect(page.getByRole('option', { name: /payment.provider/ })).toBeVisible();
  await page.keyboard.press('Escape');
  await page.keyboard.press('Control+a');
  await page.keyboard.type('{ span.db.system.name = "postgresql" }');
  await page.keyboard.press('Escape');
  await page.keyboard.press('Enter');
  await expect(page.getByText('6 of 17')).toBeVisible();
  await page.getByTestId('waterfall').focus();
  await page.keyboard.press('n');
  await expect(page.locator('[aria-selected=true]')).toContainText('SELECT stock.items');
});

test('journey 3: a monster trace opens as its story; repeats, brush, filter, statistics', async ({
  page,
  emptyServer: server,
}) => {
  const spans = batchSpans(Date.now());
  await send(server, spans);
  await page.goto(at(server, `/trace/${batchTraceId}`));
  const grid = page.getByRole('treegrid');
  await expect(page.getByText(`${spans.length.toLocaleString('en-US')} spans`).first()).toBeVisible();
  await expect.poll(async () => Number(await grid.getAttribute('aria-rowcount'))).toBeLessThanOrEqual(40);
  await expect(page.getByRole('row').filter({ hasText: 'import item' }).first()).toContainText('×');
  // The one failure has a line of its own.
  await expect(page.getByRole('img', { name: 'error' }).first()).toBeVisible();

  await page.getByTestId('waterfall').focus();
  await page.keyboard.press('r');
  await expect.poll(async () => Number(await grid.getAttribute('aria-rowcount'))).toBeLessThan(20);
  await page.keyboard.press('r');
  await expect(grid).toHaveAttribute('aria-rowcount', String(spans.length));
  const map = (await page.getByTestId('minimap').boundingBox())!;
  await page.mouse.move(map.x + map.width * 0.4, map.y + 20);
  await page.mouse.down();
  await page.mouse.move(map.x + map.width * 0.42, map.y + 20, { steps: 4 });
  await page.mouse.up();
  await expect(page).toHaveURL(/outside=hidden/);
  const inside = Number(await grid.getAttribute('aria-rowcount'));
  expect(inside).toBeGreaterThan(10);
  expect(inside).toBeLessThan(spans.length / 10);

  const query = encodeURIComponent('span.db.system = "postgresql" && duration > 20ms');
  await page.goto(at(server, `/trace/${batchTraceId}?view=statistics&filter=${query}&group=span.db.statement`));
  const rows = page.getByRole('table').getByRole('row');
  await expect(rows.filter({ hasText: 'SELECT price' })).toBeVisible();
  await expect(rows.filter({ hasText: 'INSERT' })).toHaveCount(0);
});

test('log lines stand beside their spans, with a count, and at their time among the events', async ({
  page,
  loggedServer: server,
}) => {
  await page.goto(at(server, failed));
  await expect(page.getByRole('row').filter({ hasText: 'charge card' })).toContainText('1 log');
  await page.getByRole('button', { name: 'Events' }).click();
  await page.getByRole('button', { name: '1 log line' }).click();
  const line = page.getByTestId('events').getByRole('row');
  await expect(line).toHaveCount(1);
  await expect(line).toContainText('issuer refused the card');
  await line.getByRole('gridcell').first().click();
  await expect(page.getByTestId('span-detail')).toContainText('charge card');
});
