/**
 * What Jaeger's page and Grafana's Jaeger and Zipkin data sources ask, request by request as their code builds them, each with what it
 * has learned from the answer before: services, operations, traces, one trace, dependencies.
 */
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { encodeTraces } from '../../src/wire/otlp-protobuf.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { exampleSpan, exampleTraceId, postTraces } from './support.ts';
import { fetch } from './strict-fetch.ts';

const traceId = exampleTraceId(0xa);
const nowMs = Date.now();
const startNanos = BigInt(nowMs - 60_000) * 1_000_000n;
let server: TestServer;

before(async () => {
  server = await startServer();
  const span = (spanId: string, parentSpanId: string, service: string, name: string, kind: 2 | 3) =>
    exampleSpan(traceId, {
      spanId,
      parentSpanId,
      name,
      kind,
      startUnixNanos: startNanos,
      endUnixNanos: startNanos + 5_000_000n,
      resource: {
        attributes: [{ key: 'service.name', value: { type: 'string', value: service } }],
        droppedAttributesCount: 0,
        schemaUrl: '',
      },
      attributes: [{ key: 'http.method', value: { type: 'string', value: 'GET' } }],
    });
  const spans = [
    span('a'.repeat(16), '', 'shop/eu', 'GET /', 2),
    span('b'.repeat(16), 'a'.repeat(16), 'shop/eu', 'call', 3),
    span('c'.repeat(16), 'b'.repeat(16), 'cart', 'serve', 2),
  ];
  await postTraces(server, encodeTraces(spans), 'application/x-protobuf');
});
after(() => server.close());

async function get<T>(path: string, parameters: Record<string, string> = {}): Promise<T> {
  const query = new URLSearchParams(parameters).toString();
  const answer = await fetch(`${server.urls.query}${path}${query === '' ? '' : `?${query}`}`);
  assert.equal(answer.status, 200, `${path}?${query}: ${await answer.clone().text()}`);
  return (await answer.json()) as T;
}

interface Jaeger<T> {
  readonly data: T;
  readonly errors: unknown;
}

interface JaegerTrace {
  readonly traceID: string;
  readonly spans: readonly {
    readonly spanID: string;
    readonly operationName: string;
    readonly processID: string;
    readonly startTime: number;
    readonly duration: number;
    readonly references: readonly { readonly refType: string; readonly spanID: string }[];
    readonly logs: readonly unknown[];
    readonly tags: readonly { readonly key: string; readonly type: string; readonly value: unknown }[];
  }[];
  readonly processes: Readonly<Record<string, { readonly serviceName: string; readonly tags: readonly unknown[] }>>;
}

/** A page reads these without a check. */
function assertReadable({ spans, processes }: JaegerTrace): void {
  assert.deepEqual(spans.map(({ operationName }) => operationName).sort(), ['GET /', 'call', 'serve']);
  for (const { processID, startTime, duration, references, logs, tags } of spans) {
    assert.ok(Array.isArray(processes[processID].tags) && Array.isArray(logs) && Array.isArray(references));
    assert.deepEqual([startTime, duration], [(nowMs - 60_000) * 1000, 5000]);
    assert.ok(tags.some(({ key, type, value }) => key === 'http.method' && type === 'string' && value === 'GET'));
  }
  assert.deepEqual(
    new Set(Object.values(processes).map(({ serviceName }) => serviceName)),
    new Set(['shop/eu', 'cart'])
  );
}

const dependencies = [{ parent: 'shop/eu', child: 'cart', callCount: 1 }];

