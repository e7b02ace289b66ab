/** Bundles the host page once: React, Grafana's libraries and the services, as Grafana's own bundle holds them. */
import { build } from 'esbuild';
import { cpSync, mkdirSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '../..');

/** Answers the folder that holds `main.js`, SystemJS and the icons. */
export async function buildHost(): Promise<string> {
  const outdir = path.join(root, 'build/test-host');
  mkdirSync(outdir, { recursive: true });
  await build({
    absWorkingDir: root,
    entryPoints: ['tests/host/browser/main.tsx'],
    outdir,
    bundle: true,
    format: 'iife',
    platform: 'browser',
    target: 'es2022',
    jsx: 'automatic',
    // `define` belongs to the plugin loader: libraries in this bundle must not register themselves there.
    define: { define: 'undefined', 'process.env.NODE_ENV': '"production"', global: 'globalThis' },
    loader: { '.svg': 'dataurl', '.png': 'dataurl', '.ttf': 'file' },
    logLevel: 'error',
    minify: true,
  });
  for (const [from, to] of [
    ['node_modules/systemjs/dist/system.min.js', 'system.js'],
    ['node_modules/systemjs/dist/extras/amd.min.js', 'amd.js'],
    ['node_modules/systemjs/dist/extras/named-register.min.js', 'named-register.js'],
    ['node_modules/@grafana/ui/dist/public', 'build'],
  ]) {
    cpSync(path.join(root, from), path.join(outdir, to), { recursive: true });
  }
  return outdir;
}
