import assert from 'node:assert/strict';
import net from 'node:net';
import test, { after, before } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { MemoryStore } from '../../src/store/memory-store.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { exampleJson, exampleProtobuf, exampleTraceId, postTraces } from './support.ts';
import { fetch } from './strict-fetch.ts';

const bodyBytesMax = 1024 * 1024;
let store: MemoryStore;
let server: TestServer;

before(async () => {
  store = new MemoryStore();
  server = await startServer({ store, config: { body_bytes_max: bodyBytesMax, request_timeout: '500ms' } });
});
after(() => server.close());

const spanCount = async (traceId: string): Promise<number> =>
  (await store.trace({ tenant: 'single-tenant', traceId })).data?.spans.length ?? 0;

test('protobuf and JSON, plain, gzip and zstd: acknowledged, stored and answered in the same content type', async () => {
  const encodings = [
    ['application/x-protobuf', exampleProtobuf],
    ['application/json; charset=utf-8', exampleJson],
  ] as const;
  const compressions = [
    ['identity', (body: Uint8Array) => body],
    ['gzip', gzipSync],
    ['zstd', zstdCompressSync],
  ] as const;
  let trace = 1;
  for (const [contentType, example] of encodings) {
    for (const [encoding, compress] of compressions) {
      const traceId = exampleTraceId(trace++);
      const answer = await postTraces(server, compress(example(traceId)), contentType, {
        'content-encoding': encoding,
      });
      assert.equal(answer.status, 200, `${contentType} ${encoding}: ${await answer.clone().text()}`);
      assert.equal(answer.headers.get('content-type'), contentType.split(';')[0]);
      assert.equal(
        await answer.text(),
        contentType.includes('json') ? '{}' : '',
        'full success leaves the answer empty'
      );
      assert.equal(await spanCount(traceId), 1);
    }
  }
});

test('an empty request succeeds', async () => {
  assert.equal((await postTraces(server, new Uint8Array(), 'application/x-protobuf')).status, 200);
  assert.equal((await postTraces(server, Buffer.from('{}'), 'application/json')).status, 200);
});

test('spans with bad ids are refused one by one, in both encodings of the answer', async () => {
  const good = exampleTraceId(50);
  const body = JSON.stringify({
    resourceSpans: [
      {
        scopeSpans: [
          {
            spans: [
              { traceId: good, spanId: '0000000000000001', name: 'good', startTimeUnixNano: '1', endTimeUnixNano: '2' },
              { traceId: good, spanId: '0000000000000000', name: 'zero', startTimeUnixNano: '1', endTimeUnixNano: '2' },
            ],
          },
        ],
      },
    ],
  });
  const answer = await postTraces(server, Buffer.from(body), 'application/json');
  assert.equal(answer.status, 200);
  const { partialSuccess } = (await answer.json()) as {
    partialSuccess: { rejectedSpans: string; errorMessage: string };
  };
  assert.equal(partialSuccess.rejectedSpans, '1');
  assert.match(partialSuccess.errorMessage, /span id/);
  assert.equal(await spanCount(good), 1);
});

test('malformed bodies: 400 with a Status in the content type of the request, and the server lives', async () => {
  const traceId = exampleTraceId(60);
  const whole = exampleProtobuf(traceId);
  const bodies: [string, Uint8Array, string][] = [
    ['cut protobuf', whole.subarray(0, whole.length - 3), 'application/x-protobuf'],
    ['a length that lies', Uint8Array.of(0x0a, 0xff, 0xff, 0xff, 0x7f, 1), 'application/x-protobuf'],
    ['no JSON', Buffer.from('{"resourceSpans":['), 'application/json'],
    ['JSON of another shape', Buffer.from('{"resourceSpans":[{"scopeSpans":7}]}'), 'application/json'],
    ['JSON nested a million deep', Buffer.from('['.repeat(400_000)), 'application/json'],
  ];
  for (const [name, body, contentType] of bodies) {
    const answer = await postTraces(server, body, contentType);
    assert.equal(answer.status, 400, name);
    assert.equal(answer.headers.get('content-type'), contentType, name);
    if (contentType === 'application/json') {
      const status = (await answer.json()) as { code: number; message: string };
      assert.equal(status.code, 3, name);
      assert.ok(status.message.length > 0, name);
    } else {
      // google.rpc.Status begins with field 1, the code.
      assert.deepEqual([...new Uint8Array(await answer.arrayBuffer())].slice(0, 2), [0x08, 3], name);
    }
  }
  assert.equal(await spanCount(traceId), 0, 'nothing of a refused body is stored');
});

