import type { Span } from '../trace/model.ts';
import { tempoV2JsonOptions, tracesToJson } from './otlp-json.ts';
import { readTraces, writeTraces } from './otlp-protobuf.ts';
import { message, messageToJson, readMessage, writeMessage } from './protobuf-schema.ts';
import { ProtobufReader, ProtobufWriter } from './protobuf.ts';

export { decodeMessage, encodeMessage, messageToJson } from './protobuf-schema.ts';

/**
 * Messages of Grafana Tempo's query API. Each interface is the JSON body (64-bit integers as decimal strings, enums as names, every
 * default value left out), each constant of the same name its schema: `encodeMessage(searchResponse, answer)` is protobuf,
 * `messageToJson(searchResponse, answer)` what JSON.stringify wants, `decodeMessage(searchResponse, bytes)` the way back.
 *
 * Source: field numbers of tempopb (Apache-2.0), Tempo 3.1.
 */

/** OTLP KeyValue as JSON. */
export interface JsonKeyValue {
  readonly key?: string;
  readonly value?: JsonAnyValue;
}

export interface JsonAnyValue {
  readonly stringValue?: string;
  readonly boolValue?: boolean;
  readonly intValue?: string;
  readonly doubleValue?: number | string;
  readonly arrayValue?: { readonly values?: readonly JsonAnyValue[] };
  readonly kvlistValue?: { readonly values?: readonly JsonKeyValue[] };
  readonly bytesValue?: string;
}

export interface SearchMetrics {
  readonly inspectedTraces?: number;
  readonly inspectedBytes?: string;
  readonly totalBlocks?: number;
  readonly completedJobs?: number;
  readonly totalJobs?: number;
  readonly totalBlockBytes?: string;
  readonly inspectedSpans?: string;
  readonly backendReads?: string;
  readonly backendBytes?: string;
  readonly additionalMetrics?: Readonly<Record<string, string>>;
}

export interface MetadataMetrics {
  readonly inspectedBytes?: string;
  readonly totalJobs?: number;
  readonly completedJobs?: number;
  readonly totalBlocks?: number;
  readonly totalBlockBytes?: string;
  readonly backendReads?: string;
  readonly backendBytes?: string;
  readonly additionalMetrics?: Readonly<Record<string, string>>;
}

export interface TraceByIdMetrics {
  readonly inspectedBytes?: string;
  readonly backendReads?: string;
  readonly backendBytes?: string;
  readonly additionalMetrics?: Readonly<Record<string, string>>;
}

export type PartialStatus = 'COMPLETE' | 'PARTIAL';

export interface SearchRequest {
  readonly tags?: Readonly<Record<string, string>>;
  readonly minDurationMs?: number;
  readonly maxDurationMs?: number;
  readonly limit?: number;
  /** Unix seconds. */
  readonly start?: number;
  readonly end?: number;
  readonly query?: string;
  readonly spansPerSpanSet?: number;
}

export interface SearchResponse {
  readonly traces?: readonly TraceSearchMetadata[];
  readonly metrics?: SearchMetrics;
}

export interface TraceSearchMetadata {
  readonly traceID?: string;
  readonly rootServiceName?: string;
  readonly rootTraceName?: string;
  readonly startTimeUnixNano?: string;
  readonly durationMs?: number;
  /** The first of `spanSets`; deprecated, and still read. */
  readonly spanSet?: SearchSpanSet;
  readonly spanSets?: readonly SearchSpanSet[];
  readonly serviceStats?: Readonly<Record<string, ServiceStats>>;
}

export interface ServiceStats {
  readonly spanCount?: number;
  readonly errorCount?: number;
}

export interface SearchSpanSet {
  readonly spans?: readonly SearchSpan[];
  /** All that match, of which `spans` holds the first. */
  readonly matched?: number;
  readonly attributes?: readonly JsonKeyValue[];
}

