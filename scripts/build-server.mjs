// Bundles the server into `build/server/`: `vivace.mjs`, its worker and the demo shop, run with Node ≥ 24 and nothing else.
import { build } from 'esbuild';
import { chmodSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './setup/run.mjs';

const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
await build({
  absWorkingDir: root,
  entryPoints: { vivace: 'src/server/main.ts', worker: 'src/server/worker-main.ts', demo: 'scripts/demo/main.ts' },
  outdir: 'build/server',
  outExtension: { '.js': '.mjs' },
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  sourcemap: 'linked',
  legalComments: 'linked',
  define: { 'process.env.VIVACE_VERSION': JSON.stringify(version) },
  // Some of our dependencies are CommonJS and call require(): ESM output has none unless we give it one.
  banner: {
    js: "#!/usr/bin/env node\nimport { createRequire as vivaceCreateRequire } from 'node:module'; const require = vivaceCreateRequire(import.meta.url);",
  },
  logLevel: 'warning',
});
chmodSync(join(root, 'build', 'server', 'vivace.mjs'), 0o755);