test('damaged compression: 400; unknown compression and content type: 415', async () => {
  const body = exampleProtobuf(exampleTraceId(70));
  const post = (bytes: Uint8Array, headers: Record<string, string>, type = 'application/x-protobuf') =>
    postTraces(server, bytes, type, headers).then((answer) => answer.status);
  assert.equal(await post(body, { 'content-encoding': 'gzip' }), 400);
  assert.equal(await post(body, { 'content-encoding': 'zstd' }), 400);
  const gzipped = gzipSync(body);
  assert.equal(await post(gzipped.subarray(0, gzipped.length - 9), { 'content-encoding': 'gzip' }), 400);
  assert.equal(await post(body, { 'content-encoding': 'br' }), 415);
  assert.equal(await post(body, {}, 'text/plain'), 415);
});

test('too large: declared, streamed, and bombs of gzip, concatenated gzip and zstd all get 413', async () => {
  const big = new Uint8Array(bodyBytesMax + 1);
  assert.equal((await postTraces(server, big, 'application/x-protobuf')).status, 413);
  const member = gzipSync(new Uint8Array(bodyBytesMax / 2));
  const bombs: [string, Uint8Array][] = [
    ['gzip', gzipSync(new Uint8Array(64 * bodyBytesMax))],
    ['gzip', Buffer.concat([member, member, member])],
    ['zstd', zstdCompressSync(new Uint8Array(64 * bodyBytesMax))],
  ];
  for (const [encoding, bomb] of bombs) {
    const answer = await postTraces(server, bomb, 'application/json', { 'content-encoding': encoding });
    assert.equal(answer.status, 413, encoding);
    assert.equal(answer.headers.get('retry-after'), null, 'the same request never succeeds');
    assert.match(await answer.text(), /body_bytes_max/);
  }
});

test('concatenated zstd frames are read to the end', async () => {
  const body = exampleProtobuf(exampleTraceId(80));
  const frames = Buffer.concat([zstdCompressSync(body.subarray(0, 20)), zstdCompressSync(body.subarray(20))]);
  const answer = await postTraces(server, frames, 'application/x-protobuf', { 'content-encoding': 'zstd' });
  assert.equal(answer.status, 200, await answer.text());
  assert.equal(await spanCount(exampleTraceId(80)), 1);
});

test('a slow body is cut and the client told to retry', async () => {
  const { hostname, port } = new URL(server.urls.otlpHttp);
  const socket = net.connect(Number(port), hostname);
  const head =
    'POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{';
  socket.write(head);
  let answer = '';
  for await (const chunk of socket) {
    answer += String(chunk);
  }
  assert.match(answer, /^HTTP\/1\.1 504 /);
  assert.match(answer, /connection: close/i);
  assert.match(answer, /retry-after: 1/i);
});

test('other methods and paths', async () => {
  const answer = await fetch(`${server.urls.otlpHttp}/v1/traces`);
  assert.equal(answer.status, 405);
  assert.equal(answer.headers.get('allow'), 'POST');
  assert.equal((await fetch(`${server.urls.otlpHttp}/v1/logs`, { method: 'POST' })).status, 404);
});

test('a foreign Host header is refused: a rebound DNS name reaches nothing', async () => {
  const { hostname, port } = new URL(server.urls.otlpHttp);
  const socket = net.connect(Number(port), hostname);
  socket.end('POST /v1/traces HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
  let answer = '';
  for await (const chunk of socket) {
    answer += String(chunk);
  }
  assert.match(answer, /^HTTP\/1\.1 403 /);
});
