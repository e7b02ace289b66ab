import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { CodedError } from '../base/coded-error.ts';
import type { Workers } from '../engine/workers.ts';
import { errorOfPlain, type WorkerAnswer, type WorkerData, type WorkerRequest } from './worker-messages.ts';

interface Task {
  readonly request: WorkerRequest;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

interface Thread {
  readonly worker: Worker;
  current: Task | undefined;
}

/**
 * A pool of worker threads. Threads start when there is work, one task each at a time; the rest waits. A thread that dies fails its
 * task as `unavailable`, and the next task gets a new one.
 */
export class NodeWorkers implements Workers {
  private readonly root: string;
  private readonly threadsMax: number;
  private readonly threads: Thread[] = [];
  private readonly waiting: Task[] = [];
  private nextId = 1;
  private closed = false;

  constructor(root: string, threadsMax: number) {
    this.root = root;
    this.threadsMax = Math.max(1, threadsMax);
  }

  run<Payload, Result>(task: string, payload: Payload, signal?: AbortSignal): Promise<Result> {
    if (this.closed) {
      return Promise.reject(new CodedError('unavailable', 'shutting down'));
    }
    return new Promise<Result>((resolve, reject) => {
      signal?.throwIfAborted();
      // The caller names the result's type together with the task.
      const entry: Task = {
        request: { id: this.nextId++, task, payload },
        resolve: resolve as (result: unknown) => void,
        reject,
      };
      signal?.addEventListener('abort', () => this.abandon(entry, signal.reason), { once: true });
      this.waiting.push(entry);
      this.assign();
    });
  }

  async close(): Promise<void> {
    this.closed = true;
    for (const task of this.waiting.splice(0)) {
      task.reject(new CodedError('unavailable', 'shutting down'));
    }
    await Promise.all(this.threads.map(({ worker }) => worker.terminate()));
  }

  private assign(): void {
    while (this.waiting.length > 0) {
      const thread = this.threads.find(({ current }) => current === undefined) ?? this.start();
      const task = this.waiting[0];
      if (thread === undefined) {
        return;
      }
      this.waiting.shift();
      thread.current = task;
      thread.worker.ref();
      thread.worker.postMessage(task.request);
    }
  }

  private start(): Thread | undefined {
    if (this.threads.length >= this.threadsMax) {
      return undefined;
    }
    const data: WorkerData = { root: this.root };
    const thread: Thread = { worker: new Worker(workerEntry(), { workerData: data }), current: undefined };
    thread.worker.on('message', (answer: WorkerAnswer) => this.finish(thread, answer));
    thread.worker.on('error', (error) => this.bury(thread, error.message));
    thread.worker.on('exit', (code) => this.bury(thread, `exit code ${code}`));
    this.threads.push(thread);
    return thread;
  }

  private finish(thread: Thread, answer: WorkerAnswer): void {
    const task = thread.current;
    thread.current = undefined;
    // An idle thread does not keep the process alive.
    thread.worker.unref();
    if (answer.error === undefined) {
      task?.resolve(answer.result);
    } else {
      task?.reject(errorOfPlain(answer.error));
    }
    this.assign();
  }

  private bury(thread: Thread, reason: string): void {
    const index = this.threads.indexOf(thread);
    if (index >= 0) {
      this.threads.splice(index, 1);
      thread.current?.reject(new CodedError('unavailable', `a worker died: ${reason}`));
      this.assign();
    }
  }

  /** A waiting task leaves the queue; a running one is left to end, its answer is dropped. */
  private abandon(task: Task, reason: unknown): void {
    const index = this.waiting.indexOf(task);
    if (index >= 0) {
      this.waiting.splice(index, 1);
    }
    task.reject(reason);
  }
}

/** Beside us: `worker.mjs` in the bundle, `worker-main.ts` in the sources. */
function workerEntry(): URL {
  const bundled = new URL('./worker.mjs', import.meta.url);
  return existsSync(fileURLToPath(bundled)) ? bundled : new URL('./worker-main.ts', import.meta.url);
}
