import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import * as grpc from '@grpc/grpc-js';
import { encodeTraces, decodeTraces } from '../../src/wire/otlp-protobuf.ts';
import { decodeTracesJson } from '../../src/wire/otlp-json.ts';
import { decodeJaeger, encodeJaeger } from '../fixtures/jaeger-v3-schema.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { exampleSpan, exampleTraceId, postTraces } from './support.ts';
import { fetch } from './strict-fetch.ts';

const second = 1_000_000_000n;
const start = 1_700_000_000n * second;
const resource = (service: string) => ({
  attributes: [{ key: 'service.name', value: { type: 'string', value: service } as const }],
  droppedAttributesCount: 0,
  schemaUrl: '',
});
const shop = exampleTraceId(0xabc);
const lost = exampleTraceId(0xdef);

/** shop calls payment, which fails; and a span whose parent never came. */
const spans = [
  exampleSpan(shop, { startUnixNanos: start, endUnixNanos: start + 2n * second, resource: resource('shop') }),
  exampleSpan(shop, {
    spanId: 'bbbbbbbbbbbbbbbb',
    parentSpanId: 'aaaaaaaaaaaaaaaa',
    name: 'charge',
    kind: 3,
    startUnixNanos: start + second,
    endUnixNanos: start + second + second / 2n,
    statusCode: 2,
    resource: resource('payment'),
  }),
  exampleSpan(lost, {
    parentSpanId: 'cccccccccccccccc',
    startUnixNanos: start + 60n * second,
    endUnixNanos: start + 61n * second,
    resource: resource('shop'),
  }),
];

let server: TestServer;
let client: grpc.Client;
before(async () => {
  server = await startServer();
  await postTraces(server, encodeTraces(spans), 'application/x-protobuf');
  client = new grpc.Client(new URL(server.urls.query).host, grpc.credentials.createInsecure());
});
after(async () => {
  client.close();
  await server.close();
});

const bytes = (value: Buffer): Buffer => value;

function call(
  method: string,
  type: string,
  request: object
): Promise<{ messages: Buffer[]; status: grpc.StatusObject }> {
  const stream = client.makeServerStreamRequest(
    `/jaeger.api_v3.QueryService/${method}`,
    bytes,
    bytes,
    encodeJaeger(type, request),
    { deadline: Date.now() + 10_000 }
  );
  const messages: Buffer[] = [];
  return new Promise((resolve) => {
    stream.on('data', (message: Buffer) => messages.push(message));
    stream.on('error', () => undefined);
    stream.on('status', (status) => resolve({ messages, status }));
  });
}

async function messagesOf(method: string, type: string, request: object): Promise<Buffer[]> {
  const { messages, status } = await call(method, type, request);
  assert.equal(status.code, grpc.status.OK, status.details);
  return messages;
}

const timestamp = (unixNanos: bigint) => ({ seconds: Number(unixNanos / second), nanos: Number(unixNanos % second) });
const range = { start_time_min: timestamp(start - second), start_time_max: timestamp(start + 100n * second) };
const traceIds = (messages: readonly Buffer[]): string[] => messages.map((message) => decodeTraces(message)[0].traceId);

test('gRPC: services, operations, traces and dependencies, read by a decoder that is none of ours', async () => {
  const [services] = await messagesOf('GetServices', 'GetServicesRequest', {});
  assert.deepEqual(decodeJaeger('GetServicesResponse', services), { services: ['payment', 'shop'] });

  const [operations] = await messagesOf('GetOperations', 'GetOperationsRequest', { service: 'payment' });
  assert.deepEqual(decodeJaeger('GetOperationsResponse', operations), {
    operations: [{ name: 'charge', span_kind: 'client' }],
  });

  const [trace] = await messagesOf('GetTrace', 'GetTraceRequest', { trace_id: 'abc' });
  assert.deepEqual(decodeTraces(trace), spans.slice(0, 2));
  const { resourceSpans } = decodeJaeger('TracesData', trace);
  assert.equal((resourceSpans as unknown[]).length, 2);

  const [dependencies] = await messagesOf('GetDependencies', 'GetDependenciesRequest', {
    start_time: range.start_time_min,
    end_time: range.start_time_max,
  });
  assert.deepEqual(decodeJaeger('DependenciesResponse', dependencies), {
    dependencies: [{ parent: 'shop', child: 'payment', call_count: '1' }],
  });
});

