/** `compare()` over row sets: every attribute counted by side, value and step. */
import type { Field } from '../../../traceql/ast.ts';
import type { CompareCollector } from '../../../traceql/metrics-compare.ts';
import { comparedIntrinsics, isInWindow } from '../../../traceql/metrics-compare.ts';
import { decodeKeyValues } from '../../../wire/otlp-protobuf.ts';
import type { RowSet } from '../../row-set.ts';
import { filterRows } from './truth.ts';
import type { RowFrame } from './frame.ts';
import { oneGroup, splitByCodes, splitByVector } from './groups.ts';
import type { Groups } from './groups.ts';
import type { RowSteps } from './row-steps.ts';
import { none, valueOfRow } from './vector.ts';

/** Reads everything that is compared; what it answers counts rows. */
export function prepareCompare(
  frame: RowFrame,
  collector: CompareCollector,
  stepCount: number
): (rows: RowSteps) => void {
  const { compare } = collector;
  const fields = [...comparedIntrinsics, ...attributesOf(frame.rows)];
  const vectors = fields.map((field) => frame.vector(field));
  const isSelected = filterRows(frame, compare.selection.expression, none(frame.rows.rowCount).fill(1));
  return ({ rows, steps }) => {
    const starts = frame.rows.startUnixNanos;
    const sides = Uint32Array.from(rows, (row) => (isSelected[row] === 1 && isInWindow(compare, starts[row]) ? 1 : 0));
    const bySide = splitByCodes(oneGroup(rows.length), sides, 2);
    for (const [at, vector] of vectors.entries()) {
      frame.poll();
      const groups = splitByVector(bySide, rows, vector);
      forEachCount(groups, steps, stepCount, (i, count) => {
        const value = valueOfRow(vector, rows[i]);
        if (value.type !== 'nil') {
          collector.count(sides[i] === 1 ? 'selection' : 'baseline', fields[at], value, steps[i], count);
        }
      });
    }
  };
}

/** Calls `visit` with one of the rows that share group and step, and their number. */
function forEachCount(
  groups: Groups,
  steps: Uint32Array,
  stepCount: number,
  visit: (i: number, count: number) => void
): void {
  const places = splitByCodes(groups, steps, stepCount);
  const counts = new Float64Array(places.count);
  for (let i = 0; i < steps.length; i++) {
    counts[places.ofRow[i]]++;
  }
  counts.forEach((count, place) => visit(places.firstAt[place], count));
}

/** Every attribute of resource, span and instrumentation scope that some row may have. */
function attributesOf(rowSet: RowSet): Field[] {
  const fields: (Field & { readonly kind: 'attribute' })[] = [];
  const seen = new Set<string>();
  const add = (scope: 'span' | 'resource' | 'instrumentation', name: string): void => {
    const key = `${scope} ${name}`;
    if (!seen.has(key)) {
      seen.add(key);
      fields.push({ kind: 'attribute', scope, name });
    }
  };
  for (const { scope, key } of rowSet.columnKeys) {
    if (scope !== 'intrinsic') {
      add(scope, key);
    }
  }
  for (const [scope, column] of [
    ['span', 'span_extra'],
    ['resource', 'resource_extra'],
    ['instrumentation', 'scope_extra'],
  ] as const) {
    const extra = rowSet.column('intrinsic', column, 'raw')?.dictionary;
    for (let entry = 0; entry < (extra?.size ?? 0); entry++) {
      decodeKeyValues(extra!.bytesAt(entry)).forEach(({ key }) => add(scope, key));
    }
  }
  return fields;
}
