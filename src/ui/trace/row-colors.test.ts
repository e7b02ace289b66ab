import assert from 'node:assert/strict';
import { test } from 'node:test';
import { spanTableOf } from '../../trace/span-table.ts';
import { traceFromText } from '../../trace/text.ts';
import type { AnyValue } from '../../trace/model.ts';
import { darkTheme } from '../kit/theme.ts';
import { quotedKey } from '../state/value-target.ts';
import { attributeOfName, colorsByService, colorsByValue, columnValues, intrinsicValues } from './row-colors.ts';

const table = spanTableOf(
  traceFromText(`
    shop checkout  |======|
      cart items   | ==   | {status=error}
      cart items   |   == |
  `)
);

test('by service each has its colour, and the legend counts', () => {
  const { codes, colors, legend } = colorsByService(table, darkTheme);
  assert.deepEqual(
    legend.map(({ title, count }) => [title, count]),
    [
      ['cart', 2],
      ['shop', 1],
    ]
  );
  assert.equal(colors[codes[1]], colors[codes[2]]);
  assert.notEqual(colors[codes[0]], colors[codes[1]]);
});

test('by status an error is red', () => {
  const { codes, colors } = colorsByValue(intrinsicValues(table, 'status')!, table.rowCount, darkTheme);
  assert.equal(colors[codes[1]], darkTheme.error);
  assert.notEqual(colors[codes[0]], darkTheme.error);
});

test('more values than colours: the rarest share one; rows without the value are told apart', () => {
  const rowCount = 100;
  const values = Array.from({ length: 40 }, (_, i): AnyValue => ({ type: 'int', value: BigInt(i) }));
  const codes = Int32Array.from({ length: rowCount }, (_, row) => (row < 10 ? -1 : row < 50 ? row - 10 : row % 3));
  const {
    legend,
    codes: slots,
    colors,
  } = colorsByValue(columnValues('span', 'n', [{ values, codes }], rowCount), rowCount, darkTheme);
  assert.equal(legend.length, 26);
  assert.deepEqual(
    legend.slice(-2).map(({ title, count }) => [title, count]),
    [
      ['16 other values', 16],
      ['not there', 10],
    ]
  );
  assert.equal(
    legend.reduce((sum, { count }) => sum + count, 0),
    rowCount
  );
  assert.ok(Array.from(slots).every((slot) => slot < colors.length));
});

test('names of attributes are read as they are written', () => {
  for (const key of ['http.route', 'a b', 'quote"d', 'new\nline']) {
    assert.deepEqual(attributeOfName(`span.${quotedKey(key)}`), { scope: 'span', key });
  }
  assert.equal(attributeOfName('name'), undefined);
});
