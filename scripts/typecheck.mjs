// Type-checks the whole tree in its worlds: portable folders (neither DOM nor Node types), Node, what draws, and the tests of what draws.
import { join } from 'node:path';
import { root, run } from './setup/run.mjs';

const worlds = ['tsconfig.portable.json', 'tsconfig.node.json', 'tsconfig.json', 'tsconfig.browser-tests.json'];
let failed = 0;
for (const world of worlds) {
  const code = await run(process.execPath, [
    join(root, 'node_modules', 'typescript', 'bin', 'tsc'),
    '--pretty',
    'false',
    '-p',
    world,
    // What has not changed since the last run is not checked again.
    '--incremental',
    '--tsBuildInfoFile',
    join(root, 'node_modules', '.cache', 'typecheck', world.replace('.json', '.tsbuildinfo')),
  ]);
  console.log(`${code === 0 ? 'ok' : 'FAILED'} ${world}`);
  failed += code === 0 ? 0 : 1;
}
process.exit(failed === 0 ? 0 : 1);
