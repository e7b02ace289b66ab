import assert from 'node:assert/strict';
import test from 'node:test';
import { tagValueOf } from './shape.ts';

test('a float among tag values reads as a float when it stands in a query', () => {
  const texts = [1, 1.5, -2, 0, 1e21, Number.NaN].map((value) => tagValueOf({ type: 'float', value }).value);
  assert.deepEqual(texts, ['1.0', '1.5', '-2.0', '0.0', '1e+21', 'NaN']);
  assert.deepEqual(tagValueOf({ type: 'int', value: 1n }), { type: 'int', value: '1' });
});
