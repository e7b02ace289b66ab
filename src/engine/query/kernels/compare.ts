/** `compare()` over row sets: every attribute counted by side, value and step. */
import type { Field } from '../../../traceql/ast.ts';
import type { ComparedAttribute, CompareCollector } from '../../../traceql/metrics-compare.ts';
import { comparedIntrinsics, countsOf, isInWindow } from '../../../traceql/metrics-compare.ts';
import { decodeKeyValues } from '../../../wire/otlp-protobuf.ts';
import type { RowSet } from '../../row-set.ts';
import { filterRows } from './truth.ts';
import type { RowFrame } from './frame.ts';
import { oneGroup, splitByCodes, splitByVector } from './groups.ts';
import type { Groups } from './groups.ts';
import type { RowSteps } from './row-steps.ts';
import type { CodedVector, Vector } from './vector.ts';
import { none, valueOfRow } from './vector.ts';

/** Reads everything that is compared; what it answers counts rows. */
export function prepareCompare(frame: RowFrame, collector: CompareCollector): (rows: RowSteps) => void {
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
      const counted = countedGroups(collector, fields[at], vector, groups, rows, sides);
      for (let i = 0; i < rows.length; i++) {
        const group = counted[groups.ofRow[i]];
        if (group !== undefined) {
          group.total[steps[i]]++;
          if (group.value !== undefined) {
            group.value.counts[steps[i]]++;
          }
        }
      }
    }
  };
}

interface CountedGroup {
  readonly total: Float64Array;
  /** Absent where the attribute has too many values. */
  readonly value: { readonly counts: Float64Array } | undefined;
}

/**
 * Where the rows of each group are counted; nowhere when they have no value. An attribute with too many values is marked as such; from
 * then on its values that occur once in a row set, of which there are most, are not looked up any more.
 */
function countedGroups(
  collector: CompareCollector,
  field: Field,
  vector: Vector,
  groups: Groups,
  rows: Uint32Array,
  sides: Uint32Array
): readonly (CountedGroup | undefined)[] {
  const sizes = new Uint32Array(groups.count);
  for (const group of groups.ofRow) {
    sizes[group]++;
  }
  const attributes: (ComparedAttribute | undefined)[] = [undefined, undefined];
  return Array.from(groups.firstAt, (i, group) => {
    const side = sides[i];
    let attribute = attributes[side];
    if (attribute?.tooMany === true && sizes[group] === 1 && vector.kind === 'coded' && !isNilCode(vector, rows[i])) {
      return { total: attribute.total, value: undefined };
    }
    const value = valueOfRow(vector, rows[i]);
    if (value.type === 'nil') {
      return undefined;
    }
    attribute ??= collector.attribute(side === 1 ? 'selection' : 'baseline', field);
    attributes[side] = attribute;
    const counts = countsOf(attribute, value, collector.stepCount);
    if (counts !== undefined) {
      counts.sum += sizes[group];
    }
    return { total: attribute.total, value: counts };
  });
}

/** Whether a row has no value. Where dictionaries say the values, only the code without an entry stands for none. */
function isNilCode(vector: CodedVector, row: number): boolean {
  const code = vector.codes[row];
  return vector.parts === undefined || code === 0 ? vector.at(code).type === 'nil' : false;
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
