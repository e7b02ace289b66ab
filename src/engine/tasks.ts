import type { Codecs } from '../base/codecs.ts';
import { CodedError } from '../base/coded-error.ts';
import { compactBlocks, type CompactPayload } from './compaction/compact.ts';
import type { Disk } from './disk.ts';
import { flushHead, type FlushPayload } from './flush.ts';
import { QueryWorld, type QueryWorldParts } from './query/query-world.ts';
import { runQuery, type QueryPayload } from './query/run-query.ts';
import type { Gone, TaskContext, Workers } from './workers.ts';

/** What a worker has at hand. */
export interface TaskWorld {
  readonly disk: Disk;
  readonly codecs: Codecs;
  readonly queries: QueryWorld;
}

/** Every task a worker can run, by name. Payloads come from the engine itself, in the same version. */
export async function runTask(
  task: string,
  payload: unknown,
  world: TaskWorld,
  context: TaskContext
): Promise<unknown> {
  switch (task) {
    case 'flush':
      return flushHead(payload as FlushPayload, world.disk, world.codecs);
    case 'compact':
      return compactBlocks(payload as CompactPayload, world.disk, world.codecs, { stopped: () => context.stopped() });
    case 'query':
      return runQuery(payload as QueryPayload, world.queries, context);
    default:
      throw new CodedError('internal', `no such task: ${task}`);
  }
}

/** Runs tasks where it is called, on copies as a thread would see them: for tests, and where no thread can start. */
export function inPlaceWorkers(parts: QueryWorldParts): Workers {
  const world: TaskWorld = { ...parts, queries: new QueryWorld(parts) };
  return {
    async run<Payload, Result>(
      task: string,
      payload: Payload,
      signal?: AbortSignal,
      onReport?: (report: unknown) => void
    ): Promise<Result> {
      signal?.throwIfAborted();
      const context: TaskContext = {
        stopped: () => signal?.aborted ?? false,
        report: (report) => onReport?.(structuredClone(report)),
      };
      // The caller names the result's type together with the task, as with a thread.
      return structuredClone(await runTask(task, structuredClone(payload), world, context)) as Result;
    },
    forget: (gone: Gone) => world.queries.forget(gone),
    close: () => Promise.resolve(),
  };
}
