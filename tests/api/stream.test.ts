import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { nodeClock } from '../../src/server/node-clock.ts';
import { encodeTraces } from '../../src/wire/otlp-protobuf.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { getLines, HeldStore, nextObject, startProxy, type LineReader } from './stream-support.ts';
import { exampleProtobuf, exampleSpan, exampleTraceId, postTraces } from './support.ts';
import { fetch } from './strict-fetch.ts';

const range = 'start=1699999990&end=1700000100';
/** Timers run 20 times as fast: the 5 s between blank lines are 250 ms. */
const speed = 20;
let store: HeldStore;
let server: TestServer;

before(async () => {
  store = new HeldStore();
  const clock = nodeClock();
  const schedule: typeof clock.schedule = (delayMs, task) => clock.schedule(delayMs / speed, task);
  server = await startServer({
    store,
    clock: { unixNanos: () => clock.unixNanos(), monotonicMs: () => clock.monotonicMs(), schedule },
    config: { query_timeout: '60s' },
  });
  const spans = [1, 2, 3].map((n) =>
    exampleSpan(exampleTraceId(n), { startUnixNanos: 1_700_000_000_000_000_000n + BigInt(n) })
  );
  await postTraces(server, encodeTraces(spans), 'application/x-protobuf');
});
after(() => server.close());

async function objectsOf(reader: LineReader): Promise<Record<string, unknown>[]> {
  const objects: Record<string, unknown>[] = [];
  for (let next = await nextObject(reader); next !== undefined; next = await nextObject(reader)) {
    objects.push(next);
  }
  return objects;
}

test('search: deltas, progress, blank lines, everything at the end; through a proxy that flushes late and cuts silence', async () => {
  // 30 s of silence are 1.5 s here.
  const proxy = await startProxy(server.urls.query, { flushMs: 200, silenceMs: 1_500 });
  store.expectSearch();
  const reader = await getLines(`${proxy.url}/api/vivace/search/stream?q={}&${range}`);
  assert.equal(reader.response.headers['content-type'], 'application/x-ndjson');
  const first = await nextObject(reader);
  assert.equal(first?.type, 'delta');
  assert.equal((first.traces as unknown[]).length, 1);
  // Longer than the proxy bears silence.
  await new Promise((resolve) => setTimeout(resolve, 1_800));
  assert.equal(proxy.cuts(), 0);
  store.release();
  const rest = await objectsOf(reader);
  rest.slice(0, -1).forEach(({ type }) => assert.equal(type, 'progress'));
  const { type, traces, metrics } = rest.at(-1) as {
    type: string;
    traces: unknown[];
    metrics: { completedJobs: number; totalJobs: number };
  };
  assert.equal(type, 'final');
  assert.equal(traces.length, 3);
  assert.equal(metrics.completedJobs, metrics.totalJobs);
  proxy.close();
});

test('metrics: the final line is the body of query_range', async () => {
  const query = `q=${encodeURIComponent('{} | rate()')}&${range}&step=10`;
  const reader = await getLines(`${server.urls.query}/api/vivace/query_range/stream?${query}`);
  const { type, metrics, ...final } = (await objectsOf(reader)).at(-1)!;
  const plain = (await (await fetch(`${server.urls.query}/api/metrics/query_range?${query}`)).json()) as object;
  assert.equal(type, 'final');
  assert.ok(metrics);
  assert.deepEqual({ ...final, metrics: undefined }, { ...plain, metrics: undefined });
});

test('metrics: deltas tell complete steps, the final line tells them again', async () => {
  store.holdsMetrics = true;
  store.expectSearch();
  const query = `q=${encodeURIComponent('{} | rate()')}&${range}&step=10`;
  const reader = await getLines(`${server.urls.query}/api/vivace/query_range/stream?${query}`);
  const first = await nextObject(reader);
  store.holdsMetrics = false;
  store.release();
  const rest = await objectsOf(reader);
  const samples = (line: object | undefined): object[] =>
    (line as { series: { samples: object[] }[] }).series[0].samples;
  assert.equal(first?.type, 'delta');
  // The spans start within one step, which is not complete before all are counted; those behind it are.
  assert.ok(samples(first).length > 0);
  assert.deepEqual(samples(rest.at(-1)).slice(-samples(first).length), samples(first));
  assert.ok(samples(rest.at(-1)).length > samples(first).length);
});

test('a client that goes away: the store hears of it within 100 ms', async (t) => {
  store.expectSearch();
  const reader = await getLines(`${server.urls.query}/api/vivace/search/stream?q={}&${range}`);
  await store.searching;
  const leftMs = performance.now();
  reader.destroy();
  while (store.abortedMs === undefined && performance.now() - leftMs < 1_000) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  assert.ok(store.abortedMs !== undefined && store.abortedMs - leftMs <= 100, `${store.abortedMs}`);
  t.diagnostic(`${(store.abortedMs - leftMs).toFixed(1)} ms`);
});

