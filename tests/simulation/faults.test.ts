import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { CodedError } from '../../src/base/coded-error.ts';
import { seededRandom } from '../../src/base/random.ts';
import { SimDisk, type DiskFault, type DiskImage, type DiskOp } from '../../src/engine/sim-disk.ts';
import { Oracle } from './oracle.ts';
import { runWorkload, type WorkloadOptions } from './workload.ts';
import { batchOf, countSpans, openSimEngine, SimClock } from './world.ts';

/** Each fault once, and from the step on for good, in workloads that lean on the log, on flushes, on retention and on compaction. */
const faults: readonly DiskFault[] = ['EIO', 'ENOSPC', 'short', 'EMFILE'];
const workloads: Readonly<Record<string, Partial<WorkloadOptions>>> = {
  ingest: { flushShare: 0, retentionShare: 0, compactShare: 0 },
  flushes: { flushShare: 0.3, retentionShare: 0, compactShare: 0 },
  retention: { flushShare: 0.2, retentionShare: 0.2, compactShare: 0.1 },
  compaction: { flushShare: 0.35, retentionShare: 0, compactShare: 0.35 },
};

let scenarios = 0;
let steps = 0;
after(() => {
  console.log(`${scenarios} scenarios, ${steps} steps at which an I/O failed, each opened again three times`);
  assert.ok(scenarios >= 30, `${scenarios} scenarios`);
});

for (const [name, workload] of Object.entries(workloads)) {
  for (const fault of faults) {
    for (const sticky of [false, true]) {
      test(`${name}: ${fault} ${sticky ? 'from' : 'at'} each step on ends right or in an honest error`, async () => {
        // Every third step keeps the default run short; the offset differs per fault.
        for (let step = faults.indexOf(fault) % 3; await runWithFault(workload, { fault, step, sticky }); step += 3) {
          steps++;
        }
        scenarios++;
      });
    }
  }
}

/** Answers whether the fault was met. */
async function runWithFault(
  workload: Partial<WorkloadOptions>,
  { fault, step, sticky }: { fault: DiskFault; step: number; sticky: boolean }
): Promise<boolean> {
  const seed = 7;
  const random = seededRandom(seed);
  const clock = new SimClock();
  const oracle = new Oracle();
  let met = false;
  const inject = (op: DiskOp) => {
    const hit = op.index === step || (sticky && op.index > step);
    met ||= hit;
    return hit ? fault : undefined;
  };
  const disk = new SimDisk({ fault: inject, latency: () => random.below(4) });
  try {
    const engine = await openSimEngine(disk, { clock, seed });
    await engine.whenReady();
    await runWorkload(engine, { random, clock, oracle, firstNumber: 0, steps: 12, lateReadShare: 0, ...workload });
    await engine.close();
  } catch (error) {
    // Only opening may fail as a whole, with the disk's own error.
    assert.ok(error instanceof CodedError || (error instanceof Error && error.name === 'DiskError'), String(error));
  }
  const images: DiskImage[] = [disk.killImage(), disk.crash(random, 'none'), disk.crash(random, 'each')];
  for (const image of images) {
    const engine = await openSimEngine(new SimDisk({}, image), { clock: new SimClock(), seed });
    await engine.whenReady();
    assert.deepEqual(oracle.violations(await countSpans(engine)), [], `${fault} at step ${step}, sticky ${sticky}`);
    await engine.close();
  }
  return met;
}

test('a full disk refuses and resumes by itself; what was there stays queryable', async () => {
  let full = false;
  const disk = new SimDisk({
    fault: (op) => (full && (op.kind === 'write' || op.kind === 'open') ? 'ENOSPC' : undefined),
  });
  const clock = new SimClock();
  const engine = await openSimEngine(disk, { clock, seed: 1 });
  await engine.whenReady();
  await engine.ingest(batchOf(1));
  full = true;
  await assert.rejects(engine.ingest(batchOf(2)), { code: 'unavailable' });
  await assert.rejects(engine.flush(), { code: 'unavailable' });
  assert.match(engine.status().problems.join(), /flush of tenant single-tenant fails and is tried again: ENOSPC/);
  assert.deepEqual([...(await countSpans(engine)).keys()], [1]);
  full = false;
  await engine.ingest(batchOf(3));
  clock.advance(10_000_000_000n);
  await engine.maintain();
  assert.deepEqual(engine.status().problems, []);
  assert.deepEqual([...(await countSpans(engine)).keys()].sort(), [1, 3]);
});
