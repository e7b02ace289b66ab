import assert from 'node:assert/strict';
import http2 from 'node:http2';
import test, { after, before } from 'node:test';
import * as grpc from '@grpc/grpc-js';
import { messageBytesMax } from '../../src/api/stream/split.ts';
import { encodeTraces } from '../../src/wire/otlp-protobuf.ts';
import {
  decodeMessage,
  encodeMessage,
  queryRangeResponse,
  searchRequest,
  searchResponse,
  type QueryRangeResponse,
} from '../../src/wire/tempo.ts';
import { decodeTempo, encodeTempo } from '../fixtures/tempo-schema.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { HeldStore } from './stream-support.ts';
import { exampleSpan, exampleTraceId, postTraces } from './support.ts';
import { fetch } from './strict-fetch.ts';

const startSeconds = 1_700_000_000;
const range = { start: startSeconds - 10, end: startSeconds + 100 };
const rangeNanos = { start: `${range.start}000000000`, end: `${range.end}000000000` };
let store: HeldStore;
let server: TestServer;
const clients: grpc.Client[] = [];

before(async () => {
  store = new HeldStore();
  server = await startServer({ store, config: { query_timeout: '2s' } });
  const second = 1_000_000_000n;
  const spans = [1, 2, 3].map((n) => {
    const startUnixNanos = BigInt(startSeconds + n) * second;
    return exampleSpan(exampleTraceId(n), { startUnixNanos, endUnixNanos: startUnixNanos + second / 4n });
  });
  const answer = await postTraces(server, encodeTraces(spans), 'application/x-protobuf');
  assert.equal(answer.status, 200);
});
after(async () => {
  clients.forEach((client) => client.close());
  await server.close();
});

function connect(url: string): grpc.Client {
  const client = new grpc.Client(new URL(url).host, grpc.credentials.createInsecure());
  clients.push(client);
  return client;
}

const bytes = (value: Buffer): Buffer => value;

function open(
  method: string,
  request: Uint8Array,
  { url = server.urls.query, deadlineMs = 10_000, metadata = new grpc.Metadata() } = {}
): grpc.ClientReadableStream<Buffer> {
  return connect(url).makeServerStreamRequest(
    `/tempopb.StreamingQuerier/${method}`,
    bytes,
    bytes,
    Buffer.from(request),
    metadata,
    { deadline: Date.now() + deadlineMs }
  );
}

/** All messages and the status at the end. */
function readAll(call: grpc.ClientReadableStream<Buffer>): Promise<{ messages: Buffer[]; status: grpc.StatusObject }> {
  const messages: Buffer[] = [];
  return new Promise((resolve) => {
    call.on('data', (message: Buffer) => messages.push(message));
    call.on('error', () => undefined);
    call.on('status', (status) => resolve({ messages, status }));
  });
}

async function messagesOf(
  method: string,
  request: Uint8Array,
  options?: Parameters<typeof open>[2]
): Promise<Buffer[]> {
  const { messages, status } = await readAll(open(method, request, options));
  assert.equal(status.code, grpc.status.OK, status.details);
  return messages;
}

const text = (value: string) => ({ stringValue: value });

