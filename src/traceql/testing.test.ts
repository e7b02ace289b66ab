import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../base/random.ts';
import { intrinsicTypes } from './attributes.ts';
import { evaluateTrace } from './evaluate.ts';
import { lexToken } from './lexer.ts';
import { printQuery } from './printer.ts';
import { randomQuery, randomTraces } from './testing.ts';

test('random queries cover the language, and many divide the spans', () => {
  const words = new Map<string, number>();
  let dividing = 0;
  const seeds = 1000;
  for (let seed = 0; seed < seeds; seed++) {
    const random = seededRandom(seed);
    const query = randomQuery(random);
    const text = printQuery(query);
    for (let token = lexToken(text, 0); token.kind !== 'end'; token = lexToken(text, token.end)) {
      const word = text.slice(token.start, token.end);
      words.set(word, (words.get(word) ?? 0) + 1);
    }
    const traces = randomTraces(random);
    const spanCount = traces.reduce((sum, trace) => sum + trace.spans.length, 0);
    const matched = traces.reduce(
      (sum, trace) => sum + new Set(evaluateTrace(query, trace).flatMap((spanset) => spanset.spans)).size,
      0
    );
    dividing += matched > 0 && matched < spanCount ? 1 : 0;
  }
  const operators = '= != < <= > >= =~ !~ && || ! + - * / % ^ >> << ~ !> !>> !< !<< &> &>> &< &<< &~ !&&'.split(' ');
  const functions =
    'count min max sum avg by coalesce select rate count_over_time min_over_time max_over_time sum_over_time avg_over_time quantile_over_time histogram_over_time compare topk bottomk sort asc'.split(
      ' '
    );
  for (const word of [...operators, ...functions, ...Object.keys(intrinsicTypes), 'nil']) {
    assert((words.get(word) ?? 0) >= 5, `${word} occurs ${words.get(word) ?? 0} times in ${seeds} queries`);
  }
  assert(dividing > 0.4 * seeds, `only ${dividing} of ${seeds} queries divide the spans`);
});

test('the same seed gives the same traces and query', () => {
  const draw = (): unknown => {
    const random = seededRandom(7);
    return [randomQuery(random).text, randomTraces(random)];
  };
  assert.deepEqual(draw(), draw());
});
