import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { drawnTable } from '../../analysis/testing.ts';
import { wholeTrace } from '../state/view.ts';
import { traceModelOf } from '../trace/model.ts';
import { hitTest } from './hit-test.ts';
import { keyAction } from './keys.ts';
import {
  foldToDepth,
  isFolded,
  laneHeight,
  nanosOf,
  pan,
  pixelOf,
  toggleFold,
  unfoldTo,
  wholeViewport,
  zoomAround,
} from './layout.ts';
import type { Folds } from './layout.ts';
import { lanesOf } from './lanes.ts';

const tree = [
  { parent: -1, start: 0, end: 1_000 },
  { parent: 0, start: 10, end: 500 },
  { parent: 1, start: 20, end: 300, isError: true },
  { parent: 0, start: 600, end: 900 },
];
const table = drawnTable(tree);
const open = foldToDepth(undefined);
const rowsOf = (folds: Folds): number[] => [
  ...lanesOf(traceModelOf(table), { ...wholeTrace, ...folds }, undefined).rows,
];

test('a folded row hides exactly its subtree', () => {
  assert.deepEqual(rowsOf(open), [0, 1, 2, 3]);
  assert.deepEqual(rowsOf(toggleFold(open, 1)), [0, 1, 3]);
  assert.deepEqual(rowsOf(foldToDepth(0)), [0]);
  assert.deepEqual(rowsOf(toggleFold(foldToDepth(0), 0)), [0, 1, 3]);
});

test('folds agree with the obvious rule on any tree', () => {
  const parents = fc.array(fc.nat(), { minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(parents, fc.option(fc.nat(6), { nil: undefined }), fc.array(fc.nat(60)), (picks, depth, toggled) => {
      const random = drawnTable(
        picks.map((pick, index) => ({ parent: index === 0 ? -1 : pick % index, start: index, end: 100 }))
      );
      let folds = foldToDepth(depth);
      for (const row of toggled.filter((candidate) => candidate < random.rowCount)) {
        folds = toggleFold(folds, row);
      }
      const expected = Array.from({ length: random.rowCount }, (_, row) => row).filter((row) => {
        for (let at = random.parent[row]; at >= 0; at = random.parent[at]) {
          if (isFolded(random, folds, at)) {
            return false;
          }
        }
        return true;
      });
      const model = traceModelOf(random);
      const { rows, laneOfRow } = lanesOf(model, { ...wholeTrace, ...folds }, undefined);
      assert.deepEqual([...rows], expected);
      expected.forEach((row, lane) => assert.equal(laneOfRow[row], lane));
      const last = random.rowCount - 1;
      const unfolded = { ...wholeTrace, ...unfoldTo(random, folds, last) };
      assert.ok([...lanesOf(model, unfolded, undefined).rows].includes(last));
    })
  );
});

test('pixels and moments are inverse; zoom keeps what is under the pointer; nothing leaves the trace', () => {
  const whole = wholeViewport(table);
  const zoomed = zoomAround(whole, whole, 400, 0.5);
  assert.deepEqual(zoomed, { startNanos: 200, endNanos: 700 });
  assert.equal(pixelOf(zoomed, 1_000, 400), 400);
  assert.equal(nanosOf(zoomed, 1_000, 400), 400);
  assert.deepEqual(pan(zoomed, whole, 10_000), { startNanos: 500, endNanos: 1_000 });
  assert.deepEqual(zoomAround(zoomed, whole, 400, 100), whole);
});

test('the pointer finds its lane', () => {
  const rows = Uint32Array.from(rowsOf(open));
  const hit = hitTest(table, rows, wholeViewport(table), 500, 250, 2 * laneHeight + 3);
  assert.deepEqual(hit, { lane: 2, row: 2, nanos: 500, event: -1 });
  assert.equal(hitTest(table, rows, wholeViewport(table), 500, 1, 99 * laneHeight), undefined);
});

test('keys walk, fold and find errors', () => {
  const model = traceModelOf(table);
  const press = (key: string, selectedRow: number, focus = wholeTrace): ReturnType<typeof keyAction> =>
    keyAction(
      { key, ctrlKey: false, metaKey: false, altKey: false },
      {
        model,
        focus,
        lanes: lanesOf(model, focus, undefined),
        selectedRow,
        viewport: wholeViewport(table),
        whole: wholeViewport(table),
      }
    );
  assert.equal(press('j', -1)?.selectRow, 0);
  assert.equal(press('k', 2)?.selectRow, 1);
  assert.equal(press('e', -1)?.selectRow, 2);
  assert.equal(press('e', 2)?.selectRow, 2);
  assert.equal(press('h', 3)?.selectRow, 0);
  assert.deepEqual(press('h', 1)?.focus?.foldToggles, [1]);
  assert.deepEqual(press('f', 1)?.focus?.zoom, { startNanos: 0, endNanos: 525 });
  assert.equal(press('x', 1), undefined);
  assert.equal(
    keyAction(
      { key: 'j', ctrlKey: true, metaKey: false, altKey: false },
      {
        model,
        focus: wholeTrace,
        lanes: lanesOf(model, wholeTrace, undefined),
        selectedRow: 0,
        viewport: wholeViewport(table),
        whole: wholeViewport(table),
      }
    ),
    undefined
  );
});
