import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseQuery } from '../traceql/parser.ts';
import { printQuery } from '../traceql/printer.ts';
import { fixedRows, traceqlOfBuilder } from './search-filters.ts';
import { rowsOfTraceql } from './search-rows.ts';

const tree = (text: string) => printQuery(parseQuery(text));

test('text that rows can say comes back from them as the same query, structure included', () => {
  for (const text of [
    '{ }',
    '{ resource.service.name = "shop" && name = "GET /" && duration >= 100ms && duration <= 1m30s }',
    '{ status = error && kind = server && .attempt > 3 && span.ratio < 0.5 && span.ok = true }',
    '{ span."a b" =~ "x.*|y" && resource.quote = "say \\"hi\\"\\n\\\\" }',
    '{ (span.k = "a" || span.k = "b") && span.n != "c" && span.n != "d" }',
    '{ span.k = "a" || span.k = "b" }',
    '{ event:name = "exception" && trace:id = "abc" && traceDuration > 1s && span:childCount = 0 }',
    '{ name = "a" } >> { name = "b" }',
    '{ name = "a" } && { name = "b" } && { status = error }',
    '({ name = "a" } >> { name = "b" }) !> { .x != nil }',
    '{ } &>> { status = error }',
    '{ name = "a" } !&& { name = "b" }',
    '({ .a = 1 } || { .b = 2 }) && { .c = 3 }',
  ]) {
    const rows = rowsOfTraceql(text, fixedRows);
    assert.ok(rows, text);
    assert.equal(tree(traceqlOfBuilder(rows.filters, rows.related)), tree(text), text);
    const ids = rows.filters.map(({ id }) => id);
    assert.equal(new Set(ids).size, ids.length, text);
  }
});

test('conditions find the rows that the builder has for them', () => {
  const text = '{ span.x = 1 && duration <= 2s && resource.service.name = "a" && name = "b" && status = ok }';
  const rows = rowsOfTraceql(text, fixedRows)!;
  assert.deepEqual(
    rows.filters.map(({ id, value }) => [id, value]),
    [
      ['attribute-0', '1'],
      ['max-duration', '2s'],
      ['service-name', 'a'],
      ['span-name', 'b'],
      ['status', 'ok'],
    ]
  );
});

test('what rows cannot say stays text', () => {
  for (const text of [
    '{ .a = 1 || .b = 2 }',
    '{ .a = .b }',
    '{ !(.a = 1) }',
    '{ .a }',
    '{ .a + 1 > 2 }',
    '{ .a = 1 } | count() > 2',
    '{ } | rate()',
    '{ .a = 1 } >> ({ .b = 1 } >> { .c = 1 })',
    '{ } with (most_recent = true)',
    '{ parent.x = 1 }',
    // The builder's "name" is the intrinsic.
    '{ span.name = "x" }',
    '{ .a = ',
    'abc',
  ]) {
    assert.equal(rowsOfTraceql(text, fixedRows), undefined, text);
  }
  assert.deepEqual(rowsOfTraceql(' ', fixedRows), { filters: [], related: [] });
});
