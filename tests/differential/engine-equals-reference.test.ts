/**
 * The engine's queries equal the reference evaluator's (C1): random traces in random layouts (heads, blocks cut by time window, compacted
 * blocks, folded keys, traces split over them, duplicates) and random queries, against the plain in-memory store that holds every span as
 * it came.
 *
 * VIVACE_PAIRS sets the number of (layout, query) pairs, VIVACE_SEED the first seed, VIVACE_SHARDS the number of processes.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { failingPairs } from './failing-pairs.ts';
import { queriesPerLayout, runFailingPair, runPairs } from './pairs.ts';
import { addTally, emptyTally, rarest, tableOf } from './tally.ts';
import type { Tally } from './tally.ts';

const pairs = Number(process.env.VIVACE_PAIRS ?? 20_000);
const firstSeed = Number(process.env.VIVACE_SEED ?? 1);
const shards = Number(process.env.VIVACE_SHARDS ?? (pairs > 50_000 ? availableParallelism() : 1));

for (const pair of failingPairs) {
  test(`once different: ${pair.showed}`, async () => {
    for (let layout = 0; layout < 40; layout++) {
      await runFailingPair(pair, layout);
    }
  });
}

test(`${pairs} random (layout, query) pairs: engine and reference give the same answer`, async (context) => {
  const layoutCount = Math.ceil(pairs / queriesPerLayout);
  const tally = shards === 1 ? await runPairs(firstSeed, layoutCount) : await runShards(layoutCount);
  context.diagnostic(tableOf(tally));
  assert.equal(tally.pairs, layoutCount * queriesPerLayout);
  assert.ok(tally.outcomes.some >= tally.pairs / 2, 'half of the answers are neither empty nor everything');
  // A million pairs have each word a thousand times; fewer have their share.
  const { word, count } = rarest(tally);
  assert.ok(count >= tally.pairs / 1000 - 3, `${word} occurs in ${count} of ${tally.pairs} pairs only`);
});

/** Each process takes its share of the seeds. Errors: what a shard printed when it failed. */
async function runShards(layoutCount: number): Promise<Tally> {
  const share = Math.ceil(layoutCount / shards);
  const script = fileURLToPath(new URL('shard.ts', import.meta.url));
  const runs = Array.from({ length: shards }, (_, shard) => {
    const first = firstSeed + shard * share;
    const count = Math.max(0, Math.min(share, firstSeed + layoutCount - first));
    return promisify(execFile)(process.execPath, [script, String(first), String(count)], { maxBuffer: 2 ** 26 });
  });
  const tally = emptyTally();
  for (const { stdout } of await Promise.all(runs)) {
    addTally(tally, JSON.parse(stdout) as Tally);
  }
  return tally;
}
