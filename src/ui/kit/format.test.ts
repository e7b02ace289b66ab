import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatAgo, formatNanos, formatValue } from './format.ts';

test('durations keep three digits and a unit', () => {
  const table: readonly (readonly [number, string])[] = [
    [0, '0 ns'],
    [999, '999 ns'],
    [1_000, '1 µs'],
    [1_234_567, '1.23 ms'],
    [45_600_000, '45.6 ms'],
    [340_200_000, '340 ms'],
    [1_240_000_000, '1.24 s'],
    [65e9, '1 m 5 s'],
    [7_500e9, '2 h 5 m'],
    [-2_000, '−2 µs'],
    [172_800e9, '2 d'],
  ];
  for (const [nanos, text] of table) {
    assert.equal(formatNanos(nanos), text);
  }
});

test('relative times say which side of now', () => {
  assert.equal(formatAgo(1_000_000, 1_000_500), 'just now');
  assert.equal(formatAgo(1_000_000, 1_090_000), '1 m ago');
  assert.equal(formatAgo(1_090_000, 1_000_000), 'in 1 m');
});

test('values of every type are readable and exact', () => {
  assert.equal(formatValue({ type: 'int', value: 9_007_199_254_740_993n }), '"9007199254740993"');
  assert.equal(formatValue({ type: 'bytes', value: Uint8Array.of(1, 255) }), '"0x01ff"');
  assert.equal(
    formatValue({
      type: 'array',
      value: [
        { type: 'string', value: 'a' },
        { type: 'bool', value: true },
      ],
    }),
    '["a",true]'
  );
  assert.equal(formatValue({ type: 'empty' }), 'null');
  assert.equal(formatValue({ type: 'double', value: Number.NaN }), '"NaN"');
});
