import assert from 'node:assert/strict';
import http2 from 'node:http2';
import test, { after, before } from 'node:test';
import { gzipSync } from 'node:zlib';
import * as grpc from '@grpc/grpc-js';
import { CodedError } from '../../src/base/coded-error.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { exampleProtobuf, exampleTraceId } from './support.ts';

const exportMethod = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';
const bodyBytesMax = 256 * 1024;
let store: MemoryStore;
let server: TestServer;
let client: grpc.Client;

before(async () => {
  store = new MemoryStore();
  server = await startServer({ store, config: { body_bytes_max: bodyBytesMax, request_timeout: '500ms' } });
  client = connect();
});
after(async () => {
  client.close();
  await server.close();
});

function connect(options: grpc.ClientOptions = {}): grpc.Client {
  return new grpc.Client(new URL(server.urls.otlpGrpc).host, grpc.credentials.createInsecure(), options);
}

const bytes = (value: Buffer): Buffer => value;

/** The raw answer of a unary call, or the error a client sees. */
function call(
  message: Uint8Array,
  { method = exportMethod, via = client, deadlineMs = 5_000 } = {}
): Promise<{ value: Buffer } | { error: grpc.ServiceError }> {
  return new Promise((resolve) => {
    via.makeUnaryRequest(
      method,
      bytes,
      bytes,
      Buffer.from(message),
      new grpc.Metadata(),
      { deadline: Date.now() + deadlineMs },
      (error, value) => resolve(error ? { error } : { value: value! })
    );
  });
}

async function errorOf(answer: ReturnType<typeof call>): Promise<grpc.ServiceError> {
  const result = await answer;
  assert.ok('error' in result, 'expected an error');
  return result.error;
}

test('a real gRPC client exports, plain and gzipped', async () => {
  const gzipping = connect({ 'grpc.default_compression_algorithm': grpc.compressionAlgorithms.gzip });
  for (const [n, via] of [client, gzipping].entries()) {
    const traceId = exampleTraceId(n + 1);
    const result = await call(exampleProtobuf(traceId), { via });
    assert.ok('value' in result, String('error' in result && result.error));
    assert.equal(result.value.length, 0, 'full success is an empty message');
    const { data } = await store.trace({ tenant: 'single-tenant', traceId });
    assert.equal(data?.spans.length, 1);
  }
  gzipping.close();
});

test('many calls at once on one connection', async () => {
  const results = await Promise.all(
    Array.from({ length: 300 }, (_, i) => call(exampleProtobuf(exampleTraceId(1000 + i))))
  );
  assert.ok(results.every((result) => 'value' in result));
});

test('malformed: INVALID_ARGUMENT with a message; unknown methods: UNIMPLEMENTED', async () => {
  const malformed = await errorOf(call(Uint8Array.of(0x0a, 0x7f, 1)));
  assert.equal(malformed.code, grpc.status.INVALID_ARGUMENT);
  assert.match(malformed.details, /need 127 bytes/);
  const unknown = await errorOf(
    call(new Uint8Array(), { method: '/opentelemetry.proto.collector.logs.v1.LogsService/Export' })
  );
  assert.equal(unknown.code, grpc.status.UNIMPLEMENTED);
});

test('too large, plain and as a bomb: RESOURCE_EXHAUSTED without RetryInfo', async () => {
  const gzipping = connect({ 'grpc.default_compression_algorithm': grpc.compressionAlgorithms.gzip });
  for (const via of [client, gzipping]) {
    const error = await errorOf(call(new Uint8Array(bodyBytesMax * 8), { via }));
    assert.equal(error.code, grpc.status.RESOURCE_EXHAUSTED, error.message);
    assert.deepEqual(error.metadata.get('grpc-status-details-bin'), []);
  }
  gzipping.close();
  assert.ok('value' in (await call(exampleProtobuf(exampleTraceId(5)))), 'the connection still works');
});

