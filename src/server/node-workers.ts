import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { MessageChannel, Worker, type MessagePort } from 'node:worker_threads';
import { CodedError } from '../base/coded-error.ts';
import type { BlockCacheLimits } from '../engine/block/block-cache.ts';
import type { Gone, Workers } from '../engine/workers.ts';
import { errorOfPlain, type WorkerAnswer, type WorkerData, type WorkerRequest } from './worker-messages.ts';

interface Task {
  readonly name: string;
  readonly request: Extract<WorkerRequest, { kind: 'run' }>;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly report: (report: unknown) => void;
}

interface Thread {
  readonly worker: Worker;
  readonly tasks: Map<number, Task>;
}

/** Threads that take the same tasks. */
interface Lane {
  readonly data: WorkerData;
  readonly threadsMax: number;
  /** More than one where tasks give way to each other. */
  readonly tasksPerThreadMax: number;
  readonly heapMebibytesMax: number | undefined;
  readonly serveBlocks: ((port: MessagePort) => void) | undefined;
  readonly threads: Thread[];
  readonly waiting: Task[];
}

export interface NodeWorkersOptions {
  /** The store's folder. */
  readonly root: string;
  readonly queryThreads: number;
  /** Shared by the threads that query; the engine's defaults when absent. */
  readonly cacheLimits?: BlockCacheLimits;
  /** JavaScript heap of a thread that queries. */
  readonly queryHeapMebibytesMax?: number;
  /** Answers a thread's reads of blocks that lie in a bucket. */
  readonly serveBlocks?: (port: MessagePort) => void;
}

/** Queries give way to each other every few milliseconds: a look-up by id does not wait for the end of a long scan beside it. */
const queriesPerThreadMax = 16;

/**
 * Worker threads, in lanes: queries share theirs, every other kind of task has one thread of its own, so that a query never waits for
 * a flush, nor a flush for a compaction. Threads start when there is work. A thread that dies fails its tasks as `unavailable`, and
 * the next task gets a new one.
 */
export class NodeWorkers implements Workers {
  private readonly options: NodeWorkersOptions;
  private readonly lanes = new Map<string, Lane>();
  private nextId = 1;
  private closed = false;

  constructor(options: NodeWorkersOptions) {
    this.options = options;
  }

