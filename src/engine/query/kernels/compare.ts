/** `compare()` over row sets: every attribute counted by side, value and step. */
import type { Field } from '../../../traceql/ast.ts';
import type { ComparedAttribute, CompareCollector, CountedValue } from '../../../traceql/metrics-compare.ts';
import { comparedIntrinsics, comparedValuesMax, countsOf, isInWindow } from '../../../traceql/metrics-compare.ts';
import { decodeKeyValues } from '../../../wire/otlp-protobuf.ts';
import type { RowSet } from '../../row-set.ts';
import { filterRows } from './truth.ts';
import type { RowFrame } from './frame.ts';
import { codesAt, oneGroup, splitByCodes, splitByVector } from './groups.ts';
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
    const { stepCount } = collector;
    const starts = frame.rows.startUnixNanos;
    // Baseline and its steps, then the selection and its steps.
    const columns = Uint32Array.from(rows, (row, i) => {
      const side = isSelected[row] === 1 && isInWindow(compare, starts[row]) ? 1 : 0;
      return side * stepCount + steps[i];
    });
    for (const [at, vector] of vectors.entries()) {
      frame.poll();
      addCells(collector, fields[at], vector, rows, cellsOf(vector, rows, columns, 2 * stepCount));
    }
  };
}

/** How many rows there are of each value in each column, where there are some: parallel arrays. */
interface Cells {
  readonly groupOf: Uint32Array;
  readonly columnOf: Uint32Array;
  readonly counts: Uint32Array;
  readonly groupCount: number;
  /** A row of each group, as its place among the rows. */
  readonly firstAt: Uint32Array;
}

/** A table of all codes and columns is looked through where it is no larger than this: most attributes have few values. */
const tableCellsMax = 1 << 16;

function cellsOf(vector: Vector, rows: Uint32Array, columns: Uint32Array, width: number): Cells {
  if (vector.kind === 'coded' && vector.size * width <= tableCellsMax) {
    return cellsOfCodes(vector, rows, columns, width);
  }
  const groups = splitByVector(oneGroup(rows.length), rows, vector);
  const places = splitByCodes(groups, columns, width);
  const counts = new Uint32Array(places.count);
  for (let i = 0; i < rows.length; i++) {
    counts[places.ofRow[i]]++;
  }
  return {
    groupOf: places.firstAt.map((i) => groups.ofRow[i]),
    columnOf: places.firstAt.map((i) => columns[i]),
    counts,
    groupCount: groups.count,
    firstAt: groups.firstAt,
  };
}

/** Groups are the codes themselves. */
function cellsOfCodes({ codes, size }: CodedVector, rows: Uint32Array, columns: Uint32Array, width: number): Cells {
  const codeOf = codesAt(codes, rows);
  const table = new Uint32Array(size * width);
  const firstAt = new Uint32Array(size);
  for (let i = 0; i < rows.length; i++) {
    const code = codeOf[i];
    table[code * width + columns[i]]++;
    firstAt[code] = i;
  }
  const used = new Uint32Array(Math.min(table.length, rows.length));
  let count = 0;
  for (let cell = 0; cell < table.length; cell++) {
    if (table[cell] !== 0) {
      used[count++] = cell;
    }
  }
  const cells = used.subarray(0, count);
  return {
    groupOf: cells.map((cell) => Math.floor(cell / width)),
    columnOf: cells.map((cell) => cell % width),
    counts: cells.map((cell) => table[cell]),
    groupCount: size,
    firstAt,
  };
}

/** Where the rows of a value are counted. */
interface Place {
  readonly total: Float64Array;
  /** Absent where the attribute has too many values. */
  readonly value: CountedValue | undefined;
}

/**
 * Adds what is counted to the collector; what has no value is not. An attribute with too many values is marked as such; then its values
 * that occur once in a row set, of which there are most, are not looked up.
 */
function addCells(
  collector: CompareCollector,
  field: Field,
  vector: Vector,
  rows: Uint32Array,
  { groupOf, columnOf, counts, groupCount, firstAt }: Cells
): void {
  const { stepCount } = collector;
  const placeOf = (cell: number): number => 2 * groupOf[cell] + (columnOf[cell] < stepCount ? 0 : 1);
  const sums = new Uint32Array(2 * groupCount);
  const distinct = [0, 0];
  for (let cell = 0; cell < counts.length; cell++) {
    const place = placeOf(cell);
    distinct[place & 1] += sums[place] === 0 ? 1 : 0;
    sums[place] += counts[cell];
  }
  const attributes: (ComparedAttribute | undefined)[] = [undefined, undefined];
  const openPlace = (place: number): Place | undefined => {
    const side = place & 1;
    const row = rows[firstAt[place >>> 1]];
    let attribute = attributes[side];
    if (
      attribute !== undefined &&
      attribute.tooMany &&
      sums[place] === 1 &&
      vector.kind === 'coded' &&
      !isNilCode(vector, row)
    ) {
      return { total: attribute.total, value: undefined };
    }
    const value = valueOfRow(vector, row);
    if (value.type === 'nil') {
      return undefined;
    }
    if (attribute === undefined) {
      attribute = collector.attribute(side === 1 ? 'selection' : 'baseline', field);
      attribute.tooMany ||= distinct[side] > comparedValuesMax + 1; // one of them may be nil
      attributes[side] = attribute;
    }
    const counted = countsOf(attribute, value, stepCount);
    if (counted !== undefined) {
      counted.sum += sums[place];
    }
    return { total: attribute.total, value: counted };
  };
  /** `null`: not opened yet. */
  const places = new Array<Place | undefined | null>(2 * groupCount).fill(null);
  for (let cell = 0; cell < counts.length; cell++) {
    const at = placeOf(cell);
    let place = places[at];
    if (place === null) {
      place = openPlace(at);
      places[at] = place;
    }
    if (place !== undefined) {
      const step = columnOf[cell] % stepCount;
      place.total[step] += counts[cell];
      if (place.value !== undefined) {
        place.value.counts[step] += counts[cell];
      }
    }
  }
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