test('a full disk: UNAVAILABLE with RetryInfo; our own fault: INTERNAL without its cause', async () => {
  const failing = new MemoryStore();
  let fault: Error = new CodedError('unavailable', 'the disk is full');
  failing.ingest = () => Promise.reject(fault);
  const own = await startServer({ store: failing });
  const via = new grpc.Client(new URL(own.urls.otlpGrpc).host, grpc.credentials.createInsecure());
  const full = await errorOf(call(exampleProtobuf(exampleTraceId(1)), { via }));
  assert.equal(full.code, grpc.status.UNAVAILABLE);
  assert.equal(full.details, 'the disk is full');
  assert.match(String(full.metadata.get('grpc-status-details-bin')[0]), /google\.rpc\.RetryInfo/);
  fault = new Error('secret detail');
  const internal = await errorOf(call(exampleProtobuf(exampleTraceId(1)), { via }));
  assert.equal(internal.code, grpc.status.INTERNAL);
  assert.doesNotMatch(internal.details, /secret/);
  via.close();
  await own.close();
});

/** A stream of raw HTTP/2, for what a well-behaved client never sends. */
async function raw(headers: http2.OutgoingHttpHeaders, body: Uint8Array, end = true): Promise<Record<string, unknown>> {
  const session = http2.connect(server.urls.otlpGrpc);
  const stream = session.request({
    ':method': 'POST',
    ':path': exportMethod,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...headers,
  });
  const seen: Record<string, unknown> = {};
  stream.on('response', (response) => Object.assign(seen, response));
  stream.on('trailers', (trailers) => Object.assign(seen, trailers));
  stream.on('error', () => undefined);
  stream.resume();
  stream.write(body);
  if (end) {
    stream.end();
  }
  await new Promise((resolve) => stream.once('close', resolve));
  session.destroy();
  return seen;
}

const frame = (flag: number, length: number, message: Uint8Array): Uint8Array => {
  const prefix = Buffer.alloc(5);
  prefix[0] = flag;
  prefix.writeUInt32BE(length, 1);
  return Buffer.concat([prefix, message]);
};

test('frames that lie', async () => {
  const message = exampleProtobuf(exampleTraceId(6));
  const cases: [string, Uint8Array, http2.OutgoingHttpHeaders, number][] = [
    ['no frame', new Uint8Array(), {}, grpc.status.INVALID_ARGUMENT],
    ['half a prefix', Uint8Array.of(0, 0), {}, grpc.status.INVALID_ARGUMENT],
    ['cut message', frame(0, message.length, message.subarray(9)), {}, grpc.status.INVALID_ARGUMENT],
    [
      'two messages',
      Buffer.concat([frame(0, message.length, message), frame(0, 0, new Uint8Array())]),
      {},
      grpc.status.INVALID_ARGUMENT,
    ],
    ['unknown flag', frame(7, message.length, message), {}, grpc.status.INVALID_ARGUMENT],
    ['compressed without encoding', frame(1, 3, gzipSync('x').subarray(0, 3)), {}, grpc.status.INVALID_ARGUMENT],
    ['damaged gzip', frame(1, 3, Uint8Array.of(1, 2, 3)), { 'grpc-encoding': 'gzip' }, grpc.status.INVALID_ARGUMENT],
    ['unknown encoding', frame(1, 3, Uint8Array.of(1, 2, 3)), { 'grpc-encoding': 'snappy' }, grpc.status.UNIMPLEMENTED],
    ['malformed timeout', frame(0, message.length, message), { 'grpc-timeout': 'soon' }, grpc.status.INVALID_ARGUMENT],
  ];
  for (const [name, body, headers, code] of cases) {
    assert.equal((await raw(headers, body))['grpc-status'], String(code), name);
  }
});

test('a stalled body ends with the deadline of the client, or with ours', async () => {
  const startMs = performance.now();
  assert.equal(
    (await raw({ 'grpc-timeout': '50m' }, frame(0, 100, new Uint8Array(1)), false))['grpc-status'],
    String(grpc.status.DEADLINE_EXCEEDED)
  );
  assert.ok(performance.now() - startMs < 2_000);
  assert.equal(
    (await raw({}, frame(0, 100, new Uint8Array(1)), false))['grpc-status'],
    String(grpc.status.DEADLINE_EXCEEDED)
  );
});

test('other content types get 415', async () => {
  assert.equal((await raw({ 'content-type': 'application/json' }, new Uint8Array()))[':status'], 415);
});
