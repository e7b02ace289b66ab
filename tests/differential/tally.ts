/** What a run of pairs has covered: which words of the language in which layouts, and how often the answer said anything. */
import type { Query } from '../../src/traceql/ast.ts';
import { intrinsicTypes } from '../../src/traceql/attributes.ts';
import { lexToken } from '../../src/traceql/lexer.ts';
import { printQuery } from '../../src/traceql/printer.ts';
import { layouts } from './world.ts';
import type { Layout } from './world.ts';

/** `some`: spans are selected, but not all of them. `failed`: both sides refuse, in the same words. */
export type Outcome = 'none' | 'some' | 'all' | 'failed';

/** Plain data, so that shards can add theirs up. */
export interface Tally {
  pairs: number;
  /** What the queries select that were drawn, those included that were drawn anew for saying nothing. */
  readonly drawn: Record<Outcome, number>;
  readonly outcomes: Record<Outcome, number>;
  readonly words: Record<string, number>;
}

const operators = '= != < <= > >= =~ !~ && || ! + - * / % ^ >> << ~ !> !>> !< !<< !~ &> &>> &< &<< &~'.split(' ');
const functions =
  'count min max sum avg by coalesce select rate count_over_time min_over_time max_over_time sum_over_time avg_over_time quantile_over_time histogram_over_time compare topk bottomk nil'.split(
    ' '
  );
const groups: Readonly<Record<string, readonly string[]>> = {
  operators,
  functions,
  intrinsics: Object.keys(intrinsicTypes),
  layouts,
};

export function emptyTally(): Tally {
  const none = { none: 0, some: 0, all: 0, failed: 0 };
  return { pairs: 0, drawn: { ...none }, outcomes: { ...none }, words: {} };
}

export function countPair(tally: Tally, query: Query, worldLayouts: readonly Layout[], outcome: Outcome): void {
  tally.pairs++;
  tally.outcomes[outcome]++;
  // Each word once a pair.
  const words = new Set<string>(worldLayouts);
  const text = printQuery(query);
  for (let token = lexToken(text, 0); token.kind !== 'end'; token = lexToken(text, token.end)) {
    words.add(text.slice(token.start, token.end));
  }
  for (const word of words) {
    tally.words[word] = (tally.words[word] ?? 0) + 1;
  }
}

export function addTally(to: Tally, from: Tally): void {
  to.pairs += from.pairs;
  for (const outcome of Object.keys(to.outcomes) as Outcome[]) {
    to.outcomes[outcome] += from.outcomes[outcome];
    to.drawn[outcome] += from.drawn[outcome];
  }
  for (const [word, count] of Object.entries(from.words)) {
    to.words[word] = (to.words[word] ?? 0) + count;
  }
}

/** Pairs in which the rarest operator, intrinsic, function or layout occurs. */
export function rarest(tally: Tally): { readonly word: string; readonly count: number } {
  return Object.values(groups)
    .flat()
    .map((word) => ({ word, count: tally.words[word] ?? 0 }))
    .reduce((least, each) => (each.count < least.count ? each : least));
}

/** The table of occurrences. */
export function tableOf(tally: Tally): string {
  const { outcomes, drawn, pairs } = tally;
  const draws = Object.values(drawn).reduce((sum, count) => sum + count, 0);
  const share = (count: number): string => `${count} (${((100 * count) / pairs).toFixed(1)} %)`;
  const lines = [
    `${pairs} pairs: selects some spans ${share(outcomes.some)}, none ${share(outcomes.none)}, all ${share(outcomes.all)}, refused ${share(outcomes.failed)}`,
    `of ${draws} queries drawn ${((100 * drawn.some) / draws).toFixed(1)} % select some spans; of the others every second was drawn anew`,
  ];
  for (const [name, words] of Object.entries(groups)) {
    lines.push(`${name}: ${words.map((word) => `${word} ${tally.words[word] ?? 0}`).join(' · ')}`);
  }
  return lines.join('\n');
}
