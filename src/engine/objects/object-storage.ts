import type { Clock } from '../../base/clock.ts';
import { CodedError } from '../../base/coded-error.ts';
import type { Random } from '../../base/random.ts';
import { hexFromBytes } from '../../trace/ids.ts';
import type { Disk } from '../disk.ts';
import { silentLog, type EngineLog } from '../engine-log.ts';
import { messageOf } from '../os-error.ts';
import { tenantsDirectory } from '../open-store.ts';
import { slotNumber, walDirectory } from '../wal/slots.ts';
import { Attempts, defaultAttemptLimits, type AttemptLimits } from './attempts.ts';
import type { Bucket } from './bucket.ts';
import { BucketManifestStore } from './bucket-manifest.ts';
import { CacheRoom } from './cache-room.ts';
import { WriterLease } from './lease.ts';
import { ObjectDisk } from './object-disk.ts';
import { PageCache } from './page-cache.ts';
import { ResilientBucket } from './resilient-bucket.ts';

const ownerPath = 'bucket-writer';
/** A restart elsewhere waits so long for a dead server; a live one renews three times as often. */
const leaseTtlMs = 15_000;
/** An object that no manifest lists may be on its way into one: uploads take minutes, not hours. */
const orphanGraceMs = 24 * 3600_000;
const sweepIntervalMs = 3600_000;
/** The first sweep waits, so that a restart is not followed by listings. */
const firstSweepMs = 10 * 60_000;

export interface ObjectStorageOptions {
  /** One try a call. */
  readonly bucket: Bucket;
  readonly disk: Disk;
  readonly clock: Clock;
  readonly random: Random;
  readonly cacheBytesMax: number;
  /** For people: process and machine. */
  readonly holder: string;
  /** The operator has said that no second server writes there: needed where the bucket knows no conditional put. */
  readonly allowUnfenced: boolean;
  readonly attempts?: Partial<AttemptLimits>;
  readonly leaseTtlMs?: number;
  readonly log?: EngineLog;
}

export interface ObjectStorageStatus {
  readonly name: string;
  readonly requests: number;
  readonly retries: number;
  readonly failures: number;
  readonly uploads: number;
  readonly uploadedBytes: number;
  readonly fetchedBytes: number;
  readonly cacheHits: number;
  readonly cacheMisses: number;
  readonly cacheDamaged: number;
  readonly cacheBytes: number;
}

/** The engine's disk and manifest over a bucket. The bucket is touched by `manifests.open()`, not before. */
export interface ObjectStorage {
  readonly disk: ObjectDisk;
  readonly manifests: BucketManifestStore;
  status(): ObjectStorageStatus;
  /** What is wrong now, in sentences. */
  problems(): string[];
  /** Removes what no manifest lists and is older than a day; answers how many. */
  sweep(): Promise<number>;
  /** After the engine. */
  close(): void;
}

/** Errors: `unavailable` when the bucket does not answer or cannot keep a second writer out; the disk's. */
export async function openObjectStorage(options: ObjectStorageOptions): Promise<ObjectStorage> {
  const { disk: local, clock, random, holder, allowUnfenced, log = silentLog } = options;
  const attempts = new Attempts(options.bucket.name, clock, random, { ...defaultAttemptLimits, ...options.attempts });
  const bucket = new ResilientBucket(options.bucket, attempts);
  const unfenced = !(await knowsConditionalPut(bucket, random));
  if (unfenced && !allowUnfenced) {
    throw new CodedError(
      'unavailable',
      `${bucket.name} ignores conditions on put (If-None-Match), so nothing keeps a second server from writing there, and ` +
        'two writers lose spans. If there will only ever be one, say so with storage_allow_unfenced'
    );
  }
  const room = new CacheRoom(options.cacheBytesMax);
  const pages = new PageCache(local, room);
  await pages.open();
  const disk = new ObjectDisk({ local, bucket, pages, room });
  await disk.open();
  const owner = await ownerOf(local, random);
  const lease = new WriterLease({
    bucket,
    clock,
    owner,
    holder,
    ttlMs: options.leaseTtlMs ?? leaseTtlMs,
    unfenced,
  });
  const logIsGone = async (): Promise<boolean> =>
    (await local.list(walDirectory)).every((name) => slotNumber(name) === undefined);
  const manifests = new BucketManifestStore({ bucket, lease, shelf: disk, clock, random, unfenced, logIsGone });

  const sweep = async (): Promise<number> => {
    lease.requireHeld();
    const horizonMs = Number(clock.unixNanos() / 1_000_000n) - orphanGraceMs;
    const orphans = (await bucket.list(`${tenantsDirectory}/`)).filter(
      ({ key, modifiedUnixMs }) => modifiedUnixMs < horizonMs && !disk.knows(key)
    );
    for (const { key } of orphans) {
      lease.requireHeld();
      await bucket.delete(key);
    }
    return orphans.length + (await bucket.abortUploadsBefore(horizonMs));
  };
  let cancelSweep: () => void = () => undefined;
  const sweepSoon = (delayMs: number): void => {
    cancelSweep = clock.schedule(delayMs, () => {
      sweep()
        .then((removed) => log.info('bucket swept', { removed }))
        .catch((error: unknown) => log.warn('the bucket could not be swept', { error: messageOf(error) }))
        .finally(() => sweepSoon(sweepIntervalMs));
    });
  };
  sweepSoon(firstSweepMs);

  return {
    disk,
    manifests,
    sweep,
    status: () => ({
      name: bucket.name,
      requests: attempts.counts.requests,
      retries: attempts.counts.retries,
      failures: attempts.counts.failures,
      uploads: disk.counts.uploads,
      uploadedBytes: disk.counts.uploadedBytes,
      fetchedBytes: disk.reads.fetchedBytes,
      cacheHits: pages.counts.hits,
      cacheMisses: pages.counts.misses,
      cacheDamaged: pages.counts.damaged,
      cacheBytes: room.bytes,
    }),
    problems: () => [
      ...[manifests.refusal(), attempts.away].filter((sentence) => sentence !== undefined),
      ...(unfenced ? [`${bucket.name} knows no conditional put: nothing keeps a second server out`] : []),
    ],
    close: () => {
      cancelSweep();
      bucket.close();
    },
  };
}

/** Puts an object that must not be there twice: the second must be refused. */
async function knowsConditionalPut(bucket: Bucket, random: Random): Promise<boolean> {
  const key = `probe/${hexFromBytes(random.fill(new Uint8Array(8)))}`;
  try {
    await bucket.put(key, new TextEncoder().encode('first'), { kind: 'absent' });
    return (await bucket.put(key, new TextEncoder().encode('second'), { kind: 'absent' })) === undefined;
  } finally {
    await bucket.delete(key).catch(() => undefined);
  }
}

/** The random name of this data folder, made when there is none. */
async function ownerOf(disk: Disk, random: Random): Promise<string> {
  const sizeBytes = await disk.sizeOf(ownerPath);
  if (sizeBytes !== undefined) {
    const [bytes] = await disk.readRanges(ownerPath, [{ offset: 0, length: sizeBytes }]);
    const text = new TextDecoder().decode(bytes);
    if (/^[0-9a-f]{32}$/.test(text)) {
      return text;
    }
  }
  const owner = hexFromBytes(random.fill(new Uint8Array(16)));
  const file = await disk.openForWrite(ownerPath, { truncate: true });
  try {
    await file.write(0, [new TextEncoder().encode(owner)]);
    await file.datasync();
  } finally {
    await file.close();
  }
  await disk.syncDirectory('');
  return owner;
}
