/** Aggregates of spansets: one number for each of the spansets of a row set. */
import { unreachable } from '../../../base/assert.ts';
import type { Aggregate, ScalarExpression, ScalarFilter } from '../../../traceql/ast.ts';
import { aggregateValues } from '../../../traceql/evaluate.ts';
import type { Static } from '../../../traceql/static.ts';
import { calculate, compare, nil } from '../../../traceql/static.ts';
import type { RowFrame } from './frame.ts';
import type { Spansets } from './spansets.ts';
import { expressionVector } from './truth.ts';
import type { Vector } from './vector.ts';
import { valueOfRow } from './vector.ts';

/** A number per spanset; nil where there is none. */
type Scalar = (set: number) => Static;

/** 1 for the spansets for which the comparison holds. Those without rows may be either. */
export function keptSets(frame: RowFrame, filter: ScalarFilter, sets: Spansets): Uint8Array {
  const left = scalarOf(frame, filter.left, sets);
  const right = scalarOf(frame, filter.right, sets);
  const isUsed = new Uint8Array(sets.setCount);
  for (let row = 0; row < sets.rows.length; row++) {
    if (sets.rows[row] === 1) {
      isUsed[sets.setOfRow[row]] = 1;
    }
  }
  return isUsed.map((used, set) => (used === 1 && compare(filter.op, left(set), right(set)) ? 1 : 0));
}

function scalarOf(frame: RowFrame, scalar: ScalarExpression, sets: Spansets): Scalar {
  switch (scalar.kind) {
    case 'literal':
      return () => scalar.value;
    case 'aggregate':
      return aggregateOf(frame, scalar, sets);
    case 'scalar-operation': {
      const left = scalarOf(frame, scalar.left, sets);
      const right = scalarOf(frame, scalar.right, sets);
      return (set) => calculate(scalar.op, left(set), right(set));
    }
    case 'scalar-pipeline':
      return () => nil;
    default:
      return unreachable(scalar);
  }
}

function aggregateOf(frame: RowFrame, { name, argument }: Aggregate, sets: Spansets): Scalar {
  if (argument === undefined) {
    const counts = countRows(sets);
    return (set) => ({ type: 'int', value: BigInt(counts[set]) });
  }
  const vector = expressionVector(frame, argument);
  return vector.kind === 'durations' && name !== 'count'
    ? durationScalar(name, vector.nanos, sets)
    : valuesScalar(name, vector, sets);
}

function countRows({ rows, setOfRow, setCount }: Spansets): Uint32Array {
  const counts = new Uint32Array(setCount);
  for (let row = 0; row < rows.length; row++) {
    if (rows[row] === 1) {
      counts[setOfRow[row]]++;
    }
  }
  return counts;
}

/** Exact: durations are summed as integers modulo 2^64, as the reference sums them. */
function durationScalar(name: 'min' | 'max' | 'sum' | 'avg', nanos: BigInt64Array, sets: Spansets): Scalar {
  const { rows, setOfRow, setCount } = sets;
  const folded = new BigInt64Array(setCount);
  const counts = new Uint32Array(setCount);
  for (let row = 0; row < rows.length; row++) {
    if (rows[row] === 0) {
      continue;
    }
    const set = setOfRow[row];
    const value = nanos[row];
    if (name === 'sum' || name === 'avg') {
      folded[set] = BigInt.asIntN(64, folded[set] + value);
    } else if (counts[set] === 0 || (name === 'min' ? value < folded[set] : value > folded[set])) {
      folded[set] = value;
    }
    counts[set]++;
  }
  return (set) => ({
    type: 'duration',
    value: name === 'avg' ? folded[set] / BigInt(Math.max(1, counts[set])) : folded[set],
  });
}

/** Any values: handed to the reference, spanset by spanset. */
function valuesScalar(name: Aggregate['name'], vector: Vector, sets: Spansets): Scalar {
  const { rows, setOfRow, setCount } = sets;
  const values = Array.from({ length: setCount }, (): Static[] => []);
  for (let row = rows.indexOf(1); row !== -1; row = rows.indexOf(1, row + 1)) {
    values[setOfRow[row]].push(valueOfRow(vector, row));
  }
  return (set) => aggregateValues(name, values[set]);
}
