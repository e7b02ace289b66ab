import type { Clock } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import { hexFromBytes } from '../trace/ids.ts';
import { Compactor } from './compaction/compactor.ts';
import type { Disk } from './disk.ts';
import type { EngineLog } from './engine-log.ts';
import type { FlushedBlock, FlushPayload } from './flush.ts';
import type { HeadSlot, Heads } from './heads.ts';
import type { EngineLimits, TenantLimitsOf } from './limits.ts';
import type { ManifestStore } from './manifest-store.ts';
import { applyChange, isCoveredBy, type Manifest, type ManifestChange, type StoredBlock } from './manifest.ts';
import { messageOf } from './os-error.ts';
import type { Pins } from './pins.ts';
import type { Problems } from './problems.ts';
import { planRetention } from './retention.ts';
import { tenantFolder } from './tenant-folder.ts';
import type { SeededBugs, Wal } from './wal/wal.ts';
import type { Workers } from './workers.ts';

export interface MaintenanceWorld {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly random: Random;
  readonly manifests: ManifestStore;
  readonly workers: Workers;
  readonly limits: EngineLimits;
  readonly tenantLimits?: TenantLimitsOf;
  readonly log: EngineLog;
  readonly heads: Heads;
  readonly pins: Pins;
  readonly problems: Problems;
  readonly seededBugs?: SeededBugs;
}

/**
 * Owns the manifest: heads become blocks, blocks expire, WAL segments are freed. Every step is complete when its version of the manifest
 * is durable, and until then nothing it replaces is let go.
 */
export class Maintenance {
  readonly compactor: Compactor;
  private readonly world: MaintenanceWorld;
  private durable: Manifest;
  private wal: Wal | undefined;
  /** The last of the commits, which wait for each other. */
  private committing: Promise<unknown> = Promise.resolve();
  /** Up to here every record is durable and either covered or in a head. */
  private frontier: () => number;

  constructor(world: MaintenanceWorld, manifest: Manifest) {
    this.world = world;
    this.durable = manifest;
    this.compactor = new Compactor({
      ...world,
      newBlockId: () => blockIdPrefix(world.clock.unixNanos(), world.random),
      manifest: () => this.durable,
      commit: (changeOf) => this.commit(changeOf),
      publish: async (meta) => world.manifests.publish?.([meta]),
    });
    this.frontier = () => manifest.coveredFloor;
  }

  /** The manifest as it is on disk. */
  get manifest(): Manifest {
    return this.durable;
  }

  /** During replay: how far it has come. */
  setFrontier(frontier: () => number): void {
    this.frontier = frontier;
  }

  /** During replay there is no log to free yet. */
  attachWal(wal: Wal): void {
    this.wal = wal;
    this.frontier = () => wal.durableSequence;
  }

  isCovered(tenant: string, sequence: number): boolean {
    return isCoveredBy(this.durable, tenant, sequence);
  }

  /**
   * Cuts sealed heads until none waits, or `headsMax` were cut. Answers whether all went well; a head that could not be cut stays queryable
   * for the next call.
   */
  async flushSealed(headsMax = Infinity): Promise<boolean> {
    const { heads, problems, log } = this.world;
    const failed = new Set<string>();
    for (let cut = 0; cut < headsMax; cut++) {
      const slot = heads.nextToFlush(failed);
      if (slot === undefined) {
        break;
      }
      const cause = `flush ${slot.tenant}`;
      try {
        await this.flush(slot);
        problems.set(cause, undefined);
      } catch (error) {
        failed.add(slot.tenant);
        problems.set(cause, `flush of tenant ${slot.tenant} fails and is tried again: ${messageOf(error)}`);
        log.error('flush failed', { tenant: slot.tenant, error: messageOf(error) });
      }
    }
    return failed.size === 0;
  }

  /** Drops what has outlived its retention. Errors: the disk's; nothing is dropped then. */
  async retain(): Promise<void> {
    const { clock, log, pins, problems } = this.world;
    for (const [name, tenant] of this.durable.tenants) {
      const limits = { ...this.world.limits, ...this.world.tenantLimits?.(name) };
      const { expired, refused } = planRetention(name, tenant.blocks, clock.unixNanos(), limits);
      problems.set(`retention ${name}`, refused);
      if (expired.length > 0) {
        const done = await this.commit(() => this.dropOf(name, expired));
        if (!done) {
          continue;
        }
        expired.forEach((block) => pins.drop(block));
        log.info('blocks dropped by retention', { tenant: name, blocks: expired.length });
      }
    }
  }

