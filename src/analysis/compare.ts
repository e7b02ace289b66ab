/**
 * Two traces laid over each other: which spans are the same piece of work, which came, which went, and which of them explain that one
 * trace took longer than the other. Portable and pure; no recursion.
 */
import type { SpanTable } from '../trace/span-table.ts';
import { criticalNanosOf, criticalPathOf } from './critical-path.ts';

/** One trace, and how long each of its rows was on the critical path. */
export interface ComparedTrace {
  readonly table: SpanTable;
  readonly criticalNanos: Float64Array;
}

export const changeKinds = ['same', 'slower', 'faster', 'added', 'missing'] as const;
export type ChangeKind = (typeof changeKinds)[number];

/**
 * The merged tree in pre-order, a node a place: parents before children, siblings in the order of the traces. A node has a row in
 * `before`, in `after`, or in both.
 */
export interface TraceComparison {
  readonly nodeCount: number;
  /** −1 where the trace has no such span. */
  readonly beforeRow: Int32Array;
  readonly afterRow: Int32Array;
  readonly depth: Uint32Array;
  /** −1 at the top level. */
  readonly parent: Int32Array;
  /** One past the last node of the subtree. */
  readonly subtreeEnd: Uint32Array;
  /** Index into {@link changeKinds}. */
  readonly change: Uint8Array;
  /** After − before; of an added or missing span its whole duration, missing ones negative. */
  readonly deltaNanos: Float64Array;
  /** What the node adds to the difference of the traces: after − before on the critical path. All of them and `gapNanos` sum to `totalNanos`. */
  readonly contributionNanos: Float64Array;
  /** Critical time in which no span ran: after − before. */
  readonly gapNanos: number;
  /** Duration of the traces, after − before. */
  readonly totalNanos: number;
  /** Nodes by kind of change, in the order of {@link changeKinds}. */
  readonly counts: readonly number[];
}

export function comparedTraceOf(table: SpanTable): ComparedTrace {
  return { table, criticalNanos: criticalNanosOf(table, criticalPathOf(table)) };
}

/** A span is slower or faster when its duration differs by this share and more … */
const changedShare = 0.05;
/** … and by this share of the longer trace: else every trace would be full of changes that nobody waits for. */
const noticedShare = 0.001;

/**
 * Spans are the same where service, name and kind are, below the same parent, and they are the n-th such child of it in both. Linear in
 * the spans, but for the map of each pair of parents.
 */
export function compareTraces(before: ComparedTrace, after: ComparedTrace): TraceComparison {
  const tree = mergedTree(before.table, after.table);
  const { nodeCount, beforeRow, afterRow } = tree;
  const change = new Uint8Array(nodeCount);
  const deltaNanos = new Float64Array(nodeCount);
  const contributionNanos = new Float64Array(nodeCount);
  const counts = changeKinds.map(() => 0);
  const noticedNanos = noticedShare * Math.max(before.table.traceNanos, after.table.traceNanos);
  for (let node = 0; node < nodeCount; node++) {
    const from = beforeRow[node];
    const to = afterRow[node];
    const fromNanos = from < 0 ? 0 : before.table.durationNanos[from];
    const toNanos = to < 0 ? 0 : after.table.durationNanos[to];
    const delta = toNanos - fromNanos;
    const isChanged =
      Math.abs(delta) > noticedNanos &&
      Math.abs(delta) >= changedShare * Math.max(Math.abs(fromNanos), Math.abs(toNanos));
    const kind: ChangeKind =
      from < 0 ? 'added' : to < 0 ? 'missing' : !isChanged ? 'same' : delta > 0 ? 'slower' : 'faster';
    change[node] = changeKinds.indexOf(kind);
    counts[change[node]]++;
    deltaNanos[node] = delta;
    contributionNanos[node] = (to < 0 ? 0 : after.criticalNanos[to]) - (from < 0 ? 0 : before.criticalNanos[from]);
  }
  const totalNanos = after.table.traceNanos - before.table.traceNanos;
  return {
    ...tree,
    change,
    deltaNanos,
    contributionNanos,
    // Both paths sum to their trace exactly: what no span has is the gap.
    gapNanos: totalNanos - contributionNanos.reduce((sum, nanos) => sum + nanos, 0),
    totalNanos,
    counts,
  };
}

export interface Explanation {
  /** Nodes by size of their contribution, largest first; −1 stands for the gaps in which no span ran. */
  readonly nodes: readonly number[];
  /** Of `totalNanos`, 0 to 1: what the listed nodes sum to, each nanosecond off counting against it. 1 where nothing differs. */
  readonly explainedShare: number;
}

/**
 * The fewest largest contributions that explain at least `shareWanted` of the difference. What is left out is small also where slower and
 * faster spans cancel each other: at most `1 − shareWanted` of all that changed.
 */
export function explainDifference(comparison: TraceComparison, shareWanted = 0.9): Explanation {
  const { contributionNanos, gapNanos, totalNanos } = comparison;
  const of = (node: number): number => (node < 0 ? gapNanos : contributionNanos[node]);
  const changed: number[] = gapNanos === 0 ? [] : [-1];
  let changedNanos = Math.abs(gapNanos);
  for (let node = 0; node < comparison.nodeCount; node++) {
    if (contributionNanos[node] !== 0) {
      changed.push(node);
      changedNanos += Math.abs(contributionNanos[node]);
    }
  }
  changed.sort((a, b) => Math.abs(of(b)) - Math.abs(of(a)) || a - b);
  const left = 1 - shareWanted;
  let listed = 0;
  let sum = 0;
  let leftNanos = changedNanos;
  const isEnough = (): boolean =>
    Math.abs(totalNanos - sum) <= left * Math.abs(totalNanos) && leftNanos <= left * changedNanos;
  while (listed < changed.length && !isEnough()) {
    sum += of(changed[listed]);
    leftNanos -= Math.abs(of(changed[listed]));
    listed++;
  }
  return {
    nodes: changed.slice(0, listed),
    explainedShare: totalNanos === 0 ? 1 : Math.max(0, 1 - Math.abs(totalNanos - sum) / Math.abs(totalNanos)),
  };
}

