/**
 * `npm run bench compaction-latency [seconds]`: acknowledgments of single small requests, one every 5 ms, with nothing beside them, and while
 * eight blocks of 100,000 spans each are merged. Real disk, real threads, one process. Milliseconds.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { shopBodies } from '../scripts/traces/generate.ts';
import type { Engine } from '../src/engine/engine.ts';
import { openNodeEngine } from '../src/server/node-engine.ts';

const secondsQuiet = Number(process.argv[2] ?? 4);
const tenant = 'single-tenant';
const blocks = 8;
const spansPerBlock = 100_000;
const nowNanos = BigInt(Date.now()) * 1_000_000n;

const folder = mkdtempSync(join(tmpdir(), 'vivace-bench-'));
try {
  // Filled with merging off, then opened again with it.
  const filling = await openNodeEngine(folder, { limits: { compactionFanIn: 0 } });
  await filling.engine.whenReady();
  for (let block = 0; block < blocks; block++) {
    for (const body of shopBodies({ seed: block + 1, spans: spansPerBlock, startUnixNanos: nowNanos })) {
      await filling.engine.ingest(batchOf(body));
    }
    await filling.engine.flush();
  }
  await filling.close();

  const { engine, close } = await openNodeEngine(folder, { limits: { maintenanceIntervalMs: 3_600_000 } });
  await engine.whenReady();
  print('nothing beside', await acknowledgments(engine, sleep(secondsQuiet * 1000)));
  const startMs = performance.now();
  print('while blocks are merged', await acknowledgments(engine, engine.compact()));
  const { compaction } = engine.status();
  console.log(
    `${compaction?.blocksIn} blocks → ${compaction?.blocksOut}, ${(performance.now() - startMs).toFixed(0)} ms, problems: ${engine.status().problems.join() || 'none'}`
  );
  await close();
} finally {
  rmSync(folder, { recursive: true });
}

function batchOf(body: Uint8Array): Parameters<Engine['ingest']>[0] {
  return { tenant, encoding: 'otlp-protobuf', compression: 'identity', body, decoded: body };
}

async function acknowledgments(engine: Engine, until: Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  let going = true;
  void until.finally(() => {
    going = false;
  });
  const bodies = [...shopBodies({ seed: 99, spans: 5_000, startUnixNanos: nowNanos })];
  for (let i = 0; going; i++) {
    const start = performance.now();
    await engine.ingest(batchOf(bodies[i % bodies.length]));
    times.push(performance.now() - start);
    await sleep(5);
  }
  await until;
  return times.sort((a, b) => a - b);
}

function print(what: string, sorted: readonly number[]): void {
  const at = (share: number): string => sorted[Math.floor(share * (sorted.length - 1))].toFixed(1);
  console.log(`${what.padEnd(26)} ${sorted.length} requests: p50 ${at(0.5)}, p99 ${at(0.99)}, most ${at(1)}`);
}
