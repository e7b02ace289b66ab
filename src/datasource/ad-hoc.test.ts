import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseQuery } from '../traceql/parser.ts';
import { printQuery } from '../traceql/printer.ts';
import { validateQuery } from '../traceql/validate.ts';
import { addFilters, queryOfFilters, type AdHocFilter } from './ad-hoc.ts';

const prod: AdHocFilter = { key: 'resource.env', operator: '=', value: 'prod' };

test('filters join every query kind: search, structure, pipeline, metrics, arithmetic, compare', () => {
  const table: [string, string][] = [
    ['', '{ resource.env = "prod" }'],
    ['{}', '{ resource.env = "prod" }'],
    ['{ .a = 1 && .b = 2 }', '{ .a = 1 && .b = 2 && resource.env = "prod" }'],
    ['{ .a = 1 } >> { .b = 2 }', '{ .a = 1 && resource.env = "prod" } >> { .b = 2 && resource.env = "prod" }'],
    ['{ .a = 1 } | count() > 2 | select(.c)', '{ .a = 1 && resource.env = "prod" } | count() > 2 | select(.c)'],
    [
      '({ .a = 1 } | count() > 2) && {}',
      '({ .a = 1 && resource.env = "prod" } | count() > 2) && { resource.env = "prod" }',
    ],
    ['{} | rate() by(name) with (sample = true)', '{ resource.env = "prod" } | rate() by(name) with (sample = true)'],
    [
      '({} | rate()) / ({ .a = 1 } | rate())',
      '({ resource.env = "prod" } | rate()) / ({ .a = 1 && resource.env = "prod" } | rate())',
    ],
    ['{} | compare({ status = error })', '{ resource.env = "prod" } | compare({ status = error }, 10)'],
  ];
  for (const [text, expected] of table) {
    assert.equal(addFilters(text, [prod]), expected, text);
  }
});

test('operators and the types a value may have', () => {
  const text = (key: string, operator: string, value: string, values?: string[]) =>
    addFilters('', [{ key, operator, value, values }]);
  assert.equal(text('span.code', '=', '500'), '{ span.code = 500 || span.code = "500" }');
  assert.equal(text('span.code', '!=', '500'), '{ span.code != 500 || span.code != "500" }');
  assert.equal(text('span.ok', '=', 'true'), '{ span.ok = true || span.ok = "true" }');
  assert.equal(text('span.code', '>', '499'), '{ span.code > 499 }');
  assert.equal(text('span.wait', '>', '10ms'), '{ span.wait > 10ms }');
  assert.equal(text('duration', '>', '1.5s'), '{ duration > 1.5s }');
  assert.equal(text('status', '!=', 'error'), '{ status != error }');
  assert.equal(text('span:kind', '=', 'server'), '{ kind = server }');
  assert.equal(text('name', '=~', 'GET .*'), '{ name =~ "GET .*" }');
  assert.equal(text('name', '=|', 'a', ['a', 'b"']), '{ name = "a" || name = "b\\"" }');
  assert.equal(text('name', '!=|', 'a', ['a', 'b']), '{ name != "a" && name != "b" }');
  assert.equal(text('traceService', '=', 'shop'), '{ rootServiceName = "shop" }');
  assert.equal(text('customer id', '=', 'x'), '{ ."customer id" = "x" }');
  assert.throws(() => text('duration', '>', 'long'), /expected a duration/);
  assert.throws(() => text('status', '=', 'bad'), /expected unset, ok, error/);
  assert.throws(() => text('name', '??', 'x'), /no operator/);
  assert.throws(() => addFilters('{ .a = }', [prod]), /expected/i);
});

test('no filter leaves the text as it was typed', () => {
  assert.equal(addFilters('{.a=1} // why', []), '{.a=1} // why');
  assert.equal(addFilters('{.a=1}', [{ key: '', operator: '=', value: '' }]), '{.a=1}');
  assert.equal(queryOfFilters([]), undefined);
});

test('any key and value make a query that the server accepts, and that reads back as itself', () => {
  const filter = fc.record({
    key: fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('name', 'span.a', 'resource.service.name', '.x y')),
    operator: fc.constantFrom('=', '!=', '=|', '!=|', '>', '<'),
    value: fc.string({ unit: 'binary' }),
    values: fc.option(fc.array(fc.string()), { nil: undefined }),
  });
  fc.assert(
    fc.property(fc.array(filter, { minLength: 1, maxLength: 3 }), (filters) => {
      fc.pre(filters.every(({ key }) => !/^(duration|status|kind|.*:.*)$/s.test(key)));
      const text = addFilters('{ .a = 1 || .b = 2 } >> { }', filters);
      const query = parseQuery(text);
      validateQuery(query);
      assert.equal(printQuery(query), text);
    }),
    { numRuns: 200 }
  );
});
