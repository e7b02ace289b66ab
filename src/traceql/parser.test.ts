import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../base/random.ts';
import { QueryError } from './errors.ts';
import { parseQuery, queryBytesMax } from './parser.ts';
import { printQuery } from './printer.ts';
import { randomQuery } from './testing.ts';

/** Text and its canonical form; `undefined` where the text is canonical. */
const valid: readonly (readonly [text: string, canonical?: string])[] = [
  ['{}', '{ }'],
  ['{ .a }'],
  ['{ .a = 1 && span.b != "x" || resource.c }'],
  ['{ .a || .b && .c }'],
  ['{ .a || (.b && .c) }'],
  ['{ (.a || .b) || .c }', '{ .a || .b || .c }'],
  ['{ !.x = 1 }'],
  ['{ !(.x = 1) }'],
  ['{ 1 + 2 * 3 ^ 2 ^ -.a = 1 }'],
  ['{ (1 + 2) * 3 = .a }'],
  ['{ (2 ^ 3) ^ 2 = .a }'],
  ['{ 1 - (2 - 3) = .a }'],
  ['{ 2 * (!.a) = 1 }'],
  ['{ - 5 = .a }', '{ -5 = .a }'],
  ['{ .a = minInt || .a = maxInt }', '{ .a = -9223372036854775808 || .a = 9223372036854775807 }'],
  ['{ .a = -9223372036854775808 }'],
  ['{ .a = .5 }', '{ .a = 0.5 }'],
  ['{ .a = 1. }', '{ .a = 1.0 }'],
  ['{ .a = 1e21 }', '{ .a = 1e+21 }'],
  ['{ .a-b/c:d = 1 }'],
  ['{ ."a b"."c\\"d" = 1 }', '{ ."a b.c\\"d" = 1 }'],
  ['{ span."" = 1 }'],
  ['{ ."5" = 1 }'],
  ['{ .a = "\\x41\\u00e9\\n\\101\\xc3\\xa9" }', '{ .a = "Aé\\nAé" }'],
  ['{ .a = `raw\\n` }', '{ .a = "raw\\\\n" }'],
  ['{ duration > 1d2h && duration < 1.5s }', '{ duration > 26h0m0s && duration < 1.5s }'],
  ['{ duration > 10us || duration > 10µs }', '{ duration > 10µs || duration > 10µs }'],
  ['{ span:duration > 1ms && trace:rootService = "a" }', '{ duration > 1ms && rootServiceName = "a" }'],
  ['{ event:name = "e" && link:spanID = "1" && instrumentation:version = "2" }'],
  ['{ status = error && kind = server && nil != .a }'],
  ['{ .a } // tail', '{ .a }'],
  ['{ /* in */ .a }', '{ .a }'],
  ['{ .a } && { .b } >> { .c }'],
  ['({ .a } && { .b }) >> { .c }'],
  ['{ } !>> { } &<< { } ~ { }'],
  ['{ .a } > ({ .b } > { .c })'],
  ['({ .a } | count() > 1) && ({ .b })', '({ .a } | count() > 1) && { .b }'],
  ['{ } | by(.a) | coalesce() | select(.b, name) | avg(duration) >= 1s | { .c }'],
  ['{ } | count() * 2 + 1 > max(.x) / 3'],
  ['{ } | (count() + 1) * 2 > 3'],
  ['({ .a } | count()) > 2'],
  ['count() > 1'],
  ['{ } | rate()'],
  ['{ } | rate() by (.a, span.b) | topk(3) | bottomk(1) > 5', '{ } | rate() by(.a, span.b) | topk(3) | bottomk(1) > 5'],
  ['{ } | quantile_over_time(duration, 0.5, .99) by(name)', '{ } | quantile_over_time(duration, 0.5, 0.99) by(name)'],
  ['{ } | compare({ .a }, 5, 10, 20)'],
  ['{ } | compare({ .a })', '{ } | compare({ .a }, 10)'],
  ['({ } | rate()) / ({ .a } | rate()) > 1'],
  ['(({ } | rate()) / ({ .a } | rate())) * 100'],
  ['{ } with (most_recent = true, sample = 0.5)'],
  ['{ parent.a = 1 && parent.span.b = parent.resource.c && parent.instrumentation.d }'],
  ['{ parent:name = name && parent:duration > 1s || parent:id = parent:parentID && parent:childCount > 1 }'],
  ['{ parent."span.a" = parent."odd \\"b" }'],
  ['{ } | by(parent:name) | select(parent.a) | count() > 1'],
  ['{ } | rate() by(parent.resource.service.name)'],
  ['{ .a } !&& { .b } && { .c } !&& ({ .d } || { .e })'],
  ['{ .a } && ({ .b } !&& { .c }) >> { .d }'],
  ['{ .a } | sort(max(duration) - min(duration))'],
  ['{ .a } | sort(count(), asc)'],
  ['{ .a } | sort(count(), desc)', '{ .a } | sort(count())'],
];

