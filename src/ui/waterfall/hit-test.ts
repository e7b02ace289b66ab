import type { SpanTable } from '../../trace/span-table.ts';
import { laneHeight, nanosOf, pixelOf } from './layout.ts';
import type { Viewport } from './layout.ts';

/** What lies under the pointer. */
export interface Hit {
  readonly lane: number;
  readonly row: number;
  readonly nanos: number;
  /** The event whose tick is near, as an index into the table's columns of events; −1 for none. */
  readonly event: number;
}

const reachPixels = 4;

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
  let event = -1;
  let distanceMin = reachPixels;
  for (let index = table.eventStart[row]; index < table.eventStart[row + 1]; index++) {
    const distance = Math.abs(pixelOf(viewport, width, table.eventOffsetNanos[index]) - x);
    if (distance <= distanceMin) {
      event = index;
      distanceMin = distance;
    }
  }
  return { lane, row, nanos: nanosOf(viewport, width, x), event };
}
