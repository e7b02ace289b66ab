/** Rows of a row set on their way into a row group: picked, put in order, made dense. Times are words (low, high). */
import { assert } from '../../base/assert.ts';
import type { RowSet } from '../row-set.ts';

/** Ordinals from 0 in row order and their ids. */
export function localTraces(rowSet: RowSet, rows: Uint32Array): { traceOfRow: Uint32Array; traceIds: Uint8Array } {
  const { traceOfRow: traceOf, traceIds } = rowSet;
  const traceOfRow = new Uint32Array(rows.length);
  const ids = new Uint8Array(16 * rows.length);
  let traceCount = 0;
  for (let i = 0, previous = -1; i < rows.length; i++) {
    const trace = traceOf[rows[i]];
    if (trace !== previous) {
      // Byte by byte: a view for each trace would cost more than the copy.
      for (let from = 16 * trace, to = 16 * traceCount, end = from + 16; from < end; from++) {
        ids[to++] = traceIds[from];
      }
      assert(traceCount === 0 || ascends(ids, 16 * traceCount), 'rows are not ordered by trace id');
      traceCount++;
      previous = trace;
    }
    traceOfRow[i] = traceCount - 1;
  }
  return { traceOfRow, traceIds: ids.slice(0, 16 * traceCount) };
}

/** Whether the id at `at` is above the one before it. */
function ascends(ids: Uint8Array, at: number): boolean {
  for (let i = at; i < at + 16; i++) {
    if (ids[i] !== ids[i - 16]) {
      return ids[i] > ids[i - 16];
    }
  }
  return false;
}

export function gatherIds(ids: Uint8Array, rows: Uint32Array): Uint8Array {
  const gathered = new Uint8Array(8 * rows.length);
  for (let i = 0, to = 0; i < rows.length; i++) {
    for (let from = 8 * rows[i], end = from + 8; from < end; from++) {
      gathered[to++] = ids[from];
    }
  }
  return gathered;
}

/** 64-bit values as pairs of words (low, high). */
export function gatherWords(values: BigUint64Array | BigInt64Array, rows: Uint32Array): Uint32Array {
  const words = new Uint32Array(values.buffer, values.byteOffset, 2 * values.length);
  const gathered = new Uint32Array(2 * rows.length);
  for (let i = 0; i < rows.length; i++) {
    const from = 2 * rows[i];
    gathered[2 * i] = words[from];
    gathered[2 * i + 1] = words[from + 1];
  }
  return gathered;
}
