import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { encodeTraces } from '../../src/wire/otlp-protobuf.ts';
import { parseQuery } from '../../src/traceql/parser.ts';
import { validateQuery } from '../../src/traceql/validate.ts';
import { traceqlDocuments } from '../../src/api/mcp/documents.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { exampleSpan, exampleTraceId, postTraces } from './support.ts';
import { fetch } from './strict-fetch.ts';

let server: TestServer;
let client: Client;
const range = { start: '2023-11-14T22:13:00Z', end: '2023-11-14T22:14:00+00:00' };

before(async () => {
  server = await startServer({ config: { mcp_server: true } });
  const spans = [1, 2].map((n) => exampleSpan(exampleTraceId(n), { statusCode: n }));
  const big = Array.from({ length: 2_000 }, (_, n) =>
    exampleSpan(exampleTraceId(9), {
      spanId: (n + 1).toString(16).padStart(16, '0'),
      name: `span ${n}`,
      startUnixNanos: 1_600_000_000_000_000_000n,
      endUnixNanos: 1_600_000_000_000_000_001n,
    })
  );
  await postTraces(server, encodeTraces([...spans, ...big]), 'application/x-protobuf');
  client = new Client({ name: 'test', version: '0' });
  await client.connect(new StreamableHTTPClientTransport(new URL(`${server.urls.query}/api/mcp`)));
});
after(async () => {
  await client.close();
  await server.close();
});

interface ToolAnswer {
  readonly _meta?: Record<string, unknown>;
  readonly content: { type: string; text: string }[];
  readonly isError?: boolean;
}

const call = async (name: string, args: Record<string, string>): Promise<ToolAnswer> =>
  (await client.callTool({ name, arguments: args })) as unknown as ToolAnswer;

async function found(name: string, args: Record<string, string>): Promise<Record<string, unknown>> {
  const { content, isError } = await call(name, args);
  assert.equal(isError, undefined, content[0].text);
  return JSON.parse(content[0].text) as Record<string, unknown>;
}

test('a real client finds server, tools and documents', async () => {
  assert.equal(client.getServerVersion()?.name, 'tempo');
  await client.ping();
  const { tools } = await client.listTools();
  assert.deepEqual(
    tools.map(({ name }) => name),
    [
      'traceql-search',
      'traceql-metrics-instant',
      'traceql-metrics-range',
      'get-trace',
      'trace-diff',
      'get-attribute-names',
      'get-attribute-values',
      'docs-traceql',
      'docs-config',
    ]
  );
  assert.ok(tools.every(({ annotations }) => annotations?.readOnlyHint));
  const { resources } = await client.listResources();
  const uris = resources.map(({ uri }) => uri);
  assert.deepEqual(
    uris.slice(0, 4),
    ['basic', 'aggregates', 'structural', 'metrics'].map((name) => `docs://traceql/${name}`)
  );
  assert.deepEqual(uris.slice(4), ['docs://config/overview', 'docs://config/reference']);
  for (const uri of uris) {
    const { contents } = await client.readResource({ uri });
    assert.ok('text' in contents[0] && contents[0].text.startsWith('# '), uri);
  }
});

test('the tools answer', async () => {
  const search = await found('traceql-search', { query: '{ status = error }', ...range });
  assert.deepEqual(
    (search.traces as { traceID: string }[]).map(({ traceID }) => traceID),
    [exampleTraceId(2)]
  );
  assert.deepEqual((await found('traceql-search', { query: '{ }' })).traces, [], 'the last hour');
  const instant = await found('traceql-metrics-instant', { query: '{ } | count_over_time()', ...range });
  assert.equal((instant.series as { value: number }[])[0].value, 2);
  const over = await found('traceql-metrics-range', { query: '{ } | count_over_time()', ...range });
  assert.equal((over.series as { samples: unknown[] }[]).length, 1);
  const { trace } = (await found('get-trace', { trace_id: '1' })) as { trace: { traceId: string } };
  assert.equal(trace.traceId, exampleTraceId(1));
  const diff = await found('trace-diff', { base_trace_id: '1', compare_trace_id: '2' });
  assert.equal(diff.version, 'trace-summary-v0-composed');
  const patch = await found('trace-diff', { base_trace_id: '1', compare_trace_id: '2', format: 'trace-patch-v0' });
  assert.equal(patch.version, 'trace-patch-v0');
  const names = await found('get-attribute-names', { scope: 'resource' });
  assert.deepEqual(names.scopes, [{ name: 'resource', tags: ['service.name'] }]);
  const values = await found('get-attribute-values', {
    name: 'span.http.method',
    'filter-query': '{ resource.service.name = "shop" }',
  });
  assert.deepEqual(values.tagValues, { string: ['GET'] });
  const docs = await call('docs-traceql', { name: 'structural' });
  assert.match(docs.content[0].text, /descendant/);
  assert.deepEqual(docs._meta, { type: 'documentation', encoding: 'markdown', version: '1' });
  assert.match((await call('docs-config', { name: 'reference' })).content[0].text, /`--mcp-server`/);
  const metrics = await (await fetch(`${server.urls.query}/metrics`)).text();
  assert.match(metrics, /vivace_mcp_calls_total\{tool="get-trace"\} 1/);
});

