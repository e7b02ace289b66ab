import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import test, { after, before, describe } from 'node:test';
import { gzipSync } from 'node:zlib';
import * as grpc from '@grpc/grpc-js';
import { seededRandom } from '../../src/base/random.ts';
import { openNodeEngine } from '../../src/server/node-engine.ts';
import type { OpenedStore } from '../../src/server/open-store.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import { damaged } from '../fixtures/damage.ts';
import { encodeJaegerProtobuf, encodeJaegerThrift, type Batch } from '../fixtures/jaeger-bodies.ts';
import { opened, startServer, type TestServer } from '../support/server.ts';
import { fetch } from './strict-fetch.ts';

const startMicros = 1_700_000_000_000_000;
const endMs = startMicros / 1000 + 60_000;
const zipkinTraceId = '5982fe77008310cc80f1da5e10147517';
const jaegerTraceId = '0123456789abcdeffedcba9876543210';
const shortTraceId = '00000000000000c0';

/** A call from squid to apache under one id, which calls a database that nobody traces; and a trace of one span with a short id. */
const zipkinSpans = [
  {
    traceId: zipkinTraceId,
    id: '90394f6bcffb5d13',
    name: 'get',
    kind: 'CLIENT',
    timestamp: startMicros,
    duration: 40_000,
    localEndpoint: { serviceName: 'squid', ipv4: '172.17.0.13' },
    remoteEndpoint: { serviceName: 'apache' },
    annotations: [],
    tags: { 'http.method': 'GET', retries: '3' },
  },
  {
    traceId: zipkinTraceId,
    id: '90394f6bcffb5d13',
    name: '/m',
    kind: 'SERVER',
    timestamp: startMicros + 5_000,
    duration: 26_000,
    shared: true,
    localEndpoint: { serviceName: 'apache', ipv4: '10.0.0.1', port: 8080 },
    annotations: [{ timestamp: startMicros + 6_000, value: 'start-up' }],
    tags: { 'http.path': '/m', error: 'timed out' },
  },
  {
    traceId: zipkinTraceId,
    id: '67fae42571535f60',
    parentId: '90394f6bcffb5d13',
    name: 'select',
    kind: 'CLIENT',
    timestamp: startMicros + 8_000,
    duration: 2_000,
    localEndpoint: { serviceName: 'apache', ipv4: '10.0.0.1', port: 8080 },
    remoteEndpoint: { serviceName: 'mysql', port: 3306 },
    annotations: [],
    tags: {},
  },
  {
    traceId: shortTraceId,
    id: '00000000000000c1',
    name: 'tick',
    timestamp: startMicros + 1_000_000,
    duration: 10,
    localEndpoint: { serviceName: 'cron' },
    annotations: [],
    tags: {},
  },
];

const jaegerBatch: Batch = {
  serviceName: 'front',
  processTags: [['hostname', 'h1']],
  spans: [
    {
      traceId: jaegerTraceId,
      spanId: '00000000000000a1',
      name: 'GET /',
      startMicros: startMicros + 2_000_000,
      durationMicros: 5_000,
      tags: [
        ['span.kind', 'server'],
        ['http.status_code', 500n],
        ['error', true],
      ],
      logs: [
        {
          timeMicros: startMicros + 2_000_100,
          fields: [
            ['event', 'retry'],
            ['n', 2n],
          ],
        },
      ],
    },
    {
      traceId: jaegerTraceId,
      spanId: '00000000000000a2',
      name: 'call',
      references: [{ type: 'CHILD_OF', traceId: jaegerTraceId, spanId: '00000000000000a1' }],
      startMicros: startMicros + 2_001_000,
      durationMicros: 1_000,
      tags: [['span.kind', 'client']],
    },
  ],
};

const backBatch: Batch = {
  serviceName: 'back',
  spans: [
    {
      traceId: jaegerTraceId,
      spanId: '00000000000000b1',
      name: 'serve',
      references: [{ type: 'CHILD_OF', traceId: jaegerTraceId, spanId: '00000000000000a2' }],
      startMicros: startMicros + 2_001_100,
      durationMicros: 800,
      tags: [['span.kind', 'server']],
    },
  ],
};

interface Envelope<T> {
  readonly data: T;
  readonly total: number;
  readonly errors: { code: number; msg: string }[] | null;
}