  /** `undefined` when some of the blocks are not listed any more: a compaction was quicker, and the next round sees what it made. */
  private dropOf(tenant: string, blocks: readonly StoredBlock[]): ManifestChange | undefined {
    const listed = this.durable.tenants.get(tenant);
    if (listed === undefined || !blocks.every((block) => listed.blocks.includes(block))) {
      return undefined;
    }
    const dropped = blocks.map(({ meta }) => meta.blockId);
    return {
      tenants: [{ tenant, folder: listed.folder, dropped }],
      removalsAdded: blocks.map(({ meta }) => meta.path),
    };
  }

  async freeWal(): Promise<void> {
    await this.wal?.free((tenant, sequence) => this.isCovered(tenant, sequence));
  }

  private async flush(slot: HeadSlot): Promise<void> {
    const { heads, log, pins, seededBugs } = this.world;
    if (slot.durableRows === 0 && slot.firstSequence === 0) {
      heads.remove(slot);
      return;
    }
    const before = this.durable.tenants.get(slot.tenant);
    const folder =
      before?.folder ?? tenantFolder(slot.tenant, new Set([...this.durable.tenants.values()].map((t) => t.folder)));
    if (seededBugs?.freeWalBeforeManifest === true) {
      await this.wal?.free(
        (tenant, sequence) =>
          this.isCovered(tenant, sequence) || (tenant === slot.tenant && sequence <= slot.lastSequence)
      );
    }
    slot.written ??= await this.writeBlocks(slot, `tenants/${folder}`);
    const { written } = slot;
    await this.world.manifests.publish?.(written.map(({ meta }) => meta));
    await this.commit(
      () => ({
        coveredFloor: heads.coveredFloor(this.frontier(), slot),
        tenants: [{ tenant: slot.tenant, folder, coveredThrough: slot.lastSequence, added: written }],
      }),
      () => {
        heads.remove(slot);
        pins.dropHead(slot);
      }
    );
    log.info('head flushed', { tenant: slot.tenant, spans: slot.durableRows, blocks: written.length });
    await this.freeWal();
  }

  /** Blocks with durable bytes and durable names, in no manifest yet. */
  private async writeBlocks(slot: HeadSlot, folder: string): Promise<StoredBlock[]> {
    const { disk, clock, random, workers, limits } = this.world;
    const nowUnixNanos = clock.unixNanos();
    await disk.makeDirectory(folder);
    await disk.syncDirectory('tenants');
    const flushed = await workers.run<FlushPayload, FlushedBlock[]>('flush', {
      snapshot: slot.head.snapshot(),
      folder,
      blockIdPrefix: blockIdPrefix(nowUnixNanos, random),
      nowUnixNanos,
      windowNanos: limits.windowNanos,
      slackNanos: limits.windowSlackNanos,
    });
    await disk.syncDirectory(folder);
    return flushed.map(({ meta, window }) => ({
      meta,
      window,
      walSequenceFirst: slot.firstSequence,
      walSequenceLast: slot.lastSequence,
      receivedUnixNanosMax: String(slot.receivedUnixNanosMax),
    }));
  }

  /**
   * Makes the next version durable, unless `changeOf`, which is asked when its turn comes, does not want one any more: answers which.
   * `then` runs in the same turn as the switch, so that readers see both changes or none.
   */
  private commit(changeOf: () => ManifestChange | undefined, then: () => void = () => undefined): Promise<boolean> {
    const { manifests, pins } = this.world;
    const run = async (): Promise<boolean> => {
      const change = changeOf();
      if (change === undefined) {
        return false;
      }
      const gone = this.durable.removals.filter((path) => pins.isRemoved(path));
      const whole = { ...change, removalsDone: [...(change.removalsDone ?? []), ...gone] };
      const next = applyChange(this.durable, whole);
      await manifests.commit(next, whole);
      this.durable = next;
      pins.settleRemovals([], gone);
      then();
      return true;
    };
    const committed = this.committing.then(run);
    this.committing = committed.catch(() => undefined);
    return committed;
  }
}

/** Sorts by time: 12 hex digits of milliseconds, 12 of randomness. */
function blockIdPrefix(nowUnixNanos: bigint, random: Random): string {
  const timeMs = (nowUnixNanos / 1_000_000n).toString(16).padStart(12, '0');
  return `${timeMs}-${hexFromBytes(random.fill(new Uint8Array(6)))}`;
}
