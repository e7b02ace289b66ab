/** Fields that are the same on every span of a trace: codes are trace ordinals. */
import { isRoot } from '../../block/parents.ts';
import type { TimeRange } from '../../../store/trace-store.ts';
import type { Static } from '../../../traceql/static.ts';
import type { RowSet } from '../../row-set.ts';
import type { RowFrame } from './frame.ts';
import { comesBefore, idWords } from './trace-order.ts';
import type { Vector } from './vector.ts';
import { memoized, valueOfRow } from './vector.ts';

export function rootVector(frame: RowFrame, name: 'rootName' | 'rootServiceName'): Vector {
  const { rows } = frame;
  const roots = rootRows(rows, frame.unclear);
  const onRoot = frame.vector(
    name === 'rootName'
      ? { kind: 'intrinsic', name: 'name' }
      : { kind: 'attribute', scope: 'resource', name: 'service.name' }
  );
  const empty: Static = { type: 'string', value: '' };
  return {
    kind: 'coded',
    codes: rows.traceOfRow,
    size: rows.traceCount,
    at: memoized(rows.traceCount, (trace) => {
      const value = roots[trace] === -1 ? empty : valueOfRow(onRoot, roots[trace]);
      // A service name that is no text is none.
      return value.type === 'string' ? value : empty;
    }),
  };
}

/** The first row without a parent id of each trace, −1 where there is none. Marks traces in which it is not clear which one is first. */
function rootRows(rowSet: RowSet, unclear: Uint8Array): Int32Array {
  const { traceOfRow, parentSpanIds, startUnixNanos, rowCount } = rowSet;
  const ids = idWords(rowSet.spanIds);
  const roots = new Int32Array(rowSet.traceCount).fill(-1);
  for (let row = 0; row < rowCount; row++) {
    if (!isRoot(parentSpanIds, row)) {
      continue;
    }
    const trace = traceOfRow[row];
    const root = roots[trace];
    if (root === -1 || comesBefore(startUnixNanos, ids, row, root)) {
      roots[trace] = row;
    } else if (!comesBefore(startUnixNanos, ids, root, row)) {
      unclear[trace] = 1;
    }
  }
  return roots;
}

/** From the earliest start to the latest end. A span that ends before it starts counts with its start. */
export function traceDurationVector(rowSet: RowSet): Vector {
  const { traceOfRow, startUnixNanos, durationNanos, rowCount, traceCount } = rowSet;
  const first = new BigUint64Array(traceCount).fill(0xffff_ffff_ffff_ffffn);
  const last = new BigUint64Array(traceCount);
  for (let row = 0; row < rowCount; row++) {
    const trace = traceOfRow[row];
    const start = startUnixNanos[row];
    if (start < first[trace]) {
      first[trace] = start;
    }
    if (start > last[trace]) {
      last[trace] = start;
    }
    const end = BigInt.asUintN(64, start + durationNanos[row]);
    if (end > last[trace]) {
      last[trace] = end;
    }
  }
  return {
    kind: 'coded',
    codes: traceOfRow,
    size: traceCount,
    at: (trace) => ({ type: 'duration', value: last[trace] - first[trace] }),
  };
}

/** Those of the traces that overlap a range; see `traceOverlaps`. */
export function tracesInRange(rowSet: RowSet, range: TimeRange, ordinals: readonly number[]): readonly number[] {
  const { startUnixNanos: from, endUnixNanos: to } = range;
  if (from === undefined && to === undefined) {
    return ordinals;
  }
  const { traceOfRow, startUnixNanos, durationNanos, rowCount } = rowSet;
  const startsInTime = new Uint8Array(rowSet.traceCount);
  const endsInTime = new Uint8Array(rowSet.traceCount);
  for (let row = 0; row < rowCount; row++) {
    const start = startUnixNanos[row];
    if (to === undefined || start < to) {
      startsInTime[traceOfRow[row]] = 1;
    }
    if (from === undefined || start >= from || BigInt.asUintN(64, start + durationNanos[row]) >= from) {
      endsInTime[traceOfRow[row]] = 1;
    }
  }
  return ordinals.filter((trace) => (startsInTime[trace] & endsInTime[trace]) === 1);
}
