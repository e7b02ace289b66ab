/**
 * Malformed input on every door. Bodies, frames and questions that were valid once and then wounded: each is taken or refused in words
 * (a 4xx, a gRPC status that blames the caller), none crashes, hangs or is called our fault, and the server works on.
 *
 * 200,000 cases; VIVACE_FUZZ_CASES sets another number, VIVACE_SEED another seed.
 */
import assert from 'node:assert/strict';
import { Agent, request } from 'node:http';
import http2 from 'node:http2';
import { after, before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { CodedError } from '../../src/base/coded-error.ts';
import { seededRandom } from '../../src/base/random.ts';
import { Head } from '../../src/engine/head/head.ts';
import { randomSpans } from '../../src/engine/head/testing.ts';
import { AwakeHeads } from '../../src/engine/head/awake-heads.ts';
import { defaultHeadLimits } from '../../src/engine/head/limits.ts';
import { OtlpWalker } from '../../src/engine/head/walk.ts';
import { encodeEntry, encodeRecord, type WalEntry } from '../../src/engine/wal/record.ts';
import { encodeSegmentHeader, scanSegment, storeTagOf } from '../../src/engine/wal/segment.ts';
import { parseQuery } from '../../src/traceql/parser.ts';
import { encodeJaegerJson } from '../../src/wire/jaeger-json.ts';
import { encodeTracesJson } from '../../src/wire/otlp-json.ts';
import { encodeTraces } from '../../src/wire/otlp-protobuf.ts';
import { toOtlpProtobuf, type IngestEncoding } from '../../src/wire/transcode.ts';
import { encodeZipkinJson } from '../../src/wire/zipkin-json.ts';
import { damaged } from '../fixtures/damage.ts';
import { encodeJaegerProtobuf, encodeJaegerThrift } from '../fixtures/jaeger-bodies.ts';
import { startServer, type TestServer } from '../support/server.ts';

const cases = Number(process.env.VIVACE_FUZZ_CASES ?? 200_000);
const seed = Number(process.env.VIVACE_SEED ?? 20_261_121);
/** A case that takes longer than this blocks everybody else. Generous: other processes share the machine. */
const stallMsMax = 2000;

type Bytes = Uint8Array<ArrayBuffer>;
const utf8 = (text: string): Bytes => new TextEncoder().encode(text) as Bytes;

const spans = randomSpans(seededRandom(seed), 6);
const jaegerBatch = {
  serviceName: 'shop',
  processTags: [['host', 'h1']] as const,
  spans: [
    {
      ...{ traceId: '0123456789abcdeffedcba9876543210', spanId: 'f000000000000001', name: 'GET /' },
      ...{ startMicros: 1_700_000_000_123_456, durationMicros: 2500 },
      tags: [
        ['ok', true],
        ['n', 5n],
        ['x', 0.5],
        ['raw', Uint8Array.of(1, 2)],
      ] as const,
      logs: [{ timeMicros: 1_700_000_000_123_460, fields: [['event', 'e']] as const }],
    },
  ],
};
const valid: Readonly<Record<IngestEncoding, Uint8Array>> = {
  'otlp-protobuf': encodeTraces(spans),
  'otlp-json': encodeTracesJson(spans),
  'zipkin-json': encodeZipkinJson(spans),
  'jaeger-json': encodeJaegerJson(spans),
  'jaeger-thrift': encodeJaegerThrift(jaegerBatch),
  'jaeger-protobuf': encodeJaegerProtobuf(jaegerBatch),
};
const encodings = Object.keys(valid) as IngestEncoding[];
/** Of all cases: what is cheap is asked more often. */
const shares: Readonly<Record<IngestEncoding, number>> = {
  'otlp-protobuf': 0.08,
  'otlp-json': 0.06,
  'zipkin-json': 0.08,
  'jaeger-json': 0.05,
  'jaeger-thrift': 0.2,
  'jaeger-protobuf': 0.2,
};

const queries = [
  '{ resource.service.name = "shop" && span.http.status_code >= 400 } | rate() by (name)',
  '{ .a =~ "x.*(y|z)+" } >> { duration > 1.5s } | select(span.b, status) | count() > 2',
  '{ event.name != nil || link.traceID = "ab" } | quantile_over_time(duration, .5, 0.99) with (exemplars=true)',
  '({ kind = server } && { "é" = .x }) !~ { -1 + 2 ^ 3 % 4 * span."a b" < 1e9 }',
];

let refused = 0;

/** Errors: whatever is not an honest refusal. */
function taken(what: string, act: () => unknown): void {
  const startMs = performance.now();
  try {
    act();
  } catch (error) {
    if (!(error instanceof CodedError) || ['internal', 'unavailable', 'corrupt'].includes(error.code)) {
      throw new Error(`VIVACE_SEED=${seed}: ${what}`, { cause: error });
    }
    refused++;
  }
  const tookMs = performance.now() - startMs;
  assert.ok(tookMs < stallMsMax, `VIVACE_SEED=${seed}: ${what} took ${tookMs} ms`);
}

describe(`${cases} malformed inputs`, () => {
  const share = (part: number): number => Math.ceil(cases * part);

  for (const encoding of encodings) {
    test(`${encoding}, decoded and walked into a head`, () => {
      const random = seededRandom(seed + encodings.indexOf(encoding));
      const walker = new OtlpWalker();
      const awake = new AwakeHeads();
      let head = new Head(defaultHeadLimits, walker, awake);
      refused = 0;
      const count = share(shares[encoding]);
      for (let i = 0; i < count; i++) {
        const body = damaged(valid[encoding], random);
        const rows = head.rowCount;
        let accepted = 0;
        taken(`${encoding}, case ${i}`, () => {
          accepted = head.append(toOtlpProtobuf(encoding, body)).acceptedSpans;
        });
        // A refused body leaves nothing behind; spans that are there already take no row.
        assert.ok(
          head.rowCount >= rows && head.rowCount <= rows + accepted,
          `VIVACE_SEED=${seed}: ${encoding}, case ${i}`
        );
        if (i % 200 === 199) {
          head.commit(head.rowCount);
          head.close();
          head = new Head(defaultHeadLimits, walker, awake);
        }
      }
      assert.ok(refused > count / 20, `only ${refused} of ${count} were refused`);
    });
  }

  test('TraceQL', () => {
    const random = seededRandom(seed + 10);
    refused = 0;
    const count = share(0.2);
    for (let i = 0; i < count; i++) {
      const text = new TextDecoder().decode(damaged(utf8(random.pick(queries)), random));
      taken(`TraceQL ${JSON.stringify(text)}`, () => parseQuery(text));
    }
    assert.ok(refused > count / 2, `only ${refused} of ${count} were refused`);
  });

  test('segments of the log: only records that were written come back', () => {
    const random = seededRandom(seed + 11);
    const storeId = random.fill(new Uint8Array(16));
    const segment = segmentOf(storeId);
    const whole = scanSegment(segment, storeId);
    assert.equal(whole.records.length, 5);
    const known = new Set(whole.records.map(({ record }) => textOf(record)));
    let lost = 0;
    for (let i = 0; i < share(0.05); i++) {
      const { records } = scanSegment(damaged(segment, random), storeId);
      lost += 5 - Math.min(5, records.length);
      assert.ok(
        records.every(({ record }) => known.has(textOf(record))),
        `VIVACE_SEED=${seed}: case ${i}: a record that nobody wrote`
      );
    }
    assert.ok(lost > 0);
  });

  describe('over the wire', () => {
    let server: TestServer;
    const agent = new Agent({ keepAlive: true, maxSockets: 16 });
    before(async () => {
      server = await startServer({ config: { request_timeout: '5s' } });
    });
    after(async () => {
      agent.destroy();
      await server.close();
    });

    test('bodies at the doors of OTLP, Zipkin and Jaeger', async () => {
      const random = seededRandom(seed + 12);
      const json = 'application/json';
      const targets = [
        { url: `${server.urls.otlpHttp}/v1/traces`, encoding: 'otlp-protobuf', type: 'application/x-protobuf' },
        { url: `${server.urls.otlpHttp}/v1/traces`, encoding: 'otlp-json', type: json },
        { url: `${server.urls.zipkin}/api/v2/spans`, encoding: 'zipkin-json', type: json },
        { url: `${server.urls.jaegerHttp}/api/traces`, encoding: 'jaeger-thrift', type: 'application/x-thrift' },
      ] as const;
      await inLanes(share(0.03), async (i) => {
        const { url, encoding, type } = targets[i % targets.length];
        const isGzip = random.below(4) === 0;
        const body = isGzip
          ? damaged(gzipSync(valid[encoding], { level: 1 }), random)
          : damaged(valid[encoding], random);
        const headers = { 'content-type': type, ...(isGzip ? { 'content-encoding': 'gzip' } : {}) };
        judge(`${encoding}, case ${i}`, await send(url, agent, headers, body));
      });
    });

    test('questions with damaged parameters', async () => {
      const random = seededRandom(seed + 13);
      const targets = [
        `/api/search?q=${encodeURIComponent(queries[0].split('|')[0])}&limit=5&start=1700000000&end=1700003600&spss=3`,
        `/api/metrics/query_range?q=${encodeURIComponent(queries[0])}&start=1700000000&end=1700003600&step=60s`,
        '/api/v2/traces/0123456789abcdeffedcba9876543210?start=1700000000&end=1700003600',
        '/api/traces/0123456789abcdef',
        '/api/v2/search/tags?scope=span&limit=10',
        '/api/v2/search/tag/resource.service.name/values?q=%7B%7D&limit=3',
        '/api/search?tags=a%3Db%20c%3D%22d%22&minDuration=1ms&maxDuration=2s',
        '/jaeger/api/traces?service=shop&operation=x&tags=%7B%22a%22%3A%22b%22%7D&lookback=1h&limit=20',
        '/jaeger/api/v3/traces?query.service_name=shop&query.start_time_min=2023-01-01T00%3A00%3A00Z',
        '/zipkin/api/v2/traces?serviceName=shop&annotationQuery=a%3Db&minDuration=10&lookback=1000',
      ];
      await inLanes(share(0.03), async (i) => {
        // Anything but the characters that end a request line.
        const path = damaged(utf8(random.pick(targets)), random).map((byte) => (byte <= 32 || byte >= 127 ? 37 : byte));
        const url = `${server.urls.query}/${new TextDecoder().decode(path).replace(/^\/+/, '')}`;
        judge(`GET ${url}`, await send(url, agent, {}));
      });
    });

    test('gRPC frames and messages', async () => {
      const random = seededRandom(seed + 14);
      const session = http2.connect(server.urls.otlpGrpc);
      const jaeger = http2.connect(server.urls.jaegerGrpc);
      const targets = [
        [session, '/opentelemetry.proto.collector.trace.v1.TraceService/Export', 'otlp-protobuf'],
        [jaeger, '/jaeger.api_v2.CollectorService/PostSpans', 'jaeger-protobuf'],
      ] as const;
      await inLanes(share(0.02), async (i) => {
        const [via, path, encoding] = targets[i % 2];
        const message = i % 3 === 0 ? valid[encoding] : damaged(valid[encoding], random);
        const frame = Buffer.concat([Buffer.alloc(5), message]);
        frame.writeUInt32BE(message.length, 1);
        const status = await unary(via, path, i % 3 === 0 ? damaged(frame, random) : frame);
        // OK, INVALID_ARGUMENT, RESOURCE_EXHAUSTED, UNIMPLEMENTED.
        assert.ok([0, 3, 8, 12].includes(status), `VIVACE_SEED=${seed}: ${path}, case ${i}: grpc-status ${status}`);
      });
      session.close();
      jaeger.close();
    });

    test('and afterwards it works', async () => {
      const headers = { 'content-type': 'application/x-protobuf' };
      assert.equal(await send(`${server.urls.otlpHttp}/v1/traces`, agent, headers, valid['otlp-protobuf']), 200);
      assert.equal(await send(`${server.urls.query}/api/v2/traces/${spans[0].traceId}`, agent, {}), 200);
    });
  });
});

function judge(what: string, status: number): void {
  assert.ok(status >= 200 && status < 500, `VIVACE_SEED=${seed}: ${what}: status ${status}`);
}

function send(
  url: string,
  agent: Agent,
  headers: Readonly<Record<string, string>>,
  body?: Uint8Array
): Promise<number> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { agent, method: body === undefined ? 'GET' : 'POST', headers }, (answer) => {
      answer.resume().once('end', () => resolve(answer.statusCode ?? 0));
      answer.once('error', reject);
    });
    outgoing.once('error', (error) => reject(new Error(`VIVACE_SEED=${seed}: ${url}`, { cause: error })));
    outgoing.end(body);
  });
}

