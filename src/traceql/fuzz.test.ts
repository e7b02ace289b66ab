/**
 * Any text gives a query or a `QueryError`, at once, and what is printed reads back. 20,000 inputs; `VIVACE_FUZZ=1000000` for more, and
 * `VIVACE_SEED` to begin elsewhere.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../base/random.ts';
import { complete } from './complete.ts';
import { QueryError } from './errors.ts';
import { highlight } from './highlight.ts';
import { parseQuery, queryBytesMax } from './parser.ts';
import { printQuery } from './printer.ts';
import type { SeededRandom } from './testing.ts';
import { randomQuery } from './testing.ts';
import { validateQuery } from './validate.ts';

const inputs = Number(process.env.VIVACE_FUZZ ?? 20_000);
const firstSeed = Number(process.env.VIVACE_SEED ?? 0);

const symbols =
  '{ } ( ) | || && !&& ! !~ =~ >> << !>> &> &~ ~ = == != < <= - + * / % ^ , . : " ` \' [ ] // /* */ \\ # $'.split(' ');
const words =
  '.a span.b resource."c d" event:name link:spanID parent.a parent:name parent. foo. name duration nil true error server minInt 1 1.5 .5 1e9 2ms 1d2h "x" `y` by count() avg( rate() select( sort( coalesce() with topk(1) compare({ quantile_over_time(duration, .9) and or not'.split(
    ' '
  );
const odd = ['\n', '\0', '\u{1F600}', '\ud800', '\u00e9', '\u200b', '9223372036854775808', '1e999', '"\\u12"'];

test(`${inputs} texts: no crash, no hang, print → parse → print stable`, () => {
  const outcome = { queries: 0, refused: 0 };
  let seeds = new Array<string>();
  for (let at = 0; at < inputs; at++) {
    const seed = firstSeed + at;
    const random = seededRandom(seed);
    // A fresh valid query for every hundred inputs: drawing one costs more than parsing dozens.
    if (at % 100 === 0 || seeds.length < 20) {
      seeds = [...seeds.slice(-19), randomQuery(random).text];
    }
    const text = random.below(3) === 0 ? randomTokens(random) : mutated(random, random.pick(seeds), random.pick(seeds));
    outcome[check(text, seed)]++;
  }
  assert(outcome.queries > inputs / 50, `only ${outcome.queries} texts are queries`);
  assert(outcome.refused > inputs / 20, `only ${outcome.refused} texts are refused`);
});

function check(text: string, seed: number): 'queries' | 'refused' {
  const started = performance.now();
  let isParsed = false;
  try {
    const query = parseQuery(text);
    const printed = printQuery(query);
    assert.equal(printQuery(parseQuery(printed)), printed, `seed ${seed}: ${JSON.stringify(text)}`);
    isParsed = true;
    validateQuery(query);
    return 'queries';
  } catch (error) {
    assert(error instanceof QueryError, `seed ${seed}: ${JSON.stringify(text)}: ${error}`);
    const { offset, length } = error;
    assert(offset >= 0 && offset <= text.length && length >= 1, `seed ${seed}: fault at ${offset}, ${length}`);
    assert(error.toString().includes('^'), `seed ${seed}: no caret`);
    for (const fix of error.fixes) {
      assert(fix.offset >= 0 && fix.offset + fix.length <= text.length, `seed ${seed}: a fix outside of the text`);
    }
    return isParsed ? 'queries' : 'refused';
  } finally {
    highlight(text);
    complete(text, text.length >> 1, { names: new Map(), valuesOf: () => undefined });
    assert(performance.now() - started < 5000, `seed ${seed}: ${JSON.stringify(text)} hangs`);
  }
}

function randomTokens(random: SeededRandom): string {
  let text = '';
  for (let i = random.below(14); i >= 0; i--) {
    text += random.pick(random.below(12) === 0 ? odd : random.below(2) === 0 ? symbols : words);
    text += random.below(2) === 0 ? ' ' : '';
  }
  return text;
}

/** Some of: a piece left out, doubled, exchanged for a token, moved in from another query; a character changed. */
function mutated(random: SeededRandom, query: string, other: string): string {
  let text = query;
  for (let times = random.pick([1, 1, 1, 2, 3]); times > 0; times--) {
    const from = random.below(text.length + 1);
    const to = Math.min(text.length, from + random.below(12));
    const piece = [
      '',
      text.slice(from, to) + text.slice(from, to),
      ` ${random.pick(random.below(2) === 0 ? symbols : words)} `,
      other.slice(random.below(other.length), random.below(other.length)),
      random.pick(odd),
      String.fromCharCode(32 + random.below(95)),
    ][random.below(6)];
    text = text.slice(0, from) + piece + text.slice(to);
  }
  return text;
}

test('what is too long or nested too deep is refused within 50 ms of work', () => {
  const tooMuch = [
    'x'.repeat(queryBytesMax + 1),
    `{ .a = "${'é'.repeat(queryBytesMax / 2)}" }`,
    '('.repeat(queryBytesMax),
    `{ ${'!'.repeat(100_000)}`,
    `{ ${'-'.repeat(100_000)}`,
    `{ ${'('.repeat(100_000)}`,
    `{ .a${' + 1'.repeat(30_000)} }`,
    `{}${' !&& {}'.repeat(18_000)}`,
    `{}${'>{}'.repeat(40_000)}`,
    `{} | sort(${'('.repeat(100_000)}`,
  ];
  for (const text of tooMuch) {
    // The first run of a path compiles it; other processes on the machine do not count.
    const times = [1, 2, 3].map(() => {
      const started = process.cpuUsage();
      assert.throws(() => parseQuery(text), QueryError, text.slice(0, 20));
      const { user, system } = process.cpuUsage(started);
      return (user + system) / 1000;
    });
    assert(Math.min(...times) < 50, `${text.slice(0, 20)}…: ${Math.min(...times)} ms`);
  }
});
