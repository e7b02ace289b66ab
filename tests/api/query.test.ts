import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import test, { after, before, describe } from 'node:test';
import { parseTraceId } from '../../src/trace/ids.ts';
import { decodeTraces, encodeTraces } from '../../src/wire/otlp-protobuf.ts';
import { decodeMessage, decodeTraceByIdResponse, searchResponse, searchTagsV2Response } from '../../src/wire/tempo.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import { openNodeEngine } from '../../src/server/node-engine.ts';
import type { OpenedStore } from '../../src/server/open-store.ts';
import { opened, startServer, type TestServer } from '../support/server.ts';
import { exampleSpan, exampleTraceId, postTraces } from './support.ts';
import { fetch } from './strict-fetch.ts';

/** A shop's trace: a root that calls a payment that fails, and a newer trace with one span. */
const shopTrace = exampleTraceId(0xabc);
const newerTrace = exampleTraceId(0xdef);
const start = 1_700_000_000_000_000_000n;
const second = 1_000_000_000n;
const range = 'start=1700000000&end=1700000100';

const text = (value: string) => ({ type: 'string', value }) as const;
const resource = (service: string) => ({
  attributes: [{ key: 'service.name', value: text(service) }],
  droppedAttributesCount: 0,
  schemaUrl: '',
});

const spans = [
  exampleSpan(shopTrace, { startUnixNanos: start, endUnixNanos: start + 2n * second, resource: resource('shop') }),
  exampleSpan(shopTrace, {
    spanId: 'bbbbbbbbbbbbbbbb',
    parentSpanId: 'aaaaaaaaaaaaaaaa',
    name: 'charge',
    kind: 3,
    startUnixNanos: start + second,
    endUnixNanos: start + second + 500_000_000n,
    statusCode: 2,
    statusMessage: 'declined',
    attributes: [
      { key: 'user id', value: text('42') },
      { key: 'amount', value: { type: 'double', value: 9.5 } },
      { key: 'a/b', value: text('slash') },
    ],
    resource: resource('payment'),
  }),
  exampleSpan(newerTrace, {
    startUnixNanos: start + 60n * second,
    endUnixNanos: start + 61n * second,
    resource: resource('shop'),
  }),
];

interface SearchJson {
  traces: {
    traceID: string;
    rootServiceName: string;
    spanSets: { matched: number; spans: { spanID: string; name?: string }[] }[];
  }[];
  metrics: Record<string, unknown>;
}

/** The engine on a folder of its own, which goes when it closes. */
async function openEngine(): Promise<OpenedStore> {
  const dataDir = await mkdtemp(path.join(os.tmpdir(), 'vivace-query-'));
  const { engine, close } = await openNodeEngine(dataDir, { queryThreads: 1 });
  const closeAndRemove = async (): Promise<void> => {
    await close();
    await rm(dataDir, { recursive: true, force: true });
  };
  return { store: engine, ready: engine.whenReady(), close: closeAndRemove };
}

