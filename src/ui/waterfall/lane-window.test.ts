import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { contentHeightMax, laneWindowOf, scrollTopFor } from './lane-window.ts';
import { laneHeight } from './layout.ts';

const height = 700;

test('every lane of a million can be reached, and the first and last stand at the edges', () => {
  for (const count of [1, 40, 100_000, 1_000_000, 5_000_000]) {
    const { contentHeight } = laneWindowOf(count, { scrollTop: 0, height });
    assert.ok(contentHeight <= contentHeightMax);
    const first = laneWindowOf(count, { scrollTop: 0, height });
    assert.deepEqual([first.laneStart, first.lanesTop, first.originTop], [0, 0, 0]);
    const last = laneWindowOf(count, { scrollTop: Math.max(0, contentHeight - height), height });
    assert.equal(last.laneEnd, count);
    if (count > 40) {
      assert.equal(last.originTop + count * laneHeight, contentHeight, 'the last lane ends where the content does');
    }
  }
});

test('a lane that is shown is whole on the screen, wherever one scrolled before', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 3_000_000 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.nat(),
      (count, share, pick) => {
        const { contentHeight } = laneWindowOf(count, { scrollTop: 0, height });
        const scrollTop = Math.floor(share * Math.max(0, contentHeight - height));
        const lane = pick % count;
        const to = scrollTopFor(count, { scrollTop, height }, lane) ?? scrollTop;
        const { laneStart, laneEnd, lanesTop, originTop } = laneWindowOf(count, { scrollTop: to, height });
        assert.ok(laneStart <= lane && lane < laneEnd);
        const top = originTop + lane * laneHeight - to;
        assert.ok(top >= -1 && top + laneHeight <= height + 1, `${top}`);
        assert.ok(Math.abs(lane * laneHeight - lanesTop - top) < 1);
      }
    ),
    { numRuns: 500 }
  );
});
