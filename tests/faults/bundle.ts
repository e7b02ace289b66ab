import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';

export interface Bundle {
  /** The entry. */
  readonly file: string;
  /** Code that V8 has compiled, shared by all processes. */
  readonly variables: Readonly<Record<string, string>>;
  remove(): void;
}

/** `killed-server.ts` as the release would have it: starts with a third of the CPU that the sources take, which is what a round costs. */
export async function bundleServer(): Promise<Bundle> {
  const folder = mkdtempSync(join(tmpdir(), 'vivace-killed-server-'));
  await build({
    absWorkingDir: resolve(import.meta.dirname, '../..'),
    entryPoints: { server: 'tests/faults/killed-server.ts', worker: 'src/server/worker-main.ts' },
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    chunkNames: 'chunks/[hash]',
    bundle: true,
    // What only buckets need is loaded where there is one; workers find their entry beside the main file.
    splitting: false,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    define: { 'process.env.VIVACE_VERSION': '"test"' },
    banner: {
      js: "import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url);",
    },
    logLevel: 'warning',
  });
  return {
    file: join(folder, 'server.mjs'),
    variables: { NODE_COMPILE_CACHE: join(folder, 'compiled') },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