test('valid queries print canonically, and the canonical text prints as itself', () => {
  for (const [text, canonical = text] of valid) {
    assert.equal(printQuery(parseQuery(text)), canonical, text);
    assert.equal(printQuery(parseQuery(canonical)), canonical, canonical);
  }
});

/** Text with the fault between « and », a part of the message, and the fixed text if a fix is offered. */
const invalid: readonly (readonly [text: string, message: RegExp, fixed?: string])[] = [
  ['«»', /expected a spanset/],
  ['{ .a = 1 «»', /expected `}` or an operator, found the end/],
  ['{ «.» = 1 }', /no attribute name after `\.`/],
  ['{ «span.» }', /no attribute name after `span\.`/],
  ['{ span.«"a}»', /does not end/],
  ['{ «span:foo» = 1 }', /unknown intrinsic `span:foo`/],
  ['{ «parent.event.»a = 1 }', /events of the parent cannot be read/],
  ['{ «parent:foo» = 1 }', /unknown intrinsic `parent:foo`/],
  ['«!»{ .a }', /not negated alone/, '{ } !&& { .a }'],
  ['{ .a } && «!»{ .b }', /not negated alone/, '{ .a } !&& { .b }'],
  ['{ } | sort(«duration»)', /wants one per spanset/, '{ } | sort(max(duration))'],
  ['{ } | sort(max(duration), «down»)', /`asc` or `desc`/],
  ['{ } | sort(«{ }»)', /wants an aggregate, this is a spanset/],
  ['{ .a «==» 1 }', /single `=`/, '{ .a = 1 }'],
  ['{ .a = 1 «and» .b = 2 }', /found `and`/, '{ .a = 1 && .b = 2 }'],
  ['{ (.a = 1 «OR» .b = 2) }', /found `OR`/, '{ (.a = 1 || .b = 2) }'],
  ['{ .a } «and» { .b }', /found `and`/, '{ .a } && { .b }'],
  ["{ .a = «'it'» }", /double quotes/, '{ .a = "it" }'],
  ["{ .a = «'it }»", /double quotes|does not end/],
  ['«rate»({ .a = 1 }[5m])', /behind a pipe/, '{ .a = 1 } | rate()'],
  ['{ } | rate(«[»5m])', /unexpected character/],
  ['{ } | rate() by «service»', /expected `\(`/, '{ } | rate() by (resource.service.name)'],
  ['{ } | by «.a»', /expected `\(`/, '{ } | by (.a)'],
  ['{ } | rate() by («service»)', /found `service`/, '{ } | rate() by (resource.service.name)'],
  ['{ «http.status_code» = 200 }', /unknown scope `http\.`/, '{ .http.status_code = 200 }'],
  ['{ «foo» = 200 }', /found `foo`/, '{ .foo = 200 }'],
  ['{ .a = «9223372036854775808» }', /beyond 64 bits/],
  ['{ .a = «1.5x» }', /neither a number nor a duration/],
  ['{ .a = «"\\q»" }', /unknown escape/],
  ['{ .a = «"x }»', /does not end/],
  ['{ .a «/* x }»', /comment does not end/],
  ['{ } | count() > 1 «&&» avg(duration) > 1s', /does not stand between/, '{ } | count() > 1 | avg(duration) > 1s'],
  ['«{ } | count()»', /ends in spansets or metrics/],
  ['{ } | rate() | «count»() > 1', /`topk` or `bottomk`/],
  [
    '«rate»(http_requests[5m]) by service where status=500',
    /stands behind a pipe/,
    '{ span.http.response.status_code = 500 } | rate() by(resource.service.name)',
  ],
  [
    "«rate»(http_requests[5m]) by (service, http.route) where method = 'GET' and status == error",
    /stands behind a pipe/,
    '{ .method = "GET" && status = error } | rate() by(resource.service.name, .http.route)',
  ],
  ['«rate»(http_requests[5m])', /stands behind a pipe/, '{ } | rate()'],
  ['{ } «{» }', /expected an operator/],
  ['{ } | compare({ }, 3, 4«)»', /expected `,`/],
  ['{ }\n | «foo»()', /pipeline stage/],
  ['{ «#» }', /unexpected character/],
];

