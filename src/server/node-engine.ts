import { availableParallelism, hostname } from 'node:os';
import { randomFillSync } from 'node:crypto';
import type { Random } from '../base/random.ts';
import type { EngineLog } from '../engine/engine-log.ts';
import { openEngine, type Engine } from '../engine/engine.ts';
import { defaultLimits, type EngineLimits, type TenantLimitsOf } from '../engine/limits.ts';
import { openObjectStorage, type ObjectStorage, type ObjectStorageStatus } from '../engine/objects/object-storage.ts';
import { lockDataFolder } from './data-lock.ts';
import { nodeClock } from './node-clock.ts';
import { pooledNodeCodecs } from './node-codecs.ts';
import { NodeDisk } from './node-disk.ts';
import { NodeWorkers } from './node-workers.ts';
import { serveDisk } from './object-stores/disk-port.ts';
import { openBucket } from './object-stores/open-bucket.ts';
import type { ObjectStoreOptions } from './object-stores/options.ts';

export interface NodeEngineOptions {
  readonly limits?: Partial<EngineLimits>;
  readonly tenantLimits?: TenantLimitsOf;
  readonly log?: EngineLog;
  /** One less than there are cores when absent: the main thread has sockets and the log to itself. Flushes have another thread. */
  readonly queryThreads?: number;
  readonly objects?: ObjectsOptions;
}

/** Blocks and manifest in a bucket instead of the data folder. */
export interface ObjectsOptions {
  readonly store: ObjectStoreOptions;
  /** Bytes of the data folder for blocks and pages that are in the bucket too. */
  readonly cacheBytesMax: number;
  readonly allowUnfenced: boolean;
}

export interface NodeEngine {
  readonly engine: Engine;
  /** Counts of the bucket, where there is one. */
  readonly objectStatus: (() => ObjectStorageStatus) | undefined;
  /** Queries that a thread works on now, those included whose client has gone. */
  runningQueries(): number;
  /** Closes the engine, its workers and files, and lets the folder go. */
  close(): Promise<void>;
}

/** Over the budget of queries, whose memory is measured now and then: what one slice of work may add before the thread is given up. */
const heapRoom = 1.5;

/**
 * The engine on a folder of this machine. Resolves before the log is replayed, see `Engine.whenReady`.
 *
 * Errors: `unavailable` when another process has the folder; those of `openEngine`.
 */
export async function openNodeEngine(dataDir: string, options: NodeEngineOptions = {}): Promise<NodeEngine> {
  const unlock = await lockDataFolder(dataDir);
  const files = new NodeDisk(dataDir);
  const storage = await openStorage(files, options).catch(async (error: unknown) => {
    await unlock();
    throw error;
  });
  const disk = storage?.disk ?? files;
  const limits = { ...defaultLimits, ...options.limits };
  const workers = new NodeWorkers({
    root: dataDir,
    queryThreads: options.queryThreads ?? availableParallelism() - 1,
    cacheLimits: limits,
    queryHeapMebibytesMax: Math.ceil((limits.queryMemoryBytesMax * heapRoom) / 2 ** 20),
    serveBlocks: storage === undefined ? undefined : (port) => serveDisk(port, storage.disk),
  });
  workers.warmUp();
  try {
    const engine = await openEngine({
      disk,
      clock: nodeClock(),
      random: nodeRandom(),
      codecs: pooledNodeCodecs,
      workers,
      limits,
      tenantLimits: options.tenantLimits,
      log: options.log,
      manifests: storage?.manifests,
      outsideProblems: storage?.problems,
    });
    const close = async () => {
      await engine.close();
      storage?.close();
      await files.close();
      await unlock();
    };
    return { engine, objectStatus: storage?.status, runningQueries: () => workers.runningTasks('query'), close };
  } catch (error) {
    await workers.close();
    storage?.close();
    await unlock();
    throw error;
  }
}

async function openStorage(disk: NodeDisk, { objects, log }: NodeEngineOptions): Promise<ObjectStorage | undefined> {
  if (objects === undefined) {
    return undefined;
  }
  const bucket = await openBucket(objects.store);
  try {
    const holder = `pid ${process.pid} on ${hostname()}`;
    const { cacheBytesMax, allowUnfenced } = objects;
    const world = { bucket, disk, clock: nodeClock(), random: nodeRandom(), log };
    return await openObjectStorage({ ...world, cacheBytesMax, holder, allowUnfenced });
  } catch (error) {
    bucket.close();
    throw error;
  }
}

/** The system's randomness. */
export function nodeRandom(): Random {
  return {
    float: () => randomFillSync(new Uint32Array(1))[0] / 0x1_0000_0000,
    fill: (bytes) => randomFillSync(bytes),
  };
}