export interface SearchSpan {
  readonly spanID?: string;
  readonly name?: string;
  readonly startTimeUnixNano?: string;
  readonly durationNanos?: string;
  readonly attributes?: readonly JsonKeyValue[];
}

export interface SearchTagsRequest {
  readonly scope?: string;
  readonly query?: string;
  readonly start?: number;
  readonly end?: number;
  readonly maxTagsPerScope?: number;
  readonly staleValuesThreshold?: number;
}

export interface SearchTagsResponse {
  readonly tagNames?: readonly string[];
  readonly metrics?: MetadataMetrics;
}

export interface SearchTagsV2Response {
  readonly scopes?: readonly SearchTagsV2Scope[];
  readonly metrics?: MetadataMetrics;
}

export interface SearchTagsV2Scope {
  readonly name?: string;
  readonly tags?: readonly string[];
}

export interface SearchTagValuesRequest {
  readonly tagName?: string;
  readonly query?: string;
  readonly start?: number;
  readonly end?: number;
  readonly maxTagValues?: number;
  readonly staleValueThreshold?: number;
}

export interface SearchTagValuesResponse {
  readonly tagValues?: readonly string[];
  readonly metrics?: MetadataMetrics;
}

export interface SearchTagValuesV2Response {
  readonly tagValues?: readonly TagValue[];
  readonly metrics?: MetadataMetrics;
}

export interface TagValue {
  /** string, int, float, bool, duration or keyword. */
  readonly type?: string;
  readonly value?: string;
}

export interface QueryRangeRequest {
  readonly query?: string;
  /** Unix nanoseconds, as `end`. */
  readonly start?: string;
  readonly end?: string;
  /** Nanoseconds. */
  readonly step?: string;
  readonly exemplars?: number;
  readonly maxSeries?: number;
  readonly instant?: boolean;
}

export interface QueryRangeResponse {
  readonly series?: readonly TimeSeries[];
  readonly metrics?: SearchMetrics;
  readonly status?: PartialStatus;
  readonly message?: string;
}

export interface TimeSeries {
  readonly labels?: readonly JsonKeyValue[];
  readonly samples?: readonly Sample[];
  readonly exemplars?: readonly Exemplar[];
}

export interface Sample {
  readonly value?: number;
  readonly timestampMs?: string;
}

export interface Exemplar {
  readonly labels?: readonly JsonKeyValue[];
  readonly value?: number;
  readonly timestampMs?: string;
}

export interface QueryInstantRequest {
  readonly query?: string;
  readonly start?: string;
  readonly end?: string;
}

export interface QueryInstantResponse {
  readonly series?: readonly InstantSeries[];
  readonly metrics?: SearchMetrics;
  readonly status?: PartialStatus;
  readonly message?: string;
}

export interface InstantSeries {
  readonly labels?: readonly JsonKeyValue[];
  readonly value?: number;
}

/** The v2 answer. `trace` is written even when it is empty: clients read it without a check. */
export interface TraceByIdResponse {
  readonly trace: readonly Span[];
  readonly metrics?: TraceByIdMetrics;
  readonly status?: PartialStatus;
  readonly message?: string;
}

const partialStatus = { enum: ['COMPLETE', 'PARTIAL'] } as const;
const counters = { map: 'int64' } as const;

const searchMetrics = message<SearchMetrics>('SearchMetrics', {
  inspectedTraces: [1, 'uint32'],
  inspectedBytes: [2, 'uint64'],
  totalBlocks: [3, 'uint32'],
  completedJobs: [4, 'uint32'],
  totalJobs: [5, 'uint32'],
  totalBlockBytes: [6, 'uint64'],
  inspectedSpans: [7, 'uint64'],
  backendReads: [8, 'uint64'],
  backendBytes: [9, 'uint64'],
  additionalMetrics: [10, counters],
});

