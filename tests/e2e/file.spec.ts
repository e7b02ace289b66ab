import { gzipSync } from 'node:zlib';
import { encodeJaegerJson } from '../../src/wire/jaeger-json.ts';
import { encodeTracesJson } from '../../src/wire/otlp-json.ts';
import { encodeTraces } from '../../src/wire/otlp-protobuf.ts';
import { encodeZipkinJson } from '../../src/wire/zipkin-json.ts';
import { fixtureSpans, traceIds } from './fixtures.ts';
import { at, dropFile as drop, expect, test } from './page-test.ts';

const all = fixtureSpans(Date.UTC(2026, 0, 2, 3, 4, 5));
const failed = all.filter((span) => span.traceId === traceIds.failed);
const otlpJson = encodeTracesJson(failed, { ids: 'hex', enums: 'number', topKey: 'resourceSpans' });

const formats: readonly (readonly [name: string, bytes: Uint8Array])[] = [
  ['otlp.json', otlpJson],
  ['otlp.pb', encodeTraces(failed)],
  ['jaeger.json', encodeJaegerJson(failed)],
  ['zipkin.json', encodeZipkinJson(failed)],
  ['otlp.json.gz', gzipSync(otlpJson)],
];

for (const [name, bytes] of formats) {
  test(`a dropped ${name} shows its trace without asking the server`, async ({ page, server }) => {
    await page.goto(at(server, '/file'));
    const asked: string[] = [];
    page.on('request', (request) => asked.push(...(request.url().includes('/api/') ? [request.url()] : [])));
    await drop(page, name, bytes);
    await expect(page.getByRole('heading', { level: 1 })).toContainText('checkout');
    await expect(page.getByText('17 spans')).toBeVisible();
    await page.getByRole('row').filter({ hasText: 'charge card' }).first().click();
    await expect(page.getByTestId('span-detail')).toContainText('PaymentDeclinedError');
    expect(asked).toEqual([]);
  });
}

test('several traces in a file become a list', async ({ page, server }) => {
  await page.goto(at(server, '/file'));
  await drop(page, 'many.pb', encodeTraces(all));
  await expect(page.getByText(/43 traces/)).toBeVisible();
  await page
    .getByRole('button', { name: /POST \/api\/checkout/ })
    .first()
    .click();
  await expect(page.getByTestId('waterfall')).toBeVisible();
  await page.goBack();
  await expect(page.getByText(/43 traces/)).toBeVisible();
});

test('a file that is no trace is refused in words', async ({ page, server }) => {
  await page.goto(at(server, '/file'));
  await drop(page, 'notes.json', new TextEncoder().encode('{"hello": "world"}'));
  await expect(page.getByRole('alert')).toBeVisible();
});
