/**
 * Who is whose child in a trace, as typed arrays over the index of a span in `trace.spans`. Everything is iterative: a trace may be
 * 10,000 levels deep, a million spans wide, have orphans, cycles and spans that share an id.
 */
import type { Span, Trace } from './model.ts';

export interface TraceTree {
  readonly spanCount: number;
  /** Index of the parent; −1 for roots, orphans and where a cycle was cut. */
  readonly parent: Int32Array;
  /** Children of span i: `children[childStart[i]] … children[childStart[i + 1] − 1]`, in the order of the trace. */
  readonly childStart: Uint32Array;
  readonly children: Uint32Array;
  /** 0 for a span without parent. */
  readonly depth: Uint32Array;
  /** All spans, each before its children, siblings in the order of the trace; tops (roots, orphans, cut cycles) likewise. */
  readonly preorder: Uint32Array;
  /** Spans without a parent id, in the order of the trace. */
  readonly roots: readonly number[];
  /** Spans whose parent id names no span of the trace. */
  readonly orphans: readonly number[];
  /** Spans whose parent link closed a cycle and was cut: one per cycle, its first span. */
  readonly cycles: readonly number[];
  /** Nested set numbers of TraceQL. 0 for spans that are not below a root, and everywhere in a trace where more than two spans share an id. */
  readonly nestedSetLeft: Uint32Array;
  readonly nestedSetRight: Uint32Array;
  /** Left number of the parent; −1 for a root; 0 as above. */
  readonly nestedSetParent: Int32Array;
}

const client = 3;
const server = 2;

/** Builds the tree of a trace. Time and memory are linear in its spans. */
export function buildTree(trace: Trace): TraceTree {
  const { spans } = trace;
  const ids = indexIds(spans);
  const parent = new Int32Array(spans.length).fill(-1);
  const roots: number[] = [];
  const orphans: number[] = [];
  for (let i = 0; i < spans.length; i++) {
    const paired = ids.clientOf.get(i);
    if (paired !== undefined) {
      parent[i] = paired;
    } else if (spans[i].parentSpanId === '') {
      roots.push(i);
    } else {
      const found = ids.parentOf.get(spans[i].parentSpanId);
      if (found === undefined) {
        orphans.push(i);
      } else {
        parent[i] = found;
      }
    }
  }
  const cycles = cutCycles(parent);
  const { childStart, children } = listChildren(parent);
  const { preorder, depth } = walk(parent, childStart, children);
  const nested = ids.ambiguous ? emptyNestedSets(spans.length) : numberNestedSets(roots, parent, childStart, children);
  return { spanCount: spans.length, parent, childStart, children, depth, preorder, roots, orphans, cycles, ...nested };
}

interface IdIndex {
  /** Span that children naming this id hang from. */
  readonly parentOf: ReadonlyMap<string, number>;
  /** A server span that shares its id with a client span (Zipkin) is that span's child. */
  readonly clientOf: ReadonlyMap<number, number>;
  /** Some id is shared by more than two spans. */
  readonly ambiguous: boolean;
}

function indexIds(spans: readonly Span[]): IdIndex {
  const parentOf = new Map<string, number>();
  const clientOf = new Map<number, number>();
  const shared = new Map<string, number>();
  let ambiguous = false;
  for (let i = 0; i < spans.length; i++) {
    const { spanId, kind } = spans[i];
    const first = parentOf.get(spanId);
    if (first === undefined) {
      parentOf.set(spanId, i);
      continue;
    }
    const count = (shared.get(spanId) ?? 1) + 1;
    shared.set(spanId, count);
    ambiguous ||= count > 2;
    if (count === 2 && spans[first].kind === client && kind === server) {
      clientOf.set(i, first);
      parentOf.set(spanId, i);
    } else if (count === 2 && spans[first].kind === server && kind === client) {
      clientOf.set(first, i);
    }
  }
  return { parentOf, clientOf, ambiguous };
}

/** Clears one link of each cycle, the one of its first span; returns those spans. */
function cutCycles(parent: Int32Array): number[] {
  const cycles: number[] = [];
  // 0: not seen; k: seen on the climb that began at span k − 1.
  const climb = new Uint32Array(parent.length);
  for (let start = 0; start < parent.length; start++) {
    let at = start;
    while (at !== -1 && climb[at] === 0) {
      climb[at] = start + 1;
      at = parent[at];
    }
    if (at === -1 || climb[at] !== start + 1) {
      continue;
    }
    let first = at;
    for (let i = parent[at]; i !== at; i = parent[i]) {
      first = Math.min(first, i);
    }
    parent[first] = -1;
    cycles.push(first);
  }
  return cycles.sort((a, b) => a - b);
}

function listChildren(parent: Int32Array): { childStart: Uint32Array; children: Uint32Array } {
  const childStart = new Uint32Array(parent.length + 1);
  let linked = 0;
  for (const p of parent) {
    if (p !== -1) {
      childStart[p + 1]++;
      linked++;
    }
  }
  for (let i = 0; i < parent.length; i++) {
    childStart[i + 1] += childStart[i];
  }
  const next = childStart.slice();
  const children = new Uint32Array(linked);
  for (let i = 0; i < parent.length; i++) {
    if (parent[i] !== -1) {
      children[next[parent[i]]++] = i;
    }
  }
  return { childStart, children };
}

function walk(
  parent: Int32Array,
  childStart: Uint32Array,
  children: Uint32Array
): { preorder: Uint32Array; depth: Uint32Array } {
  const count = parent.length;
  const preorder = new Uint32Array(count);
  const depth = new Uint32Array(count);
  // Each span is pushed once, so the stack never holds more than all of them.
  const stack = new Uint32Array(count);
  let written = 0;
  for (let top = 0; top < count; top++) {
    if (parent[top] !== -1) {
      continue;
    }
    let size = 0;
    stack[size++] = top;
    while (size > 0) {
      const at = stack[--size];
      preorder[written++] = at;
      depth[at] = parent[at] === -1 ? 0 : depth[parent[at]] + 1;
      for (let c = childStart[at + 1] - 1; c >= childStart[at]; c--) {
        stack[size++] = children[c];
      }
    }
  }
  return { preorder, depth };
}

type NestedSets = Pick<TraceTree, 'nestedSetLeft' | 'nestedSetRight' | 'nestedSetParent'>;

function emptyNestedSets(count: number): NestedSets {
  return {
    nestedSetLeft: new Uint32Array(count),
    nestedSetRight: new Uint32Array(count),
    nestedSetParent: new Int32Array(count),
  };
}

function numberNestedSets(
  roots: readonly number[],
  parent: Int32Array,
  childStart: Uint32Array,
  children: Uint32Array
): NestedSets {
  const sets = emptyNestedSets(parent.length);
  const nextChild = childStart.slice(0, parent.length);
  let number = 1;
  for (const root of roots) {
    let at = root;
    sets.nestedSetLeft[at] = number++;
    sets.nestedSetParent[at] = -1;
    for (;;) {
      if (nextChild[at] < childStart[at + 1]) {
        const child = children[nextChild[at]++];
        sets.nestedSetParent[child] = sets.nestedSetLeft[at];
        sets.nestedSetLeft[child] = number++;
        at = child;
      } else {
        sets.nestedSetRight[at] = number++;
        if (at === root) {
          break;
        }
        at = parent[at];
      }
    }
  }
  return sets;
}
