/** `test` with a server that holds the fixture traces, and a page on which any console error or policy violation is a failure. */
import { test as base, expect } from '@playwright/test';
import type { Page } from '@playwright/test';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Span } from '../../src/trace/model.ts';
import { encodeTraces } from '../../src/wire/otlp-protobuf.ts';
import { defaultPageDir } from '../../src/server/paths.ts';
import { startServer } from '../support/server.ts';
import type { TestServer } from '../support/server.ts';
import { startLoki } from '../support/loki.ts';
import { fixtureSpans, traceIds } from './fixtures.ts';

export { expect };

/** Where the server looks by itself. */
export const pageDir = defaultPageDir();

interface WorkerFixtures {
  /** Filled with the fixture traces, for all tests of a worker: who sends more takes `emptyServer`. */
  readonly server: TestServer;
}

interface TestFixtures {
  /** A server of the test's own. */
  readonly emptyServer: TestServer;
  /** A server of the test's own with the failed trace, and a log line of the span `charge card` in the Loki beside it. */
  readonly loggedServer: TestServer;
  /** Texts of errors that a test provokes on purpose. */
  readonly expectedErrors: RegExp[];
}

export const test = base.extend<TestFixtures, WorkerFixtures>({
  server: [
    async ({}, use) => {
      const server = await pageServer();
      await send(server, fixtureSpans(Date.now()));
      await use(server);
      await server.close();
    },
    { scope: 'worker' },
  ],
  emptyServer: async ({}, use) => {
    const server = await pageServer();
    await use(server);
    await server.close();
  },
  loggedServer: async ({}, use) => {
    const spans = fixtureSpans(Date.now()).filter(({ traceId }) => traceId === traceIds.failed);
    const card = spans.find(({ name }) => name === 'charge card')!;
    const loki = await startLoki(() => [
      {
        unixNanos: card.startUnixNanos + 5_000_000n,
        line: `issuer refused the card trace_id=${traceIds.failed}`,
        labels: { service_name: 'payment', level: 'error' },
        metadata: { span_id: card.spanId },
      },
    ]);
    const server = await pageServer({ logs_loki_url: loki.url });
    await send(server, spans);
    await use(server);
    await server.close();
    await loki.close();
  },
  expectedErrors: async ({}, use) => use([]),
  page: async ({ page, expectedErrors }, use) => {
    const errors = watchErrors(page);
    await use(page);
    expect(errors.filter((error) => !expectedErrors.some((expected) => expected.test(error)))).toEqual([]);
  },
});

async function pageServer(config: Readonly<Record<string, unknown>> = {}): Promise<TestServer> {
  if (!existsSync(join(pageDir, 'index.html'))) {
    throw new Error('build/standalone is missing: run `npm run build:standalone` first');
  }
  return startServer({ pageDir, config });
}

/** By OTLP/HTTP, as an exporter would. */
export async function send(server: TestServer, spans: readonly Span[]): Promise<void> {
  const response = await fetch(new URL('/v1/traces', server.urls.otlpHttp), {
    method: 'POST',
    headers: { 'content-type': 'application/x-protobuf' },
    body: encodeTraces(spans),
  });
  expect(response.status, await response.text()).toBe(200);
}

function watchErrors(page: Page): string[] {
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(`uncaught: ${error.message}`));
  page.on('console', (message) => {
    // Policy violations are console errors of Chromium.
    if (message.type() === 'error') {
      errors.push(message.text());
    }
  });
  return errors;
}

/** The server's address followed by a path of the page. */
export function at(server: TestServer, path: string): string {
  return new URL(path, server.urls.query).href;
}

/** As a person drops a file from the desktop. */
export async function dropFile(page: Page, name: string, bytes: Uint8Array): Promise<void> {
  const transfer = await page.evaluateHandle(
    ({ fileName, base64 }) => {
      const data = new DataTransfer();
      const content = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
      data.items.add(new File([content], fileName));
      return data;
    },
    { fileName: name, base64: Buffer.from(bytes).toString('base64') }
  );
  await page.locator('main').dispatchEvent('drop', { dataTransfer: transfer });
}
