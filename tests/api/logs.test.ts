/** Log lines of a trace through the server, from a stand-in for Loki over HTTP. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startLoki, type LokiLine } from '../support/loki.ts';
import { startServer } from '../support/server.ts';
import { fetch } from './strict-fetch.ts';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const spanId = '00000000000000a1';

interface Body {
  readonly configured: boolean;
  readonly lines: readonly Record<string, string>[];
  readonly partial: boolean;
}

test('lines of a trace come by time, each with its span, level and source', async () => {
  const loki = await startLoki((): LokiLine[] => [
    { unixNanos: 300n, line: `{"level":"warn","trace_id":"${traceId}"}`, labels: { app: 'cart' } },
    {
      unixNanos: 200n,
      line: `level=error trace_id=${traceId} span_id=${spanId} msg="card declined"`,
      labels: { service_name: 'payment' },
    },
    {
      unixNanos: 250n,
      line: `charge ${traceId}`,
      labels: { service_name: 'payment' },
      metadata: { span_id: spanId, detected_level: 'info' },
    },
    { unixNanos: 260n, line: 'of another trace', labels: { service_name: 'payment' } },
    { unixNanos: 900n, line: `later ${traceId}`, labels: { service_name: 'payment' } },
  ]);
  const server = await startServer({ config: { logs_loki_url: `${loki.url}/`, logs_loki_selector: '{env="test"}' } });
  try {
    const ask = (query: string): Promise<Response> =>
      fetch(new URL(`/api/vivace/logs?${query}`, server.urls.query).href);
    const response = await ask(`traceId=${traceId}&start=100&end=800`);
    assert.equal(response.status, 200);
    const { lines, configured, partial } = (await response.json()) as Body;
    assert.deepEqual([configured, partial], [true, false]);
    assert.deepEqual(
      lines.map((line) => [line['timeUnixNanos'], line['spanId'], line['level'], line['source']]),
      [
        ['200', spanId, 'error', 'payment'],
        ['250', spanId, 'info', 'payment'],
        ['300', '', 'warn', 'cart'],
      ]
    );
    assert.equal(loki.asked[0].query, `{env="test"} |= "${traceId}"`);
    assert.equal(loki.asked[0].tenant, undefined);

    assert.equal((await ask('traceId=x"}&start=1&end=2')).status, 400);
    assert.equal((await ask(`traceId=${traceId}&start=now&end=2`)).status, 400);
    loki.fail(500, 'too many outstanding requests');
    const failed = await ask(`traceId=${traceId}&start=1&end=2`);
    assert.equal(failed.status, 503);
    assert.match(await failed.text(), /log server did not answer: status 500 too many outstanding requests/);
  } finally {
    await server.close();
    await loki.close();
  }
  const gone = await startServer({ config: { logs_loki_url: loki.url } });
  try {
    const url = new URL(`/api/vivace/logs?traceId=${traceId}&start=1&end=2`, gone.urls.query).href;
    const response = await fetch(url);
    assert.equal(response.status, 503);
    assert.match(await response.text(), /could not be reached/);
  } finally {
    await gone.close();
  }
});

test('without a log source the answer says so; a token of another scope is refused', async () => {
  const server = await startServer();
  try {
    const response = await fetch(new URL(`/api/vivace/logs?traceId=${traceId}&start=1&end=2`, server.urls.query).href);
    assert.deepEqual(await response.json(), { configured: false, lines: [], partial: false, warnings: [] });
  } finally {
    await server.close();
  }
  const guarded = await startServer({
    config: { tokens: [{ name: 'sender', token: 'only-ingest-0123456789', scopes: ['ingest'] }] },
  });
  try {
    const url = new URL(`/api/vivace/logs?traceId=${traceId}&start=1&end=2`, guarded.urls.query).href;
    assert.equal((await fetch(url)).status, 401);
    const answer = await fetch(url, { headers: { authorization: 'Bearer only-ingest-0123456789' } });
    assert.equal(answer.status, 403);
  } finally {
    await guarded.close();
  }
});
