import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { spanTableOf } from '../trace/span-table.ts';
import { traceFromText } from '../trace/text.ts';
import { changeKinds, compareTraces, comparedTraceOf, explainDifference } from './compare.ts';
import type { TraceComparison } from './compare.ts';
import { drawnSpans } from './testing.ts';
import type { DrawnSpan } from './testing.ts';

const compared = (text: string): ReturnType<typeof comparedTraceOf> =>
  comparedTraceOf(spanTableOf(traceFromText(text)));

function drawn(comparison: TraceComparison, before: string, after: string): string[] {
  const [from, to] = [spanTableOf(traceFromText(before)), spanTableOf(traceFromText(after))];
  return Array.from({ length: comparison.nodeCount }, (_, node) => {
    const row = comparison.afterRow[node];
    const name = row >= 0 ? to.names[to.name[row]] : from.names[from.name[comparison.beforeRow[node]]];
    const change = changeKinds[comparison.change[node]];
    return `${'  '.repeat(comparison.depth[node])}${name} ${change} ${comparison.deltaNanos[node] / 1e6}`;
  });
}

test('spans are aligned by service, name and order; what came and went stands in its place', () => {
  const before = `
    shop checkout    |====================|
      cart items     | ===                |
      stock query    |     ====           |
      stock query    |          ====      |
      mail send      |               ===  |
  `;
  const after = `
    shop checkout    |==============================|
      cart items     | ===                          |
      stock query    |     ==========               |
      pay charge     |               ==========     |
      mail send      |                          =   |
  `;
  const comparison = compareTraces(compared(before), compared(after));
  assert.deepEqual(drawn(comparison, before, after), [
    'checkout slower 10',
    '  items same 0',
    '  query slower 6',
    '  charge added 10',
    '  query missing -4',
    '  send faster -2',
  ]);
  assert.deepEqual([...comparison.counts], [1, 2, 1, 1, 1]);
  assert.equal(comparison.totalNanos, 10e6);
  const { nodes, explainedShare } = explainDifference(comparison);
  assert.ok(explainedShare >= 0.9);
  assert.equal(drawn(comparison, before, after)[nodes[0]].trim(), 'charge added 10');
});

/** Trees whose names and services repeat, so that some siblings match and some do not. */
const traces: fc.Arbitrary<readonly DrawnSpan[]> = fc
  .array(
    fc.record({ up: fc.nat(6), start: fc.nat(1_000), length: fc.nat(1_000), service: fc.constantFrom('a', 'b') }),
    { minLength: 1, maxLength: 40 }
  )
  .map((spans) =>
    spans.map(({ up, start, length, service }, index) => ({
      parent: up >= index ? -1 : index - 1 - up,
      start,
      end: start + length,
      service,
    }))
  );
const random = traces.map((trace) =>
  comparedTraceOf(
    spanTableOf({
      traceId: '0af7651916cd43dd8448eb211c80319c',
      spans: drawnSpans(trace).map((span, index) => ({ ...span, name: `n${index % 4}` })),
    })
  )
);

test('on random traces the parts sum to the difference, and the listed nodes explain 90 % of it', () => {
  fc.assert(
    fc.property(random, random, (before, after) => {
      const comparison = compareTraces(before, after);
      const sum = comparison.contributionNanos.reduce((total, nanos) => total + nanos, 0) + comparison.gapNanos;
      assert.equal(sum, comparison.totalNanos);
      assert.ok(explainDifference(comparison).explainedShare >= 0.9);
    }),
    { numRuns: 2_000 }
  );
});

test('every row of both traces stands at one place, below the place of its parent', () => {
  fc.assert(
    fc.property(random, random, (before, after) => {
      const { nodeCount, beforeRow, afterRow, parent, depth, subtreeEnd } = compareTraces(before, after);
      for (const [rows, { table }] of [
        [beforeRow, before],
        [afterRow, after],
      ] as const) {
        const nodeOf = new Map([...rows].map((row, node) => [row, node]));
        nodeOf.delete(-1);
        assert.equal(nodeOf.size, table.rowCount);
        assert.equal([...rows].filter((row) => row >= 0).length, table.rowCount);
        for (const [row, node] of nodeOf) {
          const above = parent[node];
          assert.equal(above < 0 ? -1 : rows[above], table.parent[row]);
        }
      }
      for (let node = 0; node < nodeCount; node++) {
        const above = parent[node];
        assert.ok(above < node && depth[node] === (above < 0 ? 0 : depth[above] + 1));
        assert.ok(above < 0 || subtreeEnd[node] <= subtreeEnd[above]);
      }
    }),
    { numRuns: 500 }
  );
});

test('a trace is the same as itself', () => {
  fc.assert(
    fc.property(random, (trace) => {
      const { counts, nodeCount, totalNanos } = compareTraces(trace, trace);
      assert.deepEqual([counts[0], totalNanos], [nodeCount, 0]);
    })
  );
});

test('depth and width cost no stack and no square', () => {
  const chain = Array.from({ length: 20_000 }, (_, i) => ({ parent: i - 1, start: i, end: 50_000 - i }));
  const wide = Array.from({ length: 20_000 }, (_, i) => ({ parent: i === 0 ? -1 : 0, start: i, end: i + 5 }));
  for (const shape of [chain, wide]) {
    const trace = comparedTraceOf(
      spanTableOf({
        traceId: '0af7651916cd43dd8448eb211c80319c',
        spans: drawnSpans(shape).map((span) => ({ ...span, name: 'x' })),
      })
    );
    assert.equal(compareTraces(trace, trace).nodeCount, 20_000);
  }
});
