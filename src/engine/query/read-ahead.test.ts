import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ReadAhead } from './read-ahead.ts';

const order = Array.from({ length: 100 }, (_, i) => i);

test('rounds double: a hundred answers take seven round trips, a first one alone asks for two', async () => {
  const asked: number[] = [];
  const load = async (item: number): Promise<number> => {
    asked.push(item);
    await new Promise((resolve) => setImmediate(resolve));
    return 10 * item;
  };
  const ahead = new ReadAhead(order, 64, load);
  assert.equal(await ahead.take(0), 0);
  assert.deepEqual(asked, [0, 1]);
  for (const item of order.slice(1)) {
    assert.equal(await ahead.take(item), 10 * item);
  }
  assert.deepEqual(asked, order);
});

test('gaps, errors and no reading ahead', async () => {
  const load = (item: number): Promise<number> =>
    item === 3 ? Promise.reject(new Error('three')) : Promise.resolve(item);
  const ahead = new ReadAhead(order, 8, load);
  assert.equal(await ahead.take(1), 1);
  assert.equal(await ahead.take(2), 2);
  await assert.rejects(ahead.take(3), /three/);
  assert.equal(await ahead.take(50), 50);
  let asked = 0;
  const near = new ReadAhead(order, 0, async (item) => {
    asked++;
    return Promise.resolve(item);
  });
  await near.take(0);
  assert.equal(asked, 1);
});
