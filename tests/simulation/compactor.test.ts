import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Engine } from '../../src/engine/engine.ts';
import type { EngineLimits } from '../../src/engine/limits.ts';
import { SimDisk, type DiskImage } from '../../src/engine/sim-disk.ts';
import { batchOf, countSpans, openSimEngine, SimClock } from './world.ts';

/** Numbers of one tenant. */
const numbers = [1, 2, 3, 4, 5, 6];

async function engineOn(disk: SimDisk, limits: Partial<EngineLimits> = {}, clock = new SimClock()): Promise<Engine> {
  const engine = await openSimEngine(disk, { clock, seed: 1, limits: { compactionFanIn: 3, ...limits } });
  await engine.whenReady();
  return engine;
}

/** A block of each number. */
async function fill(engine: Engine): Promise<void> {
  for (const number of numbers) {
    await engine.ingest(batchOf(number));
    await engine.flush();
  }
}

function blockFiles(disk: SimDisk): Promise<string[]> {
  return disk.list('tenants/single-tenant');
}

/** Compaction off: what it would do is what is tested. */
const idle: Partial<EngineLimits> = { compactionFanIn: 1000 };

async function filledImage(): Promise<DiskImage> {
  const disk = new SimDisk();
  const engine = await engineOn(disk, idle);
  await fill(engine);
  await engine.close();
  return disk.killImage();
}

test('blocks become fewer, old files go, counts are told, everything is still there', async () => {
  const disk = new SimDisk({}, await filledImage());
  const engine = await engineOn(disk);
  await engine.compact();
  const { compaction, blocks, problems } = engine.status();
  assert.deepEqual(problems, []);
  assert.ok(blocks <= 2 && compaction?.blocksOut === 2 && compaction.blocksIn === 6, JSON.stringify(compaction));
  assert.deepEqual([...(await countSpans(engine)).keys()].sort(), numbers);
  await engine.close();
  assert.equal((await blockFiles(disk)).length, blocks);
  const again = await engineOn(new SimDisk({}, disk.killImage()));
  assert.deepEqual([...(await countSpans(again)).keys()].sort(), numbers);
  assert.deepEqual(await disk.list('quarantine'), []);
});

test('a damaged block is left out and named, the others are merged', async () => {
  const image = new Map(await filledImage());
  const [damagedPath] = [...image.keys()].filter((path) => path.endsWith('.parquet')).sort();
  const bytes = image.get(damagedPath)!.slice();
  bytes[100] ^= 1;
  const disk = new SimDisk({}, image.set(damagedPath, bytes));
  const engine = await engineOn(disk);
  await engine.compact();
  const { compaction, problems } = engine.status();
  assert.ok((compaction?.blocksOut ?? 0) >= 1, JSON.stringify(compaction));
  assert.match(problems.join(), new RegExp(`block ${damagedPath} is left out of compaction: .*expected`));
  assert.ok(
    (await blockFiles(disk)).some((name) => damagedPath.endsWith(name)),
    'evidence stays'
  );
  await engine.close();
});

test('without room nothing is begun, and it is said; later it is tried again', async () => {
  let freeBytes = 1e12;
  const disk = new SimDisk({}, await filledImage());
  disk.freeBytes = () => Promise.resolve(freeBytes);
  const clock = new SimClock();
  const engine = await engineOn(disk, { freeBytesMin: 1000, compactionRetryMs: 60_000 }, clock);
  freeBytes = 2000;
  await engine.compact();
  assert.match(engine.status().problems.join(), /compaction of tenant single-tenant fails .* 2000 free bytes/);
  assert.equal(engine.status().compaction?.failures, 1);
  freeBytes = 1e12;
  await engine.compact();
  assert.equal(engine.status().compaction?.blocksOut, 1, 'the blocks of the failure are left alone for a while');
  clock.advance(61_000_000_000n);
  await engine.compact();
  assert.equal(engine.status().blocks, 2);
  assert.deepEqual(engine.status().problems, []);
  await engine.close();
});

test('a failure leaves no file behind, neither at once nor after a crash', async () => {
  for (let failing = 0; ; failing++) {
    let begun = false;
    let operations = 0;
    let met = false;
    const image = await filledImage();
    const disk: SimDisk = new SimDisk(
      {
        fault: (op) => {
          const hit = begun && op.kind !== 'read' && operations++ === failing;
          met ||= hit;
          return hit ? 'ENOSPC' : undefined;
        },
      },
      image
    );
    const engine = await engineOn(disk);
    begun = true;
    await engine.compact();
    await engine.close();
    const left = await engineOn(new SimDisk({}, disk.killImage()));
    assert.deepEqual([...(await countSpans(left)).keys()].sort(), numbers, `operation ${failing}`);
    const survivor = new SimDisk({}, disk.killImage());
    await engineOn(survivor, idle);
    assert.deepEqual(await survivor.list('quarantine'), [], `operation ${failing}`);
    if (!met) {
      return;
    }
  }
});

test('a query keeps the blocks it pinned until it lets them go', async () => {
  const disk = new SimDisk({}, await filledImage());
  const engine = await engineOn(disk);
  const pin = await engine.pin('single-tenant');
  await engine.compact();
  assert.equal((await blockFiles(disk)).length, 8, 'six old, two new');
  for (const { reader, warning } of pin.blocks) {
    assert.ok(reader, warning);
    assert.equal((await reader.readRowGroup(0, 'all')).rowCount, 1);
  }
  pin.release();
  await engine.close();
  assert.equal((await blockFiles(disk)).length, 2);
});
