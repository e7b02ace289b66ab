import { availableParallelism } from 'node:os';
import { randomFillSync } from 'node:crypto';
import type { Random } from '../base/random.ts';
import type { EngineLog } from '../engine/engine-log.ts';
import { openEngine, type Engine } from '../engine/engine.ts';
import type { EngineLimits } from '../engine/limits.ts';
import { lockDataFolder } from './data-lock.ts';
import { nodeClock } from './node-clock.ts';
import { nodeCodecs } from './node-codecs.ts';
import { NodeDisk } from './node-disk.ts';
import { NodeWorkers } from './node-workers.ts';

export interface NodeEngineOptions {
  readonly limits?: Partial<EngineLimits>;
  readonly log?: EngineLog;
  /** One less than there are cores when absent: the main thread has sockets and the log to itself. */
  readonly workerThreads?: number;
}

export interface NodeEngine {
  readonly engine: Engine;
  /** Closes the engine, its workers and files, and lets the folder go. */
  close(): Promise<void>;
}

/**
 * The engine on a folder of this machine. Resolves before the log is replayed, see `Engine.whenReady`.
 *
 * Errors: `unavailable` when another process has the folder; those of `openEngine`.
 */
export async function openNodeEngine(dataDir: string, options: NodeEngineOptions = {}): Promise<NodeEngine> {
  const unlock = await lockDataFolder(dataDir);
  const disk = new NodeDisk(dataDir);
  const workers = new NodeWorkers(dataDir, options.workerThreads ?? availableParallelism() - 1);
  try {
    const engine = await openEngine({
      disk,
      clock: nodeClock(),
      random: nodeRandom(),
      codecs: nodeCodecs,
      workers,
      limits: options.limits,
      log: options.log,
      breathe: () => new Promise((resolve) => setImmediate(resolve)),
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