const metadataMetrics = message<MetadataMetrics>('MetadataMetrics', {
  inspectedBytes: [1, 'uint64'],
  totalJobs: [2, 'uint32'],
  completedJobs: [3, 'uint32'],
  totalBlocks: [4, 'uint32'],
  totalBlockBytes: [5, 'uint64'],
  backendReads: [6, 'uint64'],
  backendBytes: [7, 'uint64'],
  additionalMetrics: [8, counters],
});

export const searchRequest = message<SearchRequest>('SearchRequest', {
  tags: [1, { map: 'string' }],
  minDurationMs: [2, 'uint32'],
  maxDurationMs: [3, 'uint32'],
  limit: [4, 'uint32'],
  start: [5, 'uint32'],
  end: [6, 'uint32'],
  query: [8, 'string'],
  spansPerSpanSet: [9, 'uint32'],
});

const searchSpan = message<SearchSpan>('Span', {
  spanID: [1, 'string'],
  name: [2, 'string'],
  startTimeUnixNano: [3, 'uint64'],
  durationNanos: [4, 'uint64'],
  attributes: [5, 'keyValues'],
});

const searchSpanSet = message<SearchSpanSet>('SpanSet', {
  spans: [1, { repeated: { message: searchSpan.schema } }],
  matched: [2, 'uint32'],
  attributes: [3, 'keyValues'],
});

const serviceStats = message<ServiceStats>('ServiceStats', { spanCount: [1, 'uint32'], errorCount: [2, 'uint32'] });

const traceSearchMetadata = message<TraceSearchMetadata>('TraceSearchMetadata', {
  traceID: [1, 'string'],
  rootServiceName: [2, 'string'],
  rootTraceName: [3, 'string'],
  startTimeUnixNano: [4, 'uint64'],
  durationMs: [5, 'uint32'],
  spanSet: [6, { message: searchSpanSet.schema }],
  spanSets: [7, { repeated: { message: searchSpanSet.schema } }],
  serviceStats: [8, { map: { message: serviceStats.schema } }],
});

export const searchResponse = message<SearchResponse>('SearchResponse', {
  traces: [1, { repeated: { message: traceSearchMetadata.schema } }],
  metrics: [2, { message: searchMetrics.schema }],
});

export const searchTagsRequest = message<SearchTagsRequest>('SearchTagsRequest', {
  scope: [1, 'string'],
  query: [2, 'string'],
  start: [3, 'uint32'],
  end: [4, 'uint32'],
  maxTagsPerScope: [5, 'uint32'],
  staleValuesThreshold: [6, 'uint32'],
});

export const searchTagsResponse = message<SearchTagsResponse>('SearchTagsResponse', {
  tagNames: [1, { repeated: 'string' }],
  metrics: [2, { message: metadataMetrics.schema }],
});

const searchTagsV2Scope = message<SearchTagsV2Scope>('SearchTagsV2Scope', {
  name: [1, 'string'],
  tags: [2, { repeated: 'string' }],
});

export const searchTagsV2Response = message<SearchTagsV2Response>('SearchTagsV2Response', {
  scopes: [1, { repeated: { message: searchTagsV2Scope.schema } }],
  metrics: [2, { message: metadataMetrics.schema }],
});

export const searchTagValuesRequest = message<SearchTagValuesRequest>('SearchTagValuesRequest', {
  tagName: [1, 'string'],
  query: [2, 'string'],
  start: [4, 'uint32'],
  end: [5, 'uint32'],
  maxTagValues: [6, 'uint32'],
  staleValueThreshold: [7, 'uint32'],
});

export const searchTagValuesResponse = message<SearchTagValuesResponse>('SearchTagValuesResponse', {
  tagValues: [1, { repeated: 'string' }],
  metrics: [2, { message: metadataMetrics.schema }],
});

const tagValue = message<TagValue>('TagValue', { type: [1, 'string'], value: [2, 'string'] });

export const searchTagValuesV2Response = message<SearchTagValuesV2Response>('SearchTagValuesV2Response', {
  tagValues: [1, { repeated: { message: tagValue.schema } }],
  metrics: [2, { message: metadataMetrics.schema }],
});

