/** Rows grouped by values: dense numbers, so that what is counted fits into arrays. */
import type { Static } from '../../../traceql/static.ts';
import { staticKey } from '../../../traceql/static.ts';
import type { Codes } from '../../row-set.ts';
import type { Vector } from './vector.ts';
import { valueOfRow } from './vector.ts';

/** Groups of some rows. */
export interface Groups {
  /** Of `rows[i]`, below `count`. */
  readonly ofRow: Uint32Array;
  readonly count: number;
  /** One of the rows of each group, as its place among the rows: it has the values that all of them have. */
  readonly firstAt: Uint32Array;
}

/** All in one group. */
export function oneGroup(rowCount: number): Groups {
  return {
    ofRow: new Uint32Array(rowCount),
    count: Math.min(1, rowCount),
    firstAt: new Uint32Array(Math.min(1, rowCount)),
  };
}

/** Splits groups by the value of a vector. */
export function splitByVector(groups: Groups, rows: Uint32Array, vector: Vector): Groups {
  if (vector.kind === 'constant') {
    return groups;
  }
  if (vector.kind === 'coded') {
    return splitByCodes(groups, codesAt(vector.codes, rows), vector.size);
  }
  const numbers = new Map<string, number>();
  const codes = new Uint32Array(rows.length);
  for (let i = 0; i < rows.length; i++) {
    const key = staticKey(valueOfRow(vector, rows[i]));
    let number = numbers.get(key);
    if (number === undefined) {
      number = numbers.size;
      numbers.set(key, number);
    }
    codes[i] = number;
  }
  return splitByCodes(groups, codes, numbers.size);
}

/** Above so many cells a table costs more than a map. */
const tableCellsMax = 1 << 20;

/** Splits groups by a code below `size` for each row. */
export function splitByCodes(groups: Groups, codes: Uint32Array, size: number): Groups {
  const ofRow = new Uint32Array(codes.length);
  const firstAt =
    groups.count * size <= tableCellsMax
      ? splitByTable(groups, codes, size, ofRow)
      : splitByMap(groups, codes, size, ofRow);
  return { ofRow, count: firstAt.length, firstAt: Uint32Array.from(firstAt) };
}

function splitByTable(groups: Groups, codes: Uint32Array, size: number, ofRow: Uint32Array): number[] {
  // Numbers plus one; 0 for a cell that has not been met.
  const table = new Uint32Array(groups.count * size);
  const before = groups.ofRow;
  const firstAt: number[] = [];
  for (let i = 0; i < ofRow.length; i++) {
    const cell = before[i] * size + codes[i];
    if (table[cell] === 0) {
      table[cell] = firstAt.push(i);
    }
    ofRow[i] = table[cell] - 1;
  }
  return firstAt;
}

function splitByMap(groups: Groups, codes: Uint32Array, size: number, ofRow: Uint32Array): number[] {
  const numbers = new Map<number, number>();
  const firstAt: number[] = [];
  for (let i = 0; i < ofRow.length; i++) {
    const cell = groups.ofRow[i] * size + codes[i];
    let number = numbers.get(cell);
    if (number === undefined) {
      number = firstAt.push(i) - 1;
      numbers.set(cell, number);
    }
    ofRow[i] = number;
  }
  return firstAt;
}

/** Codes of some rows. One loop per width, so that each stays monomorphic. */
export function codesAt(codes: Codes, rows: Uint32Array): Uint32Array {
  const gathered = new Uint32Array(rows.length);
  if (codes instanceof Uint8Array) {
    for (let i = 0; i < rows.length; i++) {
      gathered[i] = codes[rows[i]];
    }
  } else if (codes instanceof Uint16Array) {
    for (let i = 0; i < rows.length; i++) {
      gathered[i] = codes[rows[i]];
    }
  } else {
    for (let i = 0; i < rows.length; i++) {
      gathered[i] = codes[rows[i]];
    }
  }
  return gathered;
}

/** The values that the rows of a group have. */
export function valuesOfGroup(groups: Groups, group: number, rows: Uint32Array, vectors: readonly Vector[]): Static[] {
  const row = rows[groups.firstAt[group]];
  return vectors.map((vector) => valueOfRow(vector, row));
}
