import { availableParallelism } from 'node:os';
import { randomFillSync } from 'node:crypto';
import type { Random } from '../base/random.ts';
import type { EngineLog } from '../engine/engine-log.ts';
import { openEngine, type Engine } from '../engine/engine.ts';
import { defaultLimits, type EngineLimits } from '../engine/limits.ts';
import { lockDataFolder } from './data-lock.ts';
import { nodeClock } from './node-clock.ts';
import { nodeCodecs } from './node-codecs.ts';
import { NodeDisk } from './node-disk.ts';
import { NodeWorkers } from './node-workers.ts';

export interface NodeEngineOptions {
  readonly limits?: Partial<EngineLimits>;
  readonly log?: EngineLog;
  /** One less than there are cores when absent: the main thread has sockets and the log to itself. Flushes have another thread. */
  readonly queryThreads?: number;
}

export interface NodeEngine {
  readonly engine: Engine;
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
  const disk = new NodeDisk(dataDir);
  const limits = { ...defaultLimits, ...options.limits };
  const workers = new NodeWorkers({
    root: dataDir,
    queryThreads: options.queryThreads ?? availableParallelism() - 1,
    cacheLimits: limits,
    queryHeapMebibytesMax: Math.ceil((limits.queryMemoryBytesMax * heapRoom) / 2 ** 20),
  });
  workers.warmUp();
  try {
    const engine = await openEngine({
      disk,
      clock: nodeClock(),
      random: nodeRandom(),
      codecs: nodeCodecs,
      workers,
      limits,
      log: options.log,
    });
    const close = async () => {
      await engine.close();
      await disk.close();
      await unlock();
    };
    return { engine, close };
  } catch (error) {
    await workers.close();
    await unlock();
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
