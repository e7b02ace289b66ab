import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keyGroups } from './key-table.ts';

test('no key means two things in one group, no command comes twice', () => {
  for (const { title, commands } of keyGroups) {
    const keys = commands.flatMap((command) => command.keys);
    assert.equal(new Set(keys).size, keys.length, title);
  }
  const ids = keyGroups.flatMap(({ commands }) => commands.map(({ id }) => id));
  assert.equal(new Set(ids).size, ids.length);
});
