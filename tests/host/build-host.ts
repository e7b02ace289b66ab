/** Bundles the host pages: React, Grafana's libraries and the services, as Grafana's own bundle holds them. */
import { build, type Plugin } from 'esbuild';
import { cpSync, mkdirSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '../..');

/** The two hosts: the newest Grafana, with React 19, and the last line with React 18.3. */
export type HostVersion = '13.2' | '13.1';
export const hostVersions: readonly HostVersion[] = ['13.2', '13.1'];

/** What the hosts share with plugins and have in versions of their own. */
const ownPackages = /^(@grafana\/(data|i18n|runtime|schema|ui)|i18next|moment|react|react-dom)(\/|$)/;

/** One React, one Grafana, also for packages that both hosts have in common. */
function resolveFrom(folder: string): Plugin {
  return {
    name: 'own packages',
    setup(builder) {
      builder.onResolve({ filter: ownPackages }, ({ path: name, kind, pluginData }) =>
        pluginData === folder ? undefined : builder.resolve(name, { kind, resolveDir: folder, pluginData: folder })
      );
    },
  };
}

/** Answers the folder that holds `main.js`, SystemJS and the icons. */
export async function buildHost(version: HostVersion): Promise<string> {
  const outdir = path.join(root, 'build/test-host', version);
  mkdirSync(outdir, { recursive: true });
  const packages = version === '13.2' ? root : path.join(root, 'tests/host/grafana-13.1');
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
    plugins: [resolveFrom(packages)],
    logLevel: 'error',
    minify: true,
  });
  for (const [from, to] of [
    ['node_modules/systemjs/dist/system.min.js', 'system.js'],
    ['node_modules/systemjs/dist/extras/amd.min.js', 'amd.js'],
    ['node_modules/systemjs/dist/extras/named-register.min.js', 'named-register.js'],
  ]) {
    cpSync(path.join(root, from), path.join(outdir, to));
  }
  cpSync(path.join(packages, 'node_modules/@grafana/ui/dist/public'), path.join(outdir, 'build'), { recursive: true });
  return outdir;
}
