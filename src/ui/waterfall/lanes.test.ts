import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isErrorOrigin, omittedSentence, storyCriticalShare, storyLanesMax, storyOf } from '../../analysis/story.ts';
import { drawnTable } from '../../analysis/testing.ts';
import type { DrawnSpan } from '../../analysis/testing.ts';
import { seededRandom } from '../../base/random.ts';
import { wholeTrace } from '../state/view.ts';
import type { TraceFocus } from '../state/view.ts';
import { traceModelOf } from '../trace/model.ts';
import type { TraceModel } from '../trace/model.ts';
import { foldClosed, foldNone, foldOpen, lanesOf, revealRow, toggleLane } from './lanes.ts';
import type { Lanes } from './lanes.ts';

const seedStart = Number(process.env['VIVACE_SEED'] ?? 1);

/** A large trace of a few services that call each other at random: batches, chains, failures, a few roots. */
function randomModel(seed: number, count: number): TraceModel {
  const random = seededRandom(seed);
  const services = 1 + random.below(seed % 7 === 0 ? 120 : 9);
  const names = 1 + random.below(40);
  const errorsIn = random.pick([4, 40, 4_000]);
  const drawn: DrawnSpan[] = [];
  for (let index = 0; index < count; index++) {
    const parent = index === 0 || random.below(900) === 0 ? -1 : Math.max(0, index - 1 - random.below(60));
    const above = parent < 0 ? { start: 0, end: 1_000_000 } : drawn[parent];
    const length = Math.max(1, above.end - above.start);
    const start = above.start + random.below(length);
    drawn.push({
      parent,
      start,
      end: start + random.below(random.below(20) === 0 ? 2 * length : Math.max(1, Math.ceil(length / 2))),
      service: `service ${random.below(services)}`,
      name: `name ${random.below(names)}`,
      isError: random.below(errorsIn) === 0,
    });
  }
  return traceModelOf(drawnTable(drawn));
}

interface Required {
  readonly row: number;
  readonly kind: 'critical' | 'errors' | 'boundaries';
}

/** Every row that must be told, by why. */
function required(model: TraceModel): readonly Required[] {
  const { table } = model;
  const critical = storyCriticalShare * table.traceNanos;
  return Array.from({ length: table.rowCount }, (_, row) => row).flatMap((row): readonly Required[] => {
    const parent = table.parent[row];
    return model.criticalNanos[row] >= critical
      ? [{ row, kind: 'critical' }]
      : isErrorOrigin(model, row)
        ? [{ row, kind: 'errors' }]
        : parent < 0 || table.service[parent] !== table.service[row]
          ? [{ row, kind: 'boundaries' }]
          : [];
  });
}

function isOnLane(lanes: Lanes, row: number): boolean {
  const lane = lanes.laneOfRow[row];
  const group = lane < 0 ? -1 : lanes.group[lane];
  return lane >= 0 && (lanes.rows[lane] === row || (group >= 0 && lanes.groups[group].rows.includes(row)));
}

function checkShape(model: TraceModel, lanes: Lanes, seed: number): void {
  assert.equal(new Set(lanes.rows).size, lanes.rows.length, `seed ${seed}: a row has two lanes`);
  lanes.rows.forEach((row, lane) => {
    assert.equal(lanes.laneOfRow[row], lane, `seed ${seed}, lane ${lane}`);
    assert.ok(
      lane === 0 ? lanes.depth[lane] === 0 : lanes.depth[lane] <= lanes.depth[lane - 1] + 1,
      `seed ${seed}, lane ${lane}: a lane hangs in the air`
    );
  });
  const hidden = lanes.hiddenCount.reduce((sum, count) => sum + count, 0);
  const told = lanes.rows.reduce(
    (sum, _, lane) => sum + (lanes.group[lane] < 0 ? 1 : lanes.groups[lanes.group[lane]].rows.length),
    0
  );
  const without = lanes.laneOfRow.reduce((sum, lane) => sum + (lane < 0 ? 1 : 0), 0);
  assert.equal(
    told + hidden + without,
    model.table.rowCount,
    `seed ${seed}: every span is on a lane, below one, or away`
  );
}

