/**
 * Answers of the store as messages of Tempo's API. Grafana refuses bodies with fields it does not know: never add one; extra numbers go
 * into `additionalMetrics`.
 */
import type { Answer } from '../../store/trace-store.ts';
import type { Static } from '../../traceql/static.ts';
import type { TraceMatch } from '../../traceql/match.ts';
import type { MetricSeries } from '../../traceql/metrics.ts';
import type {
  JsonAnyValue,
  JsonKeyValue,
  MetadataMetrics,
  PartialStatus,
  QueryInstantResponse,
  QueryRangeResponse,
  SearchMetrics,
  SearchResponse,
  TraceSearchMetadata,
} from '../../wire/tempo.ts';
import { unreachable } from '../../base/assert.ts';
import { formatGoDuration } from '../duration.ts';

/** `hasSpansets`: not for a search by tags, whose traces come without spans. */
export function searchBody(answer: Answer<readonly TraceMatch[]>, hasSpansets: boolean): SearchResponse {
  return { traces: answer.data.map(hasSpansets ? traceMetadata : traceHead), metrics: searchMetrics(answer) };
}

const uint32Max = 0xffff_ffff;

function traceMetadata(match: TraceMatch): TraceSearchMetadata {
  const spanSets = match.spansets.map((spanset) => ({
    spans: spanset.spans.map((span) => ({
      spanID: span.spanId,
      name: span.name,
      startTimeUnixNano: String(span.startUnixNanos),
      durationNanos: uint64Of(span.durationNanos),
      attributes: keyValues(span.attributes),
    })),
    matched: spanset.matched,
    attributes: keyValues(spanset.attributes),
  }));
  return {
    ...traceHead(match),
    spanSet: spanSets[0],
    spanSets,
    serviceStats: Object.fromEntries(match.serviceStats),
  };
}

function traceHead(match: TraceMatch): TraceSearchMetadata {
  return {
    traceID: match.traceId,
    rootServiceName: match.rootServiceName,
    rootTraceName: match.rootName,
    startTimeUnixNano: String(match.startUnixNanos),
    durationMs: Math.min(uint32Max, Number(match.durationNanos / 1_000_000n)),
  };
}

export function metricsRangeBody(answer: Answer<readonly MetricSeries[]>, seriesMax: number): QueryRangeResponse {
  const { series, ...rest } = cutSeries(answer, seriesMax);
  return {
    series: series.map((one) => ({
      labels: keyValues(one.labels),
      samples: one.samples.map((sample) => ({
        timestampMs: String(sample.timestampUnixNanos / 1_000_000n),
        value: sample.value,
      })),
      exemplars: one.exemplars.map((exemplar) => ({
        labels: keyValues(exemplar.labels),
        value: exemplar.value,
        timestampMs: String(exemplar.timestampUnixNanos / 1_000_000n),
      })),
    })),
    metrics: searchMetrics(answer),
    ...rest,
  };
}

/** Whole: an instant query has no `maxSeries`, as in Tempo. */
export function metricsInstantBody(answer: Answer<readonly MetricSeries[]>): QueryInstantResponse {
  const { series, ...rest } = cutSeries(answer);
  return {
    series: series
      .filter((one) => one.samples.length > 0)
      .map((one) => ({ labels: keyValues(one.labels), value: one.samples[0].value })),
    metrics: searchMetrics(answer),
    ...rest,
  };
}

function cutSeries(
  answer: Answer<readonly MetricSeries[]>,
  seriesMax = Number.POSITIVE_INFINITY
): { series: readonly MetricSeries[]; status: PartialStatus; message: string } {
  const warnings = [...answer.warnings];
  const isCut = answer.data.length > seriesMax;
  if (isCut) {
    warnings.push(
      `Response exceeds maximum series limit of ${seriesMax}, a partial response is returned. Warning: the accuracy of each individual value is not guaranteed.`
    );
  }
  return {
    series: isCut ? answer.data.slice(0, seriesMax) : answer.data,
    status: isCut || answer.partial ? 'PARTIAL' : 'COMPLETE',
    message: warnings.join('; '),
  };
}

/** Jobs and backend reads are Tempo's machinery: one query is one job here. */
export function searchMetrics(answer: Answer<unknown>): SearchMetrics {
  const { stats } = answer;
  return {
    inspectedTraces: stats.inspectedTraces,
    inspectedBytes: String(stats.inspectedBytes),
    totalBlocks: stats.blocks,
    completedJobs: 1,
    totalJobs: 1,
    inspectedSpans: String(stats.inspectedSpans),
    additionalMetrics: additionalMetrics(answer),
  };
}

export function metadataMetrics(answer: Answer<unknown>): MetadataMetrics {
  const { stats } = answer;
  return {
    inspectedBytes: String(stats.inspectedBytes),
    totalJobs: 1,
    completedJobs: 1,
    totalBlocks: stats.blocks,
    additionalMetrics: additionalMetrics(answer),
  };
}

/** The one open map of the format: what Tempo has no field for. `partial` is 1 when something is missing from the answer. */
function additionalMetrics({ stats, partial }: Answer<unknown>): Readonly<Record<string, string>> {
  return {
    blocksRead: String(stats.blocksRead),
    soloTraces: String(stats.soloTraces),
    splitTraces: String(stats.splitTraces),
    ...(partial ? { partial: '1' } : {}),
  };
}

function keyValues(pairs: readonly (readonly [string, Static])[]): JsonKeyValue[] {
  return pairs.map(([key, value]) => ({ key, value: anyValueOf(value) }));
}

/** A TraceQL value as OTLP AnyValue in JSON. */
export function anyValueOf(value: Static): JsonAnyValue {
  switch (value.type) {
    case 'nil':
      return { stringValue: 'nil' };
    case 'int':
      return { intValue: String(value.value) };
    case 'float':
      return { doubleValue: value.value };
    case 'string':
    case 'status':
    case 'kind':
      return { stringValue: value.value };
    case 'bool':
      return { boolValue: value.value };
    case 'duration':
      return { stringValue: formatGoDuration(value.value) };
    case 'array':
      return { arrayValue: { values: value.value.map(anyValueOf) } };
    default:
      return unreachable(value);
  }
}

/** A value of an attribute as the tag values endpoints list it. */
export function tagValueOf(value: Static): { type: string; value: string } {
  switch (value.type) {
    case 'nil':
      return { type: 'keyword', value: 'nil' };
    case 'status':
    case 'kind':
      return { type: 'keyword', value: value.value };
    case 'duration':
      return { type: 'duration', value: formatGoDuration(value.value) };
    case 'array':
      return { type: 'string', value: JSON.stringify(value.value.map((element) => tagValueOf(element).value)) };
    case 'float':
      return { type: 'float', value: formatFloat(value.value) };
    default:
      return { type: value.type, value: String(value.value) };
  }
}

/** As TraceQL writes it: `1.0`, so that what a client puts into a query is a float again. */
function formatFloat(value: number): string {
  const text = String(value);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}

/** Unsigned on the wire: a negative duration (a span that ends before it starts) is shown as 0. */
function uint64Of(value: bigint): string {
  return value < 0n ? '0' : String(value);
}
