import { Agent, request as httpRequest } from 'node:http';
import { connect } from 'node:http2';
import type { ClientHttp2Session } from 'node:http2';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';

import type { Span } from '../../src/trace/model.ts';
import { encodeTracesJson } from '../../src/wire/otlp-json.ts';
import { encodeTraces } from '../../src/wire/otlp-protobuf.ts';
import { ProtobufReader } from '../../src/wire/protobuf.ts';

export type SendProtocol = 'http-protobuf' | 'http-json' | 'grpc';

export interface SendOptions {
  /** Origin: `http://127.0.0.1:4318`, or `grpc://127.0.0.1:4317` for gRPC without TLS. */
  readonly target: string;
  readonly protocol: SendProtocol;
  readonly batches: Iterable<readonly Span[]>;
  /** Spans a second over all senders; 0 sends as fast as the server answers. */
  readonly rate: number;
  /** Requests under way at most. */
  readonly concurrency: number;
  readonly gzip: boolean;
  /** Attempts after the first for answers that OTLP calls retryable and for broken connections. */
  readonly retriesMax: number;
  /** Sent with every request: tenant, authorization. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Called for every batch that the server acknowledged. */
  readonly onAck?: (batch: readonly Span[]) => void;
  readonly signal?: AbortSignal;
}

export interface SendSummary {
  readonly requests: number;
  readonly ackedSpans: number;
  /** Refused within an acknowledged request (partial success). */
  readonly rejectedSpans: number;
  /** In requests that were never acknowledged. */
  readonly failedSpans: number;
  readonly retries: number;
  readonly bodyBytes: number;
  readonly elapsedMs: number;
  readonly spansPerSecond: number;
  /** Of acknowledged attempts, from the first byte sent to the answer. */
  readonly latencyP50Ms: number;
  readonly latencyP99Ms: number;
  readonly latencyMaxMs: number;
  /** Distinct reasons of refusals and failures, with how often. */
  readonly problems: Readonly<Record<string, number>>;
}

interface Answer {
  /** `ok`: acknowledged; `retry`: the same request may succeed later; `failed`: it never will. */
  readonly outcome: 'ok' | 'retry' | 'failed';
  readonly rejectedSpans: number;
  readonly reason: string;
  readonly retryAfterMs: number;
}

interface Connection {
  post(body: Uint8Array): Promise<Answer>;
  close(): void;
}

/** Sends all batches and waits for the last answer. Rejects only when `target` is not an address. */
export async function sendBatches(options: SendOptions): Promise<SendSummary> {
  const connection = openConnection(options);
  const encode = options.protocol === 'http-json' ? encodeTracesJson : encodeTraces;
  const batches = options.batches[Symbol.iterator]();
  const latenciesMs: number[] = [];
  const problems: Record<string, number> = {};
  const started = performance.now();
  let dueMs = started;
  let requests = 0;
  let ackedSpans = 0;
  let rejectedSpans = 0;
  let failedSpans = 0;
  let retries = 0;
  let bodyBytes = 0;

  async function sendOne(batch: readonly Span[]): Promise<void> {
    const plain = encode(batch);
    const body = options.gzip ? gzipSync(plain, { level: 1 }) : plain;
    for (let attempt = 0; ; attempt++) {
      requests++;
      bodyBytes += body.length;
      const sent = performance.now();
      const answer = await connection.post(body);
      if (answer.reason !== '') {
        problems[answer.reason] = (problems[answer.reason] ?? 0) + 1;
      }
      if (answer.outcome === 'ok') {
        latenciesMs.push(performance.now() - sent);
        ackedSpans += batch.length - answer.rejectedSpans;
        rejectedSpans += answer.rejectedSpans;
        options.onAck?.(batch);
        return;
      }
      if (answer.outcome === 'failed' || attempt >= options.retriesMax || options.signal?.aborted === true) {
        failedSpans += batch.length;
        return;
      }
      retries++;
      await sleep(Math.max(answer.retryAfterMs, 100 * 2 ** Math.min(attempt, 5)));
    }
  }

  async function worker(): Promise<void> {
    while (options.signal?.aborted !== true) {
      const next = batches.next();
      if (next.done === true) {
        return;
      }
      if (options.rate > 0) {
        const waitMs = dueMs - performance.now();
        dueMs += (1000 * next.value.length) / options.rate;
        if (waitMs > 0) {
          await sleep(waitMs);
        }
      }
      await sendOne(next.value);
    }
  }

  try {
    await Promise.all(Array.from({ length: options.concurrency }, worker));
  } finally {
    connection.close();
  }
  const elapsedMs = performance.now() - started;
  latenciesMs.sort((a, b) => a - b);
  const quantile = (q: number): number =>
    latenciesMs[Math.min(latenciesMs.length - 1, Math.floor(q * latenciesMs.length))] ?? Number.NaN;
  return {
    requests,
    ackedSpans,
    rejectedSpans,
    failedSpans,
    retries,
    bodyBytes,
    elapsedMs,
    spansPerSecond: (1000 * ackedSpans) / elapsedMs,
    latencyP50Ms: quantile(0.5),
    latencyP99Ms: quantile(0.99),
    latencyMaxMs: quantile(1),
    problems,
  };
}

function openConnection(options: SendOptions): Connection {
  return options.protocol === 'grpc' ? grpcConnection(options) : httpConnection(options);
}

