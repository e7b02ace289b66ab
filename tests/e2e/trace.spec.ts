import { readFile } from 'node:fs/promises';
import { encodeZipkinJson } from '../../src/wire/zipkin-json.ts';
import { fixtureSpans, traceIds } from './fixtures.ts';
import { at, expect, test } from './page-test.ts';

const failedTrace = `/trace/${traceIds.failed}`;

test('a trace opens with its root, counts, services and rows', async ({ page, server }) => {
  await page.goto(at(server, failedTrace));
  await expect(page.getByRole('heading', { level: 1 })).toContainText('POST /api/checkout');
  await expect(page.getByText('17 spans')).toBeVisible();
  await expect(page.getByText('6 services')).toBeVisible();
  await expect(page.getByRole('row')).toHaveCount(17);
  await expect(page.getByRole('treegrid')).toHaveAttribute('aria-rowcount', '17');
});

test('a span opens with its error first, its stack trace folded', async ({ page, server }) => {
  await page.goto(at(server, failedTrace));
  await page.getByRole('row').filter({ hasText: 'charge card' }).click();
  const detail = page.getByTestId('span-detail');
  await expect(detail).toContainText('PaymentDeclinedError');
  await expect(detail).toContainText('payment.amount_cents');
  await expect(detail).not.toContainText('at step13');
  await detail.getByRole('button', { name: /more lines/ }).click();
  await expect(detail).toContainText('at step13');
  await expect(page).toHaveURL(/span=/);
});

test('a value joins the search', async ({ page, server }) => {
  await page.goto(at(server, failedTrace));
  await page.getByRole('row').filter({ hasText: 'POST /api/checkout' }).click();
  await page.getByRole('button', { name: 'Actions for customer.id' }).click();
  await expect(page.getByRole('menuitem')).toHaveCount(6);
  await page.keyboard.press('s');
  await expect(page).toHaveURL(/search\?q=/);
  await expect(page.getByRole('status')).toContainText('1 trace');
});

test('a link opens the other trace at its span', async ({ page, server }) => {
  await page.goto(at(server, failedTrace));
  await page.getByRole('row').filter({ hasText: 'orders process' }).click();
  await page.getByRole('link', { name: /frontend · GET/ }).click();
  await expect(page.getByRole('heading', { level: 1 })).toContainText('GET /products');
  await expect(page.getByTestId('span-detail')).toContainText('frontend');
});

test('the keyboard walks, folds, finds errors and zooms', async ({ page, server }) => {
  await page.goto(at(server, failedTrace));
  await page.getByTestId('waterfall').focus();
  await page.keyboard.press('j');
  await expect(page.locator('[aria-selected=true]')).toContainText('POST /api/checkout');
  await page.keyboard.press('h');
  await expect(page.getByRole('row')).toHaveCount(1);
  await page.keyboard.press('l');
  await expect(page.getByRole('row')).toHaveCount(17);
  await page.keyboard.press('e');
  await expect(page.locator('[aria-selected=true]')).toContainText('PlaceOrder');
  await page.keyboard.press('f');
  await expect(page).toHaveURL(/zoom=/);
  await page.keyboard.press('0');
  await expect(page).not.toHaveURL(/zoom=/);
  await page.keyboard.press('[');
  await expect(page).toHaveURL(/depth=/);
  await page.keyboard.press('Escape');
  await expect(page.getByTestId('span-detail')).toHaveCount(0);
  await page.keyboard.press('?');
  await expect(page.getByRole('dialog')).toContainText('Next span on the critical path');
});

test('find dims the rest and steps through matches', async ({ page, server }) => {
  await page.goto(at(server, failedTrace));
  await page.getByTestId('waterfall').focus();
  await page.keyboard.press('/');
  await page.keyboard.type('postgresql');
  await expect(page.getByText('6 of 17')).toBeVisible();
  await page.keyboard.press('Enter');
  await expect(page.locator('[aria-selected=true]')).toContainText('SELECT stock.items');
});

test('the wheel zooms at the pointer; the minimap brushes', async ({ page, server }) => {
  await page.goto(at(server, failedTrace));
  const bars = (await page.getByTestId('waterfall').locator('canvas').boundingBox())!;
  await page.mouse.move(bars.x + bars.width / 2, bars.y + 60);
  await page.keyboard.down('Control');
  await page.mouse.wheel(0, -400);
  await page.keyboard.up('Control');
  await expect(page).toHaveURL(/zoom=/);
  await page.getByRole('button', { name: 'Reset zoom' }).click();
  await expect(page).not.toHaveURL(/zoom=/);
  const box = (await page.getByTestId('minimap').boundingBox())!;
  await page.mouse.move(box.x + box.width * 0.2, box.y + 20);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.5, box.y + 20, { steps: 4 });
  await page.mouse.up();
  await expect(page).toHaveURL(/zoom=1\d{8}-2\d{8}/);
});

