import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { seededRandom } from '../base/random.ts';
import { randomSpans } from '../engine/head/testing.ts';
import type { EngineLimits } from '../engine/limits.ts';
import { encodeTraces } from '../wire/otlp-protobuf.ts';
import { openNodeEngine, type NodeEngine } from './node-engine.ts';

const tenant = 'single-tenant';
const idle: Partial<EngineLimits> = { compactionFanIn: 0 };

async function withFolder(task: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'vivace-compaction-'));
  try {
    await task(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function opened(folder: string, limits: Partial<EngineLimits>): Promise<NodeEngine> {
  const node = await openNodeEngine(folder, { limits: { maintenanceIntervalMs: 3_600_000, ...limits } });
  await node.engine.whenReady();
  return node;
}

async function fill(folder: string, blocks: number, spans: number): Promise<void> {
  const { engine, close } = await opened(folder, idle);
  const random = seededRandom(1);
  for (let block = 0; block < blocks; block++) {
    const start = BigInt(Date.now()) * 1_000_000n;
    const given = randomSpans(random, spans).map((span) => ({
      ...span,
      startUnixNanos: start,
      endUnixNanos: start + 1n,
    }));
    const body = encodeTraces(given);
    await engine.ingest({ tenant, encoding: 'otlp-protobuf', compression: 'identity', body, decoded: body });
    await engine.flush();
  }
  await close();
}

test('a thread merges the blocks', async () => {
  await withFolder(async (folder) => {
    await fill(folder, 3, 50);
    const { engine, close } = await opened(folder, { compactionFanIn: 3 });
    const before = engine.status();
    await engine.compact();
    const { blocks, blockSpans, compaction, problems } = engine.status();
    assert.deepEqual([before.blocks, blocks, problems], [3, 1, []]);
    assert.equal(blockSpans + (compaction?.duplicates ?? 0), before.blockSpans);
    await close();
    assert.equal((await readdir(join(folder, 'tenants', tenant))).length, 1);
  });
});

test('closing stops a merge and leaves nothing of it', async () => {
  await withFolder(async (folder) => {
    await fill(folder, 3, 3000);
    const { engine, close } = await opened(folder, { compactionFanIn: 3 });
    const spans = engine.status().blockSpans;
    const merging = engine.compact();
    await new Promise((resolve) => setTimeout(resolve, 120));
    await Promise.all([merging, close()]);
    const again = await opened(folder, idle);
    const { blocks, blockSpans, problems } = again.engine.status();
    assert.deepEqual(problems, []);
    assert.ok(blocks === 1 || blockSpans === spans, `${blocks} blocks with ${blockSpans} spans of ${spans}`);
    await again.close();
    assert.equal((await readdir(join(folder, 'tenants', tenant))).length, blocks);
    assert.deepEqual(await readdir(join(folder, 'quarantine')), []);
  });
});
