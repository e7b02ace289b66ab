import type { StartWorker, WorkerName } from '../ui/host.ts';
import { WorkerProgram } from './worker-program.ts';

/** Each URL is literal: the build makes a file of the program it names (`webpack.config.ts`, `parser`), which lies among the app's chunks. */
const programs: Readonly<Record<WorkerName, WorkerProgram>> = {
  layout: new WorkerProgram(new URL('../ui/graph/layout-worker.ts', import.meta.url)),
  trace: new WorkerProgram(new URL('../ui/trace/engine/trace-worker.ts', import.meta.url)),
};

/** Starts workers from the app, the data source and the panels alike, wherever Grafana serves the plugin's files from. */
export const startWorker: StartWorker = (name) => programs[name].start();
