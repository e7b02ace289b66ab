import { assert } from '../../base/assert.ts';
import type { Clock } from '../../base/clock.ts';
import { CodedError, CorruptionError } from '../../base/coded-error.ts';
import type { Random } from '../../base/random.ts';
import { hexFromBytes } from '../../trace/ids.ts';
import type { BlockMeta } from '../block/format.ts';
import type { ManifestStore } from '../manifest-store.ts';
import { applyChange, manifestOfPlain, plainOfManifest, type Manifest, type ManifestChange } from '../manifest.ts';
import type { Bucket } from './bucket.ts';
import type { WriterLease } from './lease.ts';
import {
  decodeManifestRecord,
  encodeManifestRecord,
  manifestFolder,
  manifestKey,
  sequenceOfKey,
  type ManifestRecord,
} from './manifest-object.ts';

/** A reader fetches so many changes at most, all at once. */
const changesMax = 64;
/** Objects that no reader needs stay this long: a writer that was cut off must find its place taken. */
const keepMs = 3600_000;

/** Where the blocks are that a manifest lists. */
export interface BlockShelf {
  /** Resolves when the bucket holds exactly these bytes. Nothing to do for a block that has been published. */
  publish(meta: BlockMeta): Promise<void>;
  /** The manifest lists these, too. */
  shelve(metas: readonly BlockMeta[]): void;
}

export interface BucketManifestOptions {
  readonly bucket: Bucket;
  readonly lease: WriterLease;
  readonly shelf: BlockShelf;
  readonly clock: Clock;
  readonly random: Random;
  /** See {@link LeaseOptions.unfenced}. */
  readonly unfenced: boolean;
  /** Whether the local log of requests is gone: then nothing waits to be covered, and sequences go on behind all that were. */
  readonly logIsGone: () => Promise<boolean>;
}

/**
 * The manifest in a bucket: numbered objects, each a snapshot or a change of the version before, each put only where there is none yet. Two
 * writers cannot both put the same number, so whoever finds its place taken by another knows that it is no longer the writer.
 */
export class BucketManifestStore implements ManifestStore {
  readonly name: string;
  private readonly options: BucketManifestOptions;
  private storeId = '';
  private sequence = 0;
  private snapshotSequence = 0;
  /** Set when it is not known whether the last object was put: the next one must then not build on it. */
  private mustSnapshot = true;
  private fenced: string | undefined;

  constructor(options: BucketManifestOptions) {
    this.options = options;
    this.name = `${options.bucket.name}/${manifestFolder}`;
  }

  /** Why nothing may be taken in any more. */
  refusal(): string | undefined {
    return this.fenced ?? this.options.lease.lost;
  }

  async open(): Promise<Manifest | undefined> {
    const { lease } = this.options;
    await lease.acquire();
    try {
      return await this.begin();
    } catch (error) {
      await lease.release();
      throw error;
    }
  }

  private async begin(): Promise<Manifest | undefined> {
    for (;;) {
      const found = await this.read();
      if (found === undefined) {
        return undefined;
      }
      const manifest = await this.fitted(found);
      // The first object of this epoch: what an earlier writer still has under way finds its place taken.
      if (await this.putNext({ snapshot: plainOfManifest(manifest) })) {
        this.options.shelf.shelve(blocksOf(manifest));
        return manifest;
      }
    }
  }

  async create(manifest: Manifest): Promise<void> {
    await this.require({ snapshot: plainOfManifest(manifest) });
    this.options.shelf.shelve(blocksOf(manifest));
  }

  async publish(metas: readonly BlockMeta[]): Promise<void> {
    const { lease, shelf } = this.options;
    lease.requireHeld();
    await Promise.all(metas.map((meta) => shelf.publish(meta)));
  }

  async commit(next: Manifest, change: ManifestChange): Promise<void> {
    const added = (change.tenants ?? []).flatMap((tenant) => tenant.added ?? []).map(({ meta }) => meta);
    await this.publish(added);
    const isSnapshot = this.mustSnapshot || this.sequence - this.snapshotSequence >= changesMax;
    await this.require(isSnapshot ? { snapshot: plainOfManifest(next) } : { change });
    this.options.shelf.shelve(added);
    if (isSnapshot) {
      void this.removeOld();
    }
  }

  async close(): Promise<void> {
    await this.options.lease.release();
  }

  /** Puts the next object, or says who has put it. */
  private async require(content: Pick<ManifestRecord, 'snapshot' | 'change'>): Promise<void> {
    let put = await this.putNext(content);
    for (let tries = 0; !put && this.fenced === undefined && content.snapshot !== undefined; tries++) {
      // Our own, from a try of which we had no answer. A snapshot takes nothing from what was before it.
      assert(tries < 1000, `${this.name}: no end of our own objects`);
      put = await this.putNext(content);
    }
    if (!put) {
      throw new CodedError('unavailable', this.fenced ?? `${this.name}: the last version is not certain; tried again`);
    }
  }

