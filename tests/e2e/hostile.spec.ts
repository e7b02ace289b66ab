/**
 * S4: 500 payloads that would run if anything of a span ever became HTML, script, style or address: in every string of a trace, in every
 * view, under the page's own Content-Security-Policy and trusted types. Nothing may run, and nothing may even be reported.
 */
import type { Page } from '@playwright/test';
import type { Attribute, Span } from '../../src/trace/model.ts';
import { at, expect as expectSoon, send, test } from './page-test.ts';

/** Every page holds 500 spans of long texts: on a busy machine that takes its time. */
const expect = expectSoon.configure({ timeout: 60_000 });

const traceId = 'bad50000000000000000000000000001';
const linkedId = 'bad50000000000000000000000000002';
const spanId = (index: number): string => (index + 1).toString(16).padStart(16, '0');
/** What a payload does when it runs. */
const mark = 'globalThis.ranPayload=1';

const openings = [
  `<script>${mark}</script>`,
  `<img src=x onerror="${mark}">`,
  `<svg onload="${mark}">`,
  `"><svg/onload=${mark}>`,
  `'-eval('${mark}')-'`,
  `javascript:${mark}`,
  `JaVaScRiPt:${mark}//`,
  `java\tscript:${mark}`,
  `data:text/html,<script>${mark}</script>`,
  `https://x.test/" onmouseover="${mark}`,
  `vbscript:${mark}`,
  `<iframe srcdoc="<script>parent.${mark}</script>">`,
  `<math><mtext></mtext><mglyph><style><img src=x onerror=${mark}></style></mglyph></math>`,
  `<style>@import 'javascript:${mark}';*{background:url(javascript:${mark})}</style>`,
  `</style><script>${mark}</script>`,
  `</title></textarea><script>${mark}</script>`,
  `{{constructor.constructor('${mark}')()}}`,
  `\${${mark}}`,
  `<a href="javascript:${mark}">x</a>`,
  `<form action="javascript:${mark}"><button>`,
  `<details open ontoggle="${mark}">`,
  `<body onload=${mark}>`,
  `<input autofocus onfocus=${mark}>`,
  `<template><script>${mark}</script></template>`,
  `<object data="javascript:${mark}">`,
];
const wrappings: readonly ((payload: string) => string)[] = [
  (payload) => payload,
  (payload) => `${payload}\u202e\u0000`,
  (payload) => `SELECT '${payload}' FROM t`,
  (payload) => JSON.stringify({ [payload]: payload }),
  (payload) => `Error: ${payload}\n    at ${payload} (${payload}:1:1)`,
  (payload) => payload.replaceAll('<', '\u003c'),
  (payload) => payload.toUpperCase(),
  (payload) => `]]>${payload}<!--`,
  (payload) => encodeURIComponent(payload),
  (payload) => `&lt;${payload}&#x27;`,
  (payload) => payload.replaceAll(' ', '/'),
  (payload) => `\\u003c${payload}`,
  (payload) => `x${'\n'.repeat(3)}${payload}`,
  (payload) => `${payload};background:url(//x.test)`,
  (payload) => `http://x.test/${payload}`,
  (payload) => `mailto:${payload}`,
  (payload) => `__proto__${payload}`,
  (payload) => payload + payload,
  (payload) => `'"\`${payload}`,
  (payload) => `${payload}//${payload.length}`,
];
// A number each: two payloads that wrap to the same text count twice.
const payloads = wrappings.flatMap((wrap) => openings.map(wrap)).map((payload, index) => `${payload} ${index}`);

const text = (key: string, value: string): Attribute => ({ key, value: { type: 'string', value } });