const noAnswer = (error: Error): Answer => ({
  outcome: 'retry',
  rejectedSpans: 0,
  reason: error.message,
  retryAfterMs: 0,
});

function httpConnection({ target, protocol, gzip, concurrency, headers = {} }: SendOptions): Connection {
  const url = new URL('/v1/traces', target);
  const agent = new Agent({ keepAlive: true, maxSockets: concurrency });
  const isJson = protocol === 'http-json';
  return {
    post: (body) =>
      new Promise((resolve) => {
        const request = httpRequest(url, {
          agent,
          method: 'POST',
          headers: {
            ...headers,
            'content-type': isJson ? 'application/json' : 'application/x-protobuf',
            'content-length': body.length,
            ...(gzip ? { 'content-encoding': 'gzip' } : {}),
          },
        });
        request.on('error', (error) => resolve(noAnswer(error)));
        request.on('response', (response) => {
          const chunks: Uint8Array[] = [];
          response.on('data', (chunk: Uint8Array) => chunks.push(chunk));
          response.on('error', (error) => resolve(noAnswer(error)));
          response.on('end', () => {
            const status = response.statusCode ?? 0;
            const answer = Buffer.concat(chunks);
            if (status === 200) {
              resolve({
                outcome: 'ok',
                retryAfterMs: 0,
                ...(isJson ? partialSuccessOfJson(answer) : partialSuccessOf(answer)),
              });
              return;
            }
            resolve({
              outcome: [429, 502, 503, 504].includes(status) ? 'retry' : 'failed',
              rejectedSpans: 0,
              reason: `HTTP ${status}`,
              retryAfterMs: 1000 * (Number(response.headers['retry-after']) || 0),
            });
          });
        });
        request.end(body);
      }),
    close: () => agent.destroy(),
  };
}

/** Codes that the OTLP specification calls retryable; RESOURCE_EXHAUSTED (8) counts too, which is generous. */
const retryableGrpcCodes: readonly number[] = [1, 4, 8, 10, 11, 14, 15];

function grpcConnection({ target, gzip, headers = {} }: SendOptions): Connection {
  const authority = target.replace(/^grpc:/, 'http:');
  let session: ClientHttp2Session | undefined;
  const sessionNow = (): ClientHttp2Session => {
    if (session === undefined || session.closed || session.destroyed) {
      session = connect(authority);
      // The streams report what went wrong.
      session.on('error', () => undefined);
    }
    return session;
  };
  return {
    post: (body) =>
      new Promise((resolve) => {
        const stream = sessionNow().request({
          ...headers,
          ':method': 'POST',
          ':path': '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
          'content-type': 'application/grpc',
          te: 'trailers',
          ...(gzip ? { 'grpc-encoding': 'gzip' } : {}),
        });
        const chunks: Uint8Array[] = [];
        let status: number | undefined;
        let httpStatus = 0;
        const readStatus = (fields: Readonly<Record<string, unknown>>): void => {
          const code = fields['grpc-status'];
          status = code === undefined ? status : Number(code);
        };
        stream.on('response', (fields) => {
          httpStatus = Number(fields[':status']);
          readStatus(fields);
        });
        stream.on('trailers', readStatus);
        stream.on('data', (chunk: Uint8Array) => chunks.push(chunk));
        stream.on('error', (error) => resolve(noAnswer(error)));
        stream.on('close', () => {
          if (status === 0) {
            resolve({ outcome: 'ok', retryAfterMs: 0, ...partialSuccessOf(Buffer.concat(chunks).subarray(5)) });
          } else if (status === undefined) {
            resolve(noAnswer(new Error(`no gRPC status, HTTP ${httpStatus}`)));
          } else {
            const outcome = retryableGrpcCodes.includes(status) ? 'retry' : 'failed';
            resolve({ outcome, rejectedSpans: 0, reason: `gRPC ${status}`, retryAfterMs: 0 });
          }
        });
        const frame = new Uint8Array(5 + body.length);
        frame[0] = gzip ? 1 : 0;
        new DataView(frame.buffer).setUint32(1, body.length);
        frame.set(body, 5);
        stream.end(frame);
      }),
    close: () => session?.close(),
  };
}

type PartialSuccess = Pick<Answer, 'rejectedSpans' | 'reason'>;

function partialSuccessOf(bytes: Uint8Array): PartialSuccess {
  let rejectedSpans = 0;
  let reason = '';
  const response = new ProtobufReader(bytes, 'export response');
  while (response.next()) {
    if (response.field !== 1) {
      response.skip();
      continue;
    }
    const partial = response.message();
    while (partial.next()) {
      if (partial.field === 1) {
        rejectedSpans = Number(partial.int64());
      } else if (partial.field === 2) {
        reason = partial.string();
      } else {
        partial.skip();
      }
    }
  }
  return { rejectedSpans, reason };
}

function partialSuccessOfJson(bytes: Buffer): PartialSuccess {
  const { partialSuccess } = JSON.parse(bytes.toString() || '{}') as {
    partialSuccess?: { rejectedSpans?: string; errorMessage?: string };
  };
  return { rejectedSpans: Number(partialSuccess?.rejectedSpans ?? 0), reason: partialSuccess?.errorMessage ?? '' };
}