  run<Payload, Result>(
    name: string,
    payload: Payload,
    signal?: AbortSignal,
    onReport?: (report: unknown) => void
  ): Promise<Result> {
    if (this.closed) {
      return Promise.reject(new CodedError('unavailable', 'shutting down'));
    }
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    if (signal?.aborted === true) {
      reject(signal.reason);
      return promise;
    }
    const lane = this.laneOf(name);
    const stop = new SharedArrayBuffer(4);
    const task: Task = {
      name,
      request: { kind: 'run', id: this.nextId++, task: name, payload, stop },
      // The caller names the result's type together with the task.
      resolve: resolve as (result: unknown) => void,
      reject,
      report: onReport ?? (() => undefined),
    };
    const onAbort = (): void => {
      Atomics.store(new Int32Array(stop), 0, 1);
      const index = lane.waiting.indexOf(task);
      if (index >= 0) {
        lane.waiting.splice(index, 1);
      }
      reject(signal?.reason);
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    lane.waiting.push(task);
    assign(lane);
    return promise.finally(() => signal?.removeEventListener('abort', onAbort));
  }

  /** Starts a first thread for queries and the one that flushes, so that the first query, and the first full head, do not wait for them. */
  warmUp(): void {
    for (const name of ['query', 'flush']) {
      const lane = this.laneOf(name);
      if (lane.threads.length === 0) {
        start(lane).worker.unref();
      }
    }
  }

  forget(gone: Gone): void {
    this.lanes.get('query')?.threads.forEach(({ worker }) => post(worker, { kind: 'forget', gone }));
  }

  /** Tasks of this kind that a thread works on, those included whose caller has gone. */
  runningTasks(name: string): number {
    return this.lanes.get(name)?.threads.reduce((sum, { tasks }) => sum + tasks.size, 0) ?? 0;
  }

  async close(): Promise<void> {
    this.closed = true;
    const threads = [...this.lanes.values()].flatMap((lane) => {
      const tasks = [...lane.waiting.splice(0), ...lane.threads.flatMap((thread) => [...thread.tasks.values()])];
      tasks.forEach(({ reject }) => reject(new CodedError('unavailable', 'shutting down')));
      return lane.threads;
    });
    await Promise.all(threads.map(({ worker }) => worker.terminate()));
  }

  private laneOf(name: string): Lane {
    let lane = this.lanes.get(name);
    if (lane === undefined) {
      lane = name === 'query' ? queryLane(this.options) : soloLane(this.options);
      this.lanes.set(name, lane);
    }
    return lane;
  }
}

function queryLane(options: NodeWorkersOptions): Lane {
  const { root, queryThreads, cacheLimits, queryHeapMebibytesMax, serveBlocks } = options;
  const threadsMax = Math.max(1, queryThreads);
  const share =
    cacheLimits === undefined
      ? undefined
      : {
          footerCacheBytesMax: cacheLimits.footerCacheBytesMax / threadsMax,
          indexCacheBytesMax: cacheLimits.indexCacheBytesMax / threadsMax,
          chunkCacheBytesMax: cacheLimits.chunkCacheBytesMax / threadsMax,
        };
  return {
    data: { root, cacheLimits: share },
    threadsMax,
    tasksPerThreadMax: queriesPerThreadMax,
    heapMebibytesMax: queryHeapMebibytesMax,
    serveBlocks,
    threads: [],
    waiting: [],
  };
}

function soloLane({ root, serveBlocks }: NodeWorkersOptions): Lane {
  return {
    data: { root, cacheLimits: undefined },
    threadsMax: 1,
    tasksPerThreadMax: 1,
    heapMebibytesMax: undefined,
    serveBlocks,
    threads: [],
    waiting: [],
  };
}

function assign(lane: Lane): void {
  for (let task = lane.waiting[0]; task !== undefined; task = lane.waiting[0]) {
    const thread = threadFor(lane);
    if (thread === undefined) {
      return;
    }
    lane.waiting.shift();
    thread.tasks.set(task.request.id, task);
    thread.worker.ref();
    post(thread.worker, task.request);
  }
}

/** An idle thread, or a new one, or the least busy: the first threads, whose caches are warm, before the others. */
function threadFor(lane: Lane): Thread | undefined {
  const least = lane.threads.reduce<Thread | undefined>(
    (a, b) => (a === undefined || b.tasks.size < a.tasks.size ? b : a),
    undefined
  );
  if (least === undefined || (least.tasks.size > 0 && lane.threads.length < lane.threadsMax)) {
    return start(lane);
  }
  return least.tasks.size < lane.tasksPerThreadMax ? least : undefined;
}

function start(lane: Lane): Thread {
  const { data, heapMebibytesMax, serveBlocks } = lane;
  const resourceLimits = heapMebibytesMax === undefined ? undefined : { maxOldGenerationSizeMb: heapMebibytesMax };
  const channel = serveBlocks === undefined ? undefined : new MessageChannel();
  const worker = new Worker(workerEntry(), {
    workerData: { ...data, blocks: channel?.port2 },
    transferList: channel === undefined ? [] : [channel.port2],
    resourceLimits,
  });
  if (channel !== undefined) {
    serveBlocks?.(channel.port1);
  }
  const thread: Thread = { worker, tasks: new Map() };
  worker.on('message', (answer: WorkerAnswer) => settle(lane, thread, answer));
  worker.on('error', (error) => bury(lane, thread, error.message));
  worker.on('exit', (code) => bury(lane, thread, `exit code ${code}`));
  lane.threads.push(thread);
  return thread;
}

function settle(lane: Lane, thread: Thread, answer: WorkerAnswer): void {
  const task = thread.tasks.get(answer.id);
  if (answer.kind === 'report') {
    task?.report(answer.report);
    return;
  }
  thread.tasks.delete(answer.id);
  if (thread.tasks.size === 0) {
    // An idle thread does not keep the process alive.
    thread.worker.unref();
  }
  if (answer.kind === 'result') {
    task?.resolve(answer.result);
  } else {
    task?.reject(errorOfPlain(answer.error));
  }
  assign(lane);
}

function bury(lane: Lane, thread: Thread, reason: string): void {
  const index = lane.threads.indexOf(thread);
  if (index >= 0) {
    lane.threads.splice(index, 1);
    for (const { name, reject } of thread.tasks.values()) {
      reject(new CodedError('unavailable', `the thread of a ${name} died: ${reason}`));
    }
    assign(lane);
  }
}

/** The payload is plain data of the engine's own making: what cannot be cloned is a fault of ours. */
function post(worker: Worker, request: WorkerRequest): void {
  worker.postMessage(request);
}

/** Beside us: `worker.mjs` in the bundle, `worker-main.ts` in the sources. */
function workerEntry(): URL {
  const bundled = new URL('./worker.mjs', import.meta.url);
  return existsSync(fileURLToPath(bundled)) ? bundled : new URL('./worker-main.ts', import.meta.url);
}