interface JaegerTrace {
  readonly traceID: string;
  readonly spans: { spanID: string; operationName: string; processID: string; [field: string]: unknown }[];
  readonly processes: Record<string, { serviceName: string; tags: unknown[] }>;
}

const engineIn = async (dataDir: string): Promise<OpenedStore> => {
  const { engine, close } = await openNodeEngine(dataDir, { queryThreads: 1 });
  return { store: engine, ready: engine.whenReady(), close };
};

async function untilReady(server: TestServer): Promise<void> {
  while ((await fetch(`${server.urls.query}/ready`)).status !== 200) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

function send(url: string, type: string, body: string | Uint8Array, headers: Record<string, string> = {}) {
  return fetch(url, {
    method: 'POST',
    body: body as Uint8Array<ArrayBuffer>,
    headers: { 'content-type': type, ...headers },
  });
}

const sendZipkin = (server: TestServer, body: string | Uint8Array, headers?: Record<string, string>) =>
  send(`${server.urls.zipkin}/api/v2/spans`, 'application/json', body, headers);
const sendThrift = (server: TestServer, body: Uint8Array, headers?: Record<string, string>) =>
  send(`${server.urls.jaegerHttp}/api/traces?format=jaeger.thrift`, 'application/x-thrift', body, headers);

function postSpans(client: grpc.Client, message: Uint8Array): Promise<Buffer | grpc.ServiceError> {
  const bytes = (value: Buffer): Buffer => value;
  return new Promise((resolve) => {
    client.makeUnaryRequest(
      '/jaeger.api_v2.CollectorService/PostSpans',
      bytes,
      bytes,
      Buffer.from(message),
      { deadline: Date.now() + 5_000 },
      (error, value) => resolve(error ?? value!)
    );
  });
}

async function sendAll(server: TestServer): Promise<void> {
  const zipkin = await sendZipkin(server, gzipSync(JSON.stringify(zipkinSpans)), { 'content-encoding': 'gzip' });
  assert.deepEqual([zipkin.status, await zipkin.text()], [202, '']);
  const thrift = await sendThrift(server, encodeJaegerThrift(jaegerBatch));
  assert.deepEqual([thrift.status, await thrift.text()], [202, '']);
  const client = new grpc.Client(new URL(server.urls.jaegerGrpc).host, grpc.credentials.createInsecure());
  const answer = await postSpans(client, encodeJaegerProtobuf(backBatch));
  client.close();
  assert.deepEqual(answer, Buffer.alloc(0));
}

const stores: Readonly<Record<string, (dataDir: string) => Promise<OpenedStore>>> = {
  'the memory store': async () => opened(new MemoryStore()),
  'the engine': engineIn,
};

for (const [storeName, openStore] of Object.entries(stores)) {
  describe(`Jaeger and Zipkin over ${storeName}`, () => {
    let server: TestServer;
    let dataDir: string;
    before(async () => {
      dataDir = await mkdtemp(path.join(os.tmpdir(), 'vivace-jaeger-'));
      server = await startServer({ openStore: () => openStore(dataDir) });
      await untilReady(server);
      await sendAll(server);
    });
    after(async () => {
      await server.close();
      await rm(dataDir, { recursive: true, force: true });
    });

    async function json<T>(urlPath: string): Promise<T> {
      const answer = await fetch(server.urls.query + urlPath);
      const body = await answer.text();
      assert.equal(answer.status, 200, `${urlPath}: ${body}`);
      assert.equal(answer.headers.get('content-type'), 'application/json');
      return JSON.parse(body) as T;
    }
    const jaeger = <T>(rest: string) => json<Envelope<T>>(`/jaeger/api${rest}`);
    const zipkin = <T>(rest: string) => json<T>(`/zipkin/api/v2${rest}`);
    /** Ids of the traces found. */
    const jaegerFound = async (query: string): Promise<string[]> =>
      (await jaeger<JaegerTrace[]>(`/traces?start=${startMicros}&end=${endMs}000&${query}`)).data
        .map(({ traceID }) => traceID)
        .sort();
    const zipkinFound = async (query: string): Promise<string[]> =>
      (await zipkin<{ traceId: string }[][]>(`/traces?endTs=${endMs}&${query}`)).map(([span]) => span.traceId).sort();

    test('Zipkin in, Zipkin out', async () => {
      const byId = (a: unknown, b: unknown): number => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
      const expected = zipkinSpans.filter(({ traceId }) => traceId === zipkinTraceId);
      const found = await zipkin<object[]>(`/trace/${zipkinTraceId}`);
      assert.deepEqual(found.map(sorted).sort(byId), expected.map(sorted).sort(byId));
      assert.deepEqual((await zipkin<object[]>(`/trace/${shortTraceId}`)).map(sorted), [sorted(zipkinSpans[3])]);
      const many = await zipkin<{ traceId: string }[][]>(`/traceMany?traceIds=${zipkinTraceId},abc,${shortTraceId}`);
      assert.deepEqual(
        many.map((spans) => spans.length),
        [3, 1]
      );
    });

    test('Jaeger in, Jaeger out', async () => {
      const { data, errors } = await jaeger<JaegerTrace[]>(`/traces/${jaegerTraceId}`);
      assert.equal(errors, null);
      const [{ traceID, spans, processes }] = data;
      assert.equal(traceID, jaegerTraceId);
      assert.deepEqual(
        spans.map((span) => [span.spanID, span.operationName, processes[span.processID].serviceName]),
        [
          ['00000000000000a1', 'GET /', 'front'],
          ['00000000000000a2', 'call', 'front'],
          ['00000000000000b1', 'serve', 'back'],
        ]
      );
      const { processID, ...root } = spans[0];
      assert.deepEqual(processes[processID].tags, [{ key: 'hostname', type: 'string', value: 'h1' }]);
      assert.deepEqual(
        { ...root, tags: (root.tags as { key: string }[]).sort((a, b) => (a.key < b.key ? -1 : 1)) },
        {
          traceID: jaegerTraceId,
          spanID: '00000000000000a1',
          operationName: 'GET /',
          references: [],
          startTime: startMicros + 2_000_000,
          duration: 5_000,
          flags: 1,
          tags: [
            { key: 'error', type: 'bool', value: true },
            { key: 'http.status_code', type: 'int64', value: 500 },
            { key: 'span.kind', type: 'string', value: 'server' },
          ],
          logs: [
            {
              timestamp: startMicros + 2_000_100,
              fields: [
                { key: 'event', type: 'string', value: 'retry' },
                { key: 'n', type: 'int64', value: 2 },
              ],
            },
          ],
          warnings: null,
        }
      );
      assert.deepEqual(spans[2].references, [
        { refType: 'CHILD_OF', traceID: jaegerTraceId, spanID: '00000000000000a2' },
      ]);
    });

    test("Jaeger's lists", async () => {
      const services = await jaeger<string[]>('/services');
      assert.deepEqual(services.data, ['apache', 'back', 'cron', 'front', 'squid']);
      assert.equal(services.total, 5);
      assert.deepEqual((await jaeger('/services/front/operations')).data, ['GET /', 'call']);
      assert.deepEqual((await jaeger('/services/none%2Fsuch/operations')).data, []);
      assert.deepEqual((await jaeger('/operations?service=front')).data, [
        { name: 'GET /', spanKind: 'server' },
        { name: 'call', spanKind: 'client' },
      ]);
      assert.deepEqual((await jaeger('/operations?service=cron')).data, [{ name: 'tick', spanKind: '' }]);
      assert.deepEqual((await jaeger('/operations?service=front&spanKind=client')).data, [
        { name: 'call', spanKind: 'client' },
      ]);
      assert.deepEqual((await jaeger(`/dependencies?endTs=${endMs}&lookback=3600000`)).data, [
        { parent: 'apache', child: 'mysql', callCount: 1 },
        { parent: 'front', child: 'back', callCount: 1 },
        { parent: 'squid', child: 'apache', callCount: 1 },
      ]);
      assert.deepEqual((await jaeger(`/dependencies?endTs=${endMs}&lookback=1000`)).data, []);
    });

    test("Jaeger's search", async () => {
      const tags = (value: object): string => `tags=${encodeURIComponent(JSON.stringify(value))}`;
      const found = [jaegerTraceId];
      const rows: [query: string, expected: string[]][] = [
        ['service=front', found],
        ['service=none', []],
        ['service=front&operation=GET+/', found],
        ['service=front&operation=serve', []],
        [`service=front&${tags({ 'http.status_code': '500' })}`, found],
        [`service=front&${tags({ 'http.status_code': '501' })}`, []],
        [`service=front&${tags({ error: 'true', 'span.kind': 'server' })}`, found],
        [`service=back&${tags({ error: 'true' })}`, []],
        [`service=front&${tags({ hostname: 'h1' })}`, found],
        [`service=front&${tags({ event: 'retry' })}`, found],
        ['service=front&tag=n:2', found],
        [`service=front&tag=${encodeURIComponent('a:" || true || "')}`, []],
        ['service=front&minDuration=4.9ms&maxDuration=5ms', found],
        ['service=front&minDuration=5.1ms', []],
        ['service=apache&lookback=custom', [zipkinTraceId]],
        [`service=front&traceID=${shortTraceId}&traceID=${zipkinTraceId}`, [shortTraceId, zipkinTraceId]],
      ];
      for (const [query, expected] of rows) {
        assert.deepEqual(await jaegerFound(query), expected, query);
      }
      assert.deepEqual(
        (await jaeger(`/traces?service=front&end=${endMs}000&lookback=1h`)).data,
        (await jaeger(`/traces/${jaegerTraceId}`)).data
      );
      assert.deepEqual((await jaeger('/traces?service=front')).data, [], 'the last two days');
      assert.deepEqual((await jaeger(`/traces?service=front&start=1&end=${startMicros - 1}`)).data, []);
    });

    test("what Jaeger's client did wrong, in Jaeger's form", async () => {
      const rows: [rest: string, status: number, message: RegExp][] = [
        ['/traces', 400, /parameter 'service' is required/],
        ['/traces/xyz', 400, /no trace id/],
        ['/traces/%', 400, /percent/],
        ['/traces/abc', 404, /trace not found/],
        ['/traces?service=a&start=x', 400, /invalid start/],
        ['/traces?service=a&start=2&end=1', 400, /'end' should be after 'start'/],
        ['/traces?service=a&limit=0', 400, /invalid limit/],
        ['/traces?service=a&tags=[1]', 400, /JSON object/],
        ['/traces?service=a&tags={', 400, /not JSON/],
        ['/traces?service=a&tag=nope', 400, /expecting key:value/],
        ['/traces?service=a&minDuration=2s&maxDuration=1s', 400, /'maxDuration' should be greater/],
        ['/traces?service=a&lookback=soon', 400, /invalid lookback/],
        ['/operations', 400, /'service' is required/],
        ['/operations?service=a&spanKind=x', 400, /invalid spanKind/],
        ['/services//operations', 400, /'service' is required/],
        ['/dependencies?endTs=now', 400, /invalid endTs/],
      ];
      for (const [rest, status, message] of rows) {
        const answer = await fetch(`${server.urls.query}/jaeger/api${rest}`);
        const body = (await answer.json()) as Envelope<null>;
        assert.equal(answer.status, status, rest);
        assert.equal(body.data, null);
        assert.equal(body.errors?.[0].code, status);
        assert.match(body.errors?.[0].msg ?? '', message, rest);
      }
      for (const unknown of ['/jaeger/api/none', '/zipkin/api/v2/none', '/zipkin/api/v1/spans']) {
        assert.equal((await fetch(server.urls.query + unknown)).status, 404, unknown);
      }
    });

    test("Zipkin's lists", async () => {
      assert.deepEqual(await zipkin('/services'), ['apache', 'back', 'cron', 'front', 'squid']);
      assert.deepEqual(await zipkin('/spans?serviceName=apache'), ['/m', 'select']);
      assert.deepEqual(await zipkin('/remoteServices?serviceName=apache'), ['mysql']);
      assert.deepEqual(await zipkin('/remoteServices?serviceName=cron'), []);
      assert.deepEqual(await zipkin(`/dependencies?endTs=${endMs}`), [
        { parent: 'apache', child: 'mysql', callCount: 1 },
        { parent: 'front', child: 'back', callCount: 1 },
        { parent: 'squid', child: 'apache', callCount: 1, errorCount: 1 },
      ]);
      const keys = await zipkin<string[]>('/autocompleteKeys');
      assert.ok(keys.includes('http.method') && keys.includes('hostname') && !keys.includes('service.name'));
      assert.deepEqual(await zipkin('/autocompleteValues?key=http.method'), ['GET']);
      assert.deepEqual(await zipkin('/autocompleteValues?key=http.status_code'), ['500']);
      assert.deepEqual(await zipkin('/autocompleteValues?key=none'), []);
    });

    test("Zipkin's search", async () => {
      const all = [jaegerTraceId, zipkinTraceId, shortTraceId].sort();
      const found = [zipkinTraceId];
      const rows: [query: string, expected: string[]][] = [
        ['', all],
        ['serviceName=apache', found],
        ['serviceName=all&spanName=all', all],
        ['serviceName=none', []],
        ['serviceName=apache&spanName=select', found],
        ['serviceName=squid&spanName=select', []],
        ['serviceName=apache&remoteServiceName=mysql', found],
        ['serviceName=squid&remoteServiceName=mysql', []],
        ['annotationQuery=http.method%3DGET', found],
        ['annotationQuery=http.method%3DGET+and+error', found],
        ['serviceName=apache&annotationQuery=http.method%3DGET', []],
        ['annotationQuery=start-up', found],
        ['annotationQuery=retries%3D3', found],
        ['annotationQuery=error%3Dtimed+out', found],
        ['annotationQuery=nothing', []],
        ['minDuration=40000&maxDuration=40000', found],
        ['serviceName=apache&minDuration=30000', []],
        ['lookback=1000', []],
      ];
      for (const [query, expected] of rows) {
        assert.deepEqual(await zipkinFound(query), expected, query);
      }
      assert.deepEqual(await zipkinFound('limit=1'), [jaegerTraceId], 'the newest');
      assert.deepEqual(await zipkin('/traces'), [], 'the last day');
    });

    test("what Zipkin's client did wrong", async () => {
      const rows: [rest: string, status: number, message: RegExp][] = [
        ['/spans', 400, /serviceName is required/],
        ['/remoteServices', 400, /serviceName is required/],
        ['/dependencies', 400, /endTs is required/],
        ['/autocompleteValues', 400, /key is required/],
        ['/trace/xyz', 400, /no trace id/],
        ['/trace/abc', 404, /trace not found/],
        ['/traceMany', 400, /no trace id/],
        ['/traceMany?traceIds=a,0a', 400, /twice/],
        ['/traces?maxDuration=5', 400, /minDuration/],
        ['/traces?endTs=-1', 400, /invalid endTs/],
        ['/traces?annotationQuery=%3Dx', 400, /without a name/],
      ];
      for (const [rest, status, message] of rows) {
        const answer = await fetch(`${server.urls.query}/zipkin/api/v2${rest}`);
        assert.equal(answer.status, status, rest);
        assert.match(await answer.text(), message, rest);
      }
    });
  });
}

/** Fields in one order. */
function sorted(span: object): unknown {
  return Object.fromEntries(Object.entries(span).sort(([a], [b]) => (a < b ? -1 : 1)));
}

test('what was acknowledged is there after a restart, whatever it came in', async () => {
  const dataDir = await mkdtemp(path.join(os.tmpdir(), 'vivace-jaeger-'));
  const first = await startServer({ openStore: () => engineIn(dataDir) });
  await untilReady(first);
  await sendAll(first);
  const read = (server: TestServer) =>
    Promise.all([
      fetch(`${server.urls.query}/jaeger/api/traces/${jaegerTraceId}`).then((answer) => answer.json()),
      fetch(`${server.urls.query}/zipkin/api/v2/trace/${zipkinTraceId}`).then((answer) => answer.json()),
    ]);
  const told = await read(first);
  await first.close();
  const second = await startServer({ openStore: () => engineIn(dataDir) });
  await untilReady(second);
  assert.deepEqual(await read(second), told);
  await second.close();
  await rm(dataDir, { recursive: true, force: true });
});

describe('the doors', () => {
  let server: TestServer;
  before(async () => {
    server = await startServer({ config: { body_bytes_max: 100_000 } });
  });
  after(() => server.close());

  test('what they refuse, and how', async () => {
    const thrift = encodeJaegerThrift(jaegerBatch);
    const rows: [what: string, answer: Promise<Response>, status: number][] = [
      ['an empty list', sendZipkin(server, '[]'), 202],
      ['with a charset', send(`${server.urls.zipkin}/api/v2/spans`, 'application/json; charset=utf-8', '[]'), 202],
      ['no JSON', sendZipkin(server, '{'), 400],
      ['an object', sendZipkin(server, '{}'), 400],
      ['a span without ids', sendZipkin(server, '[{}]'), 400],
      [
        'no content type',
        fetch(`${server.urls.zipkin}/api/v2/spans`, { method: 'POST', body: new Uint8Array(2) }),
        415,
      ],
      ['text', send(`${server.urls.zipkin}/api/v2/spans`, 'text/plain', '[]'), 415],
      ['protobuf for Zipkin', send(`${server.urls.zipkin}/api/v2/spans`, 'application/x-protobuf', ''), 415],
      ['an unknown encoding', sendZipkin(server, '[]', { 'content-encoding': 'br' }), 415],
      ['no gzip', sendZipkin(server, '[]', { 'content-encoding': 'gzip' }), 400],
      ['too much', sendZipkin(server, `[${' '.repeat(100_000)}]`), 413],
      ['a bomb', sendZipkin(server, gzipSync(Buffer.alloc(200_000, 0x20)), { 'content-encoding': 'gzip' }), 413],
      ['another path', send(`${server.urls.zipkin}/api/v1/spans`, 'application/json', '[]'), 404],
      ['a query', fetch(`${server.urls.zipkin}/api/v2/spans`), 405],
      [
        'the other type of Thrift',
        send(`${server.urls.jaegerHttp}/api/traces`, 'application/vnd.apache.thrift.binary', thrift),
        202,
      ],
      ['no Thrift', sendThrift(server, Buffer.from('[]')), 400],
      ['an empty body', sendThrift(server, new Uint8Array()), 400],
      ['JSON for Jaeger', send(`${server.urls.jaegerHttp}/api/traces`, 'application/json', '[]'), 415],
      ['gzip for Jaeger', sendThrift(server, gzipSync(thrift), { 'content-encoding': 'gzip' }), 202],
    ];
    for (const [what, answer, status] of rows) {
      assert.equal((await answer).status, status, what);
    }
  });

  test('a span id of zeros is refused alone, and the answer says so', async () => {
    const zero = { ...zipkinSpans[3], id: '0' };
    const answer = await sendZipkin(server, JSON.stringify([zero, zipkinSpans[3]]));
    assert.equal(answer.status, 202);
    assert.match(await answer.text(), /1 spans? /);
  });

  test('damaged bodies get 202 or 400, and the server lives', async () => {
    const seed = Number(process.env.FUZZ_SEED ?? 20_261_121);
    const random = seededRandom(seed);
    const client = new grpc.Client(new URL(server.urls.jaegerGrpc).host, grpc.credentials.createInsecure());
    const json = Buffer.from(JSON.stringify(zipkinSpans));
    for (let round = 0; round < 150; round++) {
      const zipkin = await sendZipkin(server, damaged(json, random));
      const thrift = await sendThrift(server, damaged(encodeJaegerThrift(jaegerBatch), random));
      const answer = await postSpans(client, damaged(encodeJaegerProtobuf(jaegerBatch), random));
      await Promise.all([zipkin.text(), thrift.text()]);
      const place = `seed ${seed}, round ${round}`;
      assert.ok(zipkin.status === 202 || zipkin.status === 400, `${place}: zipkin ${zipkin.status}`);
      assert.ok(thrift.status === 202 || thrift.status === 400, `${place}: thrift ${thrift.status}`);
      assert.ok(
        Buffer.isBuffer(answer) || answer.code === grpc.status.INVALID_ARGUMENT,
        `${place}: grpc ${String(answer)}`
      );
    }
    client.close();
    assert.equal((await fetch(`${server.urls.query}/ready`)).status, 200);
  });

  test('credentials, tenants and closed doors hold here too', async () => {
    const token = '0123456789abcdef';
    const guarded = await startServer({
      config: {
        multitenancy: true,
        jaeger_grpc_address: 'off',
        tokens: [{ name: 'a', token, scopes: ['ingest'], tenants: ['t1'] }],
      },
    });
    assert.equal(guarded.urls.jaegerGrpc, undefined);
    const authorization = `Bearer ${token}`;
    assert.equal((await sendZipkin(guarded, '[]')).status, 401);
    assert.equal((await sendZipkin(guarded, '[]', { authorization })).status, 401, 'no tenant');
    assert.equal((await sendZipkin(guarded, '[]', { authorization, 'x-scope-orgid': 't2' })).status, 403);
    assert.equal((await sendZipkin(guarded, '[]', { authorization, 'x-scope-orgid': 't1' })).status, 202);
    const query = await fetch(`${guarded.urls.query}/jaeger/api/services`, { headers: { authorization } });
    assert.equal(query.status, 403, 'this token may only send');
    await guarded.close();
    await assert.rejects(startServer({ config: { zipkin_address: '0.0.0.0:0' } }), /refusing to listen on 0\.0\.0\.0/);
  });
});
