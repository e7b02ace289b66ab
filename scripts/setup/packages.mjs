// What a bare machine (Node 20 and npm) needs before anything else runs: our packages, and a Node that is new enough. Plain JavaScript
// without dependencies, because it runs first and on the old Node.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { root, runOrFail } from './run.mjs';

const nodeMajorMin = 24;
const stampFile = join(root, 'node_modules', '.vivace-packages');

/** Installs the locked packages when they are missing or when the lock file has changed since. */
export async function ensurePackages() {
  const lock = readFileSync(join(root, 'package-lock.json'));
  const stamp = createHash('sha256').update(lock).update(`${process.platform} ${process.arch}`).digest('hex');
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) {
    return;
  }
  console.log('Installing packages (once; about a minute) …');
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  await runOrFail(npm, ['ci', '--no-progress', '--loglevel=error'], { shell: process.platform === 'win32' });
  writeFileSync(stampFile, stamp);
}

/** Path of a Node of at least version 24: this one, `VIVACE_NODE`, or the one installed as a package. */
export function node24() {
  if (process.env.VIVACE_NODE) {
    return process.env.VIVACE_NODE;
  }
  if (Number(process.versions.node.split('.')[0]) >= nodeMajorMin) {
    return process.execPath;
  }
  const require = createRequire(import.meta.url);
  for (const name of [`node-${process.platform}-${process.arch}`, `node-bin-${process.platform}-${process.arch}`]) {
    try {
      return join(require.resolve(`${name}/package.json`), '..', 'bin', 'node');
    } catch {
      // Not the package of this platform; the next name, or the message below.
    }
  }
  throw new Error(
    `Vivace needs Node ${nodeMajorMin} or newer, this is ${process.version}, and there is no packaged Node for ` +
      `${process.platform}-${process.arch}: install one, or name it in VIVACE_NODE.`
  );
}
