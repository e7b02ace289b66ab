/**
 * The plainest trace store: spans in arrays, merged and given to the reference evaluator at every query. The oracle that the embedded
 * engine is compared with, and the store of `--storage memory`. Nothing is durable and nothing is fast.
 */
import { CodedError } from '../base/coded-error.ts';
import { mergeTrace } from '../trace/merge.ts';
import type { Attribute, Span, Trace, TraceId } from '../trace/model.ts';
import { fieldValues, parseAttribute } from '../traceql/attributes.ts';
import type { Query } from '../traceql/ast.ts';
import { evaluateTrace } from '../traceql/evaluate.ts';
import { matchTrace, type TraceMatch } from '../traceql/match.ts';
import { startMetrics, type MetricSeries } from '../traceql/metrics.ts';
import type { Static } from '../traceql/static.ts';
import { decodeTraces } from '../wire/otlp-protobuf.ts';
import { toOtlpProtobuf } from '../wire/transcode.ts';
import type {
  Answer,
  AttributeNameScope,
  AttributeNamesRequest,
  AttributeValuesRequest,
  IngestBatch,
  IngestResult,
  MetricsRequest,
  QueryStats,
  SearchRequest,
  StoreStatus,
  TimeRange,
  TraceStore,
} from './trace-store.ts';
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
    const spans = this.tenants.get(request.tenant)?.get(request.traceId);
    const trace = spans && mergeTrace(request.traceId, [spans]);
    return answerOf(trace, statsOf(trace ? [trace] : []));
  }

  async search(request: SearchRequest): Promise<Answer<readonly TraceMatch[]>> {
    const matches: TraceMatch[] = [];
    const traces = this.tracesIn(request.tenant, request.range);
    for (const trace of traces) {
      request.signal?.throwIfAborted();
      const match = matchTrace(request.query, trace, request.spansPerSpanset);
      if (match) {
        matches.push(match);
      }
    }
    return answerOf(matches.sort(compareMatches).slice(0, request.limit), statsOf(traces));
  }

  async metrics(request: MetricsRequest): Promise<Answer<readonly MetricSeries[]>> {
    const metrics = startMetrics(request.query, request);
    const traces = this.tracesIn(request.tenant, { startUnixNanos: undefined, endUnixNanos: undefined });
    for (const trace of traces) {
      request.signal?.throwIfAborted();
      metrics.observe(trace);
    }
    return answerOf(metrics.finish(), statsOf(traces));
  }

  async attributeNames(
    request: AttributeNamesRequest
  ): Promise<Answer<ReadonlyMap<AttributeNameScope, readonly string[]>>> {
    const names: Record<AttributeNameScope, Set<string>> = {
      resource: new Set(),
      span: new Set(),
      event: new Set(),
      link: new Set(),
      instrumentation: new Set(),
    };
    const traces = this.tracesIn(request.tenant, request.range);
    for (const span of traces.flatMap((trace) => spansMatching(request.filter, trace))) {
      addKeys(names.resource, span.resource.attributes);
      addKeys(names.span, span.attributes);
      addKeys(names.instrumentation, span.scope.attributes);
      span.events.forEach((event) => addKeys(names.event, event.attributes));
      span.links.forEach((link) => addKeys(names.link, link.attributes));
    }
    const sorted = new Map<AttributeNameScope, readonly string[]>();
    for (const [scope, keys] of Object.entries(names)) {
      sorted.set(scope as AttributeNameScope, [...keys].sort());
    }
    return answerOf(sorted, statsOf(traces));
  }

  async attributeValues(request: AttributeValuesRequest): Promise<Answer<readonly Static[]>> {
    const field = parseAttribute(request.attribute);
    if (field === undefined) {
      throw new CodedError('invalid_argument', `${request.attribute} is no attribute or intrinsic`);
    }
    const distinct = new Map<string, Static>();
    const traces = this.tracesIn(request.tenant, request.range);
    for (const trace of traces) {
      for (const span of spansMatching(request.filter, trace)) {
        for (const value of fieldValues(field, span, trace)) {
          if (value.type !== 'nil') {
            distinct.set(`${value.type} ${textOf(value)}`, value);
          }
        }
      }
    }
    const values = [...distinct.values()].sort(compareStatics);
    const isCut = values.length > request.limit;
    return {
      ...answerOf(values.slice(0, request.limit), statsOf(traces)),
      partial: isCut,
      warnings: isCut ? [`only the first ${request.limit} of ${values.length} values`] : [],
    };
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

  private tracesIn(tenant: string, range: TimeRange): Trace[] {
    return [...(this.tenants.get(tenant) ?? [])]
      .map(([traceId, spans]) => mergeTrace(traceId, [spans]))
      .filter((trace) => overlaps(trace, range));
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

function overlaps(trace: Trace, { startUnixNanos, endUnixNanos }: TimeRange): boolean {
  const startsBeforeEnd = endUnixNanos === undefined || trace.spans.some((span) => span.startUnixNanos < endUnixNanos);
  const endsAfterStart =
    startUnixNanos === undefined ||
    trace.spans.some((span) => span.endUnixNanos >= startUnixNanos || span.startUnixNanos >= startUnixNanos);
  return startsBeforeEnd && endsAfterStart;
}

function spansMatching(filter: Query | undefined, trace: Trace): readonly Span[] {
  return filter === undefined
    ? trace.spans
    : evaluateTrace(filter, trace).flatMap((spanset) => spanset.spans.map((index) => trace.spans[index]));
}

function addKeys(keys: Set<string>, attributes: readonly Attribute[]): void {
  for (const { key } of attributes) {
    keys.add(key);
  }
}

/** Newest first. */
function compareMatches(a: TraceMatch, b: TraceMatch): number {
  if (a.startUnixNanos !== b.startUnixNanos) {
    return a.startUnixNanos > b.startUnixNanos ? -1 : 1;
  }
  return a.traceId < b.traceId ? -1 : a.traceId > b.traceId ? 1 : 0;
}

function compareStatics(a: Static, b: Static): number {
  if (a.type !== b.type) {
    return a.type < b.type ? -1 : 1;
  }
  if (a.type === 'nil' || b.type === 'nil' || a.type === 'array' || b.type === 'array') {
    return textOf(a) < textOf(b) ? -1 : 1;
  }
  return a.value < b.value ? -1 : a.value > b.value ? 1 : 0;
}

function textOf(value: Static): string {
  switch (value.type) {
    case 'nil':
      return 'nil';
    case 'array':
      return JSON.stringify(value.value.map(textOf));
    default:
      return String(value.value);
  }
}

function statsOf(traces: readonly Trace[]): QueryStats {
  const inspectedSpans = traces.reduce((sum, trace) => sum + trace.spans.length, 0);
  return { ...noStats, inspectedTraces: traces.length, inspectedSpans, soloTraces: traces.length };
}

function answerOf<T>(data: T, stats: QueryStats): Answer<T> {
  return { data, partial: false, warnings: [], stats };
}
