import assert from 'node:assert/strict';
import { test } from 'node:test';
import { QueryError } from './errors.ts';
import { parseQuery } from './parser.ts';
import { validateQuery } from './validate.ts';

const valid = [
  '{ .a = nil }',
  '{ nil = nil }',
  '{ nil != nil }',
  '{ resource.service.name != nil && nil != duration }',
  '{ .a }',
  '{ true }',
  '{ .a = 1 && .b = "x" && .c = 1.5 && duration = 1 && 1ns < 2.5 }',
  '{ name > "a" && statusMessage <= "b" }',
  '{ .a =~ "x+" && name !~ "(?i)y" }',
  '{ status != error && kind = client }',
  '{ true = (.a && .b) }',
  '{ .a + duration * 2 > 1s }',
  '{ } | by(.a) | coalesce() | { .a } > { .b }',
  '{ } | by(duration > 1s)',
  '{ } | by(name) | count() > 2',
  '({ } | count()) > 2',
  '2 < ({ } | count())',
  '{ } | avg(duration) > max(duration) / 2',
  '{ } | histogram_over_time(.x) by(.a, .b, .c, .d)',
  '{ } | rate() by(.a, .b, .c, .d, .e)',
  '({ } | rate()) * 2 > 5ms',
];

test('queries that mean something', () => {
  for (const text of valid) {
    validateQuery(parseQuery(text));
  }
});

/** With the fault between « and ». */
const invalid: readonly (readonly [text: string, message: RegExp])[] = [
  ['{ «1» }', /true or false, this is a int/],
  ['{ «name» }', /true or false, this is a string/],
  ['{ «duration + 1» }', /true or false/],
  ['{ «status = 2» }', /a status does not compare with a int/],
  ['{ «name = 1» }', /a string does not compare with a int/],
  ['{ «kind = error» }', /a kind does not compare with a status/],
  ['{ «status» > error }', /wants an order/],
  ['{ «true» < false }', /wants an order/],
  ['{ .a =~ «1» }', /stands a pattern/],
  ['{ .a =~ «.b» }', /stands a pattern/],
  ['{ .a =~ «"("» }', /not a regular expression/],
  ['{ .a =~ «"a)(b"» }', /not a regular expression/],
  ['{ «duration» =~ "1" }', /matches text/],
  ['{ -«name» = 1 }', /a number is needed/],
  ['{ «"a"» + 1 = 2 }', /a number is needed/],
  ['{ !«name» }', /negates a truth/],
  ['{ .a && «1» }', /joins truths/],
  ['{ .a = «1 / 0» }', /division by zero/],
  ['{ .a = «1 % (2 - 2)» }', /division by zero/],
  ['{ «name» = nil }', /never nil/],
  ['{ «.a + 1» }', /true or false/],
  ['{ } | compare({ status = error }) | «topk(2)»', /nothing follows compare/],
  ['{ «resource.service.name» = nil }', /never nil/],
  ['{ } | by(«1»)', /wants something of the span/],
  ['{ } | sum(«2») > 1', /wants something of the span/],
  ['{ } | sum(«name») > 1', /a number is needed/],
  ['{ } | «1 > 2»', /no spanset is asked/],
  ['(«{ } | count()) > ({ } | count()»)', /compared with values only/],
  ['«coalesce()»', /cannot come first/],
  ['{ } | by(.a) | «{ } > { }»', /coalesce|one spanset/],
  ['{ } | rate() | «topk(0)»', /at least one series/],
  ['{ } | «quantile_over_time(duration)»', /needs a quantile/],
  ['{ } | «quantile_over_time(duration, 2)»', /between 0 and 1/],
  ['{ } | rate() by(.a, .b, .c, .d, .e, «.f»)', /at most 5/],
  ['{ } | histogram_over_time(.x) by(.a, .b, .c, .d, «.e»)', /at most 4/],
  ['{ } | «compare({ }, 0)»', /1 to 1000/],
  ['{ } | «compare({ }, 5, 20, 10)»', /ends before/],
  ['({ } | rate()) * «2s»', /plain numbers/],
  ['({ } | «compare({ }, 10)») * 2', /does not take part/],
];

test('queries that mean nothing are refused where they stop to mean something', () => {
  for (const [marked, message] of invalid) {
    const start = marked.indexOf('«');
    const text = marked.replace('«', '').replace('»', '');
    assert.throws(
      () => validateQuery(parseQuery(text)),
      (error) => {
        assert(error instanceof QueryError, `${text}: ${error}`);
        assert.equal(error.phase, 'validation', `${text}: ${error}`);
        assert.match(error.message, message, text);
        assert.equal(error.offset, start, `${text}: ${error}`);
        assert.equal(error.length, marked.indexOf('»') - 1 - start, `${text}: ${error}`);
        return true;
      },
      text
    );
  }
});