test('a URL restores span, zoom, folds and search text', async ({ page, server, context }) => {
  await page.goto(at(server, `${failedTrace}?span=00000000000000a3&zoom=100000000-300000000&depth=2&find=order`));
  await expect(page.getByTestId('span-detail')).toContainText('PlaceOrder');
  await expect(page.getByLabel('Find in this trace')).toHaveValue('order');
  await expect(page.getByRole('button', { name: 'Reset zoom' })).toBeVisible();
  const rows = await page.getByRole('row').count();
  expect(rows).toBeLessThan(17);
  const other = await context.newPage();
  await other.goto(page.url());
  await expect(other.getByRole('row')).toHaveCount(rows);
});

test('what is wrong with a trace is said in words', async ({ page, server }) => {
  await page.goto(at(server, `/trace/${traceIds.broken}`));
  const notes = page.getByTestId('notes');
  await expect(notes).toContainText('root span is missing');
  await expect(notes).toContainText('1 span names a parent that is not in this trace');
  await expect(notes).toContainText('Clocks disagree');
  await expect(notes).toContainText('are corrected');
  await expect(notes).toContainText('ends before the start');
  await page.getByTestId('waterfall').press('t');
  await expect(notes).toContainText('on another service: clocks disagree');
  await expect(page).toHaveURL(/clocks=sent/);
});

test('anything pasted opens the trace; nonsense is explained', async ({ page, server }) => {
  await page.goto(at(server, '/'));
  const box = page.getByLabel('Trace id');
  await box.fill('hello');
  await box.press('Enter');
  await expect(page.getByRole('alert')).toContainText('no trace id');
  await box.fill(`traceparent: 00-${traceIds.failed}-00000000000000a1-01`);
  await box.press('Enter');
  await expect(page).toHaveURL(new RegExp(traceIds.failed));
});

test('a pasted trace opens, and a pasted log line in JSON opens what it names', async ({ page, server }) => {
  await page.goto(at(server, '/search'));
  const spans = fixtureSpans(Date.now()).filter((span) => span.traceId === traceIds.browse);
  const json = new TextDecoder().decode(encodeZipkinJson(spans));
  await page.getByLabel('Trace id').fill(json);
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/file/);
  await expect(page.getByText('3 spans', { exact: true })).toBeVisible();
  await page.getByLabel('Trace id').fill(`{"level":"error","trace_id":"${traceIds.failed}"}`);
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(new RegExp(traceIds.failed));
});

test('a trace that is not there says so', async ({ page, server, expectedErrors }) => {
  expectedErrors.push(/404/);
  await page.goto(at(server, '/trace/1234'));
  await expect(page.getByText('This trace is not here')).toBeVisible();
});

test('download gives OTLP JSON that opens again with the same spans', async ({ page, server }) => {
  await page.goto(at(server, failedTrace));
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByLabel('Download this trace').selectOption('otlp-json'),
  ]);
  const bytes = await readFile(await download.path());
  expect(JSON.parse(bytes.toString()).resourceSpans).toBeDefined();
  await page
    .getByLabel('Trace file')
    .setInputFiles({ name: 'trace.json', mimeType: 'application/json', buffer: bytes });
  await expect(page).toHaveURL(/\/file/);
  await expect(page.getByText('17 spans')).toBeVisible();
});

test('dark and light follow the system, and a choice is remembered', async ({ page, server }) => {
  await page.emulateMedia({ colorScheme: 'light' });
  await page.goto(at(server, failedTrace));
  await expect(page.locator('[data-theme=light]')).toBeVisible();
  await page.getByRole('button', { name: 'Use the high contrast theme' }).click();
  await expect(page.locator('[data-theme=contrast]')).toBeVisible();
  await page.getByRole('button', { name: 'Use the dark theme' }).click();
  await expect(page.locator('[data-theme=dark]')).toBeVisible();
  await page.reload();
  await expect(page.locator('[data-theme=dark]')).toBeVisible();
});

test('who wants more contrast gets the third theme', async ({ page, server }) => {
  await page.emulateMedia({ contrast: 'more' });
  await page.goto(at(server, failedTrace));
  await expect(page.locator('[data-theme=contrast]')).toBeVisible();
});

test('the palette finds commands by name and runs them', async ({ page, server }) => {
  await page.goto(at(server, failedTrace));
  await expect(page.getByRole('treegrid')).toBeVisible();
  await page.keyboard.press('Control+k');
  await expect(page.getByRole('combobox', { name: 'Command' })).toBeFocused();
  await page.keyboard.type('theme light');
  await expect(page.getByRole('listbox').getByRole('option').first()).toContainText('Use the light theme');
  await page.keyboard.press('Enter');
  await expect(page.locator('[data-theme=light]')).toBeVisible();
  await page.keyboard.press(':');
  await expect(page.getByRole('combobox', { name: 'Command' })).toBeFocused();
  await page.keyboard.type('all keys');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('dialog', { name: 'Keyboard and help' })).toContainText('Command palette');
});

test('nothing scrolls sideways on a phone', async ({ page, server }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  for (const path of [
    '/',
    failedTrace,
    `${failedTrace}?span=00000000000000a3`,
    `/trace/${traceIds.broken}`,
    '/search?editor=traceql',
  ]) {
    await page.goto(at(server, path));
    await expect(page.getByRole(path.startsWith('/trace') ? 'treegrid' : 'search')).toBeVisible();
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    expect(overflow, path).toBeLessThanOrEqual(0);
  }
});
