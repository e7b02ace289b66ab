import assert from 'node:assert/strict';
import test from 'node:test';
import type { Clock } from '../../base/clock.ts';
import { alignedMetricsRange, attributeRange, defaultStepNanos, instantMetricsRange, searchRange } from './range.ts';

const second = 1_000_000_000n;
const now = 1_700_000_000n * second;
const clock: Clock = { unixNanos: () => now, monotonicMs: () => 0, schedule: () => () => undefined };
const params = (text: string): URLSearchParams => new URLSearchParams(text);

test('search: the last 15 minutes up to now, or what is asked; `end` is in the range, as whole seconds', () => {
  assert.deepEqual(searchRange(params(''), clock), { startUnixNanos: now - 900n * second, endUnixNanos: now + 1n });
  assert.deepEqual(searchRange(params('since=1h'), clock), {
    startUnixNanos: now - 3600n * second,
    endUnixNanos: now + 1n,
  });
  assert.deepEqual(searchRange(params('start=5&end=9'), clock), {
    startUnixNanos: 5n * second,
    endUnixNanos: 9n * second + 1n,
  });
});

test('names and values: everything, or what is asked', () => {
  assert.deepEqual(attributeRange(params(''), clock), { startUnixNanos: undefined, endUnixNanos: undefined });
  assert.equal(attributeRange(params('start=5&end=9'), clock).startUnixNanos, 5n * second);
});

test('metrics: aligned to the step, one step earlier at the start', () => {
  const range = alignedMetricsRange(params('start=103&end=161&step=10'), clock);
  assert.deepEqual(range, { startUnixNanos: 90n * second, endUnixNanos: 170n * second, stepNanos: 10n * second });
  const exact = alignedMetricsRange(params('start=100&end=160&step=10s'), clock);
  assert.deepEqual(exact, { startUnixNanos: 90n * second, endUnixNanos: 160n * second, stepNanos: 10n * second });
});

test('metrics: times in seconds, with fractions, nanoseconds and RFC 3339', () => {
  const at = (text: string): bigint =>
    instantMetricsRange(params(`start=1&end=${encodeURIComponent(text)}`), clock).endUnixNanos;
  assert.equal(at('1700000000'), now);
  assert.equal(at('1700000000.25'), now + second / 4n);
  assert.equal(at('1700000000000000001'), now + 1n);
  assert.equal(at('2023-11-14T22:13:20.5Z'), now + second / 2n);
  assert.equal(at('2023-11-14T23:13:20+01:00'), now);
  assert.throws(() => at('today'), /invalid end/);
});

test('the default step is about a 240th of the range, rounded down to something round', () => {
  const rows: [rangeSeconds: bigint, stepMs: bigint][] = [
    [10n, 50n],
    [30n, 100n],
    [60n, 1000n],
    [3600n, 15_000n],
    [6n * 3600n, 60_000n],
    [24n * 3600n, 300_000n],
    [30n * 86_400n, 3n * 3_600_000n],
  ];
  for (const [range, step] of rows) {
    assert.equal(defaultStepNanos(range * second), step * 1_000_000n, `${range} s`);
  }
});