test("Jaeger's page lists services and operations, finds traces, opens one, draws dependencies", async () => {
  const [, service] = (await get<Jaeger<string[]>>('/jaeger/api/services')).data;
  assert.equal(service, 'shop/eu');
  const operations = await get<Jaeger<string[]>>(`/jaeger/api/services/${encodeURIComponent(service)}/operations`);
  assert.deepEqual(operations.data, ['GET /', 'call']);
  const serverOperations = await get<Jaeger<unknown>>('/jaeger/api/operations', { service, spanKind: 'server' });
  assert.deepEqual(serverOperations.data, [{ name: 'GET /', spanKind: 'server' }]);
  // As its search form: empty bounds, `lookback` beside the times it stands for.
  const search = {
    end: `${nowMs}000`,
    limit: '20',
    lookback: '1h',
    maxDuration: '',
    minDuration: '',
    service,
    start: `${nowMs - 3_600_000}000`,
  };
  const all = await get<Jaeger<JaegerTrace[]>>('/jaeger/api/traces', search);
  assert.equal(all.data.length, 1);
  const narrowed = { ...search, operation: operations.data[0], tags: '{"http.method":"GET"}', minDuration: '1ms' };
  const [found] = (await get<Jaeger<JaegerTrace[]>>('/jaeger/api/traces', narrowed)).data;
  assertReadable(found);
  const opened = await get<Jaeger<JaegerTrace[]>>(`/jaeger/api/traces/${encodeURIComponent(found.traceID)}`);
  assert.deepEqual([opened.errors, opened.data.length], [null, 1]);
  assertReadable(opened.data[0]);
  const week = String(7 * 24 * 3_600_000);
  const drawn = await get<Jaeger<unknown>>('/jaeger/api/dependencies', { endTs: String(nowMs), lookback: week });
  assert.deepEqual(drawn.data, dependencies);
});

test("Grafana's Jaeger data source: the same, with its parameters", async () => {
  const { data: services } = await get<Jaeger<string[]>>('/jaeger/api/services');
  const service = services.find((name) => name.startsWith('shop')) ?? '';
  const operations = await get<Jaeger<string[]>>(`/jaeger/api/services/${encodeURIComponent(service)}/operations`);
  const [found] = (
    await get<Jaeger<JaegerTrace[]>>('/jaeger/api/traces', {
      end: `${nowMs}000`,
      limit: '20',
      maxDuration: '1s',
      minDuration: '100us',
      operation: operations.data[0],
      service,
      start: `${nowMs - 3_600_000}000`,
      tags: '{"http.method":"GET"}',
    })
  ).data;
  assertReadable(found);
  // With time parameters for look-ups by id: milliseconds.
  const opened = await get<Jaeger<JaegerTrace[]>>(`/jaeger/api/traces/${found.traceID}`, {
    end: String(nowMs),
    start: String(nowMs - 3_600_000),
  });
  assertReadable(opened.data[0]);
  const range = { endTs: String(nowMs), lookback: '3600000' };
  assert.deepEqual((await get<Jaeger<unknown>>('/jaeger/api/dependencies', range)).data, dependencies);
});

test("Grafana's Zipkin data source: services, spans, traces without times, one trace", async () => {
  const services = await get<string[]>('/zipkin/api/v2/services');
  const serviceName = services.find((name) => name.startsWith('shop')) ?? '';
  const [spanName] = await get<string[]>('/zipkin/api/v2/spans', { serviceName });
  interface ZipkinSpan {
    readonly traceId: string;
    readonly id: string;
    readonly parentId?: string;
    readonly name: string;
    readonly timestamp: number;
    readonly duration: number;
    readonly localEndpoint: { readonly serviceName: string };
    readonly tags: Readonly<Record<string, string>>;
  }
  const [found] = await get<ZipkinSpan[][]>('/zipkin/api/v2/traces', { serviceName, spanName });
  const opened = await get<ZipkinSpan[]>(`/zipkin/api/v2/trace/${encodeURIComponent(found[0].traceId)}`);
  assert.deepEqual(
    opened
      .map(({ id, parentId, name, localEndpoint }) => [id[0], parentId?.[0], name, localEndpoint.serviceName])
      .sort(),
    [
      ['a', undefined, 'GET /', 'shop/eu'],
      ['b', 'a', 'call', 'shop/eu'],
      ['c', 'b', 'serve', 'cart'],
    ]
  );
  for (const { timestamp, duration, tags } of opened) {
    assert.deepEqual([timestamp, duration, tags['http.method']], [(nowMs - 60_000) * 1000, 5000, 'GET']);
  }
});