test('errors: a status before the stream, a last line in it', async () => {
  for (const [path, status] of [
    ['search/stream?q={', 400],
    ['search/stream?start=5', 400],
    ['query_range/stream?q={}', 400],
    ['tail?q={}|count()>2', 400],
    ['tail?q={ } >> { }', 400],
    ['tail?q={ rootName = "a" }', 400],
    ['tail?limit=0', 400],
    ['tail?limit=1001', 400],
  ] as const) {
    const answer = await fetch(`${server.urls.query}/api/vivace/${path}`);
    assert.equal(answer.status, status, path);
    await answer.body?.cancel();
  }
  store.expectSearch();
  // query_timeout: 60 s, 20 times as fast.
  const reader = await getLines(`${server.urls.query}/api/vivace/search/stream?q={}&${range}`);
  const last = (await objectsOf(reader)).at(-1)!;
  assert.equal(last.type, 'error');
  assert.equal(last.status, 504);
});

test('tail: matching spans as they arrive, each once, of this tenant; the end of the server ends it', async () => {
  const own = await startServer({ config: { multitenancy: true } });
  const tenant = (name: string) => ({ 'x-scope-orgid': name });
  const url = `${own.urls.query}/api/vivace/tail?q=${encodeURIComponent('{ name = "charge" } | select(.http.method)')}`;
  const answer = await fetch(url, { headers: tenant('blue') });
  const lines = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
  assert.equal((await lines.read()).value, '\n', 'the first byte comes at once');
  const matching = encodeTraces([
    exampleSpan(exampleTraceId(1), { name: 'charge' }),
    exampleSpan(exampleTraceId(2), { name: 'other' }),
  ]);
  await postTraces(own, matching, 'application/x-protobuf', tenant('green'));
  await postTraces(own, matching, 'application/x-protobuf', tenant('blue'));
  await postTraces(own, matching, 'application/x-protobuf', tenant('blue'));
  const told = JSON.parse((await lines.read()).value!) as { type: string; spans: Record<string, unknown>[] };
  assert.equal(told.type, 'spans');
  assert.deepEqual(told.spans, [
    {
      traceID: exampleTraceId(1),
      spanID: 'aaaaaaaaaaaaaaaa',
      serviceName: 'shop',
      name: 'charge',
      kind: 'server',
      status: 'unset',
      startTimeUnixNano: '1700000000000000000',
      durationNanos: '250000000',
      attributes: [{ key: 'http.method', value: { stringValue: 'GET' } }],
    },
  ]);
  const next = lines.read();
  await own.close();
  assert.equal((await next).done, true, 'nothing more: the retry is told once');
});

test('tail: the cap holds, and what is above it is counted', async () => {
  const reader = await getLines(`${server.urls.query}/api/vivace/tail?limit=10`);
  const many = Array.from({ length: 25 }, (_, n) => exampleSpan(exampleTraceId(500 + n)));
  await postTraces(server, encodeTraces(many), 'application/x-protobuf');
  const spans = await nextObject(reader);
  assert.equal((spans?.spans as unknown[]).length, 10);
  assert.deepEqual(await nextObject(reader), { type: 'dropped', spans: 15, requests: 0 });
  reader.destroy();
});

test('tail: a client that does not read holds up nobody, and hears what it missed', async () => {
  const reader = await getLines(
    `${server.urls.query}/api/vivace/tail?limit=1000&q=${encodeURIComponent('{} | select(.big)')}`
  );
  reader.response.pause();
  const big = { key: 'big', value: { type: 'string', value: 'x'.repeat(200_000) } } as const;
  for (let n = 0; n < 60; n++) {
    const body = encodeTraces([exampleSpan(exampleTraceId(1_000 + n), { attributes: [big] })]);
    assert.equal((await postTraces(server, body, 'application/x-protobuf')).status, 200);
  }
  reader.response.resume();
  let told = 0;
  let missed = 0;
  while (told + missed < 60) {
    const next = await nextObject(reader);
    if (next?.type === 'dropped') {
      missed += (next.spans as number) + (next.requests as number);
    } else {
      told += (next?.spans as unknown[]).length;
    }
  }
  assert.equal(told + missed, 60);
  assert.ok(missed > 0, 'a client that does not read misses something');
  reader.destroy();
});

test('tail: at most so many at a time, and a closed one makes room', async () => {
  const own = await startServer();
  const url = `${own.urls.query}/api/vivace/tail`;
  const readers = await Promise.all(Array.from({ length: 50 }, () => getLines(url)));
  assert.equal((await fetch(url)).status, 429);
  readers[0].destroy();
  await new Promise((resolve) => setTimeout(resolve, 100));
  const again = await getLines(url);
  assert.equal(again.response.statusCode, 200);
  await postTraces(own, exampleProtobuf(exampleTraceId(1)), 'application/x-protobuf');
  assert.equal(((await nextObject(again))?.spans as unknown[]).length, 1);
  [...readers, again].forEach((reader) => reader.destroy());
  await own.close();
});
