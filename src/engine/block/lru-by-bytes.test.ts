import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LruByBytes } from './lru-by-bytes.ts';

test('the least recently used goes first, and the bytes stay below the bound', () => {
  const lru = new LruByBytes<number>(100);
  ['a', 'b', 'c', 'd'].forEach((key, value) => lru.set(key, value, 25));
  assert.equal(lru.get('a'), 0);
  lru.set('e', 4, 20);
  assert.equal(lru.get('b'), undefined);
  assert.deepEqual(
    ['a', 'c', 'd', 'e'].map((key) => lru.get(key)),
    [0, 2, 3, 4]
  );
  assert.equal(lru.sizeBytes, 95);
  lru.set('a', 9, 5);
  assert.equal(lru.sizeBytes, 75);
  lru.set('large', 5, 26);
  assert.equal(lru.get('large'), undefined, 'more than a quarter of all is not kept');
});

test('what belongs to a file is forgotten together', () => {
  const lru = new LruByBytes<number>(1000);
  ['x 1', 'x 2', 'xy 1'].forEach((key, value) => lru.set(key, value, 10));
  lru.deletePrefix('x ');
  assert.deepEqual(
    ['x 1', 'x 2', 'xy 1'].map((key) => lru.get(key)),
    [undefined, undefined, 2]
  );
  assert.equal(lru.sizeBytes, 10);
});
