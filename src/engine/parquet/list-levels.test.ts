import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../../base/random.ts';
import { HybridError } from './hybrid.ts';
import { decodeListLevels, encodeListLevels, entryCountOf } from './list-levels.ts';

const seed = Number(process.env.VIVACE_TEST_SEED ?? 3);

test('levels come back as the lists that they were made of', () => {
  for (let round = 0; round < 200; round++) {
    const random = seededRandom(seed + round);
    const odds = random.pick([1, 2, 50]);
    const rowCount = 1 + random.below(300);
    const starts = new Uint32Array(rowCount + 1);
    for (let row = 0; row < rowCount; row++) {
      starts[row + 1] = starts[row] + (random.below(odds) === 0 ? random.below(4) : 0);
    }
    const optional = random.below(2) === 0;
    const present = random.fill(new Uint8Array(Math.ceil(starts[rowCount] / 8)));
    const from = random.below(rowCount);
    const to = from + 1 + random.below(rowCount - from);
    const entries = entryCountOf(starts, from, to);
    const page = encodeListLevels(starts, from, to, optional, optional ? present : undefined);
    const back = decodeListLevels(page, entries, to - from, optional);
    assert.equal(back.end, page.length, `seed ${seed + round}`);
    assert.deepEqual(
      [...back.starts],
      [...starts.subarray(from, to + 1)].map((start) => start - starts[from]),
      `seed ${seed + round}`
    );
    const bits = Array.from({ length: starts[to] - starts[from] }, (_, i) => {
      const element = starts[from] + i;
      return optional ? (present[element >>> 3] >>> (element & 7)) & 1 : 1;
    });
    assert.deepEqual([...back.present], bits, `seed ${seed + round}`);
    assert.equal(
      back.presentCount,
      bits.reduce((sum, bit) => sum + bit, 0)
    );
    // Whatever the bytes: an answer or a HybridError.
    for (let damage = 0; damage < 20; damage++) {
      const broken = page.slice(0, page.length - random.below(3));
      broken[random.below(broken.length)] = random.below(256);
      try {
        decodeListLevels(broken, entries, to - from, optional);
      } catch (error) {
        assert.ok(error instanceof HybridError, `seed ${seed + round}: ${String(error)}`);
      }
    }
  }
});
