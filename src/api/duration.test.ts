import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { formatGoDuration, parseGoDuration, parsePrometheusDuration } from './duration.ts';

test('Go durations', () => {
  const rows: [string, bigint | undefined][] = [
    ['0', 0n],
    ['10ns', 10n],
    ['1.5s', 1_500_000_000n],
    ['1h30m', 5_400_000_000_000n],
    ['-2ms', -2_000_000n],
    ['.5us', 500n],
    ['3µs', 3_000n],
    ['1m0.25s', 60_250_000_000n],
    ['', undefined],
    ['1', undefined],
    ['1d', undefined],
    ['1 s', undefined],
    ['s', undefined],
    ['1.5.5s', undefined],
  ];
  for (const [text, nanos] of rows) {
    assert.equal(parseGoDuration(text), nanos, text);
  }
});

test('Prometheus durations', () => {
  assert.equal(parsePrometheusDuration('1d2h'), 93_600_000_000_000n);
  assert.equal(parsePrometheusDuration('250ms'), 250_000_000n);
  for (const text of ['', '2h1d', '1.5h', '1h1h', '5us', '-1h']) {
    assert.equal(parsePrometheusDuration(text), undefined, text);
  }
});

test('printed as Go prints', () => {
  const rows: [bigint, string][] = [
    [0n, '0s'],
    [1n, '1ns'],
    [1_100n, '1.1µs'],
    [250_000_000n, '250ms'],
    [1_500_000_000n, '1.5s'],
    [60_000_000_000n, '1m0s'],
    [3_605_000_000_000n, '1h0m5s'],
    [-1_500_000n, '-1.5ms'],
  ];
  for (const [nanos, text] of rows) {
    assert.equal(formatGoDuration(nanos), text);
  }
});

test('print, then parse: the same', () => {
  const seed = Date.now() % 2 ** 31;
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n }), (nanos) => {
      assert.equal(parseGoDuration(formatGoDuration(nanos)), nanos);
    }),
    { seed }
  );
});