test('a large trace is given in parts', async () => {
  const whole = await call('get-trace', { trace_id: '9' });
  assert.equal(whole.isError, true);
  assert.match(whole.content[0].text, /ask for a part of it with filter-query/);
  const part = await found('get-trace', { trace_id: '9', 'filter-query': '{ name = "span 7" }' });
  assert.equal(part.status, 'PARTIAL');
});

test('errors are for the model to read, and say what to do', async () => {
  const wrong: [string, Record<string, string>, RegExp][] = [
    ['traceql-search', { query: '{ status = }' }, /parse error at line 1/],
    ['traceql-search', { query: '{ } | rate()' }, /use traceql-metrics/],
    ['traceql-search', { query: '{ }', start: 'yesterday' }, /invalid start/],
    ['traceql-metrics-instant', { query: '{ }' }, /use traceql-search/],
    ['get-trace', { trace_id: 'xyz' }, /hex/],
    ['trace-diff', { base_trace_id: '1', compare_trace_id: 'ffff' }, /status 404/],
    ['trace-diff', { base_trace_id: '1', compare_trace_id: '2', base_start: range.start }, /both, or neither/],
    ['get-attribute-values', { name: 'service.name' }, /valid tagName/],
    ['get-attribute-values', { name: 'span.a', 'filter-query': 'x' }, /one spanset filter/],
  ];
  for (const [name, args, pattern] of wrong) {
    const { isError, content } = await call(name, args);
    assert.equal(isError, true, name);
    assert.match(content[0].text, pattern);
  }
  await assert.rejects(call('traceql-search', {}), /argument query is required/);
  await assert.rejects(call('docs-traceql', { name: 'poetry' }), /must be one of/);
  await assert.rejects(call('delete-everything', {}), /unknown tool/);
  await assert.rejects(client.readResource({ uri: 'docs://none' }), /no document/);
});

const post = (body: string, method = 'POST'): Promise<Response> =>
  fetch(`${server.urls.query}/api/mcp`, { method, body: method === 'GET' ? undefined : body });

test('the transport: notifications, batches, and what is no JSON-RPC', async () => {
  const notified = await post('{"jsonrpc":"2.0","method":"notifications/initialized"}');
  assert.equal(notified.status, 202);
  const batch = await post('[{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","id":"b","method":"nope"}]');
  assert.deepEqual(await batch.json(), [
    { jsonrpc: '2.0', id: 1, result: {} },
    { jsonrpc: '2.0', id: 'b', error: { code: -32601, message: 'unknown method nope' } },
  ]);
  assert.equal((await post('{')).status, 400);
  assert.equal((await post('[]')).status, 400);
  const noRequest = (await (await post('{"id":7}')).json()) as { error: { code: number } };
  assert.equal(noRequest.error.code, -32600);
  assert.equal((await post('', 'GET')).status, 405);
  assert.equal((await post('', 'DELETE')).status, 405);
});

test('off by default', async () => {
  const own = await startServer();
  const answer = await fetch(`${own.urls.query}/api/mcp`, { method: 'POST', body: '{}' });
  assert.equal(answer.status, 404);
  await own.close();
});

test('every query in the documents is valid', () => {
  let queries = 0;
  for (const { text } of Object.values(traceqlDocuments)) {
    for (const [, line] of text.matchAll(/^ {4}(\S.*?)(?: {3,}.*)?$/gm)) {
      validateQuery(parseQuery(line));
      queries++;
    }
  }
  assert.ok(queries >= 15, `${queries} queries`);
});
