import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compactionViolations } from './compaction-oracle.ts';

const firstSeed = Number(process.env['VIVACE_SEED'] ?? 1);
const seeds = Number(process.env['VIVACE_COMPACTIONS'] ?? 30);

test(`${seeds} random compactions hold what their inputs held, once`, async () => {
  for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
    assert.deepEqual(await compactionViolations(seed), [], `VIVACE_SEED=${seed} repeats it`);
  }
});
