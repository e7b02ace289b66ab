// Builds the standalone page when its sources are newer than the last build.
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, runOrFail } from './run.mjs';

const sources = ['base', 'trace', 'traceql', 'wire', 'store', 'analysis', 'api', 'ui', 'standalone'].map((name) =>
  join(root, 'src', name)
);
const stampFile = join(root, 'build', 'standalone', '.built');

/** Brings `build/standalone` up to date; quick when nothing changed. */
export async function ensurePage(node) {
  const script = join(root, 'scripts', 'build-standalone.mjs');
  const builtMs = existsSync(stampFile) ? statSync(stampFile).mtimeMs : 0;
  const newestMs = Math.max(...[...sources, script, join(root, 'package-lock.json')].map(newestMtimeMs));
  if (builtMs >= newestMs) {
    return;
  }
  console.log('Building the page …');
  await runOrFail(node, [script]);
  writeFileSync(stampFile, '');
}

function newestMtimeMs(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) {
    return stat.mtimeMs;
  }
  return Math.max(0, ...readdirSync(path).map((name) => newestMtimeMs(join(path, name))));
}
