/** One of several processes that run pairs: `shard.ts FIRST_SEED LAYOUTS` prints its tally as JSON. */
import { runPairs } from './pairs.ts';

const [firstSeed, layoutCount] = process.argv.slice(2).map(Number);
console.log(JSON.stringify(await runPairs(firstSeed, layoutCount)));
