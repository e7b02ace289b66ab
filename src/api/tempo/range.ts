/**
 * Which time a request is about. Differences from Tempo stand in docs/api.md: an open end reaches to now, with no cut of the last
 * 30 seconds, and no longest range.
 */
import type { Clock } from '../../base/clock.ts';
import type { TimeRange } from '../../store/trace-store.ts';
import type { UnixNanos } from '../../trace/model.ts';
import { invalid, sinceParam, stepParam, timestampParam, unixSecondsParam } from './params.ts';

const minuteNanos = 60_000_000_000n;
const secondNanos = 1_000_000_000n;

/** Without a range a search looks at the last 15 minutes, as Tempo's does. */
const searchRangeNanos = 15n * minuteNanos;
/** Without a range metrics cover the last hour, as Tempo's do. */
const metricsRangeNanos = 60n * minuteNanos;
/** Tempo's bound on points of one series. */
const intervalsMax = 10_000n;

/** `start` and `end` in unix seconds, both or none, or `since`. `undefined` when the request names no time. */
export function requestedRange(params: URLSearchParams, clock: Clock): TimeRange | undefined {
  const start = unixSecondsParam(params, 'start');
  const end = unixSecondsParam(params, 'end');
  if (start === undefined && end === undefined) {
    const since = sinceParam(params);
    return since === undefined ? undefined : backFromNow(clock, since);
  }
  if (start === undefined || end === undefined) {
    throw invalid('invalid range: start and end are needed both, or neither');
  }
  checkOrder(start, end);
  // Tempo keeps a trace that starts at `end` (whole seconds on both sides); our ranges are half-open.
  return { startUnixNanos: start, endUnixNanos: end + 1n };
}

/** Of a trace by id, which comes whole whatever it says: checked, one of the two may be missing. */
export function checkTraceBounds(params: URLSearchParams): void {
  const start = unixSecondsParam(params, 'start');
  const end = unixSecondsParam(params, 'end');
  if (start !== undefined && end !== undefined) {
    checkOrder(start, end);
  }
}

function checkOrder(start: UnixNanos, end: UnixNanos): void {
  if (end <= start) {
    throw invalid(
      `http parameter start must be before end. received start=${start / secondNanos} end=${end / secondNanos}`
    );
  }
}

export function searchRange(params: URLSearchParams, clock: Clock): TimeRange {
  return requestedRange(params, clock) ?? backFromNow(clock, searchRangeNanos);
}

/** Names and values: everything kept, when the request names no time. */
export function attributeRange(params: URLSearchParams, clock: Clock): TimeRange {
  return requestedRange(params, clock) ?? { startUnixNanos: undefined, endUnixNanos: undefined };
}

function backFromNow(clock: Clock, nanos: bigint): TimeRange {
  const now = clock.unixNanos();
  return { startUnixNanos: nanos < now ? now - nanos : 0n, endUnixNanos: now + 1n };
}

export interface MetricsRange {
  readonly startUnixNanos: UnixNanos;
  readonly endUnixNanos: UnixNanos;
  readonly stepNanos: bigint;
}

/**
 * Range and step of `query_range`, aligned to the step: the start is floored and moved one step earlier, so that the first sample's
 * timestamp (the right edge of its interval) is the floored start; the end is raised to the next multiple.
 */
export function alignedMetricsRange(params: URLSearchParams, clock: Clock): MetricsRange {
  const { startUnixNanos: start, endUnixNanos: end } = metricsBounds(params, clock);
  const step = stepParam(params) ?? defaultStepNanos(end - start);
  const alignedStart = start - (start % step);
  const alignedEnd = end % step === 0n ? end : end - (end % step) + step;
  const range = {
    startUnixNanos: alignedStart > step ? alignedStart - step : 0n,
    endUnixNanos: alignedEnd,
    stepNanos: step,
  };
  if ((end - start) / step > intervalsMax) {
    const least = (end - start + intervalsMax - 1n) / intervalsMax;
    throw invalid(
      `step of ${Number(step) / 1e9}s is too small for the range: at most ${intervalsMax} intervals, the minimum step is ${Number(least) / 1e9}s`
    );
  }
  return range;
}

/** An instant query has one interval: the whole range, as asked. */
export function instantMetricsRange(params: URLSearchParams, clock: Clock): MetricsRange {
  const { startUnixNanos, endUnixNanos } = metricsBounds(params, clock);
  return { startUnixNanos, endUnixNanos, stepNanos: endUnixNanos - startUnixNanos };
}

function metricsBounds(params: URLSearchParams, clock: Clock): { startUnixNanos: UnixNanos; endUnixNanos: UnixNanos } {
  const since = sinceParam(params) ?? metricsRangeNanos;
  const end = timestampParam(params, 'end') ?? clock.unixNanos();
  const start = timestampParam(params, 'start') ?? (since < end ? end - since : 0n);
  if (end <= start) {
    throw invalid(`http parameter start must be before end. received start=${start} end=${end}`);
  }
  return { startUnixNanos: start, endUnixNanos: end };
}

/** About 240 points, rounded down to a round number of seconds; ranges under a minute use multiples of 50 ms. */
export function defaultStepNanos(rangeNanos: bigint): bigint {
  const exact = rangeNanos / 240n;
  if (rangeNanos < minuteNanos) {
    const fiftyMs = 50_000_000n;
    return exact < fiftyMs ? fiftyMs : exact - (exact % fiftyMs);
  }
  for (const granularity of [3600n, 300n, 60n, 15n, 5n, 1n]) {
    const nanos = granularity * secondNanos;
    if (exact >= nanos) {
      return exact - (exact % nanos);
    }
  }
  return secondNanos;
}
