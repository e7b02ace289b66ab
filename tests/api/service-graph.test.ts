import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import test, { after, before } from 'node:test';
import type { ServiceGraphBody } from '../../src/api/vivace/graph.ts';
import { openNodeEngine } from '../../src/server/node-engine.ts';
import type { Trace } from '../../src/trace/model.ts';
import { traceFromText } from '../../src/trace/text.ts';
import { encodeTraces } from '../../src/wire/otlp-protobuf.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { fetch } from './strict-fetch.ts';
import { postTraces } from './support.ts';

const startSeconds = 1_700_000_000;
const calls = (traceId: string, status: string, at: number): Trace =>
  traceFromText(
    `
    shop GET /cart      |====================| {kind=server}
      shop POST         |==================  | {kind=client}
        pay POST /pay   | ================   | {kind=server status=${status}}
          pay SELECT    |  ===               | {kind=client db.system=postgresql db.namespace=cards}
    `,
    { traceId, baseUnixNanos: BigInt(startSeconds + at) * 1_000_000_000n }
  );

let server: TestServer;
let dataDir: string;

before(async () => {
  dataDir = await mkdtemp(path.join(os.tmpdir(), 'vivace-graph-'));
  const { engine, close } = await openNodeEngine(dataDir, { queryThreads: 1 });
  await engine.whenReady();
  server = await startServer({ openStore: async () => ({ store: engine, ready: engine.whenReady(), close }) });
  while ((await fetch(`${server.urls.query}/ready`)).status !== 200) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }

  for (const [traceId, status, at] of [
    ['a1', 'unset', 0],
    ['a2', 'error', 10],
    ['a3', 'unset', 500],
  ] as const) {
    const response = await postTraces(
      server,
      encodeTraces([...calls(traceId, status, at).spans]),
      'application/x-protobuf'
    );
    assert.equal(response.status, 200);
  }
});

after(async () => {
  await server.close();
  await rm(dataDir, { recursive: true, force: true });
});

async function graph(params: string): Promise<ServiceGraphBody> {
  const response = await fetch(`${server.urls.query}/api/vivace/graph?${params}`);
  assert.equal(response.status, 200, await response.clone().text());
  return (await response.json()) as ServiceGraphBody;
}

test('nodes and edges of a range: rates, error shares, latencies', async () => {
  const body = await graph(`start=${startSeconds}&end=${startSeconds + 100}`);
  assert.deepEqual(
    body.nodes.map(({ id, requests, errorShare }) => [id, requests, errorShare]),
    [
      ['database:postgresql/cards', 2, 0],
      ['service:pay', 2, 0.5],
      ['service:shop', 2, 0],
    ]
  );
  assert.deepEqual(
    body.edges.map(({ source, target, kind, errors }) => [source, target, kind, errors]),
    [
      ['service:pay', 'database:postgresql/cards', 'call', 0],
      ['service:shop', 'service:pay', 'call', 1],
    ]
  );
  const [, call] = body.edges;
  assert.equal(call.ratePerSecond, 2 / 100);
  for (const ms of [call.p50Ms, call.p95Ms, call.p99Ms]) {
    assert.ok(Math.abs(ms - 16) < 0.1, `${ms} ms`);
  }
  assert.deepEqual([body.partial, body.warnings, body.endSeconds - body.startSeconds], [false, [], 100]);
});

test('a query chooses traces, whose graph is whole', async () => {
  const range = `start=${startSeconds}&end=${startSeconds + 1000}`;
  const failed = await graph(`${range}&q=${encodeURIComponent('{ status = error }')}`);
  assert.deepEqual(
    failed.edges.map(({ requests }) => requests),
    [1, 1]
  );
  const none = await graph(`${range}&q=${encodeURIComponent('{ name = "nothing" }')}`);
  assert.deepEqual([none.nodes, none.edges, none.partial], [[], [], false]);
});

test('what is wrong with a request is said', async () => {
  for (const [q, expected] of [
    ['{ } | rate()', /a metrics query selects none/],
    ['{ name = ', /invalid TraceQL query/],
  ] as const) {
    const response = await fetch(`${server.urls.query}/api/vivace/graph?q=${encodeURIComponent(q)}`);
    assert.equal(response.status, 400);
    assert.match(await response.text(), expected);
  }
});
