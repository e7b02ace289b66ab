import assert from 'node:assert/strict';
import { test } from 'node:test';
import { printField } from './attributes.ts';
import type { KnownAttributes } from './complete.ts';
import { complete } from './complete.ts';
import { highlight } from './highlight.ts';

const known: KnownAttributes = {
  names: new Map([
    ['resource', ['service.name', 'k8s.pod.name']],
    ['span', ['http.status_code', 'odd key']],
  ]),
  valuesOf: (field) =>
    printField(field) === 'resource.service.name'
      ? [
          { type: 'string', value: 'shop' },
          { type: 'string', value: 'cart' },
        ]
      : undefined,
};

/** `|` is the cursor. The first labels, or the text after taking the first candidate. */
function at(marked: string): { labels: string[]; taken: string; valuesOf: string | undefined } {
  const cursor = marked.indexOf('‸');
  const text = marked.replace('‸', '');
  const { from, to, candidates, valuesOf } = complete(text, cursor, known);
  const first = candidates.at(0);
  const taken =
    first === undefined
      ? text
      : `${text.slice(0, from)}${first.insert.slice(0, first.cursorOffset)}‸${first.insert.slice(first.cursorOffset)}${text.slice(to)}`;
  return { labels: candidates.map((candidate) => candidate.label), taken, valuesOf: valuesOf && printField(valuesOf) };
}

test('what can stand at the cursor', () => {
  assert.equal(at('‸').taken, '{ ‸ }');
  assert(at('{ ‸ }').labels.includes('resource.service.name'));
  assert(at('{ ‸ }').labels.includes('duration'));
  assert.equal(at('{ serv‸ }').taken, '{ resource.service.name‸ }');
  assert.equal(at('{ resource.k8s‸ }').taken, '{ resource.k8s.pod.name‸ }');
  assert.equal(at('{ span.o‸ }').taken, '{ span."odd key"‸ }');
  assert.equal(at('{ na‸me = "x" }').taken, '{ name‸ = "x" }');
  assert.deepEqual(at('{ duration ‸ }').labels, ['=', '!=', '=~', '!~', '>', '>=', '<', '<=']);
  assert.deepEqual(at('{ status = ‸ }').labels, ['error', 'ok', 'unset']);
  assert.deepEqual(at('{ kind = s‸ }').labels, ['server', 'consumer', 'unspecified']);
  assert.deepEqual(at('{ resource.service.name = ‸ }'), {
    labels: ['"shop"', '"cart"'],
    taken: '{ resource.service.name = "shop"‸ }',
    valuesOf: 'resource.service.name',
  });
  assert.equal(at('{ resource.service.name = "c‸" }').taken, '{ resource.service.name = "cart"‸ }');
  assert.equal(at('{ span.http.status_code = ‸ }').valuesOf, 'span.http.status_code');
  assert.deepEqual(at('{ .a = 1 ‸ }').labels, ['&&', '||']);
  assert(at('{ } ‸').labels.includes('>>'));
  assert.equal(at('{ } | rat‸').taken, '{ } | rate()‸');
  assert.equal(at('{ } | avg‸').taken, '{ } | avg(‸)');
  assert(at('{ } | avg(‸)').labels.includes('duration'));
  assert.equal(at('{ } | rate() b‸').taken, '{ } | rate() by(‸)');
  assert(at('{ } | rate() by(‸)').labels.includes('resource.service.name'));
  assert.equal(at('{ } >> ‸').taken, '{ } >> { ‸ }');
  assert.deepEqual(at('{ } // comm‸').labels, []);
});

test('every candidate is documented', () => {
  for (const text of ['', '{ ', '{ name ', '{ status = ', '{ } ', '{ } | ', '{ } | rate() ']) {
    for (const candidate of complete(text, text.length, known).candidates) {
      assert.match(candidate.documentation, /^\S.*[^.\s]$/, candidate.label);
    }
  }
});

test('completion never throws, wherever the cursor is', () => {
  const text =
    '{ .a = "x" && (name =~ `b` || span."q r" > 1.5ms) } >> { } | by(.c) | rate() by(name) /* x */ with (a = 1) \'y #';
  for (let cursor = 0; cursor <= text.length; cursor++) {
    complete(text, cursor, known);
    complete(text.slice(cursor), text.length - cursor, known);
  }
});

test('colours', () => {
  const text = '{ .a = "x" && name > 1.5ms || status = error } | rate() by(span:id) // c';
  assert.deepEqual(
    highlight(text).map(({ start, end, style }) => `${text.slice(start, end)} ${style}`),
    [
      ...[
        '{ bracket',
        '.a attribute',
        '= operator',
        '"x" string',
        '&& operator',
        'name intrinsic',
        '> operator',
        '1.5ms number',
      ],
      ...[
        '|| operator',
        'status intrinsic',
        '= operator',
        'error constant',
        '} bracket',
        '| operator',
        'rate function',
        '( bracket',
      ],
      ...[') bracket', 'by keyword', '( bracket', 'span:id intrinsic', ') bracket', '// c comment'],
    ]
  );
  assert.equal(highlight("'x' # span.").filter(({ style }) => style === 'invalid').length, 3);
});
