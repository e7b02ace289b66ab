/** The built plugin as an archive: what Grafana's plugin validator checks and can be checked here, and the sizes of GOALS G7. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import semver from 'semver';
import { z } from 'zod';

const root = path.resolve(import.meta.dirname, '../..');
const dist = path.join(root, 'dist');
const folders = ['.', 'datasource', 'panels/waterfall', 'panels/servicegraph'];
const read = (file: string): string => readFileSync(path.join(dist, file), 'utf8');

const packageJson = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { version: string };

const info = z.strictObject({
  description: z.string().min(20),
  author: z.strictObject({ name: z.string().min(1) }),
  keywords: z.array(z.string()).min(1),
  logos: z.strictObject({ small: z.string(), large: z.string() }),
  links: z.array(z.unknown()),
  screenshots: z.array(z.strictObject({ name: z.string(), path: z.string() })),
  version: z.literal(packageJson.version),
  updated: z.string().regex(/^\d{4}-\d\d-\d\d$/),
});
const common = {
  $schema: z.url(),
  name: z.string().min(1),
  info,
  dependencies: z.strictObject({ grafanaDependency: z.string(), plugins: z.array(z.never()) }),
  buildMode: z.literal('production'),
};
const schemas = {
  app: z.strictObject({
    ...common,
    type: z.literal('app'),
    id: z.string().regex(/^[0-9a-z]+-[0-9a-z]+-app$/),
    autoEnabled: z.literal(true),
    preload: z.boolean(),
    extensions: z.strictObject({
      addedLinks: z.array(
        z.strictObject({ targets: z.array(z.string()), title: z.string().min(10), description: z.string().min(10) })
      ),
      exposedComponents: z.array(
        z.strictObject({
          id: z.string().regex(/^vivace-traces-app\/[a-z-]+\/v\d+$/),
          title: z.string().min(10),
          description: z.string().min(10),
        })
      ),
    }),
    includes: z.array(
      z.looseObject({ type: z.enum(['page', 'datasource', 'panel']), name: z.string().min(1), path: z.string() })
    ),
  }),
  datasource: z.strictObject({
    ...common,
    type: z.literal('datasource'),
    id: z.string().regex(/^[0-9a-z]+-[0-9a-z]+-datasource$/),
    category: z.literal('tracing'),
    tracing: z.literal(true),
    metrics: z.literal(true),
    annotations: z.literal(true),
    // One-of operators of ad hoc filters.
    multiValueFilterOperators: z.literal(true),
    // No backend: no alerting, no logs of its own, no Live channel.
    alerting: z.literal(false),
    logs: z.literal(false),
    streaming: z.literal(false),
  }),
  panel: z.strictObject({
    ...common,
    type: z.literal('panel'),
    id: z.string().regex(/^[0-9a-z]+-[0-9a-z]+-panel$/),
  }),
};

const plugins = folders.map((folder) => {
  const json = JSON.parse(read(path.join(folder, 'plugin.json'))) as { type: keyof typeof schemas };
  return { folder, json: schemas[json.type].parse(json) };
});

test('dist holds the plugin and nothing else', () => {
  const files = readdirSync(dist, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(dist, path.join(entry.parentPath, entry.name)));
  const expected = [
    /^(LICENSE|README\.md|CHANGELOG\.md)$/,
    /^((datasource|panels\/[a-z]+)\/)?(plugin\.json|module\.js|module\.js\.map|module\.js\.LICENSE\.txt|img\/[\w-]+\.(svg|png))$/,
    /^\d+\.js(\.map|\.LICENSE\.txt)?$/,
  ];
  assert.deepEqual(
    files.filter((file) => !expected.some((pattern) => pattern.test(file))),
    []
  );
  for (const required of ['LICENSE', 'README.md', 'CHANGELOG.md']) {
    assert.ok(files.includes(required), required);
  }
});

test('the app names its nested plugins where they are', () => {
  const [app] = plugins;
  assert.ok('includes' in app.json);
  const nested = app.json.includes.filter((include) => include.type !== 'page');
  assert.deepEqual(
    nested.map((include) => [include.type, include.path]),
    plugins.slice(1).map(({ folder, json }) => [json.type, `${folder}/plugin.json`])
  );
  for (const page of app.json.includes.filter((include) => include.type === 'page')) {
    assert.ok(page.path.startsWith(`/a/${app.json.id}/`), page.path);
  }
});

test('one Grafana range, which has react/jsx-runtime shared throughout', () => {
  const ranges = new Set(plugins.map(({ json }) => json.dependencies.grafanaDependency));
  assert.equal(ranges.size, 1);
  const [range] = ranges;
  assert.ok(semver.validRange(range));
  const matches = (version: string) => semver.satisfies(version, range, { includePrerelease: true });
  for (const version of ['11.6.11', '12.0.10', '12.1.7', '12.2.5', '12.3.3', '13.0.0', '13.2.2', '13.3.0-pre']) {
    assert.ok(matches(version), `${version} is in`);
  }
  for (const version of ['11.5.0', '11.6.10', '12.0.9', '12.1.6', '12.2.4']) {
    assert.ok(!matches(version), `${version} is out`);
  }
});

test('logos and screenshots exist, are relative, and are plain SVG', () => {
  for (const { folder, json } of plugins) {
    const images = [json.info.logos.small, json.info.logos.large, ...json.info.screenshots.map((one) => one.path)];
    for (const image of images) {
      assert.ok(!/^(\.\/|\/|https?:)/.test(image), image);
      assert.ok(existsSync(path.join(dist, folder, image)), `${folder}/${image}`);
      if (image.endsWith('.svg')) {
        const elements = [...read(path.join(folder, image)).matchAll(/<([a-zA-Z]+)/g)].map(([, name]) => name);
        assert.deepEqual(
          elements.filter((name) => !['svg', 'rect', 'path', 'g', 'circle'].includes(name)),
          []
        );
      }
    }
  }
});

test('each entry is AMD, depends on shared modules only and has a source map of our sources', () => {
  // Shared by every Grafana in the range; `module` is the loader's own.
  const shared = new Set([
    '@emotion/css',
    '@grafana/data',
    '@grafana/runtime',
    '@grafana/ui',
    'module',
    'react',
    'react-dom',
    'react/jsx-runtime',
    'rxjs',
  ]);
  for (const { folder } of plugins) {
    const code = read(path.join(folder, 'module.js'));
    const names = JSON.parse(/^define\((\[[^\]]*\])/m.exec(code)![1]) as string[];
    assert.deepEqual(
      names.filter((name) => !shared.has(name)),
      [],
      folder
    );
    const map = JSON.parse(read(path.join(folder, 'module.js.map'))) as { sources: string[]; sourcesContent: string[] };
    const own = map.sources.filter((source) => /\/module\.tsx?$/.test(source));
    assert.equal(own.length, 1, folder);
    const source = readFileSync(path.join(root, 'src', folder, path.basename(own[0])), 'utf8');
    assert.equal(map.sourcesContent[map.sources.indexOf(own[0])], source, `${folder}: the map shows the source`);
  }
});

test('no React inside, nothing that reviewers refuse', () => {
  const files = readdirSync(dist, { recursive: true })
    .map(String)
    .filter((file) => file.endsWith('.js'));
  const refused: [string, RegExp][] = [
    [
      'React bundled',
      /react\.production|__SECRET_INTERNALS_DO_NOT_USE|__CLIENT_INTERNALS_DO_NOT_USE|react\.transitional\.element/,
    ],
    ['eval', /[=(,;:?&|!]\s*eval\(|new Function\(/],
    ['blocking dialogs', /window\.(alert|confirm|prompt)\(/],
    ['windows without noopener', /window\.open\(/],
    ['direct backend queries', /\/api\/ds\/query/],
    ['globals on window', /window\.[a-zA-Z_$]+\s*=[^=]/],
    ['HTML from strings', /dangerouslySetInnerHTML|\.innerHTML\s*=/],
  ];
  for (const file of files) {
    const code = read(file);
    for (const [what, pattern] of refused) {
      const at = code.search(pattern);
      assert.ok(at === -1, `${file}: ${what}: …${code.slice(Math.max(0, at - 40), at + 80)}…`);
    }
  }
});

test('entries stay small (GOALS G7)', () => {
  const limits: Record<string, number> = {
    '.': 30_000,
    datasource: 100_000,
    'panels/waterfall': 100_000,
    'panels/servicegraph': 100_000,
  };
  for (const { folder } of plugins) {
    const bytes = gzipSync(read(path.join(folder, 'module.js'))).length;
    console.log(
      `${path.join(folder, 'module.js').padEnd(32)}${String(bytes).padStart(8)} bytes gzip, at most ${limits[folder]}`
    );
    assert.ok(bytes <= limits[folder], folder);
  }
  const chunks = readdirSync(dist).filter((file) => /^\d+\.js$/.test(file));
  const total = chunks.reduce((sum, file) => sum + gzipSync(read(file)).length, 0);
  console.log(`${`${chunks.length} lazy chunks`.padEnd(32)}${String(total).padStart(8)} bytes gzip`);
  assert.ok(chunks.every((file) => statSync(path.join(dist, `${file}.map`)).size > 0));
});

test('placeholders are filled everywhere', () => {
  for (const file of ['README.md', ...folders.map((folder) => path.join(folder, 'plugin.json'))]) {
    assert.doesNotMatch(read(file), /%[A-Z_]+%/, file);
  }
});

test('what is imported of Grafana is there in the older host', () => {
  // Types are not there at run time; CI compares with older versions still (`.github/workflows/ci.yml`).
  const exportsOf = (name: string): string =>
    readFileSync(path.join(root, 'tests/host/grafana-13.1/node_modules', name, 'dist/esm/index.mjs'), 'utf8');
  const folders = ['src/app', 'src/datasource', 'src/panels'].map((folder) => path.join(root, folder));
  const files = folders
    .flatMap((folder) => readdirSync(folder, { recursive: true }).map((name) => path.join(folder, String(name))))
    .filter((file) => /(?<!\.test)\.tsx?$/.test(file))
    .concat(path.join(root, 'src/module.tsx'));
  let count = 0;
  for (const file of files) {
    const imports = readFileSync(file, 'utf8').matchAll(
      /^import \{([^}]*)\} from '(@grafana\/(?:data|runtime|ui))';/gm
    );
    for (const [, names, from] of imports) {
      const values = names
        .split(',')
        .map((name) => name.trim())
        .filter((name) => name !== '' && !name.startsWith('type '));
      for (const name of values) {
        count++;
        assert.match(exportsOf(from), new RegExp(`\\b${name}\\b`), `${path.relative(root, file)}: ${name} of ${from}`);
      }
    }
  }
  assert.ok(count > 30);
});
