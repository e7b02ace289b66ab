/** Pipelines over all traces of a row set at once; the columnar form of `traceql/evaluate`, which says what they mean. */
import { unreachable } from '../../../base/assert.ts';
import type {
  FieldExpression,
  Pipeline,
  PipelineStage,
  ScalarFilter,
  SpansetExpression,
} from '../../../traceql/ast.ts';
import { staticKey } from '../../../traceql/static.ts';
import type { RowFrame } from './frame.ts';
import { keptSets } from './scalars.ts';
import { relatedRows } from './structure.ts';
import { expressionVector, filterRows } from './truth.ts';
import type { Mask } from './vector.ts';
import { addRows, isNone, none, valueOfRow } from './vector.ts';

/**
 * Spansets of many traces. Those of one trace never share a span, so that it is enough to say of each row which one it is in. A spanset
 * without rows is none.
 */
export interface Spansets {
  readonly rows: Mask;
  /** Meaningless outside of `rows`. */
  readonly setOfRow: Uint32Array;
  readonly setCount: number;
}

/** The rows a pipeline selects, where each trace begins as one spanset of the rows of `within`. */
export function runPipeline(frame: RowFrame, pipeline: Pipeline, within: Mask): Mask {
  const { traceOfRow, traceCount } = frame.rows;
  return runStages(frame, pipeline, { rows: within, setOfRow: traceOfRow, setCount: traceCount }).rows;
}

function runStages(frame: RowFrame, { stages }: Pipeline, input: Spansets): Spansets {
  return stages.reduce((sets, stage) => (isNone(sets.rows) ? sets : runStage(frame, stage, sets, input)), input);
}

/** `whole`: the spansets the pipeline began with, which `coalesce()` goes back to. */
function runStage(frame: RowFrame, stage: PipelineStage, sets: Spansets, whole: Spansets): Spansets {
  frame.poll();
  switch (stage.kind) {
    case 'scalar-filter':
      return runScalarFilter(frame, stage, sets, whole);
    case 'group':
      return group(frame, stage.by, sets);
    case 'coalesce':
      return { ...whole, rows: sets.rows };
    case 'select':
    case 'sort':
      return sets;
    default:
      return { ...sets, rows: select(frame, stage, sets) };
  }
}

function runScalarFilter(frame: RowFrame, filter: ScalarFilter, sets: Spansets, whole: Spansets): Spansets {
  const inner = filter.left.kind === 'scalar-pipeline' ? filter.left : filter.right;
  if (inner.kind === 'scalar-pipeline') {
    // `({ … } | count()) > 2` means `{ … } | count() > 2`.
    const left = filter.left === inner ? inner.value : filter.left;
    const right = filter.right === inner ? inner.value : filter.right;
    const found = inner.pipeline.stages.reduce((input, stage) => runStage(frame, stage, input, whole), sets);
    return runScalarFilter(frame, { ...filter, left, right }, found, whole);
  }
  const kept = keptSets(frame, filter, sets);
  const rows = none(sets.rows.length);
  for (let row = 0; row < rows.length; row++) {
    rows[row] = sets.rows[row] & kept[sets.setOfRow[row]];
  }
  return { ...sets, rows };
}

/** The rows of each spanset that the expression selects. */
function select(frame: RowFrame, expression: SpansetExpression, input: Spansets): Mask {
  switch (expression.kind) {
    case 'spanset-filter':
      return filterRows(frame, expression.expression, input.rows);
    case 'pipeline':
      return runStages(frame, expression, input).rows;
    case 'spanset-combination':
      return combine(
        expression.op,
        expression.operands.map((operand) => select(frame, operand, input)),
        input
      );
    case 'spanset-exclusion':
      return exclude(select(frame, expression.left, input), select(frame, expression.right, input), input);
    case 'spanset-structure': {
      const right = select(frame, expression.right, input);
      // Of nothing on the right nothing comes; nor of nothing on the left, but for negated operators.
      if (isNone(right)) {
        return right;
      }
      const left = select(frame, expression.left, input);
      return isNone(left)
        ? expression.op.startsWith('!')
          ? right
          : left
        : relatedRows(expression.op, left, right, frame.tree);
    }
    default:
      return unreachable(expression);
  }
}

function combine(op: '&&' | '||', operands: readonly Mask[], { setOfRow, setCount }: Spansets): Mask {
  const union = operands[0].slice();
  operands.slice(1).forEach((operand) => addRows(union, operand));
  if (op === '||') {
    return union;
  }
  const complete = new Uint8Array(setCount).fill(1);
  for (const operand of operands) {
    const seen = new Uint8Array(setCount);
    for (let row = 0; row < operand.length; row++) {
      seen[setOfRow[row]] |= operand[row];
    }
    for (let set = 0; set < setCount; set++) {
      complete[set] &= seen[set];
    }
  }
  for (let row = 0; row < union.length; row++) {
    union[row] &= complete[setOfRow[row]];
  }
  return union;
}

/** The rows of `left` in spansets without a row of `right`. */
function exclude(left: Mask, right: Mask, { setOfRow, setCount }: Spansets): Mask {
  const excluded = new Uint8Array(setCount);
  for (let row = 0; row < right.length; row++) {
    excluded[setOfRow[row]] |= right[row];
  }
  return left.map((kept, row) => kept & (1 - excluded[setOfRow[row]]));
}

/** Splits each spanset by value. */
function group(frame: RowFrame, by: FieldExpression, sets: Spansets): Spansets {
  const vector = expressionVector(frame, by);
  const { rows } = sets;
  const setOfRow = new Uint32Array(rows.length);
  const numbers = new Map<string, number>();
  const valueNumber = (key: string): number => {
    const known = numbers.get(key);
    numbers.set(key, known ?? numbers.size);
    return known ?? numbers.size - 1;
  };
  const ofCode = vector.kind === 'coded' ? new Int32Array(vector.size).fill(-1) : undefined;
  const groups = new Map<number, number>();
  for (let row = rows.indexOf(1); row !== -1; row = rows.indexOf(1, row + 1)) {
    let value: number;
    if (vector.kind === 'coded' && ofCode !== undefined) {
      const code = vector.codes[row];
      value = ofCode[code] === -1 ? (ofCode[code] = valueNumber(staticKey(vector.at(code)))) : ofCode[code];
    } else {
      value = valueNumber(staticKey(valueOfRow(vector, row)));
    }
    // Below 2^53: both are counts of rows.
    const both = value * sets.setCount + sets.setOfRow[row];
    let found = groups.get(both);
    if (found === undefined) {
      found = groups.size;
      groups.set(both, found);
    }
    setOfRow[row] = found;
  }
  return { rows, setOfRow, setCount: groups.size };
}
