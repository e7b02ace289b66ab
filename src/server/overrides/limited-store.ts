/** A store that holds each tenant to its settings, whatever door the request came through. */
import type { Clock } from '../../base/clock.ts';
import { CodedError } from '../../base/coded-error.ts';
import { formatGoDuration } from '../../api/duration.ts';
import type { IngestBatch, TimeRange, TraceStore } from '../../store/trace-store.ts';
import type { Overrides } from './overrides.ts';
import { TokenBuckets } from './token-buckets.ts';

interface Signalled {
  readonly tenant: string;
  readonly signal?: AbortSignal;
}

/** The same store, but for what the tenant may not. */
export function limitedStore(store: TraceStore, overrides: Overrides, clock: Clock): TraceStore {
  const buckets = new TokenBuckets(clock);
  const running = new Map<string, number>();
  const explain = store.explain?.bind(store);

  const admit = ({ tenant, decoded }: IngestBatch): void => {
    const { bodyBytesMax, ingestBytesPerSecond, ingestBurstBytes } = overrides.settingsOf(tenant);
    if (decoded.length > bodyBytesMax) {
      throw new CodedError(
        'too_large',
        `body of ${decoded.length} bytes, at most ${bodyBytesMax} for this tenant (limit ingestion.max_body_bytes)`
      );
    }
    const burst = ingestBurstBytes || ingestBytesPerSecond;
    if (ingestBytesPerSecond > 0 && !buckets.take(tenant, decoded.length, ingestBytesPerSecond, burst)) {
      throw new CodedError(
        'resource_exhausted',
        `RATE_LIMITED: ingestion rate limit of ${ingestBytesPerSecond} bytes a second exceeded while adding ${decoded.length} bytes ` +
          `for user ${tenant} (limit ingestion.rate_limit_bytes)`
      );
    }
  };

  const query = async <R extends Signalled, T>(request: R, run: (request: R) => Promise<T>): Promise<T> => {
    const { tenant } = request;
    const { queriesMax, queryTimeoutMs } = overrides.settingsOf(tenant);
    const count = running.get(tenant) ?? 0;
    if (queriesMax > 0 && count >= queriesMax) {
      throw new CodedError(
        'resource_exhausted',
        `${count} queries of this tenant run, at most ${queriesMax} may (limit read.max_concurrent_queries)`
      );
    }
    running.set(tenant, count + 1);
    const timeout = new AbortController();
    const stopTimer = clock.schedule(Math.min(queryTimeoutMs, 2 ** 31 - 1), () =>
      timeout.abort(
        new CodedError(
          'deadline_exceeded',
          `the query took longer than ${queryTimeoutMs} ms (limit read.query_timeout)`
        )
      )
    );
    const signal = request.signal === undefined ? timeout.signal : AbortSignal.any([request.signal, timeout.signal]);
    try {
      return await run({ ...request, signal });
    } finally {
      stopTimer();
      const left = (running.get(tenant) ?? 1) - 1;
      if (left === 0) {
        running.delete(tenant);
      } else {
        running.set(tenant, left);
      }
    }
  };

  return {
    ingest: async (batch) => {
      admit(batch);
      return store.ingest(batch);
    },
    trace: (request) => query(request, (limited) => store.trace(limited)),
    search: (request) =>
      query(request, (limited) => {
        checkRange(request.range, overrides.settingsOf(request.tenant).searchRangeMsMax, 'read.max_search_duration');
        return store.search(limited);
      }),
    metrics: (request) =>
      query(request, (limited) => {
        checkRange(request, overrides.settingsOf(request.tenant).metricsRangeMsMax, 'read.max_metrics_duration');
        return store.metrics(limited);
      }),
    attributeNames: (request) => query(request, (limited) => store.attributeNames(limited)),
    attributeValues: (request) => query(request, (limited) => store.attributeValues(limited)),
    serviceGraph: (request) =>
      query(request, (limited) => {
        checkRange(request.range, overrides.settingsOf(request.tenant).metricsRangeMsMax, 'read.max_metrics_duration');
        return store.serviceGraph(limited);
      }),
    explain: explain && ((request) => query(request, (limited) => explain(limited))),
    status: () => store.status(),
    close: () => store.close(),
  };
}

function checkRange({ startUnixNanos, endUnixNanos }: TimeRange, rangeMsMax: number, limit: string): void {
  const rangeMax = BigInt(rangeMsMax) * 1_000_000n;
  const range = startUnixNanos === undefined || endUnixNanos === undefined ? undefined : endUnixNanos - startUnixNanos;
  // One nanosecond over: a range that Tempo closes is half-open here.
  if (rangeMsMax > 0 && (range === undefined || range > rangeMax + 1n)) {
    throw new CodedError(
      'invalid_argument',
      `range specified by start and end exceeds ${formatGoDuration(rangeMax)} (limit ${limit})` +
        (range === undefined ? '' : `. received ${formatGoDuration(range)}`)
    );
  }
}
