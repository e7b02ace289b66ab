import type { Codecs } from '../base/codecs.ts';
import { CodedError } from '../base/coded-error.ts';
import type { Disk } from './disk.ts';
import { flushHead, type FlushPayload } from './flush.ts';
import type { Workers } from './workers.ts';

/** What a worker has at hand. */
export interface TaskWorld {
  readonly disk: Disk;
  readonly codecs: Codecs;
}

/** Every task a worker can run, by name. Payloads come from the engine itself, in the same version. */
export async function runTask(task: string, payload: unknown, { disk, codecs }: TaskWorld): Promise<unknown> {
  switch (task) {
    case 'flush':
      return flushHead(payload as FlushPayload, disk, codecs);
    default:
      throw new CodedError('internal', `no such task: ${task}`);
  }
}

/** Runs tasks where it is called, on copies as a thread would see them: for tests, and where no thread can start. */
export function inPlaceWorkers(world: TaskWorld): Workers {
  return {
    async run<Payload, Result>(task: string, payload: Payload, signal?: AbortSignal): Promise<Result> {
      signal?.throwIfAborted();
      // The caller names the result's type together with the task, as with a thread.
      return structuredClone(await runTask(task, structuredClone(payload), world)) as Result;
    },
    close: () => Promise.resolve(),
  };
}