test('gRPC: traces by what one span of theirs is like', async () => {
  const find = async (query: object): Promise<string[]> =>
    traceIds(await messagesOf('FindTraces', 'FindTracesRequest', { query: { ...range, ...query } }));
  assert.deepEqual(await find({}), [lost, shop], 'newest first');
  assert.deepEqual(await find({ search_depth: 1 }), [lost]);
  assert.deepEqual(await find({ service_name: 'payment' }), [shop]);
  assert.deepEqual(await find({ service_name: 'payment', operation_name: 'GET /cart' }), [], 'on one span');
  assert.deepEqual(await find({ attributes: { 'http.status_code': '200', error: 'true' } }), [shop]);
  assert.deepEqual(await find({ duration_min: { seconds: 1, nanos: 500_000_000 } }), [shop]);
  assert.deepEqual(await find({ duration_min: { nanos: 600_000_000 }, duration_max: { seconds: 1 } }), [lost]);
  assert.deepEqual(await find({ start_time_max: timestamp(start + 10n * second) }), [shop]);
});

test('gRPC: summaries', async () => {
  const [message] = await messagesOf('FindTraceSummaries', 'FindTracesRequest', { query: range });
  const { summaries } = decodeJaeger('FindTraceSummariesResponse', message) as { summaries: object[] };
  assert.deepEqual(
    summaries,
    [
      {
        trace_id: lost,
        root_service_name: '',
        root_operation_name: '',
        min_start_time_unix_nano: String(start + 60n * second),
        max_end_time_unix_nano: String(start + 61n * second),
        span_count: 1,
        error_span_count: 0,
        orphan_span_count: 1,
        services: [{ name: 'shop', span_count: 1 }],
      },
      {
        trace_id: shop,
        root_service_name: 'shop',
        root_operation_name: 'GET /cart',
        min_start_time_unix_nano: String(start),
        max_end_time_unix_nano: String(start + 2n * second),
        span_count: 2,
        error_span_count: 1,
        services: [
          { name: 'payment', span_count: 1, error_span_count: 1 },
          { name: 'shop', span_count: 1 },
        ],
      },
    ].map(withZeros)
  );
});

/** As protobufjs fills in what was not sent: nothing for absent scalars. */
function withZeros(summary: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(summary).filter(([, value]) => value !== 0 && value !== ''));
}

test('gRPC: what is refused, and how', async () => {
  const cases: [string, string, object, grpc.status, RegExp][] = [
    ['GetTrace', 'GetTraceRequest', { trace_id: 'ffff' }, grpc.status.NOT_FOUND, /trace not found/],
    ['GetTrace', 'GetTraceRequest', { trace_id: 'x' }, grpc.status.INVALID_ARGUMENT, /no trace id/],
    ['FindTraces', 'FindTracesRequest', {}, grpc.status.INVALID_ARGUMENT, /start_time_min/],
    ['GetOperations', 'GetOperationsRequest', {}, grpc.status.INVALID_ARGUMENT, /service is required/],
    ['GetDependencies', 'GetDependenciesRequest', {}, grpc.status.INVALID_ARGUMENT, /start_time and end_time/],
    [
      'FindTraces',
      'FindTracesRequest',
      { query: { ...range, filter: { op: 'eq' } } },
      grpc.status.UNIMPLEMENTED,
      /structured filters/,
    ],
    ['ArchiveTrace', 'GetTraceRequest', {}, grpc.status.UNIMPLEMENTED, /unknown method/],
  ];
  for (const [method, type, request, code, details] of cases) {
    const { status } = await call(method, type, request);
    assert.equal(status.code, code, `${method}: ${status.details}`);
    assert.match(status.details, details);
  }
});

