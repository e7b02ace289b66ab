import type { StructuralOperator } from '../../../traceql/ast.ts';
import type { RowTree } from './tree.ts';
import type { Mask } from './vector.ts';
import { addRows, none, without } from './vector.ts';

type Relation = '>' | '>>' | '<' | '<<' | '~';

const inverse: Readonly<Record<Relation, Relation>> = { '>': '<', '>>': '<<', '<': '>', '<<': '>>', '~': '~' };

/** `left op right` for all traces of a row set at once; the columnar form of `traceql/structure`, which says what it means. */
export function relatedRows(op: StructuralOperator, left: Mask, right: Mask, tree: RowTree): Mask {
  const negated = op.startsWith('!');
  const both = op.startsWith('&');
  const relation = (negated || both ? op.slice(1) : op) as Relation;
  const found = intersection(right, related(relation, left, tree));
  if (negated) {
    return without(right, found);
  }
  if (both) {
    addRows(found, intersection(left, related(inverse[relation], right, tree)));
  }
  return found;
}

function intersection(a: Mask, b: Mask): Mask {
  const mask = none(a.length);
  for (let row = 0; row < mask.length; row++) {
    mask[row] = a[row] & b[row];
  }
  return mask;
}

/** The rows B for which `A relation B` holds with some marked row A. */
function related(relation: Relation, marked: Mask, tree: RowTree): Mask {
  switch (relation) {
    case '>':
      return childrenOf(marked, tree);
    case '>>':
      return descendantsOf(marked, tree);
    case '<':
      return parentsOf(marked, tree);
    case '<<':
      return ancestorsOf(marked, tree);
    case '~':
      return siblingsOf(marked, tree);
  }
}

function childrenOf(marked: Mask, { parent, connected }: RowTree): Mask {
  const mask = none(marked.length);
  for (let row = 0; row < mask.length; row++) {
    const above = parent[row];
    mask[row] = above === -1 ? 0 : connected[row] & marked[above];
  }
  return mask;
}

function descendantsOf(marked: Mask, { parent, connected, order }: RowTree): Mask {
  const mask = none(marked.length);
  for (let at = 0; at < mask.length; at++) {
    const row = order === undefined ? at : order[at];
    const above = parent[row];
    mask[row] = above === -1 ? 0 : connected[row] & (marked[above] | mask[above]);
  }
  return mask;
}

function parentsOf(marked: Mask, { parent, connected }: RowTree): Mask {
  const mask = none(marked.length);
  for (let row = 0; row < mask.length; row++) {
    if ((marked[row] & connected[row]) === 1 && parent[row] !== -1) {
      mask[parent[row]] = 1;
    }
  }
  return mask;
}

function ancestorsOf(marked: Mask, { parent, connected, order }: RowTree): Mask {
  const mask = none(marked.length);
  for (let at = mask.length - 1; at >= 0; at--) {
    const row = order === undefined ? at : order[at];
    if (((marked[row] | mask[row]) & connected[row]) === 1 && parent[row] !== -1) {
      mask[parent[row]] = 1;
    }
  }
  return mask;
}

function siblingsOf(marked: Mask, { parent, connected }: RowTree): Mask {
  const markedChildren = new Uint32Array(marked.length);
  for (let row = 0; row < marked.length; row++) {
    if (marked[row] === 1 && parent[row] !== -1) {
      markedChildren[parent[row]]++;
    }
  }
  const mask = none(marked.length);
  for (let row = 0; row < mask.length; row++) {
    const above = parent[row];
    mask[row] = above !== -1 && markedChildren[above] > marked[row] ? connected[row] : 0;
  }
  return mask;
}
