/**
 * `npm run bench beside [spans]`: acknowledgments while a query runs all the time, with queries in worker threads and, for comparison, in
 * the main thread. 20,000 spans a second in requests of 512; one client repeats a slow search. Prints latency of acknowledgments and
 * delay of the event loop.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { shopBodies } from '../scripts/traces/generate.ts';
import { openEngine, type Engine } from '../src/engine/engine.ts';
import { inPlaceWorkers } from '../src/engine/tasks.ts';
import { nodeClock } from '../src/server/node-clock.ts';
import { nodeCodecs } from '../src/server/node-codecs.ts';
import { NodeDisk } from '../src/server/node-disk.ts';
import { nodeRandom, openNodeEngine } from '../src/server/node-engine.ts';
import { parseQuery } from '../src/traceql/parser.ts';

const tenant = 'single-tenant';
const spans = Number(process.argv[2] ?? 200_000);
const seconds = 6;
const spansPerRequest = 512;
const requestIntervalMs = (1000 * spansPerRequest) / 20_000;
const startUnixNanos = 1_767_225_600_000_000_000n;
const slow = parseQuery('{ span.url.path =~ ".*(a|b)+.*[0-9]+z" || span.app.request.id =~ ".*(a|b)+.*[0-9]+z" }');
const limits = { headRowsMax: 50_000, retentionMs: 0, headAgeMsMax: 1e9 };

interface Opened {
  readonly engine: Engine;
  close(): Promise<void>;
}

async function inMainThread(folder: string): Promise<Opened> {
  const disk = new NodeDisk(folder);
  const world = { disk, clock: nodeClock(), random: nodeRandom(), codecs: nodeCodecs };
  const breathe = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const queries = { disk, codecs: nodeCodecs, breathe, nowMs: () => performance.now() };
  const engine = await openEngine({ ...world, workers: inPlaceWorkers(queries), limits });
  const close = async (): Promise<void> => {
    await engine.close();
    await disk.close();
  };
  return { engine, close };
}

function bodies(seed: number, count: number): Uint8Array[] {
  return [...shopBodies({ seed, spans: count, startUnixNanos, spansPerBody: spansPerRequest })];
}

async function ingest(engine: Engine, body: Uint8Array): Promise<number> {
  const startMs = performance.now();
  await engine.ingest({ tenant, encoding: 'otlp-protobuf', compression: 'identity', body, decoded: body });
  return performance.now() - startMs;
}

async function measure(name: string, open: (folder: string) => Promise<Opened>, withQuery: boolean): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'vivace-bench-'));
  const { engine, close } = await open(folder);
  try {
    await engine.whenReady();
    for (const body of bodies(1, spans)) {
      await ingest(engine, body);
    }
    await engine.flush();
    const live = bodies(2, 20_000 * (seconds + 1));
    let running = true;
    let queries = 0;
    const range = { startUnixNanos: undefined, endUnixNanos: undefined };
    const asking = (async () => {
      while (running && withQuery) {
        await engine.search({ tenant, query: slow, range, limit: 20, spansPerSpanset: 3 });
        queries++;
      }
    })();
    const delay = monitorEventLoopDelay({ resolution: 2 });
    delay.enable();
    const latencies: number[] = [];
    const pending: Promise<unknown>[] = [];
    const startMs = performance.now();
    for (let i = 0; performance.now() - startMs < 1000 * seconds; i++) {
      // By the clock, not after the last answer: a server that stands still has all that would have come meanwhile to answer for.
      const dueMs = startMs + i * requestIntervalMs;
      const waitMs = dueMs - performance.now();
      if (waitMs > 0) {
        await new Promise((resolve) => setTimeout(resolve, waitMs));
      }
      pending.push(ingest(engine, live[i % live.length]).then(() => latencies.push(performance.now() - dueMs)));
    }
    await Promise.all(pending);
    running = false;
    delay.disable();
    await asking;
    latencies.sort((a, b) => a - b);
    const at = (share: number): string => latencies[Math.floor(share * (latencies.length - 1))].toFixed(1).padStart(9);
    const loop = (percent: number): string => (delay.percentile(percent) / 1e6).toFixed(1).padStart(9);
    console.log(`${name.padEnd(34)}${at(0.5)}${at(0.99)}${loop(50)}${loop(99)}${String(queries).padStart(9)}`);
  } finally {
    await close();
    rmSync(folder, { recursive: true });
  }
}

console.log(`${spans} spans stored; ${seconds} s each; load ${loadavg()[0].toFixed(1)}`);
console.log(`${''.padEnd(34)}  ack p50  ack p99 loop p50 loop p99  queries (ms)`);
for (let round = 0; round < 2; round++) {
  await measure('no query', (folder) => openNodeEngine(folder, { limits }), false);
  await measure('queries in a worker thread', (folder) => openNodeEngine(folder, { limits }), true);
  await measure('queries in the main thread', inMainThread, true);
}
