import type { Clock } from '../base/clock.ts';
import { MemoryStore } from '../store/memory-store.ts';
import type { TraceStore } from '../store/trace-store.ts';
import type { Config } from './config.ts';
import type { Logger } from './log.ts';

/** The store that `--storage` names. */
export async function openStore(
  config: Config,
  _clock: Clock,
  log: Logger,
  _progress: (message: string) => void
): Promise<TraceStore> {
  log.warn('storage is memory: everything is gone when the server stops');
  return new MemoryStore();
}
