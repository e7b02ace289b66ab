/**
 * Tree, self time and critical path against the obvious way to find them, on 10,000 random traces with cycles, orphans, shared ids, skew
 * and backwards spans. `VIVACE_SEED=n` begins at another seed; a failure names the seed of its trace.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../base/random.ts';
import type { Span } from '../trace/model.ts';
import { flagCycle, flagDuplicateId, flagOrphan, spanTableOf } from '../trace/span-table.ts';
import type { WholeSpanTable } from '../trace/span-table.ts';
import { criticalPathOf, segmentsOf } from './critical-path.ts';
import { selfNanosOf } from './self-time.ts';
import { drawnSpans, spanIdOf, traceId } from './testing.ts';

const traceCount = 10_000;
const seedStart = Number(process.env['VIVACE_SEED'] ?? 1);

/** Small numbers, so that nanoseconds can be counted one by one. */
function randomSpans(seed: number): Span[] {
  const random = seededRandom(seed);
  const count = 1 + random.below(14);
  const drawn = Array.from({ length: count }, (_, index) => {
    const start = random.below(60);
    return {
      parent: index === 0 || random.below(12) === 0 ? -1 : random.below(index),
      start,
      end: start + (random.below(10) === 0 ? -random.below(9) : random.below(40)),
      service: random.pick(['a', 'b']),
    };
  });
  return drawnSpans(drawn).map((span, index) => {
    switch (random.below(14)) {
      case 0:
        return { ...span, parentSpanId: spanIdOf(99) };
      case 1:
        // Of anybody, itself and those below it included: cycles.
        return { ...span, parentSpanId: spanIdOf(random.below(count)) };
      case 2:
        return { ...span, spanId: spanIdOf(random.below(index + 1)), kind: 2 + random.below(2) };
      default:
        return span;
    }
  });
}

interface Node {
  readonly span: Span;
  parent: Node | undefined;
  readonly children: Node[];
  isOrphan: boolean;
  isCycle: boolean;
}

/** By start, then id, then as they came. */
function byStart(a: Span, b: Span): number {
  return Number(a.startUnixNanos - b.startUnixNanos) || (a.spanId < b.spanId ? -1 : a.spanId > b.spanId ? 1 : 0);
}

/** The spans in pre-order, each linked to its parent; every question is asked of the whole list. */
function slowTree(spans: readonly Span[]): Node[] {
  const nodes = [...spans]
    .sort(byStart)
    .map((span): Node => ({ span, parent: undefined, children: [], isOrphan: false, isCycle: false }));
  const withId = (id: string): Node[] => nodes.filter(({ span }) => span.spanId === id);
  /** Two spans of one id, one of them a client and the other a server, are the two ends of a call. */
  const serverOf = (id: string): Node | undefined => {
    const [first, second] = withId(id);
    const kinds = second && [first.span.kind, second.span.kind];
    return kinds?.[0] === 3 && kinds[1] === 2 ? second : kinds?.[0] === 2 && kinds[1] === 3 ? first : undefined;
  };
  for (const node of nodes) {
    const { spanId, parentSpanId } = node.span;
    const [first, second] = withId(spanId);
    if (node === serverOf(spanId)) {
      node.parent = node === first ? second : first;
    } else if (parentSpanId !== '') {
      node.parent = serverOf(parentSpanId) ?? withId(parentSpanId)[0];
      node.isOrphan = node.parent === undefined;
    }
  }
  const isOnCycle = (node: Node): boolean => {
    let at = node.parent;
    for (let steps = 0; at !== undefined && steps < nodes.length; steps++, at = at.parent) {
      if (at === node) {
        return true;
      }
    }
    return false;
  };
  for (const node of nodes) {
    // The first of a cycle in order of time loses its parent: then it is one no more.
    if (isOnCycle(node)) {
      node.parent = undefined;
      node.isCycle = true;
    }
  }
  for (const node of nodes) {
    node.parent?.children.push(node);
  }
  const below = (node: Node): Node[] => [node, ...node.children.flatMap(below)];
  return nodes.filter(({ parent }) => parent === undefined).flatMap(below);
}

interface Interval {
  readonly start: number;
  readonly end: number;
}

/** Offsets from the first start; a backwards span ends where it starts. */
function intervalOf({ span }: Node, base: bigint): Interval {
  const start = Number(span.startUnixNanos - base);
  return { start, end: Math.max(start, Number(span.endUnixNanos - base)) };
}

