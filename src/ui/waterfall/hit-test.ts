import type { SpanTable } from '../../trace/span-table.ts';
import { laneHeight, nanosOf, pixelOf } from './layout.ts';
import type { Viewport } from './layout.ts';

/** What lies under the pointer. */
export interface Hit {
  readonly lane: number;
  readonly row: number;
  readonly nanos: number;
  /** On the bar itself, with two pixels of mercy for tiny ones. */
  readonly onBar: boolean;
}

/** `x` from the left of the bars, `y` from the top of the first lane. `undefined` below the last lane. */
export function hitTest(
  table: SpanTable,
  rows: Uint32Array,
  viewport: Viewport,
  width: number,
  x: number,
  y: number
): Hit | undefined {
  const lane = Math.floor(y / laneHeight);
  if (lane < 0 || lane >= rows.length) {
    return undefined;
  }
  const row = rows[lane];
  const left = pixelOf(viewport, width, table.offsetNanos[row]);
  const right = pixelOf(viewport, width, table.offsetNanos[row] + Math.max(0, table.durationNanos[row]));
  return { lane, row, nanos: nanosOf(viewport, width, x), onBar: x >= left - 2 && x <= Math.max(right, left + 2) + 2 };
}
