import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../../base/random.ts';
import type { Span } from '../../trace/model.ts';
import { encodeTraces } from '../../wire/otlp-protobuf.ts';
import { spansOfRows } from '../rows-to-spans.ts';
import type { RowSet } from '../row-set.ts';
import { planFlush } from './flush-plan.ts';
import { Head } from './head.ts';
import { openSnapshot } from './snapshot.ts';
import { randomSpans } from './testing.ts';

const second = 1_000_000_000n;
const hour = 3600n * second;
const noon = 472_222n * hour;
const windows = { windowNanos: hour, slackNanos: 300n * second, nowUnixNanos: noon + 10n * hour };

function rowSetOf(spans: readonly Span[]): RowSet {
  const head = new Head();
  head.append(encodeTraces(spans));
  head.commit(head.rowCount);
  return openSnapshot(head.snapshot());
}

/** Spans of trace `trace`, each by start and duration in seconds from noon. */
function trace(number: number, times: readonly (readonly [start: number, duration: number])[]): Span[] {
  const [model] = randomSpans(seededRandom(1), 1);
  return times.map(([start, duration], i) => ({
    ...model,
    traceId: number.toString(16).padStart(32, '0'),
    spanId: (i + 1).toString(16).padStart(16, '0'),
    startUnixNanos: BigInt.asUintN(64, noon + BigInt(start) * second),
    endUnixNanos: BigInt.asUintN(64, noon + BigInt(start + duration) * second),
  }));
}

/** Of each part: hours from noon, and the trace number and start of each row. */
function picture(rowSet: RowSet): unknown[] {
  return planFlush(rowSet, windows).map(({ windowStartUnixNanos, rows }) => [
    windowStartUnixNanos === undefined ? 'odd' : Number((windowStartUnixNanos - noon) / hour),
    spansOfRows(rowSet, rows).map(
      (span) => `${Number.parseInt(span.traceId, 16)}:${Number((span.startUnixNanos - noon) / second)}`
    ),
  ]);
}

test('a trace goes whole into the window of its start, in order of trace id, start, span id', () => {
  const rowSet = rowSetOf([
    ...trace(7, [
      [3590, 30],
      [3605, 5],
    ]),
    ...trace(2, [
      [20, 1],
      [10, 1],
      [10, 1],
    ]),
    ...trace(5, [[3601, 1]]),
  ]);
  assert.deepEqual(picture(rowSet), [
    [0, ['2:10', '2:10', '2:20', '7:3590', '7:3605']],
    [1, ['5:3601']],
  ]);
});

test('bad clocks go into the odd-time part and move nobody else', () => {
  const rowSet = rowSetOf([
    ...trace(1, [
      [100, 1],
      [-1_600_000_000, 1],
      [101, 1],
    ]), // one clock far behind
    ...trace(2, [
      [100, 1],
      [110, 100_000_000],
    ]), // one span that ends in years
    ...trace(3, [
      [200, 1],
      [50_000_000, 1],
    ]), // one in the future
    ...trace(4, [[3000, -10_000]]), // ends long before it starts
  ]);
  assert.deepEqual(picture(rowSet), [
    [0, ['1:100', '1:101', '2:100', '3:200']],
    ['odd', ['1:-1600000000', '2:110', '3:50000000', '4:3000']],
  ]);
});

test('a trace that lies whole in the future is odd', () => {
  const rowSet = rowSetOf(
    trace(1, [
      [36_000 + 400, 1],
      [36_000 + 401, 1],
    ])
  );
  assert.deepEqual(picture(rowSet), [['odd', ['1:36400', '1:36401']]]);
});

test('every row is in exactly one part', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const rowSet = rowSetOf(randomSpans(seededRandom(seed), 300));
    const rows = planFlush(rowSet, windows).flatMap((part) => Array.from(part.rows));
    assert.deepEqual(
      rows.toSorted((a, b) => a - b),
      Array.from({ length: rowSet.rowCount }, (_, row) => row),
      `seed ${seed}`
    );
  }
});

test('the edge of the slack is exact to the nanosecond', () => {
  const edge = noon + hour + windows.slackNanos;
  const [model] = randomSpans(seededRandom(2), 1);
  const times = [
    noon,
    noon + 1n,
    noon + 2n,
    edge,
    edge + 1n,
    noon - windows.slackNanos,
    noon - windows.slackNanos - 1n,
  ];
  const spans = times.map((at, i) => ({
    ...model,
    spanId: (i + 1).toString(16).padStart(16, '0'),
    startUnixNanos: at,
    endUnixNanos: at,
  }));
  const rowSet = rowSetOf(spans);
  const startsOf = (rows: Uint32Array): bigint[] => [...rows].map((row) => rowSet.startUnixNanos[row]);
  const [inside, odd] = planFlush(rowSet, windows);
  assert.equal(inside.windowStartUnixNanos, noon);
  assert.deepEqual(startsOf(inside.rows), [noon - windows.slackNanos, noon, noon + 1n, noon + 2n, edge]);
  assert.equal(odd.windowStartUnixNanos, undefined);
  assert.deepEqual(startsOf(odd.rows), [noon - windows.slackNanos - 1n, edge + 1n]);
});
