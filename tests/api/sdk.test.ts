import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { OTLPTraceExporter as GrpcExporter } from '@opentelemetry/exporter-trace-otlp-grpc';
import { OTLPTraceExporter as JsonExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as ProtobufExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { TracerProvider, SimpleSpanProcessor, type SpanExporter } from '@opentelemetry/sdk-trace';
import type { Span } from '../../src/trace/model.ts';
import { decodeTraces } from '../../src/wire/otlp-protobuf.ts';
import { startProcess, startServer, type TestServer } from '../support/server.ts';
import { fetch } from './strict-fetch.ts';

/** Two spans through a real SDK: a root and a child that says what an SDK can say. */
async function tellStory(exporter: SpanExporter, service: string): Promise<string> {
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': service, 'process.pid': 7 }),
    spanProcessors: [new SimpleSpanProcessor({ exporter })],
  });
  const tracer = provider.getTracer('story', '1.0.0');
  const linked = tracer.startSpan('linked');
  const root = tracer.startSpan('GET /', { kind: SpanKind.SERVER });
  const child = tracer.startSpan(
    'SELECT',
    {
      kind: SpanKind.CLIENT,
      attributes: {
        'db.system': 'postgresql',
        rows: 3,
        ratio: 0.25,
        cached: false,
        hosts: ['a', 'b'],
        'emoji.é': '🎻',
      },
      links: [{ context: linked.spanContext(), attributes: { why: 'follows' } }],
    },
    trace.setSpan(context.active(), root)
  );
  child.addEvent('retry', { attempt: 2 });
  child.recordException(new Error('connection reset'));
  child.setStatus({ code: SpanStatusCode.ERROR, message: 'gave up' });
  child.end();
  root.end();
  await provider.forceFlush();
  await provider.shutdown();
  return root.spanContext().traceId;
}

async function readTrace(server: TestServer, traceId: string): Promise<Span[]> {
  const answer = await fetch(`${server.urls.query}/api/traces/${traceId}`, {
    headers: { accept: 'application/protobuf' },
  });
  assert.equal(answer.status, 200);
  return decodeTraces(new Uint8Array(await answer.arrayBuffer()));
}

function assertStory(spans: readonly Span[], service: string): void {
  assert.deepEqual(spans.map((span) => span.name).sort(), ['GET /', 'SELECT']);
  const root = spans.find((span) => span.name === 'GET /')!;
  const child = spans.find((span) => span.name === 'SELECT')!;
  assert.equal(child.parentSpanId, root.spanId);
  assert.equal(root.kind, 2);
  assert.equal(child.kind, 3);
  assert.deepEqual(
    new Map(child.attributes.map(({ key, value }) => [key, value])),
    new Map<string, unknown>([
      ['db.system', { type: 'string', value: 'postgresql' }],
      ['rows', { type: 'int', value: 3n }],
      ['ratio', { type: 'double', value: 0.25 }],
      ['cached', { type: 'bool', value: false }],
      [
        'hosts',
        {
          type: 'array',
          value: [
            { type: 'string', value: 'a' },
            { type: 'string', value: 'b' },
          ],
        },
      ],
      ['emoji.é', { type: 'string', value: '🎻' }],
    ])
  );
  assert.deepEqual(
    child.events.map((event) => event.name),
    ['retry', 'exception']
  );
  assert.equal(child.links[0].attributes[0].key, 'why');
  assert.equal(child.statusCode, 2);
  assert.equal(child.statusMessage, 'gave up');
  assert.equal(child.scope.name, 'story');
  assert.equal(child.scope.version, '1.0.0');
  assert.ok(
    child.resource.attributes.some(
      ({ key, value }) => key === 'service.name' && value.type === 'string' && value.value === service
    )
  );
  assert.ok(child.endUnixNanos >= child.startUnixNanos && child.startUnixNanos >= root.startUnixNanos);
}

function exporters({ urls }: TestServer): [string, SpanExporter][] {
  // The enum of a package that we do not depend on; its values are these strings.
  const gzip = 'gzip' as never;
  const url = `${urls.otlpHttp}/v1/traces`;
  return [
    ['http-json', new JsonExporter({ url })],
    ['http-json-gzip', new JsonExporter({ url, compression: gzip })],
    ['http-protobuf', new ProtobufExporter({ url })],
    ['http-protobuf-gzip', new ProtobufExporter({ url, compression: gzip })],
    ['grpc', new GrpcExporter({ url: urls.otlpGrpc })],
    ['grpc-gzip', new GrpcExporter({ url: urls.otlpGrpc, compression: gzip })],
  ];
}

async function sendAndRead(server: TestServer): Promise<void> {
  for (const [name, exporter] of exporters(server)) {
    const traceId = await tellStory(exporter, name);
    assertStory(await readTrace(server, traceId), name);
    const q = encodeURIComponent(`{ resource.service.name = "${name}" && event.attempt = 2 && span.rows > 2 }`);
    const search = await fetch(`${server.urls.query}/api/search?q=${q}`);
    const { traces } = (await search.json()) as { traces: { traceID: string }[] };
    assert.deepEqual(
      traces.map((found) => found.traceID),
      [traceId],
      `${name}: found by search at once`
    );
  }
}

test('an OpenTelemetry SDK sends by every protocol, and the spans come back: memory store', async () => {
  const server = await startServer();
  await sendAndRead(server);
  await server.close();
});

test('the same through the real process and its engine, also after a crash', async (t) => {
  const dataDir = await mkdtemp(path.join(os.tmpdir(), 'vivace-sdk-'));
  try {
    const first = await startProcess(['--data-dir', dataDir]);
    t.after(() => first.kill());
    await sendAndRead(first);
    const traceId = await tellStory(new ProtobufExporter({ url: `${first.urls.otlpHttp}/v1/traces` }), 'crash');
    await first.kill();
    const second = await startProcess(['--data-dir', dataDir]);
    t.after(() => second.kill());
    assertStory(await readTrace(second, traceId), 'crash');
    await second.close();
    assert.equal(second.process.exitCode, 0);
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
});
