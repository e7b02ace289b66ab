/** The trace in columns over a real server: shape, spans by row, versions, errors. */
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { decodeColumn, decodeKeys, decodeMatches } from '../../src/api/open-trace/answers.ts';
import { OpenTrace } from '../../src/api/open-trace/open-trace.ts';
import { decodeSkeleton } from '../../src/api/vivace/skeleton.ts';
import { decodeSpanRows, spanOfRow } from '../../src/api/vivace/span-rows.ts';
import { encodeTraces } from '../../src/wire/otlp-protobuf.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { fetch } from './strict-fetch.ts';
import { exampleSpan, exampleTraceId, postTraces } from './support.ts';

const traceId = exampleTraceId(7);
const start = exampleSpan(traceId).startUnixNanos;
const root = exampleSpan(traceId);
/** Of the root: one child each. */
const child = (n: number) =>
  exampleSpan(traceId, {
    spanId: n.toString(16).padStart(16, '0'),
    parentSpanId: root.spanId,
    startUnixNanos: start + BigInt(n),
    endUnixNanos: start + BigInt(n + 5),
  });

let server: TestServer;
before(async () => {
  server = await startServer();
  await post([root, child(1), child(2)]);
});
after(() => server.close());

async function post(spans: Parameters<typeof encodeTraces>[0]): Promise<void> {
  assert.equal((await postTraces(server, encodeTraces(spans), 'application/x-protobuf')).status, 200);
}

async function ask(path: string): Promise<{ status: number; contentType: string | null; bytes: Uint8Array }> {
  const response = await fetch(`${server.urls.query}/api/vivace/traces/${path}`);
  const bytes = new Uint8Array(await response.arrayBuffer());
  return { status: response.status, contentType: response.headers.get('content-type'), bytes };
}

test('a trace is read in columns: skeleton, then its spans by row', async () => {
  const { status, contentType, bytes } = await ask(`${traceId}/skeleton`);
  assert.deepEqual([status, contentType], [200, 'application/vnd.vivace.columns']);
  const { table, version, partial, warnings } = decodeSkeleton(bytes);
  assert.deepEqual([table.rowCount, [...table.parent], partial, warnings], [3, [-1, 0, 0], false, []]);
  const answer = await ask(`${traceId}/spans?version=${version}&from=1&to=9`);
  assert.equal(answer.status, 200);
  const rows = decodeSpanRows(answer.bytes);
  assert.deepEqual([rows.rowStart, rows.rowEnd], [1, 3]);
  assert.deepEqual(spanOfRow(table, rows, 1), child(1));
  assert.deepEqual(spanOfRow(table, rows, 2), child(2));
});

test('a view holds while spans still arrive; rows of a version that nobody looks at are refused', async () => {
  const { version } = decodeSkeleton((await ask(`${traceId}/skeleton`)).bytes);
  await post([child(3)]);
  assert.equal(decodeSpanRows((await ask(`${traceId}/spans?version=${version}`)).bytes).rowEnd, 3);
  assert.equal((await ask(`${traceId}/spans?version=3-0-0`)).status, 412);
  const { version: next } = decodeSkeleton((await ask(`${traceId}/skeleton`)).bytes);
  const rows = decodeSpanRows((await ask(`${traceId}/spans?version=${next}`)).bytes);
  assert.equal(rows.rowEnd, 4);
});

test('rows that match, keys and columns are told by the server as the page would tell them', async () => {
  const { table, version } = decodeSkeleton((await ask(`${traceId}/skeleton`)).bytes);
  const rows = decodeSpanRows((await ask(`${traceId}/spans?version=${version}`)).bytes);
  const open = new OpenTrace(table);
  open.add(rows);
  const matches = async (params: Record<string, string>) =>
    decodeMatches(
      (await ask(`${traceId}/match?${String(new URLSearchParams({ version, ...params }))}`)).bytes,
      table.rowCount
    );
  for (const text of ['child', 'service.name=', 'nowhere']) {
    assert.deepEqual(await matches({ text }), open.find(text));
  }
  for (const q of ['{ }', '{ name != "x" } >> { kind = internal }', '{ duration < 0 }']) {
    assert.deepEqual(await matches({ q }), open.filter(q));
  }
  const keys = decodeKeys((await ask(`${traceId}/keys?version=${version}`)).bytes);
  assert.deepEqual(keys, open.keys());
  assert.ok(keys.length > 0);
  for (const key of keys) {
    const { scope, type } = key;
    const params = String(new URLSearchParams({ version, scope, key: key.key, type }));
    assert.deepEqual(decodeColumn((await ask(`${traceId}/column?${params}`)).bytes, table.rowCount), open.column(key));
  }
  const wrong = [
    'match',
    'match?text=a&q={}',
    'match?q={',
    'column?scope=span&type=int',
    'column?scope=x&key=a&type=int',
  ];
  const statuses = wrong.map(
    async (path) => (await ask(`${traceId}/${path}${path.includes('?') ? '&' : '?'}version=${version}`)).status
  );
  assert.deepEqual(await Promise.all(statuses), [400, 400, 400, 400, 400]);
});

test('unknown traces and wrong parameters are told by their status', async () => {
  const statuses = ['ff/skeleton', 'xyz/skeleton', `${traceId}/spans`, `${traceId}/spans?version=1&from=3&to=2`];
  assert.deepEqual(await Promise.all(statuses.map(async (path) => (await ask(path)).status)), [404, 400, 400, 400]);
});