async function untilReady(server: TestServer): Promise<void> {
  while ((await fetch(`${server.urls.query}/ready`)).status !== 200) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const stores: Readonly<Record<string, () => Promise<OpenedStore>>> = {
  'the memory store': async () => opened(new MemoryStore()),
  'the engine': openEngine,
};

for (const [storeName, openStore] of Object.entries(stores)) {
  describe(`query API over ${storeName}`, () => {
    let server: TestServer;
    before(async () => {
      server = await startServer({ openStore });
      await untilReady(server);
      await postTraces(server, encodeTraces(spans), 'application/x-protobuf');
    });
    after(() => server.close());

    const get = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
      fetch(server.urls.query + path, { headers });

    /** The body of a 200. */
    async function json<T = Record<string, unknown>>(path: string): Promise<T> {
      const answer = await get(path);
      const body = await answer.text();
      assert.equal(answer.status, 200, `${path}: ${body}`);
      assert.equal(answer.headers.get('content-type'), 'application/json');
      return JSON.parse(body) as T;
    }

    async function assertRefused(path: string, status: number, pattern: RegExp): Promise<void> {
      const answer = await get(path);
      const body = await answer.text();
      assert.equal(answer.status, status, `${path}: ${body}`);
      assert.match(body, pattern, path);
    }

    const q = (query: string): string => `q=${encodeURIComponent(query)}&${range}`;
    const found = async (parameters: string): Promise<string[]> =>
      (await json<SearchJson>(`/api/search?${parameters}`)).traces.map((trace) => parseTraceId(trace.traceID)!);

    test('echo, ready, build info, status', async () => {
      assert.equal(await (await get('/api/echo')).text(), 'echo');
      assert.equal((await get('/ready')).status, 200);
      assert.deepEqual(Object.keys(await json('/api/status/buildinfo')), [
        'version',
        'revision',
        'branch',
        'buildDate',
        'buildUser',
        'goVersion',
      ]);
      const status = await json<{ product: string; capabilities: string[]; store: { headSpans: number } }>(
        '/api/vivace/status'
      );
      assert.equal(status.product, 'vivace');
      assert.equal(status.store.headSpans, 3);
      assert.ok(status.capabilities.includes('tempo.search'));
    });

    test('trace by id, v1: batches, base64 ids, names of enums; protobuf is bare; 404 has an empty body', async () => {
      const { batches } = await json<{ batches: { scopeSpans: { spans: Record<string, unknown>[] }[] }[] }>(
        `/api/traces/${shopTrace}`
      );
      const charge = batches
        .flatMap((batch) => batch.scopeSpans.flatMap((scope) => scope.spans))
        .find((span) => span.name === 'charge')!;
      assert.equal(charge.traceId, Buffer.from(shopTrace, 'hex').toString('base64'));
      assert.equal(charge.parentSpanId, Buffer.from('aaaaaaaaaaaaaaaa', 'hex').toString('base64'));
      assert.equal(charge.kind, 'SPAN_KIND_CLIENT');
      assert.deepEqual(charge.status, { message: 'declined', code: 'STATUS_CODE_ERROR' });
      assert.equal(charge.startTimeUnixNano, String(start + second));

      const protobuf = await get('/api/traces/abc', { accept: 'application/protobuf' });
      assert.equal(protobuf.headers.get('content-type'), 'application/protobuf');
      assert.deepEqual(decodeTraces(new Uint8Array(await protobuf.arrayBuffer())), spans.slice(0, 2));

      const missing = await get('/api/traces/1234');
      assert.equal(missing.status, 404);
      assert.equal(await missing.text(), '');
    });

    test('trace by id, v2: wrapped; an unknown trace is 200 with an empty trace, in protobuf too', async () => {
      const known = await json<{ trace: { resourceSpans: unknown[] }; metrics: unknown }>(
        `/api/v2/traces/${shopTrace}`
      );
      assert.equal(known.trace.resourceSpans.length, 2);
      assert.deepEqual(await json('/api/v2/traces/1234'), { trace: {}, metrics: {} });

      const protobuf = await get(`/api/v2/traces/abc?${range}`, { accept: 'application/protobuf' });
      assert.deepEqual(decodeTraceByIdResponse(new Uint8Array(await protobuf.arrayBuffer())).trace, spans.slice(0, 2));
      const empty = new Uint8Array(
        await (await get('/api/v2/traces/1234', { accept: 'application/protobuf' })).arrayBuffer()
      );
      assert.deepEqual([...empty.subarray(0, 2)], [0x0a, 0], 'a trace message, though empty');
    });

    test('trace ids: short, upper case; what is none is 400', async () => {
      assert.equal((await get('/api/v2/traces/ABC')).status, 200);
      await assertRefused('/api/traces/xyz', 400, /trace IDs can only contain hex characters/);
      await assertRefused(`/api/traces/${'1'.repeat(33)}`, 400, /at most 32/);
      await assertRefused('/api/traces/%E0%A4%A', 400, /percent/);
      await assertRefused('/api/traces/abc?start=9&end=5', 400, /start must be before end/);
      assert.equal((await get('/api/traces/abc?start=5')).status, 200, 'one bound is enough');
    });

    test('search: newest first, hex ids, strings for 64 bit, the first spans of all that match', async () => {
      const all = await json<SearchJson>(`/api/search?${q('{}')}&spss=1`);
      assert.deepEqual(
        all.traces.map((trace) => trace.traceID),
        [newerTrace, shopTrace]
      );
      assert.equal(all.traces[1].spanSets[0].matched, 2);
      assert.equal(all.traces[1].spanSets[0].spans.length, 1);
      const [match] = (await json<SearchJson>(`/api/search?${q('{ name = "charge" && span.amount > 9 }')}`)).traces;
      assert.deepEqual(match, {
        traceID: shopTrace,
        rootServiceName: 'shop',
        rootTraceName: 'GET /cart',
        startTimeUnixNano: String(start),
        durationMs: 2000,
        spanSet: match.spanSets[0],
        spanSets: [
          {
            spans: [
              {
                spanID: 'bbbbbbbbbbbbbbbb',
                name: 'charge',
                startTimeUnixNano: String(start + second),
                durationNanos: '500000000',
                attributes: [{ key: 'amount', value: { doubleValue: 9.5 } }],
              },
            ],
            matched: 1,
          },
        ],
        serviceStats: { payment: { spanCount: 1, errorCount: 1 }, shop: { spanCount: 1 } },
      });
    });

    test('search answers only with fields that Grafana knows', async () => {
      const body = await json<SearchJson>(`/api/search?${q('{} | by(resource.service.name) | count() > 0')}`);
      assert.deepEqual(Object.keys(body).sort(), ['metrics', 'traces']);
      const allowed = [
        'inspectedTraces',
        'inspectedBytes',
        'totalBlocks',
        'completedJobs',
        'totalJobs',
        'totalBlockBytes',
      ];
      allowed.push('inspectedSpans', 'backendReads', 'backendBytes', 'additionalMetrics');
      assert.ok(Object.keys(body.metrics).every((name) => allowed.includes(name)));
    });

    test('search by tags, by other parameters and by duration', async () => {
      assert.deepEqual(await found(`tags=service.name%3Dpay&${range}`), [shopTrace]);
      assert.deepEqual(await found(`tags=http.status_code%3D200%20%22&${range}`).catch(() => ['refused']), ['refused']);
      assert.deepEqual(
        await found(`tags=http.status_code%3D200%20amount%3D9.5&${range}`),
        [shopTrace],
        'pairs may hold on two spans'
      );
      assert.deepEqual(await found(`tags=${encodeURIComponent('name="charge"')}&${range}`), [shopTrace]);
      assert.deepEqual(await found(`http.method=GET&${range}`), [newerTrace, shopTrace]);
      assert.deepEqual(await found(`minDuration=1500ms&${range}`), [shopTrace]);
      assert.deepEqual(await found(`maxDuration=1500ms&${range}`), [newerTrace]);
      const [tagged] = (await json<{ traces: Record<string, unknown>[] }>(`/api/search?minDuration=1500ms&${range}`))
        .traces;
      assert.deepEqual(Object.keys(tagged), [
        'traceID',
        'rootServiceName',
        'rootTraceName',
        'startTimeUnixNano',
        'durationMs',
      ]);
      const both = [newerTrace, shopTrace];
      assert.deepEqual(await found(`${q('{ name = "GET /cart" }')}&minDuration=1.5s`), both, 'bounds are for tags');
      assert.deepEqual(await found(q('{ name = "GET /cart" } | rate()')), both, 'the spans that would be counted');
    });

    test('search: ranges and limits', async () => {
      assert.deepEqual(await found(`q={}&start=1700000000&end=1700000010`), [shopTrace]);
      assert.deepEqual(await found(`${q('{}')}&limit=1`), [newerTrace]);
      assert.deepEqual(await found('q={}'), [], 'no range: the last 15 minutes');
      assert.deepEqual(
        await json(`/api/search?q={}&since=1m`).then((body) => body.traces),
        [],
        'the list is there when empty'
      );
    });

    test('search: what is refused, and how it is said', async () => {
      const bad: [string, RegExp][] = [
        ['q={&' + range, /^invalid TraceQL query: parse error at line 1, col \d+: /],
        [q('{ 1 + "a" = 3 }'), /^invalid TraceQL query: parse error at line 1, col \d+: /],
        [q('({} | rate()) * 2'), /metrics/],
        [`${q('{}')}&tags=a%3Db`, /tags and q/],
        ['tags=a%3Db%20a%3Dc', /set twice/],
        ['q={}&limit=0', /must be a positive number/],
        ['q={}&limit=x', /not a whole number/],
        ['q={}&limit=9007199254740992', /exceeds the maximum of 262144/],
        ['q={}&spss=101', /exceeds the maximum of 100/],
        ['q={}&start=5', /both/],
        ['q={}&start=9&end=5', /start must be before end. received start=9 end=5/],
        ['q={}&start=99999999999&end=5', /unix seconds/],
        ['q={}&since=yesterday', /invalid since/],
        ['minDuration=2s&maxDuration=1s', /must be greater than minDuration/],
        ['minDuration=fast', /invalid minDuration/],
        [`q=${'a'.repeat(7000)}`, /parse error/],
      ];
      for (const [parameters, pattern] of bad) {
        await assertRefused(`/api/search?${parameters}`, 400, pattern);
      }
    });

    test('names of attributes', async () => {
      const v1 = await json<{ tagNames: string[] }>('/api/search/tags');
      assert.deepEqual(v1.tagNames, ['a/b', 'amount', 'http.method', 'http.status_code', 'service.name', 'user id']);
      assert.ok(
        (await json<{ tagNames: string[] }>('/api/search/tags?scope=intrinsic')).tagNames.includes('rootServiceName')
      );
      const v2 = await json<{ scopes: { name: string; tags: string[] }[] }>('/api/v2/search/tags');
      assert.deepEqual(
        v2.scopes.map((scope) => scope.name),
        ['resource', 'span', 'intrinsic']
      );
      const span = await json<{ scopes: { name: string; tags: string[] }[] }>('/api/v2/search/tags?scope=span&limit=2');
      assert.deepEqual(span.scopes, [{ name: 'span', tags: ['a/b', 'amount'] }]);
      const filtered = await json<{ scopes: unknown[] }>(
        `/api/v2/search/tags?scope=span&q=${encodeURIComponent('{ status = error }')}`
      );
      assert.deepEqual(filtered.scopes, [{ name: 'span', tags: ['a/b', 'amount', 'user id'] }]);
      await assertRefused('/api/v2/search/tags?scope=nope', 400, /invalid scope/);
      const none = await json<{ scopes: unknown[] }>(
        `/api/v2/search/tags?start=1&end=2&scope=span&q=${encodeURIComponent('{ status = error }')}`
      );
      assert.deepEqual(none.scopes, []);
    });

    test('values of attributes', async () => {
      const v1 = async (name: string): Promise<string[]> =>
        (await json<{ tagValues: string[] }>(`/api/search/tag/${name}/values`)).tagValues;
      assert.deepEqual(await v1('service.name'), ['payment', 'shop']);
      assert.deepEqual(await v1('name'), ['GET /cart', 'charge']);
      assert.deepEqual(await v1('root.service.name'), ['shop']);
      assert.deepEqual(await v1('user%20id'), ['42']);
      const v2 = async (name: string): Promise<unknown[]> =>
        (await json<{ tagValues: unknown[] }>(`/api/v2/search/tag/${name}/values`)).tagValues;
      assert.deepEqual(await v2('resource.service.name'), [
        { type: 'string', value: 'payment' },
        { type: 'string', value: 'shop' },
      ]);
      assert.deepEqual(await v2('span.amount'), [{ type: 'float', value: '9.5' }]);
      assert.deepEqual(await v2('.http.status_code'), [{ type: 'int', value: '200' }]);
      assert.deepEqual(await v2('span.a%2Fb'), [{ type: 'string', value: 'slash' }]);
      assert.deepEqual(await v2('span.a/b'), [{ type: 'string', value: 'slash' }], 'a raw slash');
      assert.deepEqual(await v2('span.%22user%20id%22'), [{ type: 'string', value: '42' }]);
      assert.deepEqual(
        await v2('status'),
        ['ok', 'error', 'unset'].map((value) => ({ type: 'keyword', value }))
      );
      assert.equal((await v2('span:kind')).length, 6);
      assert.deepEqual(await v2('duration'), []);
      const open = `${encodeURIComponent('{ resource.service.name = "shop" && name =')}`;
      const filtered = await json<{ tagValues: unknown[] }>(
        `/api/v2/search/tag/resource.service.name/values?q=${open}`
      );
      assert.deepEqual(filtered.tagValues, [{ type: 'string', value: 'shop' }], 'an unfinished matcher is ignored');
      await assertRefused('/api/v2/search/tag/service.name/values', 400, /please provide a valid tagName/);
    });

    test('metrics over a range: right-closed steps, defaults left out', async () => {
      interface Series {
        labels: { key: string; value: { stringValue: string } }[];
        samples: { timestampMs: string; value?: number }[];
      }
      const body = await json<{ series: Series[] }>(
        `/api/metrics/query_range?${q('{} | count_over_time() by (resource.service.name)')}&step=50`
      );
      const of = (service: string): Series['samples'] =>
        body.series.find((series) => series.labels.some((label) => label.value.stringValue === service))!.samples;
      assert.deepEqual(
        of('shop').map((sample) => sample.value ?? 0),
        [1, 0, 1]
      );
      assert.deepEqual(
        of('payment').map((sample) => sample.value ?? 0),
        [0, 1, 0]
      );
      assert.deepEqual(
        of('shop').map((sample) => sample.timestampMs),
        ['1700000000000', '1700000050000', '1700000100000']
      );
    });

    test('instant metrics', async () => {
      const body = await json<{ series: unknown[] }>(`/api/metrics/query?${q('{} | count_over_time()')}`);
      assert.deepEqual(body.series, [
        { labels: [{ key: '__name__', value: { stringValue: 'count_over_time' } }], value: 2 },
      ]);
    });

    test('metrics: what is refused', async () => {
      const path = '/api/metrics/query_range';
      await assertRefused(`${path}?${q('{}')}`, 400, /^not a metrics query/);
      await assertRefused(`${path}?q=`, 400, /q is missing/);
      await assertRefused(`${path}?${q('{} | rate()')}&step=0`, 400, /step/);
      await assertRefused(`${path}?${q('{} | rate()')}&step=-1s`, 400, /step/);
      await assertRefused(`${path}?${q('{} | rate()')}&step=1ms`, 400, /minimum step is 0.01s/);
      await assertRefused(`${path}?q={}|rate()&start=9&end=9`, 400, /start must be before end/);
    });

    test('protobuf where it is asked for; metrics stay JSON', async () => {
      const headers = { accept: 'application/protobuf' };
      const search = await get(`/api/search?${q('{}')}`, headers);
      assert.equal(search.headers.get('content-type'), 'application/protobuf');
      const decoded = decodeMessage(searchResponse, new Uint8Array(await search.arrayBuffer()));
      assert.deepEqual(decoded, await json(`/api/search?${q('{}')}`));
      const tags = await get('/api/v2/search/tags?scope=resource', headers);
      const { scopes } = decodeMessage(searchTagsV2Response, new Uint8Array(await tags.arrayBuffer()));
      assert.deepEqual(scopes, [{ name: 'resource', tags: ['service.name'] }]);
      const metrics = await get(`/api/metrics/query?${q('{} | rate()')}`, headers);
      assert.equal(metrics.headers.get('content-type'), 'application/json');
    });

    test('long answers are gzipped for clients that take it', async () => {
      const packed = await get(`/api/search?${q('{}')}`, { 'accept-encoding': 'gzip' });
      assert.equal(packed.headers.get('content-encoding'), 'gzip');
      assert.equal(((await packed.json()) as SearchJson).traces.length, 2);
      const plain = await get(`/api/search?${q('{}')}`, { 'accept-encoding': 'identity' });
      assert.equal(plain.headers.get('content-encoding'), null);
    });

    test('unknown paths are 404, under /api too', async () => {
      await assertRefused('/api/unknown', 404, /nothing/);
      await assertRefused('/api//search', 404, /nothing/);
      await assertRefused('/assets/missing.js', 404, /nothing/);
    });
  });
}
