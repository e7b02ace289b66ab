import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { CodedError } from '../../base/coded-error.ts';
import { parseQuery } from '../../traceql/parser.ts';
import { validateQuery } from '../../traceql/validate.ts';
import { parseLogfmt, traceqlOfTags } from './tags.ts';

const traceql = (tags: string): string => traceqlOfTags(parseLogfmt(tags), undefined, undefined);

test('logfmt pairs', () => {
  assert.deepEqual(
    [...parseLogfmt(' a=b  c="d e" f="g\\"h" i= j ')],
    [
      ['a', 'b'],
      ['c', 'd e'],
      ['f', 'g"h'],
      ['i', ''],
      ['j', ''],
    ]
  );
  for (const bad of ['a=b"c', '"a"=b', 'a=b a=c', '=b', 'a="b']) {
    assert.throws(() => parseLogfmt(bad), /invalid tags/, bad);
  }
});

test('the TraceQL that means the same', () => {
  assert.equal(traceql('service.name=a.b'), '{ resource.service.name =~ ".*a\\\\.b.*" }');
  assert.equal(traceql('status.code=error http.method=GET'), '{ status = error } && { .http.method = "GET" }');
  assert.equal(traceql('retries=3'), '{ .retries = "3" || .retries = 3 }');
  assert.equal(traceqlOfTags(new Map(), 5n, 1_500_000_000n), '{ traceDuration >= 5ns && traceDuration <= 1.5s }');
  assert.equal(traceqlOfTags(new Map(), undefined, undefined), '{}');
});

test('whatever the pairs hold, the TraceQL is valid: nothing breaks out of its quotes', () => {
  const seed = Date.now() % 2 ** 31;
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.string({ minLength: 1 }), fc.string())), (pairs) => {
      const text = traceqlOfTags(new Map(pairs), undefined, undefined);
      validateQuery(parseQuery(text));
    }),
    { seed, numRuns: 500 }
  );
});

test('any text is logfmt or a refusal', () => {
  const seed = Date.now() % 2 ** 31;
  fc.assert(
    fc.property(fc.string(), (text) => {
      try {
        parseLogfmt(text);
      } catch (error) {
        assert.ok(error instanceof CodedError && error.code === 'invalid_argument');
      }
    }),
    { seed }
  );
});
