/**
 * The plugin's build: create-plugin's configuration (`.config/webpack`), changed where an app with nested plugins and lazy chunks
 * needs it. Each change says why.
 */
import CopyWebpackPlugin from 'copy-webpack-plugin';
import path from 'node:path';
import type { Chunk, Configuration, EntryObject, RuleSetRule } from 'webpack';
import scaffold, { type Env } from './.config/webpack/webpack.config.ts';

const root = import.meta.dirname;

/** Folders of `src` that hold a plugin: the app itself, then those nested in it. */
export const pluginFolders: readonly string[] = ['.', 'datasource', 'panels/waterfall', 'panels/servicegraph'];

export default async function config(env: Env): Promise<Configuration> {
  const base = await scaffold(env);
  const output = { ...base.output };
  // Set per entry below: on `output` it would also wrap worker chunks, which have no `define`.
  delete output.library;
  return {
    ...base,
    cache: { type: 'filesystem', buildDependencies: { config: [path.join(root, 'webpack.config.ts')] } },
    entry: entries(),
    output,
    // What the scaffold derives from `output.library`.
    externalsType: 'amd',
    module: {
      ...base.module,
      rules: base.module?.rules?.map((rule) => withAutomaticJsx(rule as RuleSetRule)),
      // What is given the URL of a program, which is then built as a worker's file.
      parser: { javascript: { worker: ['WorkerProgram from ./worker-program.ts', '...'] } },
    },
    plugins: base.plugins?.map((plugin) => (plugin instanceof CopyWebpackPlugin ? copyFiles() : plugin)),
    resolve: {
      ...base.resolve,
      // `src` is not searched: our folders `api`, `base`, `trace`… must never stand in for a package of that name.
      modules: ['node_modules'],
      alias: { 'grafana-public-path': path.join(root, 'src/app/public-path.js') },
    },
    optimization: { ...base.optimization, splitChunks: { chunks: mayBeSplit } },
    performance: { hints: false },
  };
}

/** Lazy chunks share what they have in common; a worker's program is one file, because it may be imported from another origin. */
function mayBeSplit(chunk: Chunk): boolean {
  return !chunk.hasRuntime() && !chunk.canBeInitial();
}

function entries(): EntryObject {
  return Object.fromEntries(
    pluginFolders.map((folder) => {
      return [
        path.posix.join(folder, 'module'),
        { import: path.join(root, 'src', folder, 'module.tsx'), library: { type: 'amd' } },
      ];
    })
  );
}

/** The scaffold compiles to ES2015 with classic JSX; every Grafana we support runs ES2022 and shares `react/jsx-runtime`. */
function withAutomaticJsx(rule: RuleSetRule): RuleSetRule {
  const use = rule.use as { loader?: string; options?: { jsc: Record<string, unknown> } } | undefined;
  if (use?.loader !== 'swc-loader' || use.options === undefined) {
    return rule;
  }
  const jsc = { ...use.options.jsc, target: 'es2022', transform: { react: { runtime: 'automatic' } } };
  return { ...rule, use: { loader: 'swc-loader', options: { ...use.options, jsc } } };
}

/** The scaffold copies every JSON file below `src` and the images of the root plugin only; the archive holds what is named here. */
function copyFiles(): CopyWebpackPlugin {
  const source = path.join(root, 'src');
  return new CopyWebpackPlugin({
    patterns: [
      ...pluginFolders.flatMap((folder) => [
        { from: path.join(source, folder, 'plugin.json'), to: folder },
        { from: path.join(source, folder, 'img'), to: path.join(folder, 'img') },
      ]),
      { from: path.join(source, 'README.md'), to: '.' },
      { from: path.join(root, 'LICENSE'), to: '.', toType: 'dir' },
      { from: path.join(root, 'CHANGELOG.md'), to: '.' },
    ],
  });
}