/** One span a payload, below one root: the payload is its name, service, every key, value, event, link, status and scope. */
function hostileSpans(nowMs: number): Span[] {
  const base = BigInt(nowMs - 30_000) * 1_000_000n;
  return payloads.map((payload, index): Span => {
    const start = base + BigInt(index) * 1_000_000n;
    return {
      traceId,
      spanId: spanId(index),
      parentSpanId: index === 0 ? '' : spanId(index % 7 === 0 ? index - 1 : 0),
      traceState: '',
      flags: 0,
      name: payload,
      kind: index % 6,
      startUnixNanos: start,
      endUnixNanos: start + 3_000_000n,
      attributes: [text(`key ${payload}`, payload), text('db.query.text', payload), text('url.full', payload)],
      droppedAttributesCount: 0,
      events: [
        {
          timeUnixNanos: start + 1_000n,
          name: payload,
          attributes: [text(payload, payload)],
          droppedAttributesCount: 0,
        },
        {
          timeUnixNanos: start + 2_000n,
          name: 'exception',
          attributes: [
            text('exception.type', payload),
            text('exception.message', payload),
            text('exception.stacktrace', payload),
          ],
          droppedAttributesCount: 0,
        },
      ],
      droppedEventsCount: 0,
      links: [
        {
          traceId: linkedId,
          spanId: spanId(0),
          traceState: '',
          attributes: [text(payload, payload)],
          droppedAttributesCount: 0,
          flags: 0,
        },
      ],
      droppedLinksCount: 0,
      statusCode: 2,
      statusMessage: payload,
      resource: {
        attributes: [text('service.name', payload.slice(0, 80)), text('host.name', payload)],
        droppedAttributesCount: 0,
        schemaUrl: '',
      },
      scope: {
        name: payload,
        version: payload,
        attributes: [text(payload, payload)],
        droppedAttributesCount: 0,
        schemaUrl: '',
      },
    };
  });
}

async function nothingRan(page: Page): Promise<void> {
  expect(await page.evaluate(() => (globalThis as { ranPayload?: number }).ranPayload)).toBeUndefined();
  const reports = await page.evaluate(() => (globalThis as { policyReports?: string[] }).policyReports ?? []);
  expect(reports).toEqual([]);
  const schemes = await page
    .locator('a[href]')
    .evaluateAll((links) => links.map((link) => new URL((link as HTMLAnchorElement).href).protocol));
  expect(schemes.filter((scheme) => !['http:', 'https:', 'mailto:'].includes(scheme))).toEqual([]);
}

test('500 script payloads run in no view, and no policy has anything to report', async ({
  page,
  emptyServer: server,
  expectedErrors,
}) => {
  test.setTimeout(480_000);
  // A payload is no TraceQL: the server refuses to search for it.
  expectedErrors.push(/status of 400/);
  expect(new Set(payloads).size).toBe(500);
  await page.addInitScript(() => {
    const reports: string[] = [];
    (globalThis as { policyReports?: string[] }).policyReports = reports;
    document.addEventListener('securitypolicyviolation', (event) =>
      reports.push(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`)
    );
  });
  await send(server, hostileSpans(Date.now()));
  const trace = `/trace/${traceId}?show=all`;
  await page.goto(at(server, trace));
  await expect(page.getByRole('treegrid')).toBeVisible();
  await nothingRan(page);
  // Every payload as name, service and bars: once through all rows.
  const grid = page.getByRole('treegrid');
  await grid.focus();
  for (let press = 0; press < 26; press++) {
    await page.keyboard.press('PageDown');
  }
  await nothingRan(page);
  // The whole detail of one span of each kind of payload, formatted and raw.
  const client = at(server, '');
  for (let index = 0; index < payloads.length; index += 67) {
    await page.goto(`${client.replace(/\/$/, '')}${trace}&span=${spanId(index)}`);
    await expect(page.getByTestId('span-detail')).toContainText('Raw JSON');
    await page.getByText('Raw JSON').click();
    if (index % 134 === 0) {
      await nothingRan(page);
    }
  }
  await page
    .getByRole('button', { name: /^Actions for/ })
    .first()
    .click();
  await expect(page.getByRole('menu')).toBeVisible();
  await nothingRan(page);
  await page.keyboard.press('Escape');
  for (const view of ['flame', 'statistics', 'graph', 'events']) {
    await page.goto(at(server, `${trace}&view=${view}&group=${encodeURIComponent('span."db.query.text"')}`));
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
    await nothingRan(page);
  }
  const payload = encodeURIComponent(openings[1]);
  for (const path of [
    `${trace}&color=span.db.query.text`,
    `${trace}&color=${payload}&find=${payload}&filter=${payload}&group=${payload}`,
    `${trace}&note=${spanId(3)}~${payload}&note=0-5000000~${payload}&via=${linkedId}.${spanId(0)}.${payload}`,
    `/compare?a=${traceId}&b=${traceId}`,
    `/search?q=${payload}`,
    '/search',
    '/services',
  ]) {
    await page.goto(at(server, path));
    await expect(page.getByRole('main')).not.toBeEmpty();
    await nothingRan(page);
  }
  await page.goto(at(server, trace));
  await expect(page.getByRole('treegrid')).toBeVisible();
  await page.keyboard.press(':');
  await page.keyboard.type('script');
  await expect(page.getByRole('listbox').getByRole('option').first()).toBeVisible();
  await nothingRan(page);
});
