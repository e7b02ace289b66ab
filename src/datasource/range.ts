import type { TimeRange } from '@grafana/data';
import type { SecondsRange } from '../api/client.ts';

/** Tempo takes whole seconds; the range is widened to them. */
export function secondsOf(range: TimeRange): SecondsRange {
  const startSeconds = Math.floor(range.from.valueOf() / 1000);
  return { startSeconds, endSeconds: Math.max(startSeconds + 1, Math.ceil(range.to.valueOf() / 1000)) };
}

export function rangeOf(range: TimeRange | undefined): SecondsRange | undefined {
  return range === undefined ? undefined : secondsOf(range);
}
