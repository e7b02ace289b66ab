import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../../base/random.ts';
import { layoutOf, nodeRadius, ranksOf } from './layout.ts';
import type { LayoutRequest, Places } from './layout.ts';

function randomGraph(seed: number, nodeCount: number, edgeCount: number): LayoutRequest {
  const random = seededRandom(seed);
  const edges = Array.from({ length: edgeCount }, () => {
    const [a, b] = [random.below(nodeCount), random.below(nodeCount)];
    // Mostly down, now and then a circle.
    return (a < b || random.below(20) === 0 ? [a, b] : [b, a]) as [number, number];
  });
  return { ids: Array.from({ length: nodeCount }, (_, i) => `service:s${i}`), edges, known: {} };
}

function nearest(places: Places): number {
  const all = Object.values(places);
  return Math.min(...all.flatMap((a, i) => all.slice(i + 1).map((b) => Math.hypot(a.x - b.x, a.y - b.y))));
}

test('callers stand left of those they call, and circles end', () => {
  assert.deepEqual(
    [
      ...ranksOf(5, [
        [0, 1],
        [1, 2],
        [0, 2],
        [2, 1],
        [3, 3],
      ]),
    ],
    [0, 1, 2, 0, 0]
  );
  const { places } = {
    places: layoutOf({
      ids: ['a', 'b', 'c'],
      edges: [
        [0, 1],
        [1, 2],
      ],
      known: {},
    }),
  };
  assert.ok(places.a.x + 100 < places.b.x && places.b.x + 100 < places.c.x);
});

test('no node lies over another', () => {
  for (let seed = 1; seed <= 4; seed++) {
    const distance = nearest(layoutOf(randomGraph(seed, 60, 150)));
    assert.ok(distance > 1.5 * nodeRadius, `seed ${seed}: ${distance} px`);
  }
});

test('the same graph has the same layout, and what had a place keeps it', () => {
  const graph = randomGraph(7, 50, 120);
  const places = layoutOf(graph);
  assert.deepEqual(layoutOf(graph), places);
  const more = { ids: [...graph.ids, 'service:new'], edges: [...graph.edges, [3, 50] as const], known: places };
  const { 'service:new': added, ...kept } = layoutOf(more);
  assert.deepEqual(kept, places);
  assert.ok(added !== undefined && nearest({ ...kept, added }) > nodeRadius);
});

test('500 services and 3,000 edges (G26: 1.5 s) take no more CPU than that', () => {
  const graph = randomGraph(3, 500, 3_000);
  layoutOf(randomGraph(4, 50, 100));
  const before = process.cpuUsage();
  layoutOf(graph);
  const { user, system } = process.cpuUsage(before);
  assert.ok(user + system < 1_500_000, `${(user + system) / 1e3} ms of CPU`);
});
