/**
 * The million pairs of goal C1, in pieces: as many as there is time for, going on where the last run ended.
 *
 *     node tests/differential/many-pairs.ts FOLDER [--pairs 1000000] [--seed 1]
 *
 * FOLDER keeps what has been run: `tally.json`, and `differences.txt` with what failed, each with its seed (a difference does not stop
 * the run). Prints the table of coverage at the end. Exit code 1: there were differences, or pairs are missing. One process: start
 * several with folders and seeds of their own.
 */
import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { queriesPerLayout, runLayout } from './pairs.ts';
import { addTally, emptyTally, tableOf } from './tally.ts';
import type { Tally } from './tally.ts';

interface State {
  nextSeed: number;
  readonly failedSeeds: number[];
  readonly tally: Tally;
}

const { values, positionals } = parseArgs({
  options: { pairs: { type: 'string', default: '1000000' }, seed: { type: 'string', default: '1' } },
  allowPositionals: true,
});
if (positionals.length !== 1) {
  throw new Error('one folder is needed, to keep what has been run');
}
const [folder] = positionals;
const file = path.join(folder, 'tally.json');
const firstSeed = Number(values.seed);
const endSeed = firstSeed + Math.ceil(Number(values.pairs) / queriesPerLayout);

/** Layouts between two notes of what has been run. */
const layoutsPerNote = 20;

mkdirSync(folder, { recursive: true });
const state = existsSync(file)
  ? (JSON.parse(readFileSync(file, 'utf8')) as State)
  : { nextSeed: firstSeed, failedSeeds: [], tally: emptyTally() };
while (state.nextSeed < endSeed) {
  const seed = state.nextSeed++;
  const tally = emptyTally();
  try {
    await runLayout(seed, tally);
  } catch (error) {
    state.failedSeeds.push(seed);
    appendFileSync(path.join(folder, 'differences.txt'), `${String(error)}\n\n`);
  }
  addTally(state.tally, tally);
  if (state.nextSeed % layoutsPerNote === 0 || state.nextSeed === endSeed) {
    writeFileSync(`${file}.new`, JSON.stringify(state));
    renameSync(`${file}.new`, file);
  }
}
console.log(tableOf(state.tally));
console.log(
  `${state.failedSeeds.length} layouts with differences${state.failedSeeds.map((seed) => ` ${seed}`).join('')}`
);
process.exitCode = state.failedSeeds.length === 0 && state.nextSeed >= endSeed ? 0 : 1;
