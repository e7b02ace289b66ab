/**
 * Answers of the store in the JSON shapes of Tempo's API (gogo jsonpb): 64-bit integers as strings, default values left out. A field set
 * to `undefined` here is left out by `JSON.stringify`. Only the lists at the top are always there, also when empty: strict decoders take
 * it, and a script can map over them. Grafana refuses bodies with fields it does not know: never add one; extra numbers
 * go into `additionalMetrics`.
 */
import type { Answer, QueryStats } from '../../store/trace-store.ts';
import type { Static } from '../../traceql/static.ts';
import type { TraceMatch } from '../../traceql/match.ts';
import type { MetricSeries } from '../../traceql/metrics.ts';
import { unreachable } from '../../base/assert.ts';
import { formatGoDuration } from '../duration.ts';

type Json = { readonly [key: string]: unknown };

export function searchBody(answer: Answer<readonly TraceMatch[]>): Json {
  return { traces: answer.data.map(traceMetadata), metrics: searchMetrics(answer) };
}

function traceMetadata(match: TraceMatch): Json {
  const spanSets = match.spansets.map((spanset) => ({
    spans: listOf(
      spanset.spans.map((span) => ({
        spanID: span.spanId,
        name: textOf(span.name),
        startTimeUnixNano: uint64Of(span.startUnixNanos),
        durationNanos: uint64Of(span.durationNanos),
        attributes: listOf(keyValues(span.attributes)),
      }))
    ),
    matched: numberOf(spanset.matched),
    attributes: listOf(keyValues(spanset.attributes)),
  }));
  return {
    traceID: match.traceId,
    rootServiceName: textOf(match.rootServiceName),
    rootTraceName: textOf(match.rootName),
    startTimeUnixNano: uint64Of(match.startUnixNanos),
    durationMs: numberOf(Number(match.durationNanos / 1_000_000n)),
    spanSet: spanSets[0],
    spanSets: listOf(spanSets),
    serviceStats: Object.fromEntries(
      [...match.serviceStats].map(([service, stats]) => [
        service,
        { spanCount: numberOf(stats.spanCount), errorCount: numberOf(stats.errorCount) },
      ])
    ),
  };
}

export function metricsRangeBody(answer: Answer<readonly MetricSeries[]>, seriesMax: number): Json {
  const { series, status, message } = cutSeries(answer, seriesMax);
  return {
    series: series.map((one) => ({
      labels: listOf(keyValues(one.labels)),
      samples: listOf(
        one.samples.map((sample) => ({
          timestampMs: uint64Of(sample.timestampUnixNanos / 1_000_000n),
          value: doubleOf(sample.value),
        }))
      ),
      exemplars: listOf(
        one.exemplars.map((exemplar) => ({
          labels: listOf(keyValues(exemplar.labels)),
          value: doubleOf(exemplar.value),
          timestampMs: uint64Of(exemplar.timestampUnixNanos / 1_000_000n),
        }))
      ),
    })),
    metrics: searchMetrics(answer),
    status,
    message,
  };
}

export function metricsInstantBody(answer: Answer<readonly MetricSeries[]>, seriesMax: number): Json {
  const { series, status, message } = cutSeries(answer, seriesMax);
  return {
    series: series
      .filter((one) => one.samples.length > 0)
      .map((one) => ({ labels: listOf(keyValues(one.labels)), value: doubleOf(one.samples[0].value) })),
    metrics: searchMetrics(answer),
    status,
    message,
  };
}

function cutSeries(
  answer: Answer<readonly MetricSeries[]>,
  seriesMax: number
): { series: readonly MetricSeries[]; status: string | undefined; message: string | undefined } {
  const warnings = [...answer.warnings];
  const isCut = seriesMax > 0 && answer.data.length > seriesMax;
  if (isCut) {
    warnings.push(
      `Response exceeds maximum series limit of ${seriesMax}, a partial response is returned. Warning: the accuracy of each individual value is not guaranteed.`
    );
  }
  return {
    series: isCut ? answer.data.slice(0, seriesMax) : answer.data,
    status: isCut || answer.partial ? 'PARTIAL' : undefined,
    message: textOf(warnings.join('; ')),
  };
}

/** Tempo's SearchMetrics. Jobs and backend reads are Tempo's machinery: one query is one job here. */
export function searchMetrics(answer: Answer<unknown>): Json {
  const { stats } = answer;
  return {
    inspectedTraces: numberOf(stats.inspectedTraces),
    inspectedBytes: uint64Of(BigInt(stats.inspectedBytes)),
    totalBlocks: numberOf(stats.blocks),
    completedJobs: 1,
    totalJobs: 1,
    inspectedSpans: uint64Of(BigInt(stats.inspectedSpans)),
    additionalMetrics: additionalMetrics(stats, answer.partial),
  };
}

/** Tempo's MetadataMetrics, of names and values. */
export function metadataMetrics(answer: Answer<unknown>): Json {
  const { stats } = answer;
  return {
    inspectedBytes: uint64Of(BigInt(stats.inspectedBytes)),
    totalJobs: 1,
    completedJobs: 1,
    totalBlocks: numberOf(stats.blocks),
    additionalMetrics: additionalMetrics(stats, answer.partial),
  };
}

/** The one open map of the format, string to int64: what Tempo has no field for. */
function additionalMetrics(stats: QueryStats, partial: boolean): Json | undefined {
  const named: readonly (readonly [string, number])[] = [
    ['blocksRead', stats.blocksRead],
    ['soloTraces', stats.soloTraces],
    ['splitTraces', stats.splitTraces],
    ['partial', partial ? 1 : 0],
  ];
  const present = named.filter(([, value]) => value !== 0);
  return present.length === 0 ? undefined : Object.fromEntries(present.map(([name, value]) => [name, String(value)]));
}

export function keyValues(pairs: readonly (readonly [string, Static])[]): Json[] {
  return pairs.map(([key, value]) => ({ key, value: anyValueOf(value) }));
}

/** A TraceQL value as OTLP AnyValue in JSON. */
export function anyValueOf(value: Static): Json {
  switch (value.type) {
    case 'nil':
      return { stringValue: 'nil' };
    case 'int':
      return { intValue: String(value.value) };
    case 'float':
      return { doubleValue: jsonNumber(value.value) };
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
    default:
      return { type: value.type, value: String(value.value) };
  }
}

/** jsonpb writes what JSON numbers cannot say as strings. */
function jsonNumber(value: number): number | string {
  if (Number.isFinite(value)) {
    return value;
  }
  return Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity';
}

function doubleOf(value: number): number | string | undefined {
  return value === 0 ? undefined : jsonNumber(value);
}

function numberOf(value: number): number | undefined {
  return value === 0 ? undefined : value;
}

/** Unsigned on the wire: a negative duration (a span that ends before it starts) is shown as 0 and left out. */
function uint64Of(value: bigint): string | undefined {
  return value <= 0n ? undefined : String(value);
}

function textOf(value: string | undefined): string | undefined {
  return value === '' ? undefined : value;
}

function listOf<T>(values: readonly T[]): readonly T[] | undefined {
  return values.length === 0 ? undefined : values;
}
