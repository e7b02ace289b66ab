/**
 * Where things are: which rows are on the screen in which lane, and which pixel is which moment. Plain functions over columns; knows
 * neither canvas nor React.
 */
import type { SpanTable } from '../../trace/span-table.ts';

export const laneHeight = 24;

/** What is folded: rows with children at `foldDepth` or deeper, except where `foldToggles` (ascending) says otherwise. */
export interface Folds {
  readonly foldDepth: number | undefined;
  readonly foldToggles: readonly number[];
}

export function isFolded(table: SpanTable, folds: Folds, row: number): boolean {
  const byDepth = folds.foldDepth !== undefined && table.depth[row] >= folds.foldDepth;
  return table.childCount[row] > 0 && byDepth !== includesSorted(folds.foldToggles, row);
}

/** Folds or unfolds one row. */
export function toggleFold(folds: Folds, row: number): Folds {
  const toggles = includesSorted(folds.foldToggles, row)
    ? folds.foldToggles.filter((other) => other !== row)
    : [...folds.foldToggles, row].sort((a, b) => a - b);
  return { foldDepth: folds.foldDepth, foldToggles: toggles };
}

/** Unfolds every ancestor of `row`, so that it gets a lane of its own. The same object when nothing was folded. */
export function unfoldTo(table: SpanTable, folds: Folds, row: number): Folds {
  let result = folds;
  for (let ancestor = table.parent[row]; ancestor >= 0; ancestor = table.parent[ancestor]) {
    if (isFolded(table, result, ancestor)) {
      result = toggleFold(result, ancestor);
    }
  }
  return result;
}

/** Folds everything at `depth` and deeper; `undefined` unfolds all. Steps stay within the tree. */
export function foldToDepth(depth: number | undefined): Folds {
  return { foldDepth: depth, foldToggles: [] };
}

function includesSorted(sorted: readonly number[], value: number): boolean {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle] < value) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return sorted[low] === value;
}

/** The stretch of time on the screen, offsets from the table's base. */
export interface Viewport {
  readonly startNanos: number;
  readonly endNanos: number;
}

export function wholeViewport(table: SpanTable): Viewport {
  return { startNanos: 0, endNanos: Math.max(1, table.traceNanos) };
}

export function pixelOf(viewport: Viewport, width: number, nanos: number): number {
  return ((nanos - viewport.startNanos) / (viewport.endNanos - viewport.startNanos)) * width;
}

export function nanosOf(viewport: Viewport, width: number, pixel: number): number {
  return viewport.startNanos + (pixel / Math.max(1, width)) * (viewport.endNanos - viewport.startNanos);
}

/** Nobody looks closer than this; it also keeps ruler labels apart. */
const zoomNanosMin = 100;

/** Zooms by `factor` (< 1 is closer) around `anchorNanos`, which stays where it is; never leaves the trace. */
export function zoomAround(viewport: Viewport, whole: Viewport, anchorNanos: number, factor: number): Viewport {
  const length = viewport.endNanos - viewport.startNanos;
  const wholeLength = whole.endNanos - whole.startNanos;
  const lengthNew = Math.min(wholeLength, Math.max(Math.min(zoomNanosMin, wholeLength), length * factor));
  const share = (anchorNanos - viewport.startNanos) / length;
  return clampViewport(anchorNanos - share * lengthNew, lengthNew, whole);
}

/** Moves the viewport by `nanos`; stops at the ends of the trace. */
export function pan(viewport: Viewport, whole: Viewport, nanos: number): Viewport {
  return clampViewport(viewport.startNanos + nanos, viewport.endNanos - viewport.startNanos, whole);
}

function clampViewport(startNanos: number, length: number, whole: Viewport): Viewport {
  const start = Math.max(whole.startNanos, Math.min(whole.endNanos - length, startNanos));
  return { startNanos: Math.round(start), endNanos: Math.round(Math.min(whole.endNanos, start + length)) };
}

/** `undefined` when the viewport is the whole trace: what goes into the URL. */
export function zoomOfViewport(viewport: Viewport, whole: Viewport): Viewport | undefined {
  return viewport.startNanos <= whole.startNanos && viewport.endNanos >= whole.endNanos ? undefined : viewport;
}
