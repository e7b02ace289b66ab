import type { Clock } from '../../base/clock.ts';
import { errorCodeOf } from '../../base/coded-error.ts';
import type { CompactionStatus } from '../../store/trace-store.ts';
import type { BlockMeta } from '../block/format.ts';
import type { Disk } from '../disk.ts';
import type { EngineLog } from '../engine-log.ts';
import type { EngineLimits } from '../limits.ts';
import type { Manifest, ManifestChange, StoredBlock } from '../manifest.ts';
import { messageOf } from '../os-error.ts';
import type { Pins } from '../pins.ts';
import type { Problems } from '../problems.ts';
import type { Workers } from '../workers.ts';
import type { CompactPayload, CompactResult } from './compact.ts';
import { planCompaction, type CompactionJob } from './plan.ts';

export interface CompactorWorld {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly workers: Workers;
  readonly limits: EngineLimits;
  readonly log: EngineLog;
  readonly pins: Pins;
  readonly problems: Problems;
  readonly newBlockId: () => string;
  readonly manifest: () => Manifest;
  /** Makes a version durable; the change is made when its turn comes, `undefined` means that it is not wanted any more. */
  readonly commit: (changeOf: () => ManifestChange | undefined) => Promise<boolean>;
  /** Brings a block to where a version may list it, however long that takes. */
  readonly publish: (meta: BlockMeta) => Promise<void>;
}

/** With ten thousand tenants planning takes a tenth of a second: not every second while nothing changes. */
const planAgainMs = 60_000;
/** A metrics scrape asks a dozen times. */
const countAgainMs = 15_000;

interface TenantJob extends CompactionJob {
  readonly tenant: string;
  readonly folder: string;
}

/**
 * Merges blocks, one job at a time and in the background. The new block is listed and its inputs dropped in one version of the
 * manifest; until then, and as long as a query reads them, the inputs stay.
 */
export class Compactor {
  private readonly world: CompactorWorld;
  private readonly stopping = new AbortController();
  private running: Promise<boolean> | undefined;
  private runningJob: TenantJob | undefined;
  /** Blocks that a job failed on, by id, and when to try again. */
  private readonly avoided = new Map<string, number>();
  /** When to look again at lists of blocks that have no job; a list that changes is another one. */
  private readonly settledUntil = new WeakMap<readonly StoredBlock[], number>();
  /** Written, but in no manifest: to be removed when nobody writes to it any more. */
  private unfinished: string | undefined;
  private totals = { blocksIn: 0, blocksOut: 0, bytesIn: 0, bytesOut: 0, duplicates: 0, seconds: 0, failures: 0 };
  private lastError: string | undefined;
  private waiting = { blocks: 0, countedMs: -Infinity };

  constructor(world: CompactorWorld) {
    this.world = world;
  }

  /** Begins the next job unless one is running. Resolves when it ends: whether there was one and all went well. Never rejects. */
  start(): Promise<boolean> {
    this.running ??= this.runNext().finally(() => {
      this.running = undefined;
    });
    return this.running;
  }

  status(): CompactionStatus {
    return {
      running: this.runningJob !== undefined,
      waitingBlocks: this.waitingBlocks(),
      lastError: this.lastError,
      ...this.totals,
    };
  }

  /** A running job ends without a result. */
  stop(): void {
    this.stopping.abort(new Error('shutting down'));
  }

  /** When workers have been closed too: nothing of a job that was stopped stays. */
  async close(): Promise<void> {
    this.stop();
    await this.running;
    if (this.unfinished !== undefined) {
      await this.world.disk.remove(this.unfinished).catch(() => undefined);
    }
  }

  private async runNext(): Promise<boolean> {
    const { clock, problems, log } = this.world;
    const job = this.nextJob();
    if (job === undefined || this.stopping.signal.aborted) {
      return false;
    }
    const startMs = clock.monotonicMs();
    this.runningJob = job;
    try {
      await this.run(job);
      this.lastError = undefined;
      problems.set('compaction', undefined);
      return true;
    } catch (error) {
      if (!this.stopping.signal.aborted) {
        this.totals.failures++;
        this.lastError = messageOf(error);
        problems.set('compaction', `compaction of tenant ${job.tenant} fails and is tried again: ${this.lastError}`);
        log.error('compaction failed', { tenant: job.tenant, error: this.lastError, code: errorCodeOf(error) });
        this.avoid(job.inputs);
      }
      return false;
    } finally {
      this.totals.seconds += (clock.monotonicMs() - startMs) / 1000;
      this.runningJob = undefined;
    }
  }

  private nextJob(): TenantJob | undefined {
    const { clock, limits, manifest } = this.world;
    const nowMs = clock.monotonicMs();
    for (const [id, untilMs] of this.avoided) {
      if (untilMs <= nowMs) {
        this.avoided.delete(id);
      }
    }
    // The tenant with most blocks first: its queries gain most.
    const tenants = [...manifest().tenants]
      .filter(([, { blocks }]) => blocks.length >= 2 && nowMs >= (this.settledUntil.get(blocks) ?? -Infinity))
      .sort(([, a], [, b]) => b.blocks.length - a.blocks.length);
    for (const [tenant, { folder, blocks }] of tenants) {
      const usable = blocks.filter(({ meta }) => !this.avoided.has(meta.blockId));
      const job = planCompaction(usable, clock.unixNanos(), limits);
      if (job !== undefined) {
        return { tenant, folder, ...job };
      }
      this.settledUntil.set(blocks, nowMs + planAgainMs);
    }
    return undefined;
  }

