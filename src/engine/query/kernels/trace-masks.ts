import type { RowSet } from '../../row-set.ts';
import { isNone } from './vector.ts';
import type { Mask } from './vector.ts';

/** 1 by ordinal for some traces. */
export function markTraces(rowSet: RowSet, ordinals: readonly number[]): Uint8Array {
  const marks = new Uint8Array(rowSet.traceCount);
  for (const ordinal of ordinals) {
    marks[ordinal] = 1;
  }
  return marks;
}

/** The rows of some traces. */
export function rowsOfTraces(rowSet: RowSet, ordinals: readonly number[]): Mask {
  const wanted = markTraces(rowSet, ordinals);
  const rows = new Uint8Array(rowSet.rowCount);
  if (ordinals.length > 0) {
    const { traceOfRow } = rowSet;
    for (let row = 0; row < rows.length; row++) {
      rows[row] = wanted[traceOfRow[row]];
    }
  }
  return rows;
}

/** `rows` without those of the traces marked. */
export function withoutTraces(rows: Mask, rowSet: RowSet, traces: Uint8Array): Mask {
  if (isNone(traces)) {
    return rows;
  }
  const { traceOfRow } = rowSet;
  const rest = new Uint8Array(rows.length);
  for (let row = 0; row < rows.length; row++) {
    rest[row] = rows[row] & (1 - traces[traceOfRow[row]]);
  }
  return rest;
}