test('faults are found where they are, with what was expected and the fix', () => {
  for (const [marked, message, fixed] of invalid) {
    const start = marked.indexOf('«');
    const end = marked.indexOf('»') - 1;
    const text = marked.replace('«', '').replace('»', '');
    assert.throws(
      () => parseQuery(text),
      (error) => {
        assert(error instanceof QueryError, String(error));
        assert.match(error.message, message, text);
        assert.equal(error.offset, start, `offset in ${text}: ${error}`);
        assert.equal(error.length, Math.max(1, end - start), `length in ${text}: ${error}`);
        const [fix] = error.fixes;
        if (fixed === undefined) {
          return true;
        }
        assert(fix !== undefined, `no fix for ${text}`);
        assert.equal(text.slice(0, fix.offset) + fix.replacement + text.slice(fix.offset + fix.length), fixed);
        parseQuery(fixed);
        return true;
      }
    );
  }
});

test('an error draws its line and a caret', () => {
  assert.throws(
    () => parseQuery('{ .a = 1 }\n  | by .b'),
    (error) => {
      assert(error instanceof QueryError);
      assert.deepEqual([error.line, error.column, error.code], [2, 8, 'query_invalid']);
      assert.equal(
        error.toString(),
        'TraceQL parse error at line 2, col 8: expected `(`, found `.b`\n  | by .b\n       ^^\nfix: write `(.b)`'
      );
      return true;
    }
  );
});

test('size and nesting are bounded, wide queries are not', () => {
  const wide = `{ ${Array.from({ length: 3000 }, (_, i) => `span.attribute_name = "value ${i}"`).join(' || ')} }`;
  assert(wide.length > 100_000 && wide.length < queryBytesMax);
  assert.equal(printQuery(parseQuery(wide)), wide);
  const tooMuch = [
    'x'.repeat(queryBytesMax + 1),
    'é'.repeat(queryBytesMax / 2 + 1),
    '('.repeat(100_000),
    `{ ${'!'.repeat(100_000)}`,
    `{ ${'-'.repeat(100_000)}`,
    `{ .a${' + 1'.repeat(30_000)} }`,
    `{ .a${' && 1 || 2'.repeat(10_000)} }`,
    `{}${'>{}'.repeat(40_000)}`,
    `{}|count() > 1${' + 1'.repeat(30_000)}`,
  ];
  for (const text of tooMuch) {
    assert.throws(() => parseQuery(text), QueryError, text.slice(0, 20));
  }
});

test('printing is stable for random queries', () => {
  for (let seed = 0; seed < 500; seed++) {
    const printed = printQuery(randomQuery(seededRandom(seed)));
    assert.equal(printQuery(parseQuery(printed)), printed, `seed ${seed}`);
  }
});

test('fuzz: any text gives a query or a QueryError', () => {
  const pieces = [
    ...[
      '{',
      '}',
      '(',
      ')',
      '|',
      '||',
      '&&',
      '!',
      '!~',
      '=~',
      '>>',
      '&>',
      '=',
      '==',
      '<',
      '-',
      '+',
      '^',
      '%',
      ',',
      '.',
      ':',
      '"',
      '`',
      "'",
    ],
    ...[
      '.a',
      'span.b',
      'event:name',
      'name',
      'nil',
      'true',
      'error',
      '1',
      '1.5',
      '2ms',
      '"x"',
      'by',
      'count()',
      'rate()',
      'select(',
      'with',
    ],
    ...[
      'quantile_over_time(duration, .9)',
      'topk(1)',
      'compare({',
      '//',
      '/*',
      '*/',
      '\\',
      '\n',
      '\u{1F600}',
      '\ud800',
      'parent.',
      'foo.',
    ],
  ];
  for (let seed = 0; seed < 20_000; seed++) {
    const random = seededRandom(seed);
    let text = '';
    for (let i = random.below(12); i >= 0; i--) {
      text += random.pick(pieces) + (random.below(2) === 0 ? ' ' : '');
    }
    let printed: string | undefined;
    try {
      printed = printQuery(parseQuery(text));
    } catch (error) {
      assert(error instanceof QueryError, `seed ${seed}: ${text}: ${error}`);
      assert(error.offset <= text.length && error.toString().includes('^'), `seed ${seed}`);
    }
    if (printed !== undefined) {
      assert.equal(printQuery(parseQuery(printed)), printed, `seed ${seed}: ${text}`);
    }
  }
});
