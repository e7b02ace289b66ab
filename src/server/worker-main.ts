// The entry of a worker thread: runs the engine's tasks by name on a disk of its own.
import { parentPort, workerData } from 'node:worker_threads';
import { runTask } from '../engine/tasks.ts';
import { nodeCodecs } from './node-codecs.ts';
import { NodeDisk } from './node-disk.ts';
import { plainOfError, type WorkerAnswer, type WorkerData, type WorkerRequest } from './worker-messages.ts';

const { root } = workerData as WorkerData;
const world = { disk: new NodeDisk(root), codecs: nodeCodecs };

parentPort?.on('message', (request: WorkerRequest) => {
  void runTask(request.task, request.payload, world).then(
    (result) => post({ id: request.id, result }),
    (error: unknown) => post({ id: request.id, error: plainOfError(error) })
  );
});

function post(answer: WorkerAnswer): void {
  parentPort?.postMessage(answer);
}
