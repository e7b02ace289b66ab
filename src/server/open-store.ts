import { CodedError } from '../base/coded-error.ts';
import type { EngineLog } from '../engine/engine-log.ts';
import { defaultHeadLimits } from '../engine/head/limits.ts';
import type { TenantLimitsOf } from '../engine/limits.ts';
import type { ObjectStorageStatus } from '../engine/objects/object-storage.ts';
import { MemoryStore } from '../store/memory-store.ts';
import type { TraceStore } from '../store/trace-store.ts';
import { ConfigError, type Config } from './config.ts';
import type { Logger } from './log.ts';
import { openNodeEngine } from './node-engine.ts';
import { objectsOf } from './storage-config.ts';

export interface OpenedStore {
  /** Usable at once, though it may refuse requests while it replays its log; `status()` tells how far it is. */
  readonly store: TraceStore;
  /** Rejects when the log cannot be replayed. */
  readonly ready: Promise<void>;
  /** Counts of the bucket, where there is one. */
  readonly objectStatus?: () => ObjectStorageStatus;
  close(): Promise<void>;
}

/** Of the time a client has: so that a partial answer reaches it before the time is up. */
const queryWorkShare = 0.9;

/** The store that `--storage` names, with the limits of single tenants. Errors: `ConfigError` when the data folder cannot be used; those of the engine. */
export async function openStore(config: Config, log: Logger, tenantLimits?: TenantLimitsOf): Promise<OpenedStore> {
  if (config.storage === 'memory') {
    log.warn('storage is memory: everything is gone when the server stops');
    const store = new MemoryStore();
    return { store, ready: Promise.resolve(), close: () => store.close() };
  }
  const objects = objectsOf(config, process.env);
  if (typeof objects === 'string') {
    throw new ConfigError(objects);
  }
  try {
    const { dataDir, retention: retentionMs, flushInterval: headAgeMsMax, tenantsMax, bodyBytesMax } = config;
    const maintenanceIntervalMs = Math.min(1000, headAgeMsMax);
    const head = { ...defaultHeadLimits, attributeValueBytesMax: config.attributeBytesMax };
    const { queryBytesMax, querySpansMax, queryMemoryBytesMax, queryThreads } = config;
    const limits = {
      ...{ retentionMs, headAgeMsMax, maintenanceIntervalMs, tenantsMax, bodyBytesMax, head },
      ...{ queryBytesMax, querySpansMax, queryMemoryBytesMax },
      queryTimeMsMax: queryWorkShare * config.queryTimeout,
    };
    const options = { limits, tenantLimits, queryThreads, log: engineLog(log), objects };
    const { engine, objectStatus, close } = await openNodeEngine(dataDir, options);
    return { store: engine, objectStatus, ready: engine.whenReady(), close };
  } catch (error) {
    if (error instanceof CodedError && error.code === 'unavailable' && objects !== undefined) {
      throw new ConfigError(error.message);
    }
    throw isFolderFault(error) ? new ConfigError(`data folder: ${(error as Error).message}`) : error;
  }
}

/** In use by another process, or not ours to write. */
function isFolderFault(error: unknown): boolean {
  const osCode = (error as NodeJS.ErrnoException).code ?? '';
  return (
    (error instanceof CodedError && error.code === 'unavailable') ||
    ['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST', 'ENOENT'].includes(osCode)
  );
}

function engineLog(log: Logger): EngineLog {
  return {
    info: (message, details = {}) => log.info(details, message),
    warn: (message, details = {}) => log.warn(details, message),
    error: (message, details = {}) => log.error(details, message),
  };
}
