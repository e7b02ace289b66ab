/**
 * Builds the Grafana plugin into `dist/`, which then holds nothing else: it is what is signed and zipped.
 * Run with Node 24 (`npm run build:plugin`); `--watch` is not offered, Grafana reloads a plugin on restart anyway.
 */
import { realpathSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(import.meta.dirname, '..');

/** Builds once. Rejects with webpack's own report when anything failed to compile. */
export async function build({ production = true } = {}) {
  // The scaffold's configuration resolves everything from the working directory.
  process.chdir(root);
  const [{ default: webpack }, { default: configure }] = await Promise.all([
    import('webpack'),
    import('../webpack.config.ts'),
  ]);
  const compiler = webpack(await configure(production ? { production: true } : { development: true }));
  const stats = await new Promise((resolve, reject) => {
    compiler.run((error, result) =>
      compiler.close((closeError) => ((error ?? closeError) ? reject(error ?? closeError) : resolve(result)))
    );
  });
  if (stats.hasErrors()) {
    throw new Error(stats.toString({ preset: 'errors-warnings', colors: false }));
  }
  return stats;
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const stats = await build({ production: !process.argv.includes('--development') });
  console.log(stats.toString({ preset: 'summary', colors: false }));
}
