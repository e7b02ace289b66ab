// `npm run build [plugin|server|standalone …]`: the three artefacts; all of them without an argument.
import { join } from 'node:path';
import { ensurePackages, node24 } from './setup/packages.mjs';
import { root, runOrFail } from './setup/run.mjs';

const artefacts = ['standalone', 'server', 'plugin'];
const wanted = process.argv.length > 2 ? process.argv.slice(2) : artefacts;
for (const name of wanted) {
  if (!artefacts.includes(name)) {
    throw new Error(`unknown artefact ${name}: one of ${artefacts.join(', ')}`);
  }
}
await ensurePackages();
for (const name of wanted) {
  console.log(`Building ${name} …`);
  await runOrFail(node24(), [join(root, 'scripts', `build-${name}.mjs`)]);
}