test('all seven methods, on both ports, read by a decoder that is none of ours', async () => {
  for (const url of [server.urls.query, server.urls.grpcQuery]) {
    store.expectSearch();
    const searching = messagesOf(
      'Search',
      encodeTempo('SearchRequest', { Query: '{ .http.method = "GET" }', ...range }),
      {
        url,
      }
    );
    await store.searching;
    store.release();
    const found = decodeTempo('SearchResponse', (await searching).at(-1)!);
    const traces = found.traces as Record<string, unknown>[];
    assert.deepEqual(
      traces.map(({ traceID }) => traceID),
      [3, 2, 1].map(exampleTraceId)
    );
    assert.deepEqual(
      { ...traces[0], spanSet: undefined, spanSets: undefined },
      {
        traceID: exampleTraceId(3),
        rootServiceName: 'shop',
        rootTraceName: 'GET /cart',
        startTimeUnixNano: `${startSeconds + 3}000000000`,
        durationMs: 250,
        serviceStats: { shop: { spanCount: 1 } },
        spanSet: undefined,
        spanSets: undefined,
      }
    );

    const names = await messagesOf('SearchTags', encodeTempo('SearchTagsRequest', { scope: 'span' }), { url });
    assert.deepEqual(decodeTempo('SearchTagsResponse', names.at(-1)!).tagNames, ['http.method', 'http.status_code']);

    const scopes = await messagesOf('SearchTagsV2', encodeTempo('SearchTagsRequest', { scope: 'resource' }), { url });
    assert.deepEqual(decodeTempo('SearchTagsV2Response', scopes.at(-1)!).scopes, [
      { name: 'resource', tags: ['service.name'] },
    ]);

    const values = await messagesOf(
      'SearchTagValues',
      encodeTempo('SearchTagValuesRequest', { tagName: 'http.method' }),
      {
        url,
      }
    );
    assert.deepEqual(decodeTempo('SearchTagValuesResponse', values.at(-1)!).tagValues, ['GET']);

    const typed = encodeTempo('SearchTagValuesRequest', { tagName: 'span.http.status_code', ...range });
    const typedValues = await messagesOf('SearchTagValuesV2', typed, { url });
    assert.deepEqual(decodeTempo('SearchTagValuesV2Response', typedValues.at(-1)!).tagValues, [
      { type: 'int', value: '200' },
    ]);

    const query = '{ } | count_over_time() by (resource.service.name)';
    const series = await messagesOf(
      'MetricsQueryRange',
      encodeTempo('QueryRangeRequest', { query, ...rangeNanos, step: '10000000000' }),
      { url }
    );
    const rangeBody = decodeTempo('QueryRangeResponse', series.at(-1)!);
    const [one] = rangeBody.series as { labels: object[]; samples: { value?: number; timestamp_ms: string }[] }[];
    assert.deepEqual(one.labels, [{ key: 'resource.service.name', value: text('shop') }]);
    assert.equal(
      one.samples.reduce((sum, { value = 0 }) => sum + value, 0),
      3
    );

    const instant = await messagesOf(
      'MetricsQueryInstant',
      encodeTempo('QueryInstantRequest', { query, ...rangeNanos }),
      {
        url,
      }
    );
    assert.deepEqual(decodeTempo('QueryInstantResponse', instant.at(-1)!).series, [
      { labels: [{ key: 'resource.service.name', value: text('shop') }], value: 3 },
    ]);
  }
});

test('a search tells what it has found before it ends: diffs, true progress, everything at the end', async () => {
  store.expectSearch();
  const request = encodeMessage(searchRequest, { query: '{ }', ...range });
  const call = open('Search', request);
  const first = await new Promise<Buffer>((resolve) => call.once('data', resolve));
  const early = decodeMessage(searchResponse, first);
  assert.deepEqual(
    early.traces?.map(({ traceID }) => traceID),
    [exampleTraceId(3)]
  );
  assert.equal(early.metrics?.completedJobs, 1);
  assert.equal(early.metrics?.totalJobs, 4);
  const rest = readAll(call);
  // Long enough for a second look, which has nothing new.
  await new Promise((resolve) => setTimeout(resolve, 400));
  store.release();
  const { messages, status } = await rest;
  assert.equal(status.code, grpc.status.OK);
  const bodies = messages.map((message) => decodeMessage(searchResponse, message));
  assert.ok(bodies.length >= 2, 'progress and the answer');
  bodies.slice(0, -1).forEach((body) => assert.equal(body.traces, undefined, 'a diff repeats nothing'));
  const last = bodies.at(-1)!;
  assert.equal(last.traces?.length, 3);
  assert.equal(last.metrics?.completedJobs, last.metrics?.totalJobs);
});

