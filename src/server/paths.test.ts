import assert from 'node:assert/strict';
import path from 'node:path';
import test from 'node:test';
import { defaultPageDir } from './paths.ts';

test('the page is the built one, never its template among the sources', () => {
  const source = path.resolve(import.meta.dirname, '../standalone');
  assert.notEqual(path.resolve(defaultPageDir()), source);
});
