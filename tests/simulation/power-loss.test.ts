import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runCrashes } from './crash.ts';

/** Raise for a night: VIVACE_CRASH_POINTS=1000000. */
const pointsWanted = Number(process.env['VIVACE_CRASH_POINTS'] ?? 20_000);
const firstSeed = Number(process.env['VIVACE_SEED'] ?? 1);

test(
  `power fails at ${pointsWanted} points: every acknowledged span is there, once`,
  { timeout: 24 * 3600_000 },
  async (context) => {
    let points = 0;
    let compactions = 0;
    let seed = firstSeed;
    for (; points < pointsWanted; seed++) {
      const result = await runCrashes({ seed, pointsMax: pointsWanted - points });
      points += result.points;
      compactions += result.compactions;
      assert.deepEqual(
        result.violations,
        [],
        `seed ${seed}: VIVACE_SEED=${seed} VIVACE_CRASH_POINTS=${result.points} repeats it`
      );
    }
    assert.ok(compactions * 1000 > points, `only ${compactions} compactions in ${points} points`);
    context.diagnostic(`${points} crash points, ${compactions} compactions, seeds ${firstSeed} to ${seed - 1}`);
  }
);