type Tree = Pick<TraceComparison, 'nodeCount' | 'beforeRow' | 'afterRow' | 'depth' | 'parent' | 'subtreeEnd'>;

interface Pair {
  /** −1 where the trace has no such span. */
  readonly before: number;
  readonly after: number;
  readonly parent: number;
  readonly depth: number;
}

function mergedTree(before: SpanTable, after: SpanTable): Tree {
  const nodesMax = before.rowCount + after.rowCount;
  const beforeRow = new Int32Array(nodesMax);
  const afterRow = new Int32Array(nodesMax);
  const depth = new Uint32Array(nodesMax);
  const parent = new Int32Array(nodesMax);
  let nodeCount = 0;
  // The last pair is taken next: what is below a node comes before what is beside it.
  const waiting: Pair[] = [];
  const wait = (pairs: readonly (readonly [number, number])[], below: number, level: number): void => {
    for (let i = pairs.length - 1; i >= 0; i--) {
      waiting.push({ before: pairs[i][0], after: pairs[i][1], parent: below, depth: level });
    }
  };
  wait(alignSiblings(before, topLevel(before), after, topLevel(after)), -1, 0);
  for (let pair = waiting.pop(); pair !== undefined; pair = waiting.pop()) {
    const node = nodeCount++;
    beforeRow[node] = pair.before;
    afterRow[node] = pair.after;
    depth[node] = pair.depth;
    parent[node] = pair.parent;
    wait(
      alignSiblings(before, childrenOf(before, pair.before), after, childrenOf(after, pair.after)),
      node,
      pair.depth + 1
    );
  }
  const subtreeEnd = new Uint32Array(nodeCount);
  for (let node = nodeCount - 1; node >= 0; node--) {
    subtreeEnd[node] = Math.max(subtreeEnd[node], node + 1);
    if (parent[node] >= 0) {
      subtreeEnd[parent[node]] = Math.max(subtreeEnd[parent[node]], subtreeEnd[node]);
    }
  }
  const cut = <T extends Int32Array | Uint32Array>(column: T): T => column.slice(0, nodeCount) as T;
  return {
    nodeCount,
    beforeRow: cut(beforeRow),
    afterRow: cut(afterRow),
    depth: cut(depth),
    parent: cut(parent),
    subtreeEnd,
  };
}

/** Pairs of rows, in an order that keeps the order of both where it can; what has no partner stands with −1. */
function alignSiblings(
  before: SpanTable,
  beforeRows: readonly number[],
  after: SpanTable,
  afterRows: readonly number[]
): readonly (readonly [before: number, after: number])[] {
  if (beforeRows.length === 0) {
    return afterRows.map((row) => [-1, row]);
  }
  if (afterRows.length === 0) {
    return beforeRows.map((row) => [row, -1]);
  }
  const byKey = new Map<string, number[]>();
  for (const row of beforeRows) {
    const key = keyOf(before, row);
    const rows = byKey.get(key);
    if (rows) {
      rows.push(row);
    } else {
      byKey.set(key, [row]);
    }
  }
  const taken = new Map<string, number>();
  const partnerOf = new Map<number, number>();
  for (const row of afterRows) {
    const key = keyOf(after, row);
    const index = taken.get(key) ?? 0;
    const partner = byKey.get(key)?.[index];
    if (partner !== undefined) {
      taken.set(key, index + 1);
      partnerOf.set(row, partner);
    }
  }
  const matched = new Set(partnerOf.values());
  const places = new Map(beforeRows.map((row, index) => [row, index]));
  const pairs: (readonly [number, number])[] = [];
  let next = 0;
  for (const row of afterRows) {
    const partner = partnerOf.get(row);
    if (partner === undefined) {
      pairs.push([-1, row]);
      continue;
    }
    // What went missing stands where it was: before the first later sibling that is still there.
    const partnerAt = places.get(partner)!;
    if (partnerAt >= next) {
      for (; next < partnerAt; next++) {
        if (!matched.has(beforeRows[next])) {
          pairs.push([beforeRows[next], -1]);
        }
      }
      next = partnerAt + 1;
    }
    pairs.push([partner, row]);
  }
  for (; next < beforeRows.length; next++) {
    if (!matched.has(beforeRows[next])) {
      pairs.push([beforeRows[next], -1]);
    }
  }
  return pairs;
}

function keyOf(table: SpanTable, row: number): string {
  return `${table.services[table.service[row]]}\u0000${table.names[table.name[row]]}\u0000${table.kind[row]}`;
}

function topLevel(table: SpanTable): readonly number[] {
  return siblings(table, 0, table.rowCount);
}

function childrenOf(table: SpanTable, row: number): readonly number[] {
  return row < 0 ? [] : siblings(table, row + 1, table.subtreeEnd[row]);
}

/** Each begins where the subtree of the one before ended. */
function siblings(table: SpanTable, start: number, end: number): readonly number[] {
  const rows: number[] = [];
  for (let row = start; row < end; row = table.subtreeEnd[row]) {
    rows.push(row);
  }
  return rows;
}
