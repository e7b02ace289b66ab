/** The relations between spans of one trace that structural operators ask about, each in one pass over the trace. */
import type { TraceTree } from '../trace/tree.ts';
import type { StructuralOperator } from './ast.ts';

type Relation = '>' | '>>' | '<' | '<<' | '~';

const inverse: Readonly<Record<Relation, Relation>> = { '>': '<', '>>': '<<', '<': '>', '<<': '>>', '~': '~' };

/**
 * Evaluates `left op right` over sets of span indices; answers in ascending order. Plain operators and `!` answer right-hand spans, `&`
 * both sides. A span that is not connected to a root has no relation to any other.
 */
export function evaluateStructure(
  op: StructuralOperator,
  left: readonly number[],
  right: readonly number[],
  tree: TraceTree
): readonly number[] {
  const negated = op.startsWith('!');
  const both = op.startsWith('&');
  const relation = (negated || both ? op.slice(1) : op) as Relation;
  const related = relatedTo(relation, marksOf(left, tree.spanCount), tree);
  const found = right.filter((index) => (related[index] === 1) !== negated);
  if (!both || found.length === 0) {
    return found;
  }
  const relatedBack = relatedTo(inverse[relation], marksOf(right, tree.spanCount), tree);
  return unite([found, left.filter((index) => relatedBack[index] === 1)], tree.spanCount);
}

/** Union in ascending order. */
export function unite(sets: readonly (readonly number[])[], spanCount: number): number[] {
  const marks = new Uint8Array(spanCount);
  for (const set of sets) {
    for (const index of set) {
      marks[index] = 1;
    }
  }
  const union: number[] = [];
  for (let i = 0; i < spanCount; i++) {
    if (marks[i] === 1) {
      union.push(i);
    }
  }
  return union;
}

function marksOf(set: readonly number[], spanCount: number): Uint8Array {
  const marks = new Uint8Array(spanCount);
  for (const index of set) {
    marks[index] = 1;
  }
  return marks;
}

/** Marks the spans B for which `A relation B` holds with some marked A. */
function relatedTo(relation: Relation, marked: Uint8Array, tree: TraceTree): Uint8Array {
  const { parent, preorder, nestedSetLeft } = tree;
  const related = new Uint8Array(tree.spanCount);
  switch (relation) {
    case '>':
      for (const i of preorder) {
        related[i] = parent[i] !== -1 && marked[parent[i]] === 1 ? 1 : 0;
      }
      break;
    case '>>':
      // Parents come first, so their answer is known.
      for (const i of preorder) {
        related[i] = parent[i] !== -1 && (marked[parent[i]] | related[parent[i]]) === 1 ? 1 : 0;
      }
      break;
    case '<':
      for (const i of preorder) {
        if (marked[i] === 1 && parent[i] !== -1) {
          related[parent[i]] = 1;
        }
      }
      break;
    case '<<':
      for (let at = preorder.length - 1; at >= 0; at--) {
        const i = preorder[at];
        if ((marked[i] | related[i]) === 1 && parent[i] !== -1) {
          related[parent[i]] = 1;
        }
      }
      break;
    case '~': {
      const markedChildren = new Uint32Array(tree.spanCount);
      for (const i of preorder) {
        if (marked[i] === 1 && parent[i] !== -1) {
          markedChildren[parent[i]]++;
        }
      }
      for (const i of preorder) {
        related[i] = parent[i] !== -1 && markedChildren[parent[i]] > marked[i] ? 1 : 0;
      }
      break;
    }
  }
  for (let i = 0; i < related.length; i++) {
    related[i] = nestedSetLeft[i] === 0 ? 0 : related[i];
  }
  return related;
}
