/**
 * Siblings that repeat: same parent, service, name and shape. A *shape* is what was called below, whatever how often: two items of a
 * batch have the same shape when one read three rows and the other four.
 */
import type { SpanTable } from '../trace/span-table.ts';
import { kindsOf } from './call-tree.ts';

/**
 * What a run of repeats is known as:
 * - `n+1`: calls to somebody else, one after the other without a pause, which one call might have answered;
 * - `retry`: the same call again until it worked, or until the caller gave up;
 * - `fan-out`: the same call many times at once.
 */
export type RepeatPattern = 'n+1' | 'retry' | 'fan-out';

/** Siblings that fold into one line. No row is in two of them. */
export interface Repeat {
  /** −1 for repeated roots. */
  readonly parentRow: number;
  /** At least {@link repeatsMin}, of a retry at least two; ascending. */
  readonly rows: Uint32Array;
  readonly pattern: RepeatPattern | undefined;
}

/** Two of a kind are easier to read than their fold. */
export const repeatsMin = 3;
/** Fewer calls in a row are not worth a batch. */
const nPlusOneMin = 5;
const [kindClient, kindProducer, kindConsumer] = [3, 4, 5];

/** By first row. Linear in the rows, but for ordering the distinct shapes below each. */
export function repeatsOf(table: SpanTable): readonly Repeat[] {
  const runs = siblingRuns(table);
  // Leaves have no shape but their name.
  const shape = runs.some((rows) => rows.some((row) => table.childCount[row] > 0)) ? shapesOf(table) : undefined;
  return runs
    .flatMap((rows): readonly Repeat[] => {
      // The pattern is that of the run: where shapes take turns, one alone has pauses that the run has not.
      const pattern = patternOf(table, rows);
      const parentRow = table.parent[rows[0]];
      if (pattern === 'retry') {
        // The try that worked called more than those that failed.
        return [{ parentRow, rows, pattern }];
      }
      return splitBy(rows, shape)
        .filter((part) => part.length >= repeatsMin)
        .map((part) => ({ parentRow, rows: part, pattern }));
    })
    .sort((a, b) => a.rows[0] - b.rows[0]);
}

/** Siblings of one service and name, of two and more, each list ascending. */
function siblingRuns(table: SpanTable): readonly Uint32Array[] {
  const { rowCount, subtreeEnd, childCount } = table;
  const [kind, kindCount] = kindsOf(table, undefined);
  const counts = new Uint32Array(kindCount);
  const runs: Uint32Array[] = [];
  /** Siblings follow each other by the ends of their subtrees. */
  const collect = (start: number, end: number): void => {
    for (let row = start; row < end; row = subtreeEnd[row]) {
      counts[kind[row]]++;
    }
    const open = new Map<number, { readonly rows: Uint32Array; filled: number }>();
    for (let row = start; row < end; row = subtreeEnd[row]) {
      if (counts[kind[row]] >= 2) {
        let run = open.get(kind[row]);
        if (run === undefined) {
          run = { rows: new Uint32Array(counts[kind[row]]), filled: 0 };
          open.set(kind[row], run);
          runs.push(run.rows);
        }
        run.rows[run.filled++] = row;
      }
    }
    for (let row = start; row < end; row = subtreeEnd[row]) {
      counts[kind[row]] = 0;
    }
  };
  collect(0, rowCount);
  for (let row = 0; row < rowCount; row++) {
    if (childCount[row] >= 2) {
      collect(row + 1, subtreeEnd[row]);
    }
  }
  return runs;
}

function splitBy(rows: Uint32Array, shape: Uint32Array | undefined): readonly Uint32Array[] {
  if (shape === undefined || rows.every((row) => shape[row] === shape[rows[0]])) {
    return [rows];
  }
  const parts = new Map<number, number[]>();
  for (const row of rows) {
    const part = parts.get(shape[row]);
    if (part === undefined) {
      parts.set(shape[row], [row]);
    } else {
      part.push(row);
    }
  }
  return [...parts.values()].map((part) => Uint32Array.from(part));
}

/**
 * A number for the shape of each row: equal for rows of the same service, name and set of shapes below. From the last row up, so that
 * depth costs no stack. A shape is its kind, then one child shape after the other, each step a number of its own: exact, without texts.
 */
function shapesOf(table: SpanTable): Uint32Array {
  const { rowCount, childCount, subtreeEnd } = table;
  const [kind, kindCount] = kindsOf(table, undefined);
  const shape = new Uint32Array(rowCount);
  // At most one step for each row that has a parent.
  const shapesMax = kindCount + rowCount;
  const steps = new Map<number, number>();
  for (let row = rowCount - 1; row >= 0; row--) {
    let id = kind[row];
    if (childCount[row] > 0) {
      const below = new Uint32Array(childCount[row]);
      let filled = 0;
      for (let child = row + 1; child < subtreeEnd[row]; child = subtreeEnd[child]) {
        below[filled++] = shape[child];
      }
      below.sort();
      for (let i = 0; i < filled; i++) {
        if (i === 0 || below[i] !== below[i - 1]) {
          const key = id * shapesMax + below[i];
          let next = steps.get(key);
          if (next === undefined) {
            next = kindCount + steps.size;
            steps.set(key, next);
          }
          id = next;
        }
      }
    }
    shape[row] = id;
  }
  return shape;
}

/** `rows`: siblings of one service and name, ascending, which is by start. Of roots, nobody knows who repeats them. */
export function patternOf(table: SpanTable, rows: Uint32Array): RepeatPattern | undefined {
  const { offsetNanos, durationNanos, statusCode, kind, service, parent } = table;
  if (parent[rows[0]] < 0) {
    return undefined;
  }
  let [busy, sum, errors, end] = [0, 0, 0, -Infinity];
  let lastByEnd = rows[0];
  for (const row of rows) {
    const start = offsetNanos[row];
    const rowEnd = start + Math.max(0, durationNanos[row]);
    busy += Math.max(0, rowEnd - Math.max(start, end));
    sum += rowEnd - start;
    errors += statusCode[row] === 2 ? 1 : 0;
    if (rowEnd >= end) {
      end = rowEnd;
      lastByEnd = row;
    }
  }
  const first = rows[0];
  const overlap = busy === 0 ? 1 : sum / busy;
  const isSequential = overlap < 1.1;
  const failedBeforeLast = errors - (statusCode[lastByEnd] === 2 ? 1 : 0);
  // Every try but the last failed: otherwise somebody else's failures stand between.
  if (isSequential && failedBeforeLast === rows.length - 1) {
    return 'retry';
  }
  if (overlap >= Math.min(3, 0.6 * rows.length) && overlap >= 1.8) {
    return 'fan-out';
  }
  const isCall =
    kind[first] === kindClient ||
    (service[parent[first]] !== service[first] && kind[first] !== kindConsumer && kind[first] !== kindProducer);
  // Polling waits between its calls; a loop that reads one row at a time does not.
  const isWithoutPause = busy >= 0.5 * (end - offsetNanos[first]);
  return rows.length >= nPlusOneMin && isCall && isSequential && isWithoutPause && 2 * errors < rows.length
    ? 'n+1'
    : undefined;
}
