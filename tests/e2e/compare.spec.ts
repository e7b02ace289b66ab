import { encodeJaegerJson } from '../../src/wire/jaeger-json.ts';
import { encodeTracesJson } from '../../src/wire/otlp-json.ts';
import { fixtureSpans, traceIds } from './fixtures.ts';
import { at, dropFile, expect, send, test } from './page-test.ts';

const slowId = 'f00d0000000000000000000000000002';
/** The failed checkout, its charge 300 ms longer and everything that waits for it too. */
const slow = fixtureSpans(Date.now() - 60_000)
  .filter((span) => span.traceId === traceIds.failed)
  .map((span) => ({
    ...span,
    traceId: slowId,
    endUnixNanos:
      span.endUnixNanos +
      (['charge card', 'shop.Checkout/PlaceOrder', 'POST /api/checkout'].includes(span.name) ? 300_000_000n : 0n),
  }));

test('two traces of the server: what slowed is named, and explains the difference', async ({
  page,
  emptyServer: server,
}) => {
  await send(server, [...fixtureSpans(Date.now()), ...slow]);
  await page.goto(at(server, `/compare?a=${traceIds.failed}&b=${slowId}`));
  await expect(page.getByTestId('comparison')).toContainText('longer');
  await expect(page.getByTestId('comparison')).toContainText('3 slower');
  await expect(page.getByRole('heading', { name: /explain (9\d|100) % of the difference/ })).toBeVisible();
  await page.getByTestId('contributors').getByRole('button').first().click();
  await expect(page.locator('[role=row][aria-selected=true]')).toBeVisible();
  await page.getByLabel('Show spans that are the same too').check();
  await expect(page.getByRole('treegrid')).toHaveAttribute('aria-rowcount', '18');
  await page.getByRole('button', { name: 'Swap' }).click();
  await expect(page.getByTestId('comparison')).toContainText('less');
});

test('two files, of two formats, without asking the server', async ({ page, server }) => {
  const failed = fixtureSpans(Date.now()).filter((span) => span.traceId === traceIds.failed);
  await page.goto(at(server, '/compare'));
  const asked: string[] = [];
  page.on('request', (request) => asked.push(...(request.url().includes('/api/') ? [request.url()] : [])));
  await dropFile(page, 'a.json', encodeJaegerJson(failed));
  await expect(page.getByRole('form', { name: 'A, before' })).toContainText('17 spans');
  await dropFile(page, 'b.json', encodeTracesJson(slow, { ids: 'hex', enums: 'number', topKey: 'resourceSpans' }));
  await expect(page.getByTestId('comparison')).toContainText('3 slower');
  expect(asked).toEqual([]);
});

test('what cannot be compared is said', async ({ page, server }) => {
  await page.goto(at(server, `/compare?a=${'1'.repeat(32)}&b=file`));
  await expect(page.getByRole('alert').first()).toContainText('knows no span of trace');
  await expect(page.getByRole('alert').nth(1)).toContainText('No file is open');
  await page.getByRole('textbox', { name: 'B, after' }).fill('nothing here');
  await page.keyboard.press('Enter');
  await expect(page.getByText('There is no trace id in this text')).toBeVisible();
});
