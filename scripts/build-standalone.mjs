// Bundles the standalone page into `build/standalone/`: hashed names, lazy chunks, source maps, and an index.html that a strict
// Content-Security-Policy accepts (no inline script or style).
import { build as esbuild, context } from 'esbuild';
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const outdir = join(root, 'build', 'standalone');
const assets = join(outdir, 'assets');
// Runs before main: chunks that main shares with lazy ones insert styles as soon as they are loaded.
const nonce = 'src/standalone/nonce.ts';
// By `WorkerName` of `src/ui/host.ts`. A worker's file imports what it needs; the page's head names it.
const workers = { layout: 'src/ui/graph/layout-worker.ts', trace: 'src/ui/trace/engine/trace-worker.ts' };

/** Writes `build/standalone`. With `watch` it stays and writes again after each change; the returned function ends that. */
export async function build({ minify = true, watch = false } = {}) {
  rmSync(outdir, { recursive: true, force: true });
  mkdirSync(assets, { recursive: true });
  const options = {
    absWorkingDir: root,
    entryPoints: { nonce, main: 'src/standalone/main.tsx', ...workerEntries() },
    outdir: assets,
    entryNames: '[name]-[hash]',
    chunkNames: '[name]-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'browser',
    target: ['es2022', 'chrome111', 'firefox115', 'safari16.4'],
    jsx: 'automatic',
    minify,
    sourcemap: 'linked',
    legalComments: 'linked',
    metafile: true,
    define: { 'process.env.NODE_ENV': JSON.stringify(minify ? 'production' : 'development') },
    logLevel: 'warning',
    plugins: [
      { name: 'index', setup: (plugin) => plugin.onEnd((result) => result.metafile && writeIndex(result.metafile)) },
    ],
  };
  if (!watch) {
    await esbuild(options);
    return () => Promise.resolve();
  }
  const watching = await context(options);
  await watching.watch();
  return () => watching.dispose();
}

function workerEntries() {
  return Object.fromEntries(Object.entries(workers).map(([name, entry]) => [`${name}-worker`, entry]));
}

/** The page names the entry and the chunks it needs at once; lazy chunks come when they are wanted. */
function writeIndex(metafile) {
  const [main, output] = Object.entries(metafile.outputs).find(
    ([, { entryPoint }]) => entryPoint === 'src/standalone/main.tsx'
  );
  const fileOf = (entry) => Object.entries(metafile.outputs).find(([, { entryPoint }]) => entryPoint === entry)[0];
  const url = (path) => `/${relative(outdir, join(root, path))}`;
  const preloads = output.imports
    .filter(({ kind }) => kind === 'import-statement')
    .map(({ path }) => `<link rel="modulepreload" href="${url(path)}" />`);
  const metas = Object.entries(workers).map(
    ([name, entry]) => `<meta name="vivace-worker-${name}" content="${url(fileOf(entry))}" />`
  );
  copyFileSync(join(root, 'src', 'img', 'logo.svg'), join(assets, 'logo.svg'));
  const html = readFileSync(join(root, 'src', 'standalone', 'page.html'), 'utf8')
    .replace('%MAIN%', url(main))
    .replace('%WORKERS%', metas.join('\n    '))
    .replace('%NONCE%', url(fileOf(nonce)))
    .replace('%ICON%', '/assets/logo.svg')
    .replace('%PRELOADS%', preloads.join('\n    '));
  writeFileSync(join(outdir, 'index.html'), html);
}

if (process.argv[1] && basename(process.argv[1]) === basename(fileURLToPath(import.meta.url))) {
  await build({ minify: !process.argv.includes('--no-minify'), watch: process.argv.includes('--watch') });
}
