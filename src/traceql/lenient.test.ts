import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../base/random.ts';
import { parseLenient } from './lenient.ts';
import { printQuery } from './printer.ts';

test('what is unfinished counts as true', () => {
  const rows: readonly (readonly [text: string, read: string | undefined])[] = [
    ['{ span.a = 1 }', '{ span.a = 1 }'],
    ['{ span.a = 1', '{ span.a = 1 }'],
    ['{ span.a = 1 && name = }', '{ span.a = 1 && true }'],
    ['{ name = && span.a = 1 }', '{ true && span.a = 1 }'],
    ['{ span.a = 1 && (name = || kind = server', '{ span.a = 1 && (true || kind = server) }'],
    ['{ span.a = 1 && ', '{ span.a = 1 && true }'],
    ['{ span.a = 1 && span.', '{ span.a = 1 && true }'],
    ['{ span.a = 1 && name = "unfini', '{ span.a = 1 && true }'],
    ['{ span.a = 1 && foo }', '{ span.a = 1 && true }'],
    ['{ span.a = 1 } | rate()', '{ span.a = 1 }'],
    ['({ span.a = 1 })', '{ span.a = 1 }'],
    ['{ span.a = 1 } && { span.b = 1 }', undefined],
    ['{ .a = 1 }', undefined],
    ['{ span.a = }', undefined],
    ['{ }', undefined],
    ['{', undefined],
    ['', undefined],
    ['foo', undefined],
    ['{ name = 1 }', undefined],
  ];
  for (const [text, read] of rows) {
    const query = parseLenient(text);
    assert.equal(query && printQuery(query), read, text);
  }
});

test('any text is read or not, without an exception', () => {
  const pieces = [
    '{',
    '}',
    '(',
    ')',
    '=',
    '&&',
    '||',
    '!',
    'span.a',
    'name',
    '"x"',
    '"',
    '1',
    ' ',
    '=~',
    '-',
    '|',
    '+',
    'resource.',
    '{ ',
  ];
  for (let seed = 0; seed < 5000; seed++) {
    const random = seededRandom(seed);
    parseLenient('{ ' + Array.from({ length: random.below(12) }, () => random.pick(pieces)).join(' '));
  }
});