test('a story has at most 40 lanes and every span that must be told, or says how many it leaves out', () => {
  for (let seed = seedStart; seed < seedStart + 70; seed++) {
    const model = randomModel(seed, 1_000 + (seed % 5) * 300);
    const lanes = lanesOf(model, wholeTrace, undefined);
    assert.equal(lanes.reduction, 'story');
    assert.ok(lanes.rows.length <= storyLanesMax && lanes.rows.length > 0, `seed ${seed}: ${lanes.rows.length} lanes`);
    const missing = { critical: 0, errors: 0, boundaries: 0 };
    for (const { row, kind } of required(model)) {
      if (!isOnLane(lanes, row)) {
        missing[kind]++;
      } else if (kind === 'critical') {
        assert.equal(lanes.group[lanes.laneOfRow[row]], -1, `seed ${seed}: a critical span has a lane of its own`);
      }
    }
    assert.deepEqual(missing, model.story.omitted, `seed ${seed}`);
    assert.equal(missing.critical, 0, `seed ${seed}: at most 20 spans hold 5 %, there is always room`);
    checkShape(model, lanes, seed);
  }
});

test('a batch of ten thousand is told by its steps, with the one failure and the one slow item on their own', () => {
  const drawn: DrawnSpan[] = [{ parent: -1, start: 0, end: 2_000_000, name: 'nightly batch' }];
  for (let item = 0; item < 5_000; item++) {
    const start = item * 300 + (item > 2_000 ? 400_000 : 0);
    const isSlow = item === 2_000;
    const parent = drawn.push({ parent: 0, start, end: start + (isSlow ? 400_000 : 250), name: 'item' }) - 1;
    const isError = item === 4_000;
    drawn.push({ parent, start: start + 10, end: start + 200, name: 'charge', service: 'payment', isError });
  }
  const model = traceModelOf(drawnTable(drawn));
  const lanes = lanesOf(model, wholeTrace, undefined);
  const told = [...lanes.rows].map((row, lane) => {
    const group = lanes.group[lane] < 0 ? 1 : lanes.groups[lanes.group[lane]].rows.length;
    return `${'  '.repeat(lanes.depth[lane])}${model.table.names[model.table.name[row]]} × ${group}${model.table.statusCode[row] === 2 ? ' failed' : ''}`;
  });
  assert.deepEqual(told, [
    'nightly batch × 1',
    '  item × 4999',
    '    charge × 4998',
    '    charge × 1 failed',
    '  item × 1',
    '    charge × 1',
  ]);
  assert.equal(omittedSentence(model.story), undefined);
});

test('a hundred services do not fit: the story ranks them and counts the rest', () => {
  const drawn: DrawnSpan[] = [{ parent: -1, start: 0, end: 1_000_000 }];
  for (let index = 0; index < 1_200; index++) {
    drawn.push({
      parent: 0,
      start: index,
      end: index + 100 + index,
      service: `s${index % 100}`,
      isError: index === 7,
      name: 'call',
    });
  }
  const model = traceModelOf(drawnTable(drawn));
  const { laneCount, omitted } = storyOf(model);
  assert.equal(laneCount, storyLanesMax);
  const row = model.table.statusCode.indexOf(2);
  assert.ok(isOnLane(lanesOf(model, wholeTrace, undefined), row));
  assert.equal(omitted.errors, 0);
  assert.match(omittedSentence(model.story)!, /^No room in the story for [\d,]+ entries into services\.$/);
});

test('every lane of a story opens, and any span can be brought to a lane', () => {
  for (let seed = seedStart; seed < seedStart + 20; seed++) {
    const model = randomModel(seed, 1_200);
    const random = seededRandom(seed);
    let focus: TraceFocus = wholeTrace;
    for (let step = 0; step < 12; step++) {
      const lanes = lanesOf(model, focus, undefined);
      checkShape(model, lanes, seed);
      const row = random.below(model.table.rowCount);
      const revealed = { ...focus, ...revealRow(model, focus, row) };
      assert.ok(isOnLane(lanesOf(model, revealed, undefined), row), `seed ${seed}, row ${row}`);
      const closed = [...lanes.fold].indexOf(foldClosed);
      if (closed >= 0) {
        focus = { ...focus, ...toggleLane(model, focus, lanes, closed) };
        const opened = lanesOf(model, focus, undefined);
        assert.ok(opened.rows.length > lanes.rows.length);
        assert.equal(opened.fold[closed], foldOpen);
      }
    }
  }
});