test('range metrics tell the steps that are complete before the end: diffs, then everything', async () => {
  store.holdsMetrics = true;
  try {
    for (const [query, tells] of [
      ['{ } | count_over_time()', true],
      ['{ } | count_over_time() by (name) | topk(1)', false],
      ['{ } | compare({ status = error })', false],
    ] as const) {
      store.expectSearch();
      const wanted = encodeTempo('QueryRangeRequest', { query, ...rangeNanos, step: '1000000000' });
      const call = open('MetricsQueryRange', wanted);
      const first = await new Promise<Buffer>((resolve) => call.once('data', resolve));
      const rest = readAll(call);
      await new Promise((resolve) => setTimeout(resolve, 400));
      store.release();
      const { messages, status } = await rest;
      assert.equal(status.code, grpc.status.OK);
      const bodies = [first, ...messages].map((message) => decodeMessage(queryRangeResponse, message));
      const final = samplesOf(bodies.at(-1)!);
      const early = samplesOf(bodies[0]);
      assert.equal(early.size > 0, tells, query);
      early.forEach((value, key) => assert.equal(final.get(key), value, `${query}: ${key}`));
      bodies.slice(1, -1).forEach((body) => assert.equal(body.series, undefined, 'a diff repeats nothing'));
      if (tells) {
        // One of three spans is counted: the next newest starts a second earlier, so the step of the first is complete, and what follows.
        const timesMs = [...early.keys()].map((key) => Number(key.split(' ')[0]));
        assert.equal(Math.min(...timesMs), (startSeconds + 3) * 1000);
        assert.equal(early.size, 98);
        assert.equal(final.size, 111);
      }
    }
  } finally {
    store.holdsMetrics = false;
  }
});

/** Values by time and labels. */
function samplesOf({ series = [] }: QueryRangeResponse): Map<string, number | undefined> {
  return new Map(
    series.flatMap(({ labels, samples = [] }) =>
      samples.map(({ timestampMs = '0', value }) => [`${timestampMs} ${JSON.stringify(labels)}`, value] as const)
    )
  );
}

test("Grafana's health check: an empty request with limit 1", async () => {
  store.expectSearch();
  const checking = messagesOf('Search', encodeTempo('SearchRequest', { Limit: 1 }));
  await store.searching;
  store.release();
  assert.equal((await checking).length, 1);
});

test('older searches: tags, duration', async () => {
  for (const [request, expected] of [
    [{ Tags: { 'service.name': 'sho', 'http.method': 'GET' } }, 3],
    [{ Tags: { 'http.method': 'PO ST' } }, 0],
    [{ MinDurationMs: 300 }, 0],
    [{ MinDurationMs: 200, MaxDurationMs: 300 }, 3],
  ] as const) {
    store.expectSearch();
    const searching = messagesOf('Search', encodeTempo('SearchRequest', { ...request, ...range }));
    await store.searching;
    store.release();
    const traces = decodeMessage(searchResponse, (await searching).at(-1)!).traces ?? [];
    assert.equal(traces.length, expected, JSON.stringify(request));
  }
});