async function json<T>(path: string, status = 200): Promise<T> {
  const answer = await fetch(`${server.urls.query}/jaeger/api/v3/${path}`);
  const body = await answer.text();
  assert.equal(answer.status, status, `${path}: ${body}`);
  assert.equal(answer.headers.get('content-type'), 'application/json');
  return JSON.parse(body) as T;
}

const during = 'query.start_time_min=2023-11-14T22:13:19Z&query.start_time_max=2023-11-14T22:15:00.5%2B00:00';

test('HTTP: the same in JSON, traces as OTLP with hex ids', async () => {
  assert.deepEqual(await json('services'), { services: ['payment', 'shop'] });
  assert.deepEqual(await json('operations?service=shop&span_kind=server'), {
    operations: [{ name: 'GET /cart', spanKind: 'server' }],
  });
  const trace = await json<{ result: object }>('traces/abc');
  assert.deepEqual(decodeTracesJson(Buffer.from(JSON.stringify(trace.result))), spans.slice(0, 2));
  assert.match(JSON.stringify(trace), new RegExp(shop));
  const attributes = encodeURIComponent('{"http.status_code":"200"}');
  const found = await json<{ result: object }>(
    `traces?${during}&query.service_name=payment&query.attributes=${attributes}&query.duration_min=100ms`
  );
  assert.deepEqual(decodeTracesJson(Buffer.from(JSON.stringify(found.result))), spans.slice(0, 2));
  const none = await json<object>(`traces?${during}&query.service_name=nobody`);
  assert.deepEqual(none, { result: { resourceSpans: [] } });
  const { result } = await json<{ result: { summaries: { traceId: string }[] } }>(
    `trace-summaries?${during}&query.num_traces=1`
  );
  assert.deepEqual(
    result.summaries.map(({ traceId }) => traceId),
    [lost]
  );
  const dependencies = await json('dependencies?start_time=2023-11-14T22:13:19Z&end_time=2023-11-14T22:20:00Z');
  assert.deepEqual(dependencies, { dependencies: [{ parent: 'shop', child: 'payment', callCount: '1' }] });
});

test("HTTP: errors as Jaeger's gateway writes them", async () => {
  const cases: [string, number, RegExp][] = [
    ['traces/ffff', 404, /trace not found/],
    ['traces/xyz', 400, /no trace id/],
    ['traces', 400, /start_time_min/],
    [`traces?${during}&query.attributes=[]`, 400, /query.attributes/],
    [`traces?${during}&query.duration_min=fast`, 400, /duration_min/],
    [`traces?${during}&query.search_depth=-1`, 400, /search_depth/],
    [`traces?${during}&query.filter={}`, 415, /structured filters/],
    ['operations', 400, /service is required/],
    ['operations?service=shop&span_kind=odd', 400, /spanKind/],
  ];
  for (const [path, status, pattern] of cases) {
    const { error } = await json<{ error: { httpCode: number; message: string } }>(path, status);
    assert.equal(error.httpCode, status);
    assert.match(error.message, pattern, path);
  }
});

test('gRPC: a trace above 1 MiB comes in parts that make the whole', async () => {
  const traceId = exampleTraceId(7);
  const big = Array.from({ length: 300 }, (_, n) =>
    exampleSpan(traceId, {
      spanId: (n + 1).toString(16).padStart(16, '0'),
      name: 'x'.repeat(10_000),
      resource: resource('shop'),
    })
  );
  await postTraces(server, encodeTraces(big), 'application/x-protobuf');
  const parts = await messagesOf('GetTrace', 'GetTraceRequest', { trace_id: '7' });
  assert.ok(parts.length >= 3, `${parts.length} parts`);
  parts.forEach((part) => assert.ok(part.length <= 2 ** 20));
  assert.equal(parts.flatMap((part) => decodeTraces(part)).length, 300);
});
