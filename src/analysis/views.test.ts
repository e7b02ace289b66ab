import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../base/random.ts';
import type { SpanTable } from '../trace/span-table.ts';
import { topContributors } from './contributors.ts';
import { criticalNanosOf, criticalPathOf } from './critical-path.ts';
import { flameByCalls, flameByTime, frameAt } from './flame.ts';
import type { Flame } from './flame.ts';
import { selfNanosOf } from './self-time.ts';
import { rowsInScope, statisticsOf } from './statistics.ts';
import { drawnTable } from './testing.ts';
import type { DrawnSpan } from './testing.ts';
import { traceGraphOf } from './trace-graph.ts';

function randomTable(seed: number, count: number): SpanTable {
  const random = seededRandom(seed);
  const drawn: DrawnSpan[] = [];
  for (let index = 0; index < count; index++) {
    const parent = index === 0 || random.below(40) === 0 ? -1 : random.below(index);
    const start = (parent < 0 ? 0 : drawn[parent].start) + random.below(50) - 5;
    const service = random.pick(['a', 'b', 'c']);
    const name = `n${random.below(4)}`;
    drawn.push({
      parent,
      start: Math.max(0, start),
      end: start + random.below(90),
      service,
      name,
      isError: random.below(9) === 0,
    });
  }
  return drawnTable(drawn);
}

const derived = (table: SpanTable) => ({
  table,
  selfNanos: selfNanosOf(table),
  criticalNanos: criticalNanosOf(table, criticalPathOf(table)),
});

test('statistics equal the obvious count, for one to three groupings and any rows', () => {
  for (let seed = 1; seed <= 60; seed++) {
    const source = derived(randomTable(seed, 80));
    const { table, selfNanos } = source;
    const odd = { codes: Int32Array.from({ length: table.rowCount }, (_, row) => (row % 3) - 1) };
    const by = [{ codes: table.service }, { codes: table.name }, odd].slice(0, 1 + (seed % 3));
    const rows =
      seed % 2 === 0 ? undefined : Uint8Array.from({ length: table.rowCount }, (_, row) => (row * seed) % 3 && 1);
    const groups = new Map<string, number[]>();
    for (let row = 0; row < table.rowCount; row++) {
      if (rows === undefined || rows[row] === 1) {
        const key = by.map(({ codes }) => codes[row]).join();
        groups.set(key, [...(groups.get(key) ?? []), row]);
      }
    }
    const found = statisticsOf(source, by, rows);
    assert.equal(found.groupCount, groups.size);
    [...groups].forEach(([key, members], group) => {
      assert.equal(found.codes.map((codes) => codes[group]).join(), key);
      const durations = members.map((row) => Math.max(0, table.durationNanos[row])).sort((a, b) => a - b);
      const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
      const at = (share: number): number => durations[Math.ceil(share * durations.length) - 1];
      assert.equal(found.count[group], members.length);
      assert.equal(found.errorCount[group], members.filter((row) => table.statusCode[row] === 2).length);
      assert.equal(found.sumNanos[group], sum(durations));
      assert.equal(found.selfNanos[group], sum(members.map((row) => selfNanos[row])));
      assert.deepEqual(
        [found.p50Nanos[group], found.p95Nanos[group], found.p99Nanos[group], found.maxNanos[group]],
        [at(0.5), at(0.95), at(0.99), durations.at(-1)]
      );
      assert.equal(found.firstRow[group], members[0]);
    });
  }
});

test('without a grouping everything is one group; of no rows there is none', () => {
  const source = derived(randomTable(7, 30));
  assert.equal(statisticsOf(source, []).count[0], 30);
  assert.equal(statisticsOf(source, [], new Uint8Array(30)).groupCount, 0);
});

function checkFlame(flame: Flame, seed: number): void {
  for (let frame = 0; frame < flame.frameCount; frame++) {
    const isSameLine = frame > 0 && flame.line[frame] === flame.line[frame - 1];
    assert.ok(
      !isSameLine || flame.start[frame] >= flame.end[frame - 1] - 1e-6,
      `seed ${seed}, frame ${frame} covers the one before`
    );
    assert.ok(flame.parent[frame] < 0 || flame.line[flame.parent[frame]] < flame.line[frame], `seed ${seed}: above`);
    const middle = (flame.start[frame] + flame.end[frame]) / 2;
    if (flame.end[frame] > flame.start[frame]) {
      const hit = frameAt(flame, flame.line[frame], middle, 0);
      // Frames of no length may stand at the same place.
      assert.ok(hit === frame || flame.start[hit] === middle, `seed ${seed}, frame ${frame}`);
    }
  }
}

