import type { Trace } from '../trace/model.ts';
import type { TimeRange } from './trace-store.ts';

/** A trace is in a range when it overlaps it: it starts before the range's end, and ends at or after its start. */
export function traceOverlaps(trace: Trace, { startUnixNanos, endUnixNanos }: TimeRange): boolean {
  const startsInTime = endUnixNanos === undefined || trace.spans.some((span) => span.startUnixNanos < endUnixNanos);
  const endsInTime =
    startUnixNanos === undefined ||
    trace.spans.some((span) => span.endUnixNanos >= startUnixNanos || span.startUnixNanos >= startUnixNanos);
  return startsInTime && endsInTime;
}