const shop: readonly DrawnSpan[] = [
  { parent: -1, start: 0, end: 100, name: 'root' },
  { parent: 0, start: 1, end: 10, name: 'login' },
  ...Array.from({ length: 4 }, (_, index) => ({
    parent: 0,
    start: 10 + 20 * index,
    end: 25 + 20 * index,
    name: 'item',
  })),
  { parent: 2, start: 11, end: 12, name: 'row' },
  { parent: 3, start: 31, end: 32, name: 'row' },
  { parent: 4, start: 51, end: 52, name: 'row' },
  { parent: 5, start: 71, end: 72, name: 'row' },
  { parent: 0, start: 95, end: 100, name: 'respond' },
];

const labelsOf = (model: TraceModel, lanes: Lanes): string[] =>
  [...lanes.rows].map(
    (row, lane) =>
      `${'  '.repeat(lanes.depth[lane])}${model.table.names[model.table.name[row]]}` +
      (lanes.group[lane] < 0 ? '' : ` × ${lanes.groups[lanes.group[lane]].rows.length}`)
  );

test('repeats fold to one lane, open again, and a span inside is revealed by opening them', () => {
  const model = traceModelOf(drawnTable(shop));
  const folded: TraceFocus = { ...wholeTrace, reduce: 'repeats' };
  const lanes = lanesOf(model, folded, undefined);
  assert.deepEqual(labelsOf(model, lanes), ['root', '  login', '  item × 4', '  respond']);
  assert.deepEqual([...lanes.fold], [foldOpen, foldNone, foldClosed, foldNone]);
  assert.equal(lanes.hiddenCount[2], 4);
  checkShape(model, lanes, 0);
  const opened = { ...folded, ...toggleLane(model, folded, lanes, 2) };
  assert.equal(lanesOf(model, opened, undefined).rows.length, 11);
  const rowOfThird = lanes.groups[0].rows[2] + 1;
  const revealed = { ...folded, ...revealRow(model, folded, rowOfThird) };
  assert.ok(isOnLane(lanesOf(model, revealed, undefined), rowOfThird));
});

test('hidden rows go, their ancestors stay; a brushed range takes the rows outside away', () => {
  const model = traceModelOf(drawnTable(shop));
  const matches = model.table.name.map((name) => (model.table.names[name] === 'row' ? 1 : 0));
  const matchBytes = Uint8Array.from(matches);
  const dimmed = lanesOf(model, wholeTrace, matchBytes);
  assert.equal(dimmed.rows.length, 11);
  const hidden = lanesOf(model, { ...wholeTrace, hide: true }, matchBytes);
  assert.deepEqual(labelsOf(model, hidden), ['root', ...Array.from({ length: 4 }, () => ['  item', '    row']).flat()]);
  assert.equal(hidden.filteredCount, 7);
  checkShape(model, hidden, 0);
  const zoom = { startNanos: 30, endNanos: 45 };
  const clipped = lanesOf(model, { ...wholeTrace, zoom, clip: true }, undefined);
  assert.deepEqual(labelsOf(model, clipped), ['root', '  item', '    row']);
  assert.equal(clipped.outsideCount, 8);
  const together = lanesOf(model, { ...wholeTrace, zoom, clip: true, hide: true, reduce: 'repeats' }, matchBytes);
  assert.deepEqual(labelsOf(model, together), ['root', '  item']);
  checkShape(model, together, 0);
});

test('a story of matches shows every match, and none without one', () => {
  const model = randomModel(3, 2_000);
  const matches = new Uint8Array(2_000);
  const wanted = [17, 400, 1_999];
  wanted.forEach((row) => (matches[row] = 1));
  const lanes = lanesOf(model, { ...wholeTrace, hide: true }, matches);
  wanted.forEach((row) => assert.ok(isOnLane(lanes, row)));
  checkShape(model, lanes, 3);
  assert.equal(lanes.filteredCount, 1_997);
});
