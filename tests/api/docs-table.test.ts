/** docs/api.md proves itself: every row of Tempo's interface names a test that is there, or a deviation that is listed. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';

const root = path.join(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');

/** Numbers of the list under the heading. */
function numbered(text: string, heading: string): Set<string> {
  const section = text.split(/^## /m).find((part) => part.startsWith(heading)) ?? '';
  return new Set([...section.matchAll(/^(\d+)\. /gm)].map(([, number]) => number));
}

const api = read('docs/api.md');
const deviations: Readonly<Record<string, ReadonlySet<string>>> = {
  D: numbered(api, 'Deviations from Tempo'),
  T: numbered(read('docs/traceql.md'), 'Where we differ'),
};

interface Row {
  readonly name: string;
  readonly proofs: readonly string[];
}

function rows(): Row[] {
  const table = api.split(/^## Row by row$/m)[1];
  return table
    .split('\n')
    .filter((line) => line.startsWith('|') && !/^\|(-|:| Row \|)/.test(line))
    .map((line) => {
      const cells = line.split(/(?<!\\)\|/).map((cell) => cell.trim());
      assert.equal(cells.length, 4, `two cells: ${line}`);
      // Names of tests hold semicolons: a proof begins with a path or a number.
      const proofs = cells[2].split(/; (?=(?:src|tests)\/|[DT]\d)/);
      return { name: cells[1], proofs: proofs.filter((proof) => proof !== '') };
    });
}

/** What is wrong with a proof; `undefined` when it holds. */
function fault(proof: string): string | undefined {
  const deviation = /^([DT])(\d+)$/.exec(proof);
  if (deviation) {
    return deviations[deviation[1]].has(deviation[2]) ? undefined : 'no such deviation';
  }
  const [file, name = ''] = proof.replaceAll('\\|', '|').split(' › ');
  if (!existsSync(path.join(root, `${file}.test.ts`))) {
    return 'no such file';
  }
  const titles = [...read(`${file}.test.ts`).matchAll(/\btest\(\s*(['"`])(.*?)\1[,)]/gs)].map(([, , title]) => title);
  return titles.some((title) => title.replace(/^\$\{\w+\} /, '') === name) ? undefined : 'no such test';
}

test('every row names a test that is there, or a deviation that is listed', () => {
  const found = rows();
  assert.ok(found.length >= 120, `${found.length} rows`);
  const faults = found.flatMap(({ name, proofs }) => [
    ...(proofs.length === 0 ? [`${name}: no proof`] : []),
    ...proofs.flatMap((proof) => {
      const reason = fault(proof);
      return reason === undefined ? [] : [`${name}: ${reason}: ${proof}`];
    }),
  ]);
  assert.deepEqual(faults, []);
});

test('a proof that does not hold is found', () => {
  assert.equal(fault('tests/api/query › metrics: what is refused'), undefined);
  assert.equal(fault('tests/api/query › metrics: what is'), 'no such test');
  assert.equal(fault('tests/api/nothing › metrics: what is refused'), 'no such file');
  assert.equal(fault('D999'), 'no such deviation');
});

test('every deviation of the API is some row’s', () => {
  const used = new Set(rows().flatMap(({ proofs }) => proofs));
  // 5 points to traceql.md.
  const unused = [...deviations.D].filter((number) => !used.has(`D${number}`) && number !== '5');
  assert.deepEqual(unused, []);
});

test('every deviation of the language is tested under its number', () => {
  const titles = [...read('src/traceql/deviations.test.ts').matchAll(/^test\('(\d+): /gm)].map(([, number]) => number);
  // 5 to 7 are of the store and the API: D3, D1 and D4 there.
  const untested = [...deviations.T].filter((number) => !titles.includes(number) && !['5', '6', '7'].includes(number));
  assert.deepEqual(untested, []);
  assert.deepEqual(
    titles.filter((number) => !deviations.T.has(number)),
    []
  );
});
