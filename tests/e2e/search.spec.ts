import { at, expect, send, test } from './page-test.ts';
import { fixtureSpans, traceIds } from './fixtures.ts';

test('a newcomer sees the newest traces at once', async ({ page, server }) => {
  await page.goto(at(server, '/'));
  const rows = page.getByRole('listitem');
  await expect(rows.first()).toContainText('frontend');
  await expect(page.getByRole('status')).toContainText('43 traces');
  await expect(page.getByTestId('result-chart')).toBeVisible();
});

test('search by form: the query is shown, sent, and kept in the URL', async ({ page, server }) => {
  await page.goto(at(server, '/'));
  await page.getByLabel('Service', { exact: true }).fill('payment');
  await page.getByLabel('Status').selectOption('error');
  await page.getByLabel('Attribute').fill('span.payment.retry');
  await page.getByLabel('Value').fill('2');
  await expect(
    page.getByText('{ resource.service.name = "payment" && status = error && span.payment.retry = 2 }')
  ).toBeVisible();
  await page.getByRole('button', { name: 'Search', exact: true }).click();
  await expect(page.getByRole('status')).toContainText('5 traces');
  await expect(page).toHaveURL(/q=/);
  await page.reload();
  await expect(page.getByRole('status')).toContainText('5 traces');
  await expect(page.getByLabel('Service', { exact: true })).toHaveValue('payment');
  await expect(page.getByLabel('Value')).toHaveValue('2');
});

test('services are completed from what the server has seen', async ({ page, server }) => {
  await page.goto(at(server, '/'));
  await page.getByLabel('Service', { exact: true }).focus();
  await expect(page.locator('datalist option[value="recommendation"]')).toHaveCount(1);
});

test('search by TraceQL: structure, completion, Enter', async ({ page, server }) => {
  await page.goto(at(server, '/search?editor=traceql'));
  const editor = page.locator('.cm-content');
  await editor.click();
  await editor.pressSequentially('{ resource.service.name = "che');
  await expect(page.locator('.cm-tooltip-autocomplete')).toContainText('checkout');
  await page.keyboard.press('Escape');
  // As a person does: select all, type over it.
  await page.keyboard.press('Control+a');
  await page.keyboard.insertText(
    '{ resource.service.name = "checkout" } >> { status = error && name = "charge card" }'
  );
  await page.keyboard.press('Enter');
  await expect(page.getByRole('status')).toContainText('5 traces');
  // More than the form can say.
  await expect(page.getByRole('button', { name: 'Form' })).toBeDisabled();
});

test('a wrong query is underlined, explained and repaired', async ({ page, server }) => {
  await page.goto(at(server, '/search?editor=traceql'));
  await page.locator('.cm-content').fill('{ .customer.id == 42 }');
  const alert = page.getByRole('alert');
  await expect(alert).toContainText('^^');
  await expect(page.getByRole('button', { name: 'Search', exact: true })).toBeDisabled();
  await alert.getByRole('button').first().click();
  await expect(page.locator('.cm-content')).toContainText('.customer.id = 42');
  await page.getByRole('button', { name: 'Search', exact: true }).click();
  await expect(page.getByRole('status')).toContainText('1 trace');
});

test('nothing found says why and leads on', async ({ page, server }) => {
  await page.goto(at(server, '/search?q=%7B%20.nothing%20%3D%201%20%7D'));
  await expect(page.getByText('No trace in this time range matches')).toBeVisible();
  await page.getByRole('button', { name: 'Remove the conditions' }).click();
  await expect(page.getByRole('listitem').first()).toBeVisible();
});

test('an empty store tells where to send spans, and live search shows them as they come', async ({
  page,
  emptyServer,
}) => {
  await page.goto(at(emptyServer, '/search'));
  await expect(page.getByText('Send spans by OTLP')).toBeVisible();
  await page.getByRole('button', { name: 'Wait for new traces' }).click();
  await send(emptyServer, fixtureSpans(Date.now(), 3));
  await expect(page.getByRole('listitem').first()).toContainText('frontend');
});

test('the bare address shows traces as they arrive', async ({ page, emptyServer }) => {
  await page.goto(at(emptyServer, '/'));
  await expect(page.getByRole('button', { name: 'Live' })).toHaveAttribute('aria-pressed', 'true');
  await send(emptyServer, fixtureSpans(Date.now(), 2));
  await expect(page.getByRole('listitem').first()).toContainText('frontend');
});

test('a server that does not answer is said in words', async ({ page, server, expectedErrors }) => {
  expectedErrors.push(/Failed to load resource/, /ERR_FAILED/);
  await page.route('**/api/search?*', (route) => route.abort());
  await page.goto(at(server, '/'));
  await expect(page.getByRole('alert')).toContainText('No answer from the server');
});

test("the server's own words reach the person", async ({ page, server, expectedErrors }) => {
  expectedErrors.push(/status of 429/);
  await page.route('**/api/search?*', (route) =>
    route.fulfill({ status: 429, contentType: 'text/plain', body: 'job queue full' })
  );
  await page.goto(at(server, '/'));
  await expect(page.getByRole('alert')).toContainText('job queue full');
});

test('keyboard: results by arrows, open by Enter, back by Back', async ({ page, server }) => {
  await page.goto(at(server, '/'));
  await page.getByRole('listitem').first().getByRole('link').focus();
  await page.keyboard.press('j');
  await page.keyboard.press('k');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(new RegExp(`/trace/${traceIds.failed}`));
  await expect(page.getByTestId('waterfall')).toBeVisible();
  await page.goBack();
  await expect(page.getByRole('listitem').first()).toBeVisible();
});

test('absolute time ranges restore from the URL', async ({ page, server }) => {
  await page.goto(at(server, '/search?from=1000&to=61000'));
  await expect(page.getByText('No traces in this time range')).toBeVisible();
  await expect(page.getByLabel('From')).toHaveValue('1970-01-01T00:00:01');
});
