// `npm start`: installs what is missing, builds the page when it is stale, and runs the server from source on Node 24.
// Everything after `--` goes to the server: `npm start -- --demo`, `npm start -- --help`.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ensurePackages, node24 } from './setup/packages.mjs';
import { ensurePage } from './setup/page.mjs';
import { root } from './setup/run.mjs';

await ensurePackages();
const node = node24();
await ensurePage(node);

const server = spawn(
  node,
  ['--disable-warning=ExperimentalWarning', join(root, 'src', 'server', 'main.ts'), ...process.argv.slice(2)],
  {
    stdio: 'inherit',
    // The next start, and every thread of this one, takes what was compiled from here: a quarter of the work.
    env: { NODE_COMPILE_CACHE: join(root, 'node_modules', '.cache', 'vivace'), ...process.env },
  }
);
// The server ends in order on these; we stay until it has.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => server.kill(signal));
}
// npm ends at once when it is told to, and its shell does not pass the signal on: an orphan knows that it was meant too.
const parent = process.ppid;
setInterval(() => process.ppid !== parent && server.kill('SIGTERM'), 500).unref();
server.once('exit', (code, signal) => process.exit(signal ? 1 : (code ?? 1)));
