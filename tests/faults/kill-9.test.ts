/**
 * Acknowledged means durable, on the real process: the server is killed without warning while clients send and retry, and after every
 * restart each acknowledged span is there exactly once, by id, by search and in metrics. What a trace holds is a pure function of the
 * seed and its number, so the expected answer needs no storage.
 *
 * 20 rounds; VIVACE_KILL_ROUNDS sets another number, VIVACE_SEED another seed.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { seededRandom } from '../../src/base/random.ts';
import { hexFromBytes } from '../../src/trace/ids.ts';
import { emptyScope } from '../../src/trace/model.ts';
import type { Resource, Span } from '../../src/trace/model.ts';
import { encodeTraces } from '../../src/wire/otlp-protobuf.ts';
import { decodeTraceByIdResponse } from '../../src/wire/tempo.ts';
import { startProcess } from '../support/server.ts';
import type { TestProcess } from '../support/server.ts';

const rounds = Number(process.env.VIVACE_KILL_ROUNDS ?? 20);
const seed = Number(process.env.VIVACE_SEED ?? 20_261_121);
const spansPerTrace = 4;
const tracesPerBody = 10;
const senders = 4;
const nowNanos = BigInt(Date.now()) * 1_000_000n;

const resource: Resource = {
  attributes: [{ key: 'service.name', value: { type: 'string', value: 'kill-9' } }],
  droppedAttributesCount: 0,
  schemaUrl: '',
};

/** Trace number `n`: always the same. */
function traceOf(n: number): Span[] {
  const random = seededRandom(seed + n);
  const traceId = hexFromBytes(random.fill(new Uint8Array(16)));
  const spanIds = Array.from({ length: spansPerTrace }, () => hexFromBytes(random.fill(new Uint8Array(8))));
  return spanIds.map((spanId, i) => {
    const startUnixNanos = nowNanos - 60_000_000_000n + BigInt(n) * 1_000_000n + BigInt(i);
    return {
      traceId,
      spanId,
      parentSpanId: i === 0 ? '' : spanIds[0],
      traceState: '',
      flags: 1,
      name: `step ${i}`,
      kind: 1,
      startUnixNanos,
      endUnixNanos: startUnixNanos + BigInt(1 + random.below(1_000_000)),
      attributes: [{ key: 'n', value: { type: 'int', value: BigInt(n) } }],
      droppedAttributesCount: 0,
      events: [],
      droppedEventsCount: 0,
      links: [],
      droppedLinksCount: 0,
      statusCode: 0,
      statusMessage: '',
      resource,
      scope: emptyScope,
    };
  });
}

function bodyOf(body: number): Uint8Array {
  return encodeTraces(Array.from({ length: tracesPerBody }, (_, i) => traceOf(body * tracesPerBody + i)).flat());
}

async function send(server: TestProcess, body: number): Promise<boolean> {
  const response = await fetch(`${server.urls.otlpHttp}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-protobuf' },
    body: bodyOf(body) as Uint8Array<ArrayBuffer>,
  });
  return response.status === 200;
}

async function checkTrace(server: TestProcess, n: number): Promise<void> {
  const expected = traceOf(n);
  const response = await fetch(`${server.urls.query}/api/v2/traces/${expected[0].traceId}`, {
    headers: { accept: 'application/protobuf' },
  });
  const found = decodeTraceByIdResponse(new Uint8Array(await response.arrayBuffer())).trace;
  const ids = found.map((span) => span.spanId).sort();
  assert.deepEqual(
    ids,
    expected.map((span) => span.spanId).sort(),
    `seed ${seed}: trace ${n} (${expected[0].traceId})`
  );
}

async function countByMetrics(server: TestProcess): Promise<number> {
  const params = new URLSearchParams({
    q: '{ resource.service.name = "kill-9" } | count_over_time()',
    start: String(nowNanos / 1_000_000_000n - 3600n),
    end: String(nowNanos / 1_000_000_000n + 7200n),
  });
  const response = await fetch(`${server.urls.query}/api/metrics/query?${params}`);
  const text = await response.text();
  assert.equal(response.status, 200, text);
  const { series } = JSON.parse(text) as { series?: { value: number }[] };
  return (series ?? []).reduce((sum, { value }) => sum + value, 0);
}

async function countBySearch(server: TestProcess, limit: number): Promise<number> {
  const params = new URLSearchParams({
    q: '{ resource.service.name = "kill-9" }',
    limit: String(limit),
    start: String(nowNanos / 1_000_000_000n - 3600n),
    end: String(nowNanos / 1_000_000_000n + 7200n),
  });
  const response = await fetch(`${server.urls.query}/api/search?${params}`);
  const text = await response.text();
  assert.equal(response.status, 200, text);
  const { traces } = JSON.parse(text) as { traces?: { traceID: string; spanSet: { matched: number } }[] };
  assert.equal(
    new Set(traces?.map((trace) => trace.traceID)).size,
    traces?.length ?? 0,
    `seed ${seed}: a trace is listed twice`
  );
  return (traces ?? []).reduce((sum, trace) => sum + trace.spanSet.matched, 0);
}

test(`${rounds} rounds of kill -9 under load: every acknowledged span is there, once`, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'vivace-kill-'));
  // Heads are cut every few hundred milliseconds, so that kills fall into flushes too.
  const args = ['--data-dir', folder, '--log-level', 'info', '--flush-interval', '300ms'];
  const random = seededRandom(seed);
  const acknowledged = new Set<number>();
  /** Sent, but no answer came: sent again until it does, as clients do. */
  const unanswered = new Set<number>();
  let server: TestProcess | undefined;
  after(() => {
    void server?.kill();
    rmSync(folder, { recursive: true, force: true });
  });
  let nextBody = 0;
  for (let round = 0; round < rounds; round++) {
    server = await startProcess(args);
    const running = server;
    let isKilled = false;
    const sender = async (): Promise<void> => {
      while (!isKilled) {
        const [retry] = unanswered;
        const body = retry ?? nextBody++;
        unanswered.delete(body);
        try {
          if (await send(running, body)) {
            acknowledged.add(body);
          } else {
            unanswered.add(body);
          }
        } catch {
          unanswered.add(body);
        }
      }
    };
    const sending = Array.from({ length: senders }, sender);
    await sleep(100 + random.below(900));
    isKilled = true;
    await running.kill();
    await Promise.all(sending);
  }

  server = await startProcess(args);
  for (const body of [...unanswered]) {
    assert.ok(await send(server, body));
    acknowledged.add(body);
  }
  assert.ok(acknowledged.size > rounds, `seed ${seed}: only ${acknowledged.size} bodies were acknowledged`);
  const traces = [...acknowledged].flatMap((body) =>
    Array.from({ length: tracesPerBody }, (_, i) => body * tracesPerBody + i)
  );
  for (let at = 0; at < traces.length; at += 16) {
    await Promise.all(traces.slice(at, at + 16).map((n) => checkTrace(server as TestProcess, n)));
  }
  const spans = traces.length * spansPerTrace;
  assert.equal(await countByMetrics(server), spans, `seed ${seed}: metrics count`);
  assert.equal(await countBySearch(server, Math.min(262_144, traces.length + 10)), spans, `seed ${seed}: search count`);
});