test('a client that goes away: the store hears of it within 100 ms', async (t) => {
  const delays: number[] = [];
  for (const leave of ['cancel', 'close'] as const) {
    store.expectSearch();
    const session = http2.connect(server.urls.query);
    const stream = session.request({
      ':method': 'POST',
      ':path': '/tempopb.StreamingQuerier/Search',
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    stream.on('error', () => undefined);
    session.on('error', () => undefined);
    stream.end(Buffer.alloc(5));
    await store.searching;
    const leftMs = performance.now();
    if (leave === 'cancel') {
      stream.close(http2.constants.NGHTTP2_CANCEL);
    } else {
      session.destroy();
    }
    while (store.abortedMs === undefined && performance.now() - leftMs < 1_000) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    assert.ok(store.abortedMs !== undefined, leave);
    assert.ok(store.abortedMs - leftMs <= 100, `${leave}: ${store.abortedMs - leftMs} ms`);
    delays.push(store.abortedMs - leftMs);
    session.destroy();
  }
  t.diagnostic(`cancel, close: ${delays.map((delay) => delay.toFixed(1)).join(', ')} ms`);
});

test('deadlines: the client’s, and query_timeout', async () => {
  store.expectSearch();
  const impatient = await readAll(open('Search', encodeTempo('SearchRequest', range), { deadlineMs: 150 }));
  assert.equal(impatient.status.code, grpc.status.DEADLINE_EXCEEDED);
  store.expectSearch();
  const patient = await readAll(open('Search', encodeTempo('SearchRequest', range)));
  assert.equal(patient.status.code, grpc.status.DEADLINE_EXCEEDED);
  assert.match(patient.status.details, /query_timeout/);
  assert.ok(store.abortedMs !== undefined);
});

test('errors in gRPC’s words', async () => {
  const cases: [string, Uint8Array, number, RegExp][] = [
    [
      'Search',
      encodeTempo('SearchRequest', { Query: '{ .a = ' }),
      grpc.status.INVALID_ARGUMENT,
      /parse error at line 1/,
    ],
    ['Search', encodeTempo('SearchRequest', { start: 5 }), grpc.status.INVALID_ARGUMENT, /start and end/],
    ['Search', Uint8Array.of(0x0a, 0x7f, 1), grpc.status.INVALID_ARGUMENT, /SearchRequest/],
    ['SearchTagsV2', encodeTempo('SearchTagsRequest', { scope: 'x' }), grpc.status.INVALID_ARGUMENT, /invalid scope/],
    ['SearchTagValuesV2', encodeTempo('SearchTagValuesRequest', {}), grpc.status.INVALID_ARGUMENT, /valid tagName/],
    [
      'MetricsQueryRange',
      encodeTempo('QueryRangeRequest', { query: '{}' }),
      grpc.status.INVALID_ARGUMENT,
      /not a metrics/,
    ],
    ['Search', new Uint8Array(2 ** 20 + 1), grpc.status.RESOURCE_EXHAUSTED, /more than 10485../],
    ['Delete', new Uint8Array(), grpc.status.UNIMPLEMENTED, /unknown method/],
  ];
  for (const [method, request, code, details] of cases) {
    const { messages, status } = await readAll(open(method, request));
    assert.equal(status.code, code, `${method}: ${status.details}`);
    assert.match(status.details, details);
    assert.equal(messages.length, 0);
  }
});

test('tenants come as metadata', async () => {
  const own = await startServer({ config: { multitenancy: true } });
  try {
    const request = encodeTempo('SearchTagsRequest', {});
    const without = await readAll(open('SearchTags', request, { url: own.urls.query }));
    assert.equal(without.status.code, grpc.status.UNAUTHENTICATED);
    assert.equal(without.status.details, 'no org id');
    const spans = encodeTraces([exampleSpan(exampleTraceId(1))]);
    await postTraces(own, spans, 'application/x-protobuf', { 'x-scope-orgid': 'blue' });
    for (const [tenant, names] of [
      ['blue', 3],
      ['green', 0],
    ] as const) {
      const metadata = new grpc.Metadata();
      metadata.set('x-scope-orgid', tenant);
      const [message] = await messagesOf('SearchTags', request, { url: own.urls.grpcQuery, metadata });
      assert.equal((decodeTempo('SearchTagsResponse', message).tagNames as string[]).length, names, tenant);
    }
  } finally {
    await own.close();
  }
});

test('an answer above 1 MiB comes in parts that make the whole', async () => {
  const own = await startServer();
  try {
    const value = 'x'.repeat(20_000);
    const spans = Array.from({ length: 60 }, (_, n) =>
      exampleSpan(exampleTraceId(n + 1), {
        attributes: [{ key: 'big', value: { type: 'string', value: `${value}${n}` } }],
      })
    );
    await postTraces(own, encodeTraces(spans), 'application/x-protobuf');
    const request = encodeTempo('SearchRequest', { Query: '{ .big =~ "x.*" }', Limit: 100, ...range });
    const messages = await messagesOf('Search', request, { url: own.urls.query });
    assert.ok(messages.length >= 3, `${messages.length} messages`);
    messages.forEach((message) => assert.ok(message.length <= messageBytesMax, `${message.length} bytes`));
    const bodies = messages.map((message) => decodeMessage(searchResponse, message));
    bodies.forEach((body) => assert.equal(body.metrics?.inspectedTraces, 60));
    assert.equal(new Set(bodies.flatMap((body) => body.traces ?? []).map(({ traceID }) => traceID)).size, 60);
  } finally {
    await own.close();
  }
});

test('the port of its own can be closed, and speaks gRPC only', async () => {
  const answer = await fetch(server.urls.grpcQuery);
  assert.equal(answer.status, 415);
  const own = await startServer({ config: { grpc_query_address: 'off' } });
  assert.equal(own.urls.grpcQuery, undefined);
  await own.close();
});
