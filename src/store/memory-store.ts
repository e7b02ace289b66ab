/**
 * The plainest trace store: spans in arrays, merged and given to the reference evaluator at every query. The oracle that the embedded
 * engine is compared with, and the store of `--storage memory`. Nothing is durable and nothing is fast.
 */
import { ServiceGraphBuilder } from '../analysis/service-graph/builder.ts';
import type { ServiceGraph } from '../analysis/service-graph/model.ts';
import { CodedError } from '../base/coded-error.ts';
import { mergeTrace } from '../trace/merge.ts';
import type { Span, Trace, TraceId } from '../trace/model.ts';
import { parseAttribute } from '../traceql/attributes.ts';
import type { Query } from '../traceql/ast.ts';
import { matchTrace, type TraceMatch } from '../traceql/match.ts';
import { sortOf, traceOrder } from '../traceql/order.ts';
import { startMetrics, type MetricSeries } from '../traceql/metrics.ts';
import type { Static } from '../traceql/static.ts';
import { decodeTraces } from '../wire/otlp-protobuf.ts';
import { toOtlpProtobuf } from '../wire/transcode.ts';
import { AttributeNameSets, AttributeValueSet, listedValues, matchedSpans } from './attribute-sets.ts';
import { traceOverlaps } from './time-range.ts';
import type {
  Answer,
  AttributeNameScope,
  AttributeNamesRequest,
  AttributeValuesRequest,
  IngestBatch,
  IngestResult,
  MetricsRequest,
  MetricsSoFar,
  QueryStats,
  SearchRequest,
  ServiceGraphRequest,
  StoreStatus,
  TimeRange,
  TraceStore,
} from './trace-store.ts';
import { tenantsOf } from './tenants.ts';
import { noStats } from './trace-store.ts';

export class MemoryStore implements TraceStore {
  private readonly tenants = new Map<string, Map<TraceId, Span[]>>();
  private closed = false;

  async ingest(batch: IngestBatch): Promise<IngestResult> {
    if (this.closed) {
      throw new CodedError('unavailable', 'the store is closed');
    }
    const spans = decodeTraces(toOtlpProtobuf(batch.encoding, batch.decoded));
    const good = spans.filter(hasValidIds);
    const traces = this.tenants.get(batch.tenant) ?? new Map<TraceId, Span[]>();
    this.tenants.set(batch.tenant, traces);
    for (const span of good) {
      const trace = traces.get(span.traceId);
      if (trace) {
        trace.push(span);
      } else {
        traces.set(span.traceId, [span]);
      }
    }
    const rejectedSpans = spans.length - good.length;
    const reason =
      rejectedSpans === 0 ? '' : `${rejectedSpans} spans have a trace id or span id of a wrong length or zero`;
    return { acceptedSpans: good.length, rejectedSpans, reason };
  }

  async trace(request: { tenant: string; traceId: TraceId; signal?: AbortSignal }): Promise<Answer<Trace | undefined>> {
    const spans = this.tracesOf(request.tenant).get(request.traceId);
    const trace = spans && mergeTrace(request.traceId, [spans]);
    return answerOf(trace, statsOf(trace ? [trace] : []));
  }

  async search(request: SearchRequest): Promise<Answer<readonly TraceMatch[]>> {
    const matches: TraceMatch[] = [];
    const isSorted = sortOf(request.query) !== undefined;
    const traces = this.tracesIn(request.tenant, request.range).sort(newestFirst);
    const stats = statsOf(traces);
    for (const [at, trace] of traces.entries()) {
      request.signal?.throwIfAborted();
      const match = matchTrace(request.query, trace, request.spansPerSpanset);
      if (match) {
        matches.push(match);
      }
      // The newest come first: a match is settled as soon as it is found.
      const data = (): TraceMatch[] => (isSorted ? [] : matches.slice(0, request.limit));
      request.onProgress?.({ stats, stepsDone: at + 1, stepsTotal: traces.length, data });
    }
    return answerOf(matches.sort(traceOrder(request.query)).slice(0, request.limit), stats);
  }

  async metrics(request: MetricsRequest): Promise<Answer<readonly MetricSeries[]>> {
    const metrics = startMetrics(request.query, request);
    const everything = { startUnixNanos: undefined, endUnixNanos: undefined };
    const traces = this.tracesIn(request.tenant, everything)
      .map((trace) => ({ trace, latestStart: latestStartOf(trace) }))
      .sort((a, b) => (a.latestStart > b.latestStart ? -1 : a.latestStart < b.latestStart ? 1 : 0));
    const stats = statsOf(traces.map(({ trace }) => trace));
    for (const [at, { trace }] of traces.entries()) {
      request.signal?.throwIfAborted();
      metrics.observe(trace);
      const completeAfterUnixNanos = at + 1 < traces.length ? traces[at + 1].latestStart : 0n;
      const data = (): MetricsSoFar => ({ series: metrics.finish(), completeAfterUnixNanos });
      request.onProgress?.({ stats, stepsDone: at + 1, stepsTotal: traces.length, data });
    }
    return answerOf(metrics.finish(), stats);
  }

