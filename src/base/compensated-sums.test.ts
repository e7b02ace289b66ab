import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CompensatedSums } from './compensated-sums.ts';
import { seededRandom } from './random.ts';

function total(values: readonly number[]): number {
  const sums = new CompensatedSums(1);
  values.forEach((value) => sums.add(0, value));
  return sums.total(0);
}

test('any order and any grouping gives the same sum, where plain addition does not', () => {
  const random = seededRandom(7);
  let plainDiffers = 0;
  for (let round = 0; round < 1000; round++) {
    const values = Array.from({ length: 1 + random.below(40) }, () => random.below(100_000_000) / 1e9);
    const shuffled = values.map((value) => ({ value, key: random.below(1 << 30) })).sort((a, b) => a.key - b.key);
    const other = shuffled.map(({ value }) => value);
    const parts = new CompensatedSums(2);
    other.forEach((value, at) => parts.add(at % 2, value));
    const joined = new CompensatedSums(1);
    joined.add(0, parts.sums[0], parts.rests[0]);
    joined.add(0, parts.sums[1], parts.rests[1]);
    assert.equal(total(other), total(values));
    assert.equal(joined.total(0), total(values));
    const plain = (addends: readonly number[]): number => addends.reduce((sum, value) => sum + value, 0);
    plainDiffers += plain(other) === plain(values) ? 0 : 1;
  }
  assert.ok(plainDiffers > 100);
});

test('what rounding loses comes back; infinity and NaN are those of plain addition', () => {
  assert.equal(total([1, 1e100, 1, -1e100]), 2);
  assert.equal(total([1e308, 1e308]), Infinity);
  assert.equal(total([Infinity, 1]), Infinity);
  assert.ok(Number.isNaN(total([Infinity, -Infinity])));
  assert.ok(Number.isNaN(total([Number.NaN, 1])));
});
