/**
 * 100,000 spans over OTLP/gRPC, HTTP protobuf and HTTP JSON into the real process come back equal: ids, times, every attribute type,
 * events, links, status, trace state; from heads and, once they are cut, from blocks.
 *
 * VIVACE_ROUND_TRIP_SPANS sets another number, VIVACE_SEED another seed.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { sendBatches } from '../../scripts/traces/send.ts';
import type { SendProtocol } from '../../scripts/traces/send.ts';
import { seededRandom } from '../../src/base/random.ts';
import { canonicalSpan } from '../../src/trace/canonical.ts';
import { hexFromBytes } from '../../src/trace/ids.ts';
import type { Span } from '../../src/trace/model.ts';
import { decodeTraceByIdResponse } from '../../src/wire/tempo.ts';
import { arbitrarySpans } from '../fixtures/arbitrary-spans.ts';
import { startProcess } from '../support/server.ts';
import { fetch } from './strict-fetch.ts';

const spansTotal = Number(process.env.VIVACE_ROUND_TRIP_SPANS ?? 100_000);
const seed = Number(process.env.VIVACE_SEED ?? 20_261_121);
const spansPerTrace = 200;
const protocols: readonly SendProtocol[] = ['grpc', 'http-protobuf', 'http-json'];

/** Traces of spans that differ in everything a span can say, each with ids of its own. */
function* traces(random: ReturnType<typeof seededRandom>, spans: number): Generator<Span[]> {
  const models = fc.sample(arbitrarySpans, { seed, numRuns: 40 }).flat();
  const hex = (bytes: number): string => hexFromBytes(random.fill(new Uint8Array(bytes)));
  for (let at = 0; at < spans; at += spansPerTrace) {
    const traceId = hex(16);
    yield Array.from({ length: Math.min(spansPerTrace, spans - at) }, (_, i) => ({
      ...models[(at + i) % models.length],
      // Of the numbers that OTLP defines: a block keeps kind and status in a byte.
      kind: random.below(6),
      statusCode: random.below(3),
      traceId,
      spanId: hex(8),
    }));
  }
}

async function fetchTrace(queryUrl: string, traceId: string): Promise<readonly Span[]> {
  const response = await fetch(`${queryUrl}/api/v2/traces/${traceId}`, { headers: { accept: 'application/protobuf' } });
  assert.equal(response.status, 200);
  return decodeTraceByIdResponse(new Uint8Array(await response.arrayBuffer())).trace;
}

const contents = (spans: readonly Span[]): string[] => spans.map(canonicalSpan).sort();

test(`${spansTotal} spans over three protocols come back equal`, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'vivace-round-trip-'));
  const server = await startProcess(['--data-dir', folder, '--flush-interval', '2s']);
  try {
    const random = seededRandom(seed);
    const sent: Span[][] = [];
    for (const protocol of protocols) {
      const batches = [...traces(random, Math.ceil(spansTotal / protocols.length))];
      const target = protocol === 'grpc' ? server.urls.otlpGrpc.replace(/^http/, 'grpc') : server.urls.otlpHttp;
      const summary = await sendBatches({
        target,
        protocol,
        batches,
        rate: 0,
        concurrency: 4,
        gzip: true,
        retriesMax: 5,
      });
      assert.deepEqual([summary.failedSpans, summary.rejectedSpans], [0, 0], JSON.stringify(summary.problems));
      sent.push(...batches);
    }
    for (const trace of sent) {
      const found = await fetchTrace(server.urls.query, trace[0].traceId);
      assert.deepEqual(contents(found), contents(trace), `seed ${seed}: trace ${trace[0].traceId}, as acknowledged`);
    }
    await untilFlushed(server.urls.query);
    for (const trace of sent.filter((_, i) => i % 5 === 0)) {
      const found = await fetchTrace(server.urls.query, trace[0].traceId);
      assert.deepEqual(contents(found), contents(trace), `seed ${seed}: trace ${trace[0].traceId}, from its block`);
    }
  } finally {
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  }
});

async function untilFlushed(queryUrl: string): Promise<void> {
  for (let attempt = 0; attempt < 300; attempt++) {
    const status = (await (await fetch(`${queryUrl}/api/vivace/status`)).json()) as {
      store: { headSpans: number; blocks: number };
    };
    if (status.store.headSpans === 0 && status.store.blocks > 0) {
      return;
    }
    await sleep(200);
  }
  assert.fail(`heads were not flushed: ${await (await fetch(`${queryUrl}/api/vivace/status`)).text()}`);
}