function unary(session: http2.ClientHttp2Session, path: string, body: Uint8Array): Promise<number> {
  return new Promise((resolve, reject) => {
    const stream = session.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    let status: unknown;
    stream.on('response', (headers) => (status = headers['grpc-status'] ?? status));
    stream.on('trailers', (headers) => (status = headers['grpc-status'] ?? status));
    stream.once('error', reject);
    stream.once('close', () => resolve(Number(status)));
    stream.resume();
    stream.end(body);
  });
}

async function inLanes(count: number, act: (i: number) => Promise<void>): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < count) {
      await act(next++);
    }
  };
  await Promise.all(Array.from({ length: 16 }, lane));
}

function segmentOf(storeId: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [];
  let offset = 0;
  const add = (bytes: Uint8Array): void => {
    parts.push(bytes);
    offset += bytes.length;
  };
  add(encodeSegmentHeader({ storeId, segmentSequence: 1, firstSequence: 1 }));
  for (let sequence = 1; sequence <= 5; sequence++) {
    const body = encodeTraces(spans.slice(0, sequence));
    const entry: WalEntry = {
      ...{ tenant: 'single-tenant', encoding: 'otlp-protobuf', compression: 'identity', body },
      receivedUnixNanos: 1_700_000_000_000_000_000n,
      notes: { acceptedSpans: sequence, rejectedSpans: 0, walkerVersion: 1, head: 1, limits: {} },
    };
    const place = { segmentSequence: 1, sequence, durableSequence: sequence - 1 };
    encodeRecord(entry, encodeEntry(entry), { type: 'ingest', storeTag: storeTagOf(storeId), ...place }).forEach(add);
  }
  return Buffer.concat([...parts, new Uint8Array(512)]);
}

function textOf(record: { readonly sequence: number; readonly body: Uint8Array }): string {
  return `${record.sequence} ${Buffer.from(record.body).toString('base64')}`;
}
