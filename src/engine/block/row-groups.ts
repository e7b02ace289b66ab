/** A row group takes traces until it has so many rows: 32 k rows keep trace-by-id at 8 ms; size on disk hardly depends on it. */
export const rowGroupRowsMin = 32 * 1024;
/** A trace that would push its group beyond this opens the next one; a larger trace has a group of its own. */
export const rowGroupRowsMax = 64 * 1024;

/** Rows [start, end) of the ordered rows of a block. */
export interface RowRange {
  readonly start: number;
  readonly end: number;
}

/** Cuts ordered rows into row groups at trace boundaries. */
export function planRowGroups(
  traceOfRow: ArrayLike<number>,
  rows: ArrayLike<number>,
  rowsMin: number = rowGroupRowsMin,
  rowsMax: number = rowGroupRowsMax
): RowRange[] {
  const groups: RowRange[] = [];
  let groupStart = 0;
  for (let traceStart = 0; traceStart < rows.length;) {
    const trace = traceOfRow[rows[traceStart]];
    let traceEnd = traceStart + 1;
    while (traceEnd < rows.length && traceOfRow[rows[traceEnd]] === trace) {
      traceEnd++;
    }
    const full = traceStart - groupStart >= rowsMin || traceEnd - groupStart > rowsMax;
    if (full && traceStart > groupStart) {
      groups.push({ start: groupStart, end: traceStart });
      groupStart = traceStart;
    }
    traceStart = traceEnd;
  }
  if (rows.length > groupStart) {
    groups.push({ start: groupStart, end: rows.length });
  }
  return groups;
}
