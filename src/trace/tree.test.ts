import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Trace } from './model.ts';
import { traceFromText } from './text.ts';
import { buildTree } from './tree.ts';

const names = (trace: Trace, indices: Iterable<number>): string =>
  Array.from(indices, (i) => trace.spans[i].name).join('');

test('parents, children, depth, order', () => {
  const trace = traceFromText(`
    s A |======|
      s B | ==   |
        s C |  =   |
      s D |   ==|
    s E |    ==|
  `);
  const tree = buildTree(trace);
  assert.equal(names(trace, tree.preorder), 'ABCDE');
  assert.deepEqual(Array.from(tree.parent), [-1, 0, 1, 0, -1]);
  assert.deepEqual(Array.from(tree.depth), [0, 1, 2, 1, 0]);
  assert.equal(names(trace, tree.children.subarray(tree.childStart[0], tree.childStart[1])), 'BD');
  assert.equal(names(trace, tree.roots), 'AE');
  assert.deepEqual(Array.from(tree.nestedSetLeft), [1, 2, 3, 6, 9]);
  assert.deepEqual(Array.from(tree.nestedSetRight), [8, 5, 4, 7, 10]);
  assert.deepEqual(Array.from(tree.nestedSetParent), [-1, 1, 2, 1, -1]);
});

test('orphans and cycles are kept apart and cut', () => {
  const trace = traceFromText(`
    s A |=     | {parent=ff}
      s B | =    |
    s C |  =   | {id=c parent=e}
    s D |   =  | {id=d parent=c}
    s E |    = | {id=e parent=d}
    s F |     =| {id=f parent=f}
  `);
  const tree = buildTree(trace);
  assert.equal(names(trace, tree.orphans), 'A');
  assert.equal(names(trace, tree.cycles), 'CF');
  assert.equal(names(trace, tree.preorder), 'ABCDEF');
  assert.deepEqual(Array.from(tree.parent), [-1, 0, -1, 2, 3, -1]);
  assert(tree.nestedSetLeft.every((left) => left === 0));
});

test('a server span is the child of the client span whose id it shares', () => {
  for (const order of [
    ['client', 'server'],
    ['server', 'client'],
  ]) {
    const trace = traceFromText(`
      s A |=====| {id=a}
      s B | === | {id=b parent=a kind=${order[0]}}
      s C | === | {id=b parent=a kind=${order[1]}}
      s D |  =  | {id=d parent=b}
    `);
    const tree = buildTree(trace);
    const parentOf = (kind: number): number => tree.parent[trace.spans.findIndex((span) => span.kind === kind)];
    const [client, server] = [3, 2].map((kind) => trace.spans.findIndex((span) => span.kind === kind));
    assert.equal(parentOf(3), 0);
    assert.equal(parentOf(2), client);
    assert.equal(tree.parent[trace.spans.findIndex((span) => span.name === 'D')], server);
  }
});

test('any depth and width in linear time', () => {
  const [model] = traceFromText('s A |=|').spans;
  const id = (n: number): string => n.toString(16).padStart(16, '0');
  const count = 50_000;
  for (const parentOf of [(i: number) => id(i - 1), () => id(0), (i: number) => id((i + 1) % count)]) {
    const spans = Array.from({ length: count }, (_, i) => ({
      ...model,
      spanId: id(i),
      parentSpanId: i === 0 && parentOf(1) === id(0) ? '' : parentOf(i),
    }));
    const tree = buildTree({ traceId: model.traceId, spans });
    assert.equal(new Set(tree.preorder).size, count);
    assert.equal(tree.roots.length + tree.cycles.length, 1);
  }
});