export const queryRangeRequest = message<QueryRangeRequest>('QueryRangeRequest', {
  query: [1, 'string'],
  start: [2, 'uint64'],
  end: [3, 'uint64'],
  step: [4, 'uint64'],
  exemplars: [16, 'uint32'],
  maxSeries: [17, 'uint32'],
  instant: [18, 'bool'],
});

const sample = message<Sample>('Sample', { value: [1, 'double'], timestampMs: [2, 'int64'] });

const exemplar = message<Exemplar>('Exemplar', {
  labels: [1, 'keyValues'],
  value: [2, 'double'],
  timestampMs: [3, 'int64'],
});

const timeSeries = message<TimeSeries>('TimeSeries', {
  labels: [1, 'keyValues'],
  samples: [2, { repeated: { message: sample.schema } }],
  exemplars: [4, { repeated: { message: exemplar.schema } }],
});

export const queryRangeResponse = message<QueryRangeResponse>('QueryRangeResponse', {
  series: [1, { repeated: { message: timeSeries.schema } }],
  metrics: [2, { message: searchMetrics.schema }],
  status: [3, partialStatus],
  message: [4, 'string'],
});

export const queryInstantRequest = message<QueryInstantRequest>('QueryInstantRequest', {
  query: [1, 'string'],
  start: [2, 'uint64'],
  end: [3, 'uint64'],
});

const instantSeries = message<InstantSeries>('InstantSeries', { labels: [1, 'keyValues'], value: [2, 'double'] });

export const queryInstantResponse = message<QueryInstantResponse>('QueryInstantResponse', {
  series: [1, { repeated: { message: instantSeries.schema } }],
  metrics: [2, { message: searchMetrics.schema }],
  status: [3, partialStatus],
  message: [4, 'string'],
});

type TraceByIdEnvelope = Omit<TraceByIdResponse, 'trace'>;

const traceByIdMetrics = message<TraceByIdMetrics>('TraceByIDMetrics', {
  inspectedBytes: [1, 'uint64'],
  backendReads: [2, 'uint64'],
  backendBytes: [3, 'uint64'],
  additionalMetrics: [4, counters],
});

/** All but the trace, which has codecs of its own. */
const traceByIdEnvelope = message<TraceByIdEnvelope>('TraceByIDResponse', {
  metrics: [2, { message: traceByIdMetrics.schema }],
  status: [3, partialStatus],
  message: [4, 'string'],
});

export function encodeTraceByIdResponse(response: TraceByIdResponse): Uint8Array<ArrayBuffer> {
  const writer = new ProtobufWriter(Math.max(1024, 512 * response.trace.length));
  const mark = writer.begin(1);
  writeTraces(writer, response.trace);
  writer.end(mark);
  writeMessage(writer, traceByIdEnvelope.schema, { ...response });
  return writer.finish();
}

/** Errors: `invalid_argument`. */
export function decodeTraceByIdResponse(bytes: Uint8Array): TraceByIdResponse {
  const trace: Span[] = [];
  const reader = new ProtobufReader(bytes, traceByIdEnvelope.name);
  while (reader.next()) {
    if (reader.field === 1) {
      for (const span of readTraces(reader.message())) {
        trace.push(span);
      }
    } else {
      reader.skip();
    }
  }
  const envelope: TraceByIdEnvelope = readMessage(
    new ProtobufReader(bytes, traceByIdEnvelope.name),
    traceByIdEnvelope.schema
  );
  return { trace, ...envelope };
}

/** `{"trace":{"resourceSpans":[…]},"metrics":…}`, ready for JSON.stringify. */
export function traceByIdResponseToJson(response: TraceByIdResponse): Readonly<Record<string, unknown>> {
  return { ...tracesToJson(response.trace, tempoV2JsonOptions), ...messageToJson(traceByIdEnvelope, response) };
}