  async attributeNames(
    request: AttributeNamesRequest
  ): Promise<Answer<ReadonlyMap<AttributeNameScope, readonly string[]>>> {
    const names = new AttributeNameSets();
    const traces = this.tracesIn(request.tenant, request.range);
    for (const trace of traces) {
      for (const span of spansMatching(request.filter, trace)) {
        names.addSpan(span);
      }
    }
    return answerOf(names.sorted(), statsOf(traces));
  }

  async attributeValues(request: AttributeValuesRequest): Promise<Answer<readonly Static[]>> {
    const field = parseAttribute(request.attribute);
    if (field === undefined) {
      throw new CodedError('invalid_argument', `${request.attribute} is no attribute or intrinsic`);
    }
    const distinct = new AttributeValueSet();
    const traces = this.tracesIn(request.tenant, request.range);
    for (const trace of traces) {
      for (const span of spansMatching(request.filter, trace)) {
        listedValues(field, span, trace).forEach((value) => distinct.add(value));
      }
    }
    const values = distinct.sorted();
    const isCut = values.length > request.limit;
    return {
      ...answerOf(values.slice(0, request.limit), statsOf(traces)),
      partial: isCut,
      warnings: isCut ? [`only the first ${request.limit} of ${values.length} values`] : [],
    };
  }

  async serviceGraph(request: ServiceGraphRequest): Promise<Answer<ServiceGraph>> {
    const builder = new ServiceGraphBuilder(request.range);
    const traces = this.tracesIn(request.tenant, request.range);
    for (const trace of traces) {
      request.signal?.throwIfAborted();
      if (request.filter === undefined || matchTrace(request.filter, trace, 1) !== undefined) {
        builder.addTrace(trace);
      }
    }
    const warnings = builder.warnings();
    return { ...answerOf(builder.finish(), statsOf(traces)), partial: warnings.length > 0, warnings };
  }

  status(): StoreStatus {
    let headSpans = 0;
    for (const traces of this.tenants.values()) {
      for (const spans of traces.values()) {
        headSpans += spans.length;
      }
    }
    return {
      ready: !this.closed,
      message: this.closed ? 'closed' : 'ready; everything is in memory and gone when the server stops',
      tenants: this.tenants.size,
      headSpans,
      blocks: 0,
      blockSpans: 0,
      blockBytes: 0,
      walBytes: 0,
      problems: [],
    };
  }

  async close(): Promise<void> {
    this.closed = true;
  }

  /** Of one tenant, or of several as if they were one. */
  private tracesOf(tenant: string): ReadonlyMap<TraceId, readonly Span[]> {
    const [first, ...others] = tenantsOf(tenant).map((name) => this.tenants.get(name) ?? new Map<TraceId, Span[]>());
    if (others.length === 0) {
      return first;
    }
    const traces = new Map<TraceId, Span[]>(first);
    for (const [traceId, spans] of others.flatMap((other) => [...other])) {
      traces.set(traceId, [...(traces.get(traceId) ?? []), ...spans]);
    }
    return traces;
  }

  private tracesIn(tenant: string, range: TimeRange): Trace[] {
    return [...this.tracesOf(tenant)]
      .map(([traceId, spans]) => mergeTrace(traceId, [spans]))
      .filter((trace) => traceOverlaps(trace, range));
  }
}

/** 16 and 8 bytes, not all zero. Source: W3C Trace Context. */
function hasValidIds(span: Span): boolean {
  return (
    /^[0-9a-f]{32}$/.test(span.traceId) &&
    /^[0-9a-f]{16}$/.test(span.spanId) &&
    /[^0]/.test(span.traceId) &&
    /[^0]/.test(span.spanId)
  );
}

function spansMatching(filter: Query | undefined, trace: Trace): Iterable<Span> {
  return filter === undefined ? trace.spans : matchedSpans(filter, trace);
}

/** By the earliest start of any span (the first: spans of a trace are sorted), then by trace id. */
function newestFirst(a: Trace, b: Trace): number {
  const [startA, startB] = [a.spans[0].startUnixNanos, b.spans[0].startUnixNanos];
  if (startA !== startB) {
    return startA > startB ? -1 : 1;
  }
  return a.traceId < b.traceId ? -1 : a.traceId > b.traceId ? 1 : 0;
}

function statsOf(traces: readonly Trace[]): QueryStats {
  const inspectedSpans = traces.reduce((sum, trace) => sum + trace.spans.length, 0);
  return { ...noStats, inspectedTraces: traces.length, inspectedSpans, soloTraces: traces.length };
}

function answerOf<T>(data: T, stats: QueryStats): Answer<T> {
  return { data, partial: false, warnings: [], stats };
}

function latestStartOf({ spans }: Trace): bigint {
  return spans.reduce((latest, { startUnixNanos }) => (startUnixNanos > latest ? startUnixNanos : latest), 0n);
}
