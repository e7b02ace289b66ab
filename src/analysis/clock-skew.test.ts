import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { correctedTable } from './clock-skew.ts';
import { criticalPathOf, segmentsOf } from './critical-path.ts';
import { notesOf } from './notes.ts';
import { selfNanosOf } from './self-time.ts';
import { drawnTable } from './testing.ts';
import type { DrawnSpan } from './testing.ts';

const ms = 1_000_000;
const at = (parent: number, start: number, end: number, service: string): DrawnSpan => ({
  parent,
  start: Math.round(start * ms),
  end: Math.round(end * ms),
  service,
});

test('a trace in which nothing contradicts anything stays as it is', () => {
  assert.equal(correctedTable(drawnTable([at(-1, 0, 100, 'a'), at(0, 10, 90, 'b'), at(1, 20, 30, 'a')])), undefined);
  assert.equal(
    correctedTable(drawnTable([at(-1, 0, 100, 'a'), at(0, -0.5, 90, 'b')])),
    undefined,
    'below a millisecond is rounding'
  );
  assert.equal(
    correctedTable(drawnTable([at(-1, 0, 100, 'a'), at(0, 500, 900, 'b')])),
    undefined,
    'work that comes later is no skew'
  );
});

test('a service whose clock is 90 s behind is moved as a whole, what it calls back stays', () => {
  const behind = -90_000;
  const table = drawnTable([
    at(-1, 0, 100, 'front'),
    at(0, behind + 10, behind + 60, 'pay'),
    at(1, behind + 20, behind + 25, 'pay'),
    at(1, 32, 40, 'front'),
    at(0, behind + 70, behind + 80, 'pay'),
  ]);
  const corrected = correctedTable(table);
  assert.ok(corrected);
  const { clocks, table: right } = corrected;
  assert.equal(clocks.movedCount, 3);
  // The two calls leave room for shifts from 89,990 ms to 90,020 ms of the true one.
  assert.deepEqual(
    clocks.corrections.map(({ service, spanCount }) => [service, spanCount]),
    [['pay', 3]]
  );
  const [{ shiftNanos }] = clocks.corrections;
  assert.ok(Math.abs(shiftNanos - 90_000 * ms) <= 20 * ms, `${shiftNanos}`);
  assert.equal(
    right.baseUnixNanos,
    table.baseUnixNanos + BigInt(90_000 * ms - 10 * ms),
    'the trace begins with its root'
  );
  assert.equal(right.traceNanos, 100 * ms);
  assert.match(notesOf(right, clocks)[0].sentence, /Clocks disagree \(pay 90 s behind\).*3 spans were moved/);
});

test('a server that starts after its client has ended is ahead; a client that gave up proves nothing', () => {
  const call = (isError: boolean): DrawnSpan[] => [{ ...at(-1, 0, 100, 'a'), isError }, at(0, 5_000, 5_050, 'b')];
  const asCall = (isError: boolean) => {
    const table = drawnTable(call(isError));
    return correctedTable({ ...table, kind: Uint8Array.from([3, 2]) });
  };
  assert.equal(asCall(false)?.clocks.corrections[0].shiftNanos, -4_975 * ms);
  assert.equal(asCall(true), undefined);
});

test('several clocks under one name are set right one by one', () => {
  const table = drawnTable([
    at(-1, 0, 1_000, 'a'),
    at(0, -5_000, -4_900, 'b'),
    at(0, 300, 400, 'b'),
    at(0, 9_000, 9_100, 'c'),
  ]);
  const corrected = correctedTable(table);
  assert.equal(corrected?.clocks.movedCount, 1);
});

test('whatever the clocks: no child of another service starts before its parent, and the figures hold', () => {
  const traces = fc.array(
    fc.record({
      pick: fc.nat(),
      start: fc.integer({ min: -50, max: 200 }),
      length: fc.integer({ min: -5, max: 90 }),
      service: fc.constantFrom('a', 'b', 'c'),
    }),
    { minLength: 1, maxLength: 30 }
  );
  fc.assert(
    fc.property(traces, (spans) => {
      const table = drawnTable(
        spans.map(({ pick, start, length, service }, i) =>
          at(i === 0 || pick % 7 === 0 ? -1 : pick % i, start, start + length, service)
        )
      );
      const corrected = correctedTable(table);
      if (corrected === undefined) {
        return;
      }
      const { table: right, clocks } = corrected;
      assert.equal(Math.min(...right.offsetNanos), 0);
      assert.equal(clocks.movedCount, clocks.shiftNanos.filter((shift) => shift !== 0).length);
      const firstRow = right.services.map((_, service) => right.service.indexOf(service));
      for (let row = 0; row < right.rowCount; row++) {
        const parent = right.parent[row];
        assert.equal(right.durationNanos[row], table.durationNanos[row]);
        if (
          parent >= 0 &&
          firstRow[right.service[parent]] < firstRow[right.service[row]] &&
          clocks.shiftNanos[row] !== 0
        ) {
          assert.ok(right.offsetNanos[row] - right.offsetNanos[parent] > -ms, `row ${row}`);
        }
      }
      const self = selfNanosOf(right);
      self.forEach((nanos, row) => assert.ok(nanos >= 0 && nanos <= Math.max(0, right.durationNanos[row])));
      const total = segmentsOf(criticalPathOf(right)).reduce(
        (sum, { startNanos, endNanos }) => sum + endNanos - startNanos,
        0
      );
      assert.equal(total, right.traceNanos);
    }),
    { numRuns: 500 }
  );
});
