/** docs/grafana.md says of every feature which test shows it: each named test has to exist, and a row without one needs a reason. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

const root = path.resolve(import.meta.dirname, '../..');
const section = readFileSync(path.join(root, 'docs/grafana.md'), 'utf8')
  .split(/^## /m)
  .find((text) => text.startsWith('Parity with the Tempo data source'));
const [parity, checklist] = (section ?? '').split("The product's checklist:").map((table) =>
  table
    .split('\n')
    .filter((line) => /^\| (?!feature|point|---)/.test(line))
    .map((line) => line.slice(2, -2).split(' | '))
);

/** Titles of the tests in a file, template parts left out. */
function titlesIn(file: string): string[] {
  const text = readFileSync(file, 'utf8');
  return [...text.matchAll(/^\s*test\(\s*(['"`])((?:\\.|(?!\1).)*)\1/gm)].map(([, , title]) =>
    title.replace(/\\(.)/g, '$1')
  );
}

const specs = readdirSync(path.join(root, 'tests/host'))
  .filter((name) => name.endsWith('.spec.ts'))
  .flatMap((name) => titlesIn(path.join(root, 'tests/host', name)));

/** `` `file` "title", "title" `` and `spec "title", "title"`: source (`spec` or a file) and title. */
function namedTests(shownBy: string): [source: string, title: string][] {
  const named: [string, string][] = [];
  let source = '';
  for (const [, file, spec, title] of shownBy.matchAll(/`([\w./-]+\.test\.ts)`|\b(spec)\b|"([^"]+)"/g)) {
    if (title === undefined) {
      source = file ?? spec;
    } else if (source !== '') {
      named.push([source, title]);
    }
  }
  return named;
}

test('every row of both tables names a test that exists, or says why there is none', () => {
  assert.ok(parity.length >= 60, `${parity.length} rows`);
  assert.equal(checklist.length, 13);
  for (const [feature, shownBy, ...more] of [...parity, ...checklist]) {
    assert.deepEqual(more, [], `${feature}: two columns`);
    const named = namedTests(shownBy);
    if (named.length === 0) {
      assert.match(shownBy, /^(impossible|not wanted|not needed)\b.*[:,;]/, `${feature}: a test or a reason`);
    }
    for (const [source, title] of named) {
      const file = source === 'spec' ? undefined : fileOf(source);
      const titles = file === undefined ? specs : titlesIn(file);
      assert.ok(
        titles.some((one) => one.startsWith(title)),
        `${feature}: ${source} has no test that begins with "${title}"`
      );
    }
  }
});

function fileOf(source: string): string {
  const file = [path.join(root, source), path.join(root, 'src/datasource', source)].find((one) => existsSync(one));
  assert.ok(file !== undefined, `${source} is not there`);
  return file;
}
