import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';

import { decodeTracesJson } from '../../src/wire/otlp-json.ts';
import { decodeTraces, encodeExportResponse } from '../../src/wire/otlp-protobuf.ts';
import { generate, shopBatches } from './generate.ts';
import { sendBatches } from './send.ts';
import type { SendOptions } from './send.ts';

const expected = generate('shop', { seed: 3, spans: 500, startUnixNanos: 1n }).map(({ spanId }) => spanId);
const options = (target: string): SendOptions => ({
  target,
  protocol: 'http-protobuf',
  batches: shopBatches({ seed: 3, spans: 500, startUnixNanos: 1n, spansPerBody: 100 }),
  rate: 0,
  concurrency: 2,
  gzip: true,
  retriesMax: 3,
});

async function bodyOf(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) {
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Runs `run` against a server that answers as `answer` says. */
async function withHttpServer(
  answer: (request: IncomingMessage, body: Buffer) => { status: number; body?: Uint8Array },
  run: (target: string) => Promise<void>
): Promise<void> {
  const server = createServer((request, response) => {
    void bodyOf(request).then((body) => {
      const { status, body: answerBody = new Uint8Array() } = answer(request, body);
      response.writeHead(status).end(answerBody);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    await run(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

for (const protocol of ['http-protobuf', 'http-json'] as const) {
  test(`${protocol}: every span arrives once, retries included`, async () => {
    const received: string[] = [];
    let requests = 0;
    await withHttpServer(
      (request, body) => {
        requests++;
        if (requests === 2) {
          return { status: 503 };
        }
        assert.equal(request.url, '/v1/traces');
        assert.equal(
          request.headers['content-type'],
          protocol === 'http-json' ? 'application/json' : 'application/x-protobuf'
        );
        const decode = protocol === 'http-json' ? decodeTracesJson : decodeTraces;
        received.push(...decode(gunzipSync(body)).map(({ spanId }) => spanId));
        return { status: 200 };
      },
      async (target) => {
        const acked: number[] = [];
        const summary = await sendBatches({ ...options(target), protocol, onAck: (batch) => acked.push(batch.length) });
        assert.deepEqual([summary.ackedSpans, summary.failedSpans, summary.retries, summary.requests], [500, 0, 1, 6]);
        assert.deepEqual(summary.problems, { 'HTTP 503': 1 });
        assert.deepEqual(acked, [100, 100, 100, 100, 100]);
        assert.ok(summary.latencyP99Ms >= summary.latencyP50Ms);
      }
    );
    assert.deepEqual(received.sort(), [...expected].sort());
  });
}

test('refusals count: partial success, and answers that forbid a retry', async () => {
  let requests = 0;
  await withHttpServer(
    () => (requests++ === 0 ? { status: 400 } : { status: 200, body: encodeExportResponse(7, 'too old') }),
    async (target) => {
      const summary = await sendBatches(options(target));
      assert.deepEqual(
        [summary.failedSpans, summary.rejectedSpans, summary.ackedSpans, summary.retries],
        [100, 28, 372, 0]
      );
      assert.deepEqual(summary.problems, { 'HTTP 400': 1, 'too old': 4 });
    }
  );
});

test('the rate is kept', async () => {
  await withHttpServer(
    () => ({ status: 200 }),
    async (target) => {
      const summary = await sendBatches({ ...options(target), rate: 2000 });
      // Five bodies of 100 spans, the first at once: 200 ms. A busy machine makes it later, never earlier.
      assert.ok(summary.elapsedMs >= 195, `${summary.elapsedMs} ms`);
    }
  );
});

test('gRPC: frames, compression and status', async () => {
  const received: string[] = [];
  const server = createHttp2Server();
  let calls = 0;
  server.on('stream', (stream, headers) => {
    void bodyOf(stream).then((frame) => {
      assert.equal(headers[':path'], '/opentelemetry.proto.collector.trace.v1.TraceService/Export');
      assert.equal(frame[0], 1);
      assert.equal(frame.readUInt32BE(1), frame.length - 5);
      const status = calls++ === 0 ? 14 : 0;
      if (status === 0) {
        received.push(...decodeTraces(gunzipSync(frame.subarray(5))).map(({ spanId }) => spanId));
      }
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': status }));
      stream.end(Buffer.from([0, 0, 0, 0, 0]));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const summary = await sendBatches({
      ...options(`grpc://127.0.0.1:${(server.address() as AddressInfo).port}`),
      protocol: 'grpc',
    });
    assert.deepEqual([summary.ackedSpans, summary.failedSpans, summary.retries], [500, 0, 1]);
    assert.deepEqual(summary.problems, { 'gRPC 14': 1 });
  } finally {
    server.close();
  }
  assert.deepEqual(received.sort(), [...expected].sort());
});
