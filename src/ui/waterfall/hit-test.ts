import type { SpanTable } from '../../trace/span-table.ts';
import { laneHeight, nanosOf, pixelOf } from './layout.ts';
import type { Viewport } from './layout.ts';

/** What lies under the pointer. */
export interface Hit {
  readonly lane: number;
  readonly row: number;
  readonly nanos: number;
  /** Index of the span's event whose tick is near; −1 for none. */
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
  table.spans[row].events.forEach(({ timeUnixNanos }, index) => {
    const distance = Math.abs(pixelOf(viewport, width, Number(timeUnixNanos - table.baseUnixNanos)) - x);
    if (distance <= distanceMin) {
      event = index;
      distanceMin = distance;
    }
  });
  return { lane, row, nanos: nanosOf(viewport, width, x), event };
}
