import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../base/random.ts';
import { compileRe2, compileRegex } from './regex.ts';

test('patterns match the whole text, dot matches newline, syntax is RE2', () => {
  const rows: readonly (readonly [pattern: string, text: string, matches: boolean])[] = [
    ['a', 'a', true],
    ['a', 'ab', false],
    ['a|bc', 'bc', true],
    ['a|bc', 'abc', false],
    ['a|b.', 'bx', true],
    ['a.*', 'a\n', true],
    ['.*', '', true],
    ['.+', '', false],
    ['', '', true],
    ['', 'a', false],
    ['a|', '', true],
    ['(?i)get', 'GET', true],
    ['\\d+', '123', true],
    ['[[:alpha:]]+', 'abc', true],
    ['^a$', 'a', true],
    ['a\\.b', 'a.b', true],
    ['\\p{Greek}', 'α', true],
    ['.', '\u{1F600}', true],
    ['.+a.+', 'aaa', true],
    ['.+a.+', 'aa', false],
  ];
  for (const [pattern, text, matches] of rows) {
    assert.equal(compileRegex(pattern)(text), matches, `${pattern} on ${JSON.stringify(text)}`);
  }
  for (const pattern of ['(', 'a)(b', '(?=a)', '\\1', '[z-a]', '*']) {
    assert.throws(() => compileRegex(pattern), pattern);
  }
});

test('the fast paths agree with RE2', () => {
  const pieces = ['a', 'b', '|', '.*', '.+', '.', '(?i)', '^', '$', '\n'];
  for (let seed = 0; seed < 600; seed++) {
    const random = seededRandom(seed);
    const pattern = Array.from({ length: random.below(5) }, () => random.pick(pieces)).join('');
    const text = Array.from({ length: random.below(5) }, () => random.pick(['a', 'b', 'A', '\n'])).join('');
    let slow: boolean | undefined;
    try {
      slow = compileRe2(pattern)(text);
    } catch {
      assert.throws(() => compileRegex(pattern), `seed ${seed}`);
      continue;
    }
    assert.equal(
      compileRegex(pattern)(text),
      slow,
      `seed ${seed}: ${JSON.stringify(pattern)} on ${JSON.stringify(text)}`
    );
  }
});

test('time is linear in the text', () => {
  const matches = compileRegex('(a*)*b');
  const start = performance.now();
  assert.equal(matches('a'.repeat(50_000)), false);
  assert(performance.now() - start < 2000);
});