function checkTree(table: WholeSpanTable, nodes: readonly Node[]): void {
  const depthOf = (node: Node): number => (node.parent === undefined ? 0 : depthOf(node.parent) + 1);
  const sizeOf = (node: Node): number => node.children.reduce((sum, child) => sum + sizeOf(child), 1);
  const flagsOf = (node: Node): number =>
    (node.isOrphan ? flagOrphan : 0) |
    (node.isCycle ? flagCycle : 0) |
    (nodes.some((other) => other !== node && other.span.spanId === node.span.spanId) ? flagDuplicateId : 0);
  const rowOf = (node: Node | undefined): number => (node === undefined ? -1 : nodes.indexOf(node));
  assert.deepEqual(
    table.spans,
    nodes.map(({ span }) => span)
  );
  assert.deepEqual(
    [...table.parent],
    nodes.map(({ parent }) => rowOf(parent)),
    'parents'
  );
  assert.deepEqual([...table.depth], nodes.map(depthOf), 'depths');
  assert.deepEqual(
    [...table.subtreeEnd],
    nodes.map((node, row) => row + sizeOf(node)),
    'subtrees'
  );
  assert.deepEqual([...table.flags], nodes.map(flagsOf), 'flags');
}

/** Nanoseconds of a span in which no child runs, counted. */
function slowSelf(node: Node, base: bigint): number {
  const own = intervalOf(node, base);
  const children = node.children.map((child) => intervalOf(child, base));
  let count = 0;
  for (let nano = own.start; nano < own.end; nano++) {
    count += children.some(({ start, end }) => start <= nano && nano < end) ? 0 : 1;
  }
  return count;
}

/**
 * Who was waited for at each nanosecond, from the rule in words: in a window that ends at a moment, the span waited for is the child
 * that finished last at or before it, a child being done either with its whole subtree or with itself; it holds until its start, and
 * within it the same rule counts; what no child holds is the span's own.
 */
function slowCritical(nodes: readonly Node[], base: bigint, traceNanos: number): number[] {
  const owner = new Array<number>(traceNanos).fill(-1);
  const subtreeEnd = (node: Node): number =>
    Math.max(intervalOf(node, base).end, ...node.children.map((child) => subtreeEnd(child)));
  const fill = (row: number, children: readonly Node[], from: number, to: number): void => {
    owner.fill(row, from, to);
    for (let cursor = to; cursor > from;) {
      let best: { child: Node; start: number; end: number } | undefined;
      for (const child of children) {
        for (const end of [subtreeEnd(child), intervalOf(child, base).end]) {
          const start = Math.max(from, intervalOf(child, base).start);
          const isBetter =
            best === undefined ||
            end > best.end ||
            (end === best.end && nodes.indexOf(child) < nodes.indexOf(best.child));
          if (end <= cursor && start < end && isBetter) {
            best = { child, start, end };
          }
        }
      }
      if (best === undefined) {
        return;
      }
      fill(nodes.indexOf(best.child), best.child.children, best.start, best.end);
      cursor = best.start;
    }
  };
  fill(
    -1,
    nodes.filter(({ parent }) => parent === undefined),
    0,
    traceNanos
  );
  return owner;
}

test(`tree, self time and critical path are those of the slow reference, ${traceCount} random traces`, () => {
  const seen = { orphan: 0, cycle: 0, duplicate: 0, backwards: 0, early: 0 };
  for (let seed = seedStart; seed < seedStart + traceCount; seed++) {
    try {
      const table = spanTableOf({ traceId, spans: randomSpans(seed) });
      const nodes = slowTree(randomSpans(seed));
      checkTree(table, nodes);
      const base = table.baseUnixNanos;
      assert.deepEqual(
        [...selfNanosOf(table)],
        nodes.map((node) => slowSelf(node, base)),
        'self time'
      );
      const owner = new Array<number>(table.traceNanos).fill(-2);
      for (const { row, startNanos, endNanos } of segmentsOf(criticalPathOf(table))) {
        owner.fill(row, startNanos, endNanos);
      }
      assert.deepEqual(owner, slowCritical(nodes, base, table.traceNanos), 'critical path');
      const has = (holds: (row: number) => boolean): number => (nodes.some((_, row) => holds(row)) ? 1 : 0);
      seen.orphan += has((row) => (table.flags[row] & flagOrphan) !== 0);
      seen.cycle += has((row) => (table.flags[row] & flagCycle) !== 0);
      seen.duplicate += has((row) => (table.flags[row] & flagDuplicateId) !== 0);
      seen.backwards += has((row) => table.durationNanos[row] < 0);
      seen.early += has((row) => table.offsetNanos[row] < table.offsetNanos[table.parent[row]]);
    } catch (error) {
      throw new Error(`seed ${seed}: ${error instanceof Error ? error.message.slice(0, 2_000) : error}`, {
        cause: error,
      });
    }
  }
  for (const [shape, count] of Object.entries(seen)) {
    assert.ok(count >= traceCount / 20, `${shape}: only ${count} traces`);
  }
});
