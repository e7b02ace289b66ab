import assert from 'node:assert/strict';
import { test } from 'node:test';
import { physicalNames } from './column-names.ts';
import { planRowGroups } from './row-groups.ts';

/** Traces of the given sizes, one after the other. */
function groupsOf(sizes: readonly number[], rowsMin: number, rowsMax: number): number[][] {
  const traceOfRow = sizes.flatMap((size, trace) => Array.from({ length: size }, () => trace));
  const groups = planRowGroups(traceOfRow, [...traceOfRow.keys()], rowsMin, rowsMax);
  return groups.map(({ start, end }) => [...new Set(traceOfRow.slice(start, end))]);
}

test('row groups are cut between traces', () => {
  assert.deepEqual(groupsOf([], 4, 8), []);
  assert.deepEqual(groupsOf([1, 1, 1, 1, 1], 4, 8), [[0, 1, 2, 3], [4]]);
  assert.deepEqual(groupsOf([3, 3, 3], 4, 8), [[0, 1], [2]]);
});

test('a trace too large for a group has one of its own', () => {
  assert.deepEqual(groupsOf([1, 20, 1, 1], 4, 8), [[0], [1], [2, 3]]);
  assert.deepEqual(groupsOf([20, 20], 4, 8), [[0], [1]]);
  assert.deepEqual(groupsOf([3, 6], 4, 8), [[0], [1]]);
});

test('column names are distinct for SQL, which ignores case', () => {
  const keys = [
    { scope: 'intrinsic', key: 'name', type: 'string' },
    { scope: 'span', key: '', type: 'string' },
    { scope: 'span', key: 'A', type: 'int' },
    { scope: 'span', key: 'a', type: 'string' },
    { scope: 'span', key: 'a', type: 'int' },
    { scope: 'span', key: 'a:int', type: 'string' },
    { scope: 'span', key: 'a~2', type: 'string' },
    { scope: 'span', key: 'name', type: 'string' },
  ] as const;
  const expected = ['name', 'span.', 'span.A', 'span.a~2', 'span.a:int', 'span.a:int~2', 'span.a~2~2', 'span.name'];
  assert.deepEqual(physicalNames(keys), expected);
});
