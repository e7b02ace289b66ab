import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { spanTableOf } from '../trace/span-table.ts';
import type { SpanTable } from '../trace/span-table.ts';
import { criticalNanosOf, criticalPathOf, segmentsOf } from './critical-path.ts';
import { notesOf } from './notes.ts';
import { selfNanosOf } from './self-time.ts';
import { serviceStatsOf } from './service-stats.ts';
import { drawnSpans, drawnTable, spanIdOf, traceId } from './testing.ts';
import type { DrawnSpan } from './testing.ts';

/** Any shape: overlaps, overhang, skew, several roots, ends before starts. */
const traces: fc.Arbitrary<readonly DrawnSpan[]> = fc
  .array(
    fc.record({
      pick: fc.nat(),
      start: fc.nat(1_000),
      length: fc.integer({ min: -50, max: 600 }),
      service: fc.constantFrom('a', 'b'),
    }),
    { minLength: 1, maxLength: 40 }
  )
  .map((spans) =>
    spans.map(({ pick, start, length, service }, index) => ({
      parent: index === 0 || pick % 9 === 0 ? -1 : pick % index,
      start,
      end: start + length,
      service,
    }))
  );

test('rows stand in pre-order: a subtree is a range, a parent comes first', () => {
  fc.assert(
    fc.property(traces, (drawn) => {
      const table = drawnTable(drawn);
      assert.equal(table.rowCount, drawn.length);
      for (let row = 0; row < table.rowCount; row++) {
        const parent = table.parent[row];
        assert.ok(parent < row);
        if (parent >= 0) {
          assert.ok(row < table.subtreeEnd[parent] && table.subtreeEnd[row] <= table.subtreeEnd[parent]);
          assert.equal(table.depth[row], table.depth[parent] + 1);
          assert.equal(table.spans[row].parentSpanId, table.spans[parent].spanId);
        }
        assert.ok(table.offsetNanos[row] >= 0);
      }
    })
  );
});

test('the critical path touches end to end and sums to the duration, whatever the trace', () => {
  fc.assert(
    fc.property(traces, (drawn) => {
      const table = drawnTable(drawn);
      let at = 0;
      for (const segment of segmentsOf(criticalPathOf(table))) {
        assert.equal(segment.startNanos, at);
        assert.ok(segment.endNanos > segment.startNanos);
        at = segment.endNanos;
      }
      assert.equal(at, table.traceNanos);
    }),
    { numRuns: 1_000 }
  );
});

test('the critical path goes through the child that finished last', () => {
  // ────────────────────  0
  //   ──────              1
  //      ───────────      2
  //                  ─    3
  const table = drawnTable([
    { parent: -1, start: 0, end: 200 },
    { parent: 0, start: 20, end: 80 },
    { parent: 0, start: 50, end: 160 },
    { parent: 0, start: 170, end: 180 },
  ]);
  const path = segmentsOf(criticalPathOf(table)).map(({ row, startNanos, endNanos }) => [row, startNanos, endNanos]);
  assert.deepEqual(path, [
    [0, 0, 50],
    [2, 50, 160],
    [0, 160, 170],
    [3, 170, 180],
    [0, 180, 200],
  ]);
  assert.deepEqual([...criticalNanosOf(table, criticalPathOf(table))], [80, 0, 110, 10]);
});

test('work that outlives its parent is on the path when the trace ended with it', () => {
  const table = drawnTable([
    { parent: -1, start: 0, end: 100 },
    { parent: 0, start: 10, end: 90 },
    { parent: 1, start: 20, end: 500 },
  ]);
  const path = segmentsOf(criticalPathOf(table)).map(({ row, endNanos }) => [row, endNanos]);
  assert.deepEqual(path, [
    [0, 10],
    [1, 20],
    [2, 500],
  ]);
});

test('a gap between two roots belongs to nobody', () => {
  const table = drawnTable([
    { parent: -1, start: 0, end: 10 },
    { parent: -1, start: 30, end: 40 },
  ]);
  assert.deepEqual(segmentsOf(criticalPathOf(table))[1], { row: -1, startNanos: 10, endNanos: 30 });
});

/** The obvious way: count each nanosecond in which no child runs. */
function slowSelfNanos(table: SpanTable, row: number): number {
  const end = (of: number): number => table.offsetNanos[of] + Math.max(0, table.durationNanos[of]);
  const children = Array.from({ length: table.rowCount }, (_, other) => other).filter(
    (other) => table.parent[other] === row
  );
  let self = 0;
  for (let nano = table.offsetNanos[row]; nano < end(row); nano++) {
    self += children.some((child) => table.offsetNanos[child] <= nano && nano < end(child)) ? 0 : 1;
  }
  return self;
}

test('self time equals the obvious count, is never negative and never above the duration', () => {
  fc.assert(
    fc.property(traces, (drawn) => {
      const table = drawnTable(drawn);
      const self = selfNanosOf(table);
      for (let row = 0; row < table.rowCount; row++) {
        assert.equal(self[row], slowSelfNanos(table, row));
        assert.ok(self[row] >= 0 && self[row] <= Math.max(0, table.durationNanos[row]));
      }
    }),
    { numRuns: 60 }
  );
});

test('service statistics add up', () => {
  const table = drawnTable([
    { parent: -1, start: 0, end: 100, service: 'web' },
    { parent: 0, start: 10, end: 60, service: 'db', isError: true },
    { parent: 0, start: 60, end: 70, service: 'db' },
  ]);
  assert.deepEqual(serviceStatsOf(table, selfNanosOf(table)), [
    { service: 'db', spanCount: 2, errorCount: 1, selfNanos: 60 },
    { service: 'web', spanCount: 1, errorCount: 0, selfNanos: 40 },
  ]);
});

test('an ordinary trace has no notes', () => {
  assert.deepEqual(
    notesOf(
      drawnTable([
        { parent: -1, start: 0, end: 9 },
        { parent: 0, start: 1, end: 2 },
      ])
    ),
    []
  );
});

test('orphans, duplicates, cycles, skew and backwards spans are each told with a count', () => {
  const [root, child, twin] = drawnSpans([
    { parent: -1, start: 5_000_000, end: 9_000_000, service: 'web' },
    { parent: 0, start: 0, end: 100, service: 'db' },
    { parent: 0, start: 6_000_000, end: 5_999_000, service: 'web' },
  ]);
  const orphan = { ...twin, spanId: spanIdOf(7), parentSpanId: spanIdOf(99) };
  const looped = { ...twin, spanId: spanIdOf(8), parentSpanId: spanIdOf(8) };
  const notes = notesOf(
    spanTableOf({ traceId, spans: [root, child, twin, { ...twin, name: 'again' }, orphan, looped] })
  );
  assert.deepEqual(
    notes.map(({ kind, count }) => [kind, count]),
    [
      ['orphans', 1],
      ['cycles', 1],
      ['duplicate-ids', 2],
      ['clock-skew', 1],
      ['negative-durations', 4],
    ]
  );
});

test('a chain of 20,000 spans needs no stack', () => {
  const table = drawnTable(
    Array.from({ length: 20_000 }, (_, index) => ({ parent: index - 1, start: index, end: 40_000 - index }))
  );
  assert.equal(table.depth[19_999], 19_999);
  assert.equal(
    segmentsOf(criticalPathOf(table)).reduce((sum, { startNanos, endNanos }) => sum + endNanos - startNanos, 0),
    40_000
  );
});
