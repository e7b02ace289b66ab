import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { comparisons, emptyForm, formOfQuery, queryOfForm, withAddedCondition } from './form.ts';
import type { SearchForm } from './form.ts';

test('a filled form reads as the TraceQL a person would write', () => {
  const form: SearchForm = {
    service: 'checkout',
    spanName: 'POST /pay "now"',
    status: 'error',
    durationMin: '250ms',
    durationMax: '',
    rows: [
      { attribute: 'span.http.response.status_code', comparison: '>=', value: '500' },
      { attribute: 'customer id', comparison: '=', value: 'abc' },
      { attribute: 'zip', comparison: '=', value: '"01234"' },
      { attribute: '', comparison: '=', value: 'unfinished' },
    ],
  };
  assert.equal(
    queryOfForm(form),
    '{ resource.service.name = "checkout" && name = "POST /pay \\"now\\"" && status = error && duration >= 250ms' +
      ' && span.http.response.status_code >= 500 && ."customer id" = "abc" && .zip = "01234" }'
  );
});

test('what the form cannot say is left to the editor', () => {
  for (const query of [
    '{ .a = 1 } >> { .b = 2 }',
    '{ .a = 1 || .b = 2 }',
    '{ .a = 1 } | count() > 2',
    '{ !.a }',
    '{ .a = 1 && }',
  ]) {
    assert.equal(formOfQuery(query), undefined, query);
  }
  assert.deepEqual(formOfQuery(''), emptyForm);
  assert.deepEqual(formOfQuery('{}'), emptyForm);
});

test('form → text → form → text is stable', () => {
  const words = fc.oneof(
    fc.string({ maxLength: 12 }),
    fc.constantFrom('42', '-1.5', 'error', '250ms', '"42"', 'a\nb', '\\')
  );
  const forms = fc.record({
    service: fc.string({ maxLength: 10 }),
    spanName: fc.string({ maxLength: 10 }),
    status: fc.constantFrom('' as const, 'ok' as const, 'error' as const, 'unset' as const),
    durationMin: fc.constantFrom('', '1ms', '2.5s'),
    durationMax: fc.constantFrom('', '10s', '1h'),
    rows: fc.array(
      fc.record({
        attribute: fc.constantFrom('span.a', '.b', 'resource."c d"', 'kind', 'span:name', 'plain.key', 'with blank'),
        comparison: fc.constantFrom(...comparisons),
        value: words,
      }),
      { maxLength: 4 }
    ),
  });
  fc.assert(
    fc.property(forms, (form) => {
      const query = queryOfForm(form);
      const back = formOfQuery(query);
      assert.ok(back, query);
      assert.equal(queryOfForm(back), query);
    }),
    { numRuns: 500 }
  );
});

test('a value from a span joins the search', () => {
  assert.equal(withAddedCondition('', '.a = 1'), '{ .a = 1 }');
  assert.equal(withAddedCondition('{ .b = 2 }', '.a = 1'), '{ .b = 2 && .a = 1 }');
  assert.equal(withAddedCondition('{ .b = 2 } >> { .c = 3 }', '.a = 1'), '{ .b = 2 } >> { .c = 3 } && { .a = 1 }');
});
