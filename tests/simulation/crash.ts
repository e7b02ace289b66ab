import type { Disk } from '../../src/engine/disk.ts';
import type { EngineLimits } from '../../src/engine/limits.ts';
import { seededRandom } from '../../src/base/random.ts';
import { SimDisk, type DiskFault, type DiskImage, type DiskOp } from '../../src/engine/sim-disk.ts';
import type { SeededBugs } from '../../src/engine/wal/wal.ts';
import type { Compact } from './compaction-oracle.ts';
import type { WrapManifests } from './lying-manifests.ts';
import { Oracle } from './oracle.ts';
import { runWorkload, type WorkloadOptions } from './workload.ts';
import { countSpans, openSimEngine, SimClock } from './world.ts';

/** What a run of crashes may vary. `wrapDisk` and `seededBugs` plant bugs that must be found. */
export interface CrashRunOptions {
  readonly seed: number;
  /** Crash points checked at most; the run ends after its lives even when there were fewer. */
  readonly pointsMax: number;
  readonly stepsPerLife?: number;
  readonly lives?: number;
  readonly wrapDisk?: (disk: SimDisk) => Disk;
  readonly seededBugs?: SeededBugs;
  readonly wrapManifests?: WrapManifests;
  readonly compact?: Compact;
  readonly dedupe?: boolean;
  readonly limits?: Partial<EngineLimits>;
  readonly workload?: Partial<WorkloadOptions>;
  readonly fault?: (op: DiskOp) => DiskFault | undefined;
}

export interface CrashRunResult {
  readonly points: number;
  /** Compactions that ended well in the lives between crashes. */
  readonly compactions: number;
  /** Empty when every crash was survived; else what went wrong first. */
  readonly violations: readonly string[];
}

interface CrashPoint {
  readonly image: DiskImage;
  /** Length of the oracle's log at the crash. */
  readonly length: number;
  readonly where: string;
}

/**
 * Runs a workload and takes, before every operation of the disk, what a power failure at that moment would leave. Each image is
 * opened again and compared with what clients know, with one more crash somewhere in that recovery. Then the next life begins on one
 * of the images, so that recoveries pile up.
 */
export async function runCrashes(options: CrashRunOptions): Promise<CrashRunResult> {
  const random = seededRandom(options.seed);
  let image: DiskImage = new Map();
  let oracle = new Oracle();
  let nextNumber = 0;
  let points = 0;
  let compactions = 0;
  for (let life = 0; life < (options.lives ?? 6); life++) {
    const clock = new SimClock();
    const crashes: CrashPoint[] = [];
    let running = false;
    const disk: SimDisk = new SimDisk(
      {
        // Recovery under faults is another test's.
        fault: (op) => (running ? options.fault?.(op) : undefined),
        latency: () => random.below(12),
        beforeOp: (op) => {
          if (op.kind === 'read') {
            // Nothing has changed since the operation before.
            return;
          }
          const length = oracle.events.length;
          // A killed process leaves the page cache behind, a power failure some of it.
          const left = random.float() < 0.1 ? disk.killImage() : disk.crash(random);
          crashes.push({ image: left, length, where: `life ${life}, operation ${op.index} (${op.kind} ${op.path})` });
        },
      },
      image
    );
    const engine = await openSimEngine(options.wrapDisk?.(disk) ?? disk, { ...options, clock, seed: random.uint32() });
    await engine.whenReady();
    const seen = await countSpans(engine, options.dedupe);
    oracle.record({ kind: 'seen', numbers: [...seen.keys()] });
    running = true;
    nextNumber = await runWorkload(engine, {
      random,
      clock,
      oracle,
      firstNumber: nextNumber,
      steps: options.stepsPerLife ?? 14,
      ...options.workload,
    });
    compactions += engine.status().compaction?.blocksOut ?? 0;
    for (const crash of crashes) {
      if (points >= options.pointsMax) {
        return { points, compactions, violations: [] };
      }
      const nested = await checkCrash(options, crash, oracle, random);
      points += nested.points;
      if (nested.violations.length > 0) {
        return { points, compactions, violations: nested.violations };
      }
    }
    const from = crashes[Math.floor(crashes.length * (0.5 + random.float() / 2))];
    image = from.image;
    oracle = new Oracle(oracle.events.slice(0, from.length));
  }
  return { points, compactions, violations: [] };
}

/** Opens one image, and one that a crash of that recovery leaves. */
async function checkCrash(
  options: CrashRunOptions,
  crash: CrashPoint,
  oracle: Oracle,
  random: ReturnType<typeof seededRandom>
): Promise<{ points: number; violations: readonly string[] }> {
  let nested: DiskImage | undefined;
  const nestedAt = random.below(12);
  const disk: SimDisk = new SimDisk(
    {
      beforeOp: (op) => {
        if (op.index === nestedAt) {
          nested = disk.crash(random);
        }
      },
    },
    crash.image
  );
  const violations = await violationsOn(options, disk, crash, oracle);
  if (violations.length > 0 || nested === undefined) {
    return { points: 1, violations };
  }
  const where = `${crash.where}, crashed again at operation ${nestedAt} of its recovery`;
  return { points: 2, violations: await violationsOn(options, new SimDisk({}, nested), { ...crash, where }, oracle) };
}

async function violationsOn(
  options: CrashRunOptions,
  disk: SimDisk,
  { where, length }: CrashPoint,
  oracle: Oracle
): Promise<string[]> {
  try {
    const engine = await openSimEngine(options.wrapDisk?.(disk) ?? disk, {
      ...options,
      clock: new SimClock(),
      seed: 1,
    });
    await engine.whenReady();
    const wrong = oracle.violations(await countSpans(engine, options.dedupe), length);
    // A crash loses nothing that was acknowledged, so nothing may be reported as lost.
    wrong.push(
      ...engine
        .status()
        .problems.filter((problem) => /damaged or missing|cannot be replayed|was acknowledged with/.test(problem))
    );
    await engine.close();
    return wrong.map((sentence) => `${where}: ${sentence}`);
  } catch (error) {
    return [`${where}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`];
  }
}
