import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../../base/random.ts';
import { TraceSet } from './split-index.ts';

/** Ids that count up, in the last bytes or in the first. */
function countingIds(from: number, count: number, at: number): Uint8Array {
  const ids = new Uint8Array(16 * count);
  const view = new DataView(ids.buffer);
  for (let i = 0; i < count; i++) {
    view.setUint32(16 * i + at, from + i);
  }
  return ids;
}

test('a set counts in how many blocks a trace is, and hardly ever too many', () => {
  const random = seededRandom(7);
  const traces = 20_000;
  const ids = random.fill(new Uint8Array(16 * traces));
  const set = new TraceSet();
  set.add(ids.subarray(0, 16 * 15_000));
  set.add(ids.subarray(16 * 10_000, 16 * 18_000));
  let tooMany = 0;
  for (let trace = 0; trace < traces; trace++) {
    const blocks = Number(trace < 15_000) + Number(trace >= 10_000 && trace < 18_000);
    const counted = set.countOf(ids.subarray(16 * trace, 16 * trace + 16));
    assert.ok(counted >= blocks, `trace ${trace} of seed 7: ${counted} blocks, is in ${blocks}`);
    tooMany += counted > blocks ? 1 : 0;
  }
  assert.ok(tooMany <= 2, `${tooMany} traces counted too often`);
});

for (const [where, at] of [
  ['last', 12],
  ['first', 0],
] as const) {
  test(`ids that count up in their ${where} bytes cost no more than random ones`, () => {
    const count = 200_000;
    const counting = countingIds(1, count, at);
    const random = seededRandom(8).fill(new Uint8Array(16 * count));
    const cost = (ids: Uint8Array): number => {
      const start = process.cpuUsage();
      new TraceSet().add(ids);
      const { user, system } = process.cpuUsage(start);
      return (user + system) / 1000;
    };
    cost(random);
    const randomMs = cost(random);
    const countingMs = cost(counting);
    // Where ids fall on each other it is a thousand times.
    assert.ok(countingMs < 20 * randomMs + 50, `${countingMs} ms against ${randomMs} ms`);
  });
}
