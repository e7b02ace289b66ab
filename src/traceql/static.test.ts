import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../base/random.ts';
import { parseDuration, printDuration, printString, readString } from './literals.ts';
import { calculate, compareStatics, compareText, staticFromAnyValue, staticKey } from './static.ts';

test('text compares in the order of UTF-8 bytes', () => {
  const characters = ['a', 'b', 'é', '\uffff', '\u{10000}', '\u{1F600}', '\ue000'];
  for (let seed = 0; seed < 500; seed++) {
    const random = seededRandom(seed);
    const draw = (): string => Array.from({ length: random.below(4) }, () => random.pick(characters)).join('');
    const [a, b] = [draw(), draw()];
    assert.equal(compareText(a, b), Buffer.compare(Buffer.from(a), Buffer.from(b)), `seed ${seed}: ${a} ${b}`);
  }
});

test('durations print as Go prints them and read back', () => {
  const rows: readonly (readonly [bigint, string])[] = [
    [0n, '0s'],
    [1n, '1ns'],
    [1_100n, '1.1µs'],
    [2_200_000n, '2.2ms'],
    [3_300_000_000n, '3.3s'],
    [245_000_000_000n, '4m5s'],
    [245_001_000_000n, '4m5.001s'],
    [18_367_001_000_000n, '5h6m7.001s'],
    [-1_500_000n, '-1.5ms'],
  ];
  for (const [nanos, text] of rows) {
    assert.equal(printDuration(nanos), text);
    assert.equal(parseDuration(text), nanos);
  }
  assert.equal(parseDuration('1y2w3d'), (365n + 14n + 3n) * 86_400_000_000_000n);
  for (const text of ['', '1', 's', '1x', '1 s', '300y', '-']) {
    assert.equal(parseDuration(text), undefined, text);
  }
});

test('strings print and read back', () => {
  for (let seed = 0; seed < 500; seed++) {
    const random = seededRandom(seed);
    const value = Array.from({ length: random.below(8) }, () => String.fromCodePoint(random.below(0x300))).join('');
    const printed = printString(value);
    assert.deepEqual(readString(printed, 0), { value, end: printed.length }, `seed ${seed}`);
  }
});

test('what is not queryable reads as nil', () => {
  assert.equal(staticFromAnyValue({ type: 'array', value: [] }).type, 'nil');
  assert.equal(staticFromAnyValue({ type: 'bytes', value: new Uint8Array() }).type, 'nil');
  assert.equal(staticFromAnyValue({ type: 'kvlist', value: [] }).type, 'nil');
  const nested = { type: 'array', value: [{ type: 'array', value: [] }] } as const;
  assert.equal(staticFromAnyValue(nested).type, 'nil');
});

test('powers wrap at 64 bits, at once', () => {
  const int = (value: bigint) => ({ type: 'int', value }) as const;
  assert.deepEqual(calculate('^', int(3n), int(2n ** 62n)), int(BigInt.asIntN(64, power(3n, 2n ** 62n))));
  assert.deepEqual(calculate('^', int(-1n), int(-3n)), int(-1n));
  assert.deepEqual(calculate('^', int(2n), int(-1n)), int(0n));
  assert.equal(calculate('^', int(0n), int(-1n)).type, 'nil');
});

/** 3^(2^62) mod 2^64 is 1: the order of 3 divides 2^62. */
function power(base: bigint, exponent: bigint): bigint {
  assert.deepEqual([base, exponent], [3n, 2n ** 62n]);
  return 1n;
}

test('values sort by type, then value, and group by both', () => {
  const float = (value: number) => ({ type: 'float', value }) as const;
  assert(compareStatics({ type: 'int', value: 9n }, float(1)) < 0);
  assert.deepEqual([float(Number.NaN), float(2), float(-1)].sort(compareStatics), [
    float(-1),
    float(2),
    float(Number.NaN),
  ]);
  assert.notEqual(staticKey({ type: 'int', value: 1n }), staticKey(float(1)));
  assert.notEqual(staticKey({ type: 'string', value: '1' }), staticKey({ type: 'int', value: 1n }));
});
