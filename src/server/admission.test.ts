import assert from 'node:assert/strict';
import test from 'node:test';
import { ByteBudget } from './admission.ts';

test('what is taken counts over all leases, and is given back once', () => {
  const budget = new ByteBudget(100);
  const first = budget.lease();
  const second = budget.lease();
  first.take(60);
  second.take(40);
  assert.throws(() => second.take(1), /100 of 100 bytes held/);
  first.release();
  first.release();
  assert.equal(budget.usedBytes, 40);
  second.expect(60);
  assert.equal(budget.usedBytes, 40, 'what is only announced holds nothing');
  assert.throws(() => second.expect(61), /retry/);
});

test('numbers that are none never reach the count', () => {
  const budget = new ByteBudget(100);
  const lease = budget.lease();
  for (const bytes of [Number.NaN, -1, 0.5, Number.POSITIVE_INFINITY]) {
    assert.throws(() => lease.take(bytes));
  }
  assert.equal(budget.usedBytes, 0);
});
