// `npm run bench [name …]`: each bench prints one table. Without a name: the goals (P1 to P11).
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ensurePackages, node24 } from './setup/packages.mjs';
import { root, runOrFail } from './setup/run.mjs';

await ensurePackages();
const [name = 'goals', ...rest] = process.argv.slice(2);
const script = join(root, 'bench', `${name}.ts`);
if (!existsSync(script)) {
  throw new Error(`no bench ${name}: see bench/README.md`);
}
await runOrFail(node24(), ['--disable-warning=ExperimentalWarning', script, ...rest]);