  /**
   * Answers whether this content is now the newest. When not, `sequence` stands at the object that was in the way. A commit
   * counts only when the lease covers all of its time: before a contender may begin to clear away, ours has ended.
   */
  private async putNext(content: Pick<ManifestRecord, 'snapshot' | 'change'>): Promise<boolean> {
    const { bucket, lease, random, unfenced } = this.options;
    if (this.fenced !== undefined) {
      throw new CodedError('unavailable', this.fenced);
    }
    lease.requireHeld();
    const sequence = this.sequence + 1;
    const record: ManifestRecord = {
      storeId: content.snapshot?.storeId ?? this.storeId,
      sequence,
      epoch: lease.epoch,
      owner: lease.owner,
      nonce: hexFromBytes(random.fill(new Uint8Array(8))),
      snapshotSequence: content.snapshot === undefined ? this.snapshotSequence : sequence,
      ...content,
    };
    this.mustSnapshot = true;
    const version = await bucket.put(
      manifestKey(sequence),
      encodeManifestRecord(record),
      unfenced ? undefined : { kind: 'absent' }
    );
    if (version === undefined && !(await this.isOurs(record))) {
      return false;
    }
    lease.requireHeld();
    this.sequence = sequence;
    this.storeId = record.storeId;
    this.snapshotSequence = record.snapshotSequence;
    this.mustSnapshot = false;
    return true;
  }

  /** After a refused put: whether the object there is the one we meant. Fences us when a later writer's is. */
  private async isOurs(record: ManifestRecord): Promise<boolean> {
    const { bucket, lease } = this.options;
    const found = await this.readRecord(record.sequence);
    if (found.nonce === record.nonce) {
      return true;
    }
    this.sequence = record.sequence;
    if (found.epoch > lease.epoch) {
      this.fenced = `another vivace server has taken over ${bucket.name}: this one writes nothing any more; stop it`;
    }
    return false;
  }

  /** The newest version and whose log it counts, `undefined` when there is none. */
  private async read(): Promise<{ manifest: Manifest; owner: string } | undefined> {
    const { bucket } = this.options;
    const sequences = (await bucket.list(manifestFolder))
      .map(({ key }) => sequenceOfKey(key))
      .filter((sequence) => sequence !== undefined);
    const newestSequence = sequences.reduce((max, sequence) => Math.max(max, sequence), 0);
    this.sequence = newestSequence;
    if (newestSequence === 0) {
      return undefined;
    }
    const newest = await this.readRecord(newestSequence);
    const first = newest.snapshotSequence;
    const records = await Promise.all(
      Array.from({ length: newestSequence - first }, (_, i) => this.readRecord(first + i))
    );
    const [start, ...changes] = [...records, newest];
    if (start.snapshot === undefined) {
      throw new CorruptionError(`${bucket.name}/${manifestKey(first)}`, 0, 'a snapshot', 'a change');
    }
    let manifest = manifestOfPlain(start.snapshot);
    for (const { change, sequence } of changes) {
      if (change === undefined) {
        throw new CorruptionError(`${bucket.name}/${manifestKey(sequence)}`, 0, 'a change', 'a snapshot');
      }
      manifest = applyChange(manifest, change);
    }
    return { manifest, owner: newest.owner };
  }

  private async readRecord(sequence: number): Promise<ManifestRecord> {
    const { bucket } = this.options;
    const key = manifestKey(sequence);
    const name = `${bucket.name}/${key}`;
    const found = await bucket.get(key);
    if (found === undefined) {
      throw new CorruptionError(name, 0, 'an object of the manifest', 'none');
    }
    try {
      return decodeManifestRecord(name, found.bytes);
    } catch (error) {
      // Perhaps it was damaged only on its way here.
      const again = error instanceof CorruptionError ? await bucket.get(key) : undefined;
      if (again === undefined) {
        throw error;
      }
      return decodeManifestRecord(name, again.bytes);
    }
  }

  /**
   * What the manifest means to the log in this folder. Without a log, new sequences begin behind every one that some tenant's blocks cover.
   * A log that another folder's has overtaken since would be taken for covered.
   */
  private async fitted({ manifest, owner }: { manifest: Manifest; owner: string }): Promise<Manifest> {
    const { bucket, lease, logIsGone } = this.options;
    if (!(await logIsGone())) {
      if (owner !== lease.owner) {
        throw new CodedError(
          'unavailable',
          `${bucket.name} has been written from another data folder since; the write-ahead log here may hold spans that are in no ` +
            'block. Start with an empty data folder, and keep this one to look into'
        );
      }
      return manifest;
    }
    const coveredFloor = [...manifest.tenants.values()].reduce(
      (max, { coveredThrough }) => Math.max(max, coveredThrough),
      manifest.coveredFloor
    );
    return { ...manifest, coveredFloor };
  }

  /** What cannot be removed now is after the next snapshot. */
  private async removeOld(): Promise<void> {
    const { bucket, clock } = this.options;
    const horizonMs = Number(clock.unixNanos() / 1_000_000n) - keepMs;
    const before = this.snapshotSequence;
    try {
      for (const { key, modifiedUnixMs } of await bucket.list(manifestFolder)) {
        const sequence = sequenceOfKey(key);
        if (sequence !== undefined && sequence < before && modifiedUnixMs < horizonMs) {
          await bucket.delete(key);
        }
      }
    } catch {
      // Only room in the bucket is lost meanwhile.
    }
  }
}

function blocksOf(manifest: Manifest): BlockMeta[] {
  return [...manifest.tenants.values()].flatMap(({ blocks }) => blocks.map(({ meta }) => meta));
}
