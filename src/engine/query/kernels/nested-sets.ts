/** Nested set numbers of all rows; see `numberNestedSets` in `trace/tree`, of which this is the form over rows of many traces. */
import type { ComparisonOperator, FieldExpression } from '../../../traceql/ast.ts';
import type { Static } from '../../../traceql/static.ts';
import { compare, isNumeric } from '../../../traceql/static.ts';
import type { RowFrame } from './frame.ts';
import type { Mask, Vector } from './vector.ts';
import { none } from './vector.ts';

type NestedSetName = 'nestedSetLeft' | 'nestedSetRight' | 'nestedSetParent';

/** Codes are the numbers plus one, 0 for −1. */
export function nestedSetVector(frame: RowFrame, name: NestedSetName): Vector {
  return {
    kind: 'coded',
    codes: numbers(frame, name),
    size: 2 * frame.rows.rowCount + 2,
    at: (code) => ({ type: 'int', value: BigInt(code - 1) }),
  };
}

function numbers(frame: RowFrame, name: NestedSetName): Uint32Array {
  const { rowCount, traceCount } = frame.rows;
  const { parent, isRoot, childCounts } = frame.tree;
  const { rows, starts } = frame.order;
  const { children, childEnds } = childrenInOrder(frame);
  const nextChild = childEnds.map((end, row) => end - childCounts[row]);
  const left = new Uint32Array(rowCount);
  const right = new Uint32Array(rowCount);
  for (let trace = 0; trace < traceCount; trace++) {
    if (frame.unclear[trace] === 1) {
      continue;
    }
    let number = 1;
    for (let at = starts[trace]; at < starts[trace + 1]; at++) {
      const root = rows[at];
      if (isRoot[root] === 0) {
        continue;
      }
      left[root] = number++;
      for (let row = root; ;) {
        if (nextChild[row] < childEnds[row]) {
          row = children[nextChild[row]++];
          left[row] = number++;
          continue;
        }
        right[row] = number++;
        if (row === root) {
          break;
        }
        row = parent[row];
      }
    }
  }
  return name === 'nestedSetLeft'
    ? left.map((number) => number + 1)
    : name === 'nestedSetRight'
      ? right.map((number) => number + 1)
      : left.map((number, row) => (number === 0 ? 1 : isRoot[row] === 1 ? 0 : left[parent[row]] + 1));
}

/** Children of row r: `children[childEnds[r] − childCounts[r] … childEnds[r])`, in the order of the trace. */
function childrenInOrder({ rows: { rowCount }, tree, order }: RowFrame): {
  children: Uint32Array;
  childEnds: Uint32Array;
} {
  const { parent, childCounts } = tree;
  const children = new Uint32Array(rowCount);
  const childEnds = new Uint32Array(rowCount);
  for (let row = 0, end = 0; row < rowCount; row++) {
    childEnds[row] = end;
    end += childCounts[row];
  }
  for (const row of order.rows) {
    if (parent[row] !== -1) {
      children[childEnds[parent[row]]++] = row;
    }
  }
  return { children, childEnds };
}

/**
 * `nestedSetParent < 0` and the like, by which clients ask for roots: against a number that is not above 0 all parents are alike, and
 * need no numbers. `undefined` for every other comparison.
 */
export function testNestedSetParent(
  frame: RowFrame,
  left: FieldExpression,
  op: ComparisonOperator,
  operand: Static,
  within: Mask
): Mask | undefined {
  const isAsked = left.kind === 'field' && left.field.kind === 'intrinsic' && left.field.name === 'nestedSetParent';
  if (!isAsked || !isNumeric(operand) || operand.value > 0) {
    return undefined;
  }
  const { isRoot, connected } = frame.tree;
  const holds = [0n, -1n, 1n].map((value) => (compare(op, { type: 'int', value }, operand) ? 1 : 0));
  const mask = none(within.length);
  for (let row = 0; row < mask.length; row++) {
    mask[row] = within[row] & holds[isRoot[row] === 1 ? 1 : connected[row] === 1 ? 2 : 0];
  }
  return mask;
}
