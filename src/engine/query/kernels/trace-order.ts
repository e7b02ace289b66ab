import type { RowSet } from '../../row-set.ts';

/** Rows by trace, in the order of the trace: by start, then span id. Equals keep the order of rows. */
export interface TraceOrder {
  readonly rows: Uint32Array;
  /** Rows of trace t: `rows[starts[t] … starts[t + 1])`. */
  readonly starts: Uint32Array;
}

export function orderOfTraces(rowSet: RowSet): TraceOrder {
  const { traceOfRow, traceCount, rowCount } = rowSet;
  const starts = new Uint32Array(traceCount + 1);
  for (let row = 0; row < rowCount; row++) {
    starts[traceOfRow[row] + 1]++;
  }
  for (let trace = 0; trace < traceCount; trace++) {
    starts[trace + 1] += starts[trace];
  }
  const rows = new Uint32Array(rowCount);
  const next = starts.slice();
  for (let row = 0; row < rowCount; row++) {
    rows[next[traceOfRow[row]]++] = row;
  }
  const times = rowSet.startUnixNanos;
  const ids = idWords(rowSet.spanIds);
  for (let trace = 0; trace < traceCount; trace++) {
    const end = starts[trace + 1];
    // Blocks keep their rows in this order; a head mostly nearly so.
    for (let at = starts[trace] + 1; at < end; at++) {
      if (comesBefore(times, ids, rows[at], rows[at - 1])) {
        rows
          .subarray(starts[trace], end)
          .sort((a, b) => (comesBefore(times, ids, a, b) ? -1 : comesBefore(times, ids, b, a) ? 1 : a - b));
        break;
      }
    }
  }
  return { rows, starts };
}

/** Whether row a stands before row b in their trace; neither before the other: they share start and id. */
export function comesBefore(times: BigUint64Array, ids: DataView, a: number, b: number): boolean {
  if (times[a] !== times[b]) {
    return times[a] < times[b];
  }
  const high = ids.getUint32(8 * a, false) - ids.getUint32(8 * b, false);
  return high < 0 || (high === 0 && ids.getUint32(8 * a + 4, false) < ids.getUint32(8 * b + 4, false));
}

/** Span ids, eight bytes each, to be compared as big-endian numbers: the order of their hex. */
export function idWords(spanIds: Uint8Array): DataView {
  return new DataView(spanIds.buffer, spanIds.byteOffset, spanIds.byteLength);
}
