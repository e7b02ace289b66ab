// The entry of a worker thread: runs the engine's tasks by name on a disk of its own.
import { flushCompileCache } from 'node:module';
import { constants, platform, setPriority } from 'node:os';
import { getHeapStatistics } from 'node:v8';
import { parentPort, workerData } from 'node:worker_threads';
import { QueryWorld } from '../engine/query/query-world.ts';
import { runTask } from '../engine/tasks.ts';
import { nodeCodecs } from './node-codecs.ts';
import { NodeDisk } from './node-disk.ts';
import { PortDisk } from './object-stores/disk-port.ts';
import { plainOfError, type WorkerAnswer, type WorkerData, type WorkerRequest } from './worker-messages.ts';

const { root, cacheLimits, blocks } = workerData as WorkerData;
const files = new NodeDisk(root);
const disk = blocks === undefined ? files : new PortDisk(files, blocks);
const queries = new QueryWorld({
  disk,
  codecs: nodeCodecs,
  cacheLimits,
  nowMs: () => performance.now(),
  breathe: () => new Promise((resolve) => setImmediate(resolve)),
  // `process.memoryUsage()` would ask the system for the resident size, at a hundred times the price.
  memoryBytes: () => {
    const { used_heap_size: heap, external_memory: external } = getHeapStatistics();
    return heap + external;
  },
  cpuMs: () => {
    const { user, system } = process.threadCpuUsage();
    return (user + system) / 1000;
  },
});
const world = { disk, codecs: nodeCodecs, queries };
// Where there is a cache (NODE_COMPILE_CACHE): a thread that is terminated would not write to it.
flushCompileCache();

parentPort?.on('message', (request: WorkerRequest) => {
  if (request.kind === 'forget') {
    queries.forget(request.gone);
    files.forget(request.gone.paths ?? []);
    return;
  }
  const { id, task, payload } = request;
  const stop = new Int32Array(request.stop);
  if (task === 'compact') {
    yieldToOthers();
  }
  const context = {
    stopped: () => Atomics.load(stop, 0) !== 0,
    report: (report: unknown) => post({ kind: 'report', id, report }),
  };
  void runTask(task, payload, world, context).then(
    (result) => post({ kind: 'result', id, result }),
    (error: unknown) => post({ kind: 'error', id, error: plainOfError(error) })
  );
});

/** Gives way to the threads that ingest and query. Linux counts priority by thread; elsewhere it would be the whole process. */
function yieldToOthers(): void {
  if (platform() === 'linux') {
    setPriority(0, constants.priority.PRIORITY_LOW);
  }
}

function post(answer: WorkerAnswer): void {
  parentPort?.postMessage(answer);
}