  private async run(job: TenantJob): Promise<void> {
    const { disk, limits, pins, workers, log, problems } = this.world;
    await this.requireRoom(job);
    const folder = `tenants/${job.folder}`;
    const blockId = this.world.newBlockId();
    const path = `${folder}/${blockId}.parquet`;
    const release = pins.hold(job.inputs);
    try {
      // Should we crash now, the next start removes the file: it is no evidence of anything.
      await this.world.commit(() => ({ removalsAdded: [path] }));
      this.unfinished = path;
      const payload: CompactPayload = {
        inputs: job.inputs.map(({ meta }) => meta),
        blockId,
        path,
        zstdLevel: limits.compactionZstdLevel,
      };
      const result = await workers.run<CompactPayload, CompactResult>('compact', payload, this.stopping.signal);
      for (const { path: damaged, reason } of result.damaged) {
        problems.set(`block ${damaged}`, `block ${damaged} is left out of compaction: ${reason}`);
      }
      const inputs = this.readable(job.inputs, result);
      if (result.meta !== undefined) {
        await disk.syncDirectory(folder);
        await this.world.publish(result.meta);
        if (await this.replace(job, inputs, { ...mergedBlock(job.window, inputs), meta: result.meta })) {
          this.unfinished = undefined;
          this.count(inputs, result, result.meta.sizeBytes);
          log.info('blocks compacted', {
            tenant: job.tenant,
            blocks: inputs.length,
            spans: result.meta.spans,
            duplicates: result.duplicates,
          });
        }
      }
    } finally {
      release();
      if (!this.stopping.signal.aborted) {
        await this.removeUnfinished(folder);
      }
    }
  }

  /** Lists the new block in place of its inputs, unless one of them has been dropped meanwhile. */
  private async replace(job: TenantJob, inputs: readonly StoredBlock[], merged: StoredBlock): Promise<boolean> {
    const { manifest, pins } = this.world;
    const dropped = inputs.map(({ meta }) => meta.blockId);
    const done = await this.world.commit(() => {
      const listed = new Set(
        manifest()
          .tenants.get(job.tenant)
          ?.blocks.map(({ meta }) => meta.blockId)
      );
      return dropped.every((id) => listed.has(id))
        ? {
            tenants: [{ tenant: job.tenant, folder: job.folder, added: [merged], dropped }],
            removalsAdded: inputs.map(({ meta }) => meta.path),
            removalsDone: [merged.meta.path],
          }
        : undefined;
    });
    if (done) {
      inputs.forEach((block) => pins.drop(block));
    }
    return done;
  }

  /** Those that are in the new block; the others are not tried again before a while has passed. */
  private readable(inputs: readonly StoredBlock[], { damaged }: CompactResult): StoredBlock[] {
    const paths = new Set(damaged.map(({ path }) => path));
    this.avoid(inputs.filter(({ meta }) => paths.has(meta.path)));
    return inputs.filter(({ meta }) => !paths.has(meta.path));
  }

  /** Inputs and output are on the disk together for a while. Errors: `unavailable`. */
  private async requireRoom({ inputs }: TenantJob): Promise<void> {
    const { disk, limits } = this.world;
    const neededBytes = limits.freeBytesMin + inputs.reduce((sum, { meta }) => sum + meta.sizeBytes, 0);
    const freeBytes = await disk.freeBytes();
    if (freeBytes < neededBytes) {
      throw new Error(`the disk has ${freeBytes} free bytes, ${neededBytes} are needed`);
    }
  }

  /**
   * After a failed commit a crash may still find the new block listed, so a later version must have said otherwise before its file goes:
   * the removal stays in the manifest until then.
   */
  private async removeUnfinished(folder: string): Promise<void> {
    const path = this.unfinished;
    if (path === undefined) {
      return;
    }
    const { disk, pins } = this.world;
    try {
      await this.world.commit(() => ({}));
      await disk.remove(path);
      await disk.syncDirectory(folder);
      pins.settleRemovals([path], []);
      this.unfinished = undefined;
    } catch {
      // Named as a removal in the manifest: the next start sees to it.
      this.unfinished = undefined;
    }
  }

  private avoid(blocks: readonly StoredBlock[]): void {
    const untilMs = this.world.clock.monotonicMs() + this.world.limits.compactionRetryMs;
    blocks.forEach(({ meta }) => this.avoided.set(meta.blockId, untilMs));
  }

  private count(inputs: readonly StoredBlock[], { duplicates }: CompactResult, bytesOut: number): void {
    const { totals } = this;
    totals.blocksIn += inputs.length;
    totals.blocksOut++;
    totals.bytesIn += inputs.reduce((sum, { meta }) => sum + meta.sizeBytes, 0);
    totals.bytesOut += bytesOut;
    totals.duplicates += duplicates;
  }

  /** Inputs of the jobs that are due; counted now and then. */
  private waitingBlocks(): number {
    const { clock, limits, manifest } = this.world;
    const nowMs = clock.monotonicMs();
    if (nowMs >= this.waiting.countedMs + countAgainMs) {
      let blocks = 0;
      for (const tenant of manifest().tenants.values()) {
        blocks += planCompaction(tenant.blocks, clock.unixNanos(), limits)?.inputs.length ?? 0;
      }
      this.waiting = { blocks, countedMs: nowMs };
    }
    return this.waiting.blocks;
  }
}

/** All but the meta. */
function mergedBlock(window: string, inputs: readonly StoredBlock[]): Omit<StoredBlock, 'meta'> {
  const received = inputs.map(({ receivedUnixNanosMax }) => BigInt(receivedUnixNanosMax));
  return {
    window,
    walSequenceFirst: Math.min(...inputs.map(({ walSequenceFirst }) => walSequenceFirst)),
    walSequenceLast: Math.max(...inputs.map(({ walSequenceLast }) => walSequenceLast)),
    receivedUnixNanosMax: String(received.reduce((a, b) => (a > b ? a : b))),
  };
}