test('a flame graph by calls adds up: frames hold what is below them, and all of the self time', () => {
  for (let seed = 1; seed <= 40; seed++) {
    const table = randomTable(seed, 120);
    const selfNanos = selfNanosOf(table);
    const rows = seed % 2 === 0 ? undefined : Uint8Array.from({ length: 120 }, (_, row) => (row % 4 === 0 ? 0 : 1));
    const flame = flameByCalls(table, selfNanos, rows);
    checkFlame(flame, seed);
    const counted = selfNanos.reduce((sum, nanos, row) => sum + (rows === undefined || rows[row] === 1 ? nanos : 0), 0);
    let top = 0;
    for (let frame = 0; frame < flame.frameCount; frame++) {
      const parent = flame.parent[frame];
      top += parent < 0 ? flame.end[frame] - flame.start[frame] : 0;
      assert.ok(
        parent < 0 || (flame.start[frame] >= flame.start[parent] && flame.end[frame] <= flame.end[parent] + 1e-6)
      );
    }
    assert.equal(Math.round(top), Math.round(counted));
    const counts = flame.count.reduce((a, b) => a + b, 0);
    assert.equal(counts, rows === undefined ? 120 : rows.reduce((a, b) => a + b, 0));
  }
});

test('a flame graph by time shows every span at its time, below its parent, none over another', () => {
  for (let seed = 1; seed <= 60; seed++) {
    const table = randomTable(seed, 150);
    const flame = flameByTime(table, selfNanosOf(table));
    assert.equal(flame.frameCount, 150);
    for (let row = 0; row < table.rowCount; row++) {
      const frame = flame.frameOfRow[row];
      assert.equal(flame.row[frame], row);
      assert.equal(flame.start[frame], table.offsetNanos[row]);
      const parent = table.parent[row];
      assert.ok(parent < 0 || flame.line[frame] > flame.line[flame.frameOfRow[parent]]);
    }
    // Children that begin before their parent may reach under a neighbour: only ordered traces are without any overlap.
    const ordered = drawnTable(
      Array.from({ length: 60 }, (_, index) => ({ parent: index === 0 ? -1 : index >> 1, start: index, end: 200 }))
    );
    checkFlame(flameByTime(ordered, selfNanosOf(ordered)), seed);
  }
});

test('50,000 siblings at once are 50,000 lines, without looking at each for each', () => {
  const count = 50_000;
  const table = drawnTable([
    { parent: -1, start: 0, end: 2 * count },
    ...Array.from({ length: count }, (_, index) => ({ parent: 0, start: index, end: count + index, name: 'x' })),
  ]);
  assert.equal(flameByTime(table, selfNanosOf(table)).lineCount, count + 1);
});

test('the graph of a trace counts services and the calls between them', () => {
  const table = drawnTable([
    { parent: -1, start: 0, end: 100, service: 'web' },
    { parent: 0, start: 10, end: 40, service: 'cart' },
    { parent: 0, start: 40, end: 90, service: 'cart', isError: true },
    { parent: 2, start: 50, end: 60, service: 'cart' },
    { parent: 3, start: 52, end: 55, service: 'web' },
  ]);
  const { nodes, edges } = traceGraphOf(table, selfNanosOf(table));
  const name = (service: number): string => table.services[service];
  assert.deepEqual(
    nodes.map(({ service, count, errorCount, selfNanos }) => [name(service), count, errorCount, selfNanos]),
    [
      ['cart', 3, 1, 77],
      ['web', 2, 0, 23],
    ]
  );
  assert.deepEqual(
    edges.map(({ source, target, count, errorCount, sumNanos, row }) => [
      `${name(source)} → ${name(target)}`,
      count,
      errorCount,
      sumNanos,
      row,
    ]),
    [
      ['cart → web', 1, 0, 3, 4],
      ['web → cart', 2, 1, 80, 2],
    ]
  );
  const onlyLast = Uint8Array.from([0, 0, 0, 0, 1]);
  assert.deepEqual(
    traceGraphOf(table, selfNanosOf(table), onlyLast).nodes.map(({ count }) => count),
    [0, 1]
  );
});

test('contributors are the longest of the critical path, and no more than ten', () => {
  const nanos = Float64Array.from([0, 5, 50, 5, 0, 40]);
  assert.deepEqual(topContributors(nanos, 100, 3), [
    { row: 2, nanos: 50, share: 0.5 },
    { row: 5, nanos: 40, share: 0.4 },
    { row: 1, nanos: 5, share: 0.05 },
  ]);
  assert.equal(topContributors(new Float64Array(50).fill(1), 50).length, 10);
  assert.deepEqual(topContributors(new Float64Array(3), 0), []);
});

test('the scope is what matches and touches the range', () => {
  const table = drawnTable([
    { parent: -1, start: 0, end: 100 },
    { parent: 0, start: 10, end: 20 },
    { parent: 0, start: 50, end: 60 },
  ]);
  assert.equal(rowsInScope(table, undefined, undefined), undefined);
  assert.deepEqual([...rowsInScope(table, undefined, { startNanos: 20, endNanos: 30 })!], [1, 1, 0]);
  assert.deepEqual([...rowsInScope(table, Uint8Array.from([0, 1, 1]), { startNanos: 55, endNanos: 99 })!], [0, 0, 1]);
});
