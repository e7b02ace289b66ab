/**
 * Messages of `jaeger.api_v3.QueryService`: each interface is the JSON body, the constant of its name the schema. Traces themselves are OTLP.
 *
 * Source: jaeger-idl, proto/api_v3/query_service.proto (Apache-2.0).
 */
import { message } from '../../wire/protobuf-schema.ts';

/** A time since the epoch, or a duration. */
export interface SecondsNanos {
  readonly seconds?: string;
  readonly nanos?: number;
}

const secondsNanos = message<SecondsNanos>('Timestamp', { seconds: [1, 'int64'], nanos: [2, 'uint32'] });

export interface GetTraceRequest {
  readonly traceId?: string;
}

export interface TraceQueryParameters {
  readonly serviceName?: string;
  readonly operationName?: string;
  readonly attributes?: Readonly<Record<string, string>>;
  readonly startTimeMin?: SecondsNanos;
  readonly startTimeMax?: SecondsNanos;
  readonly durationMin?: SecondsNanos;
  readonly durationMax?: SecondsNanos;
  readonly searchDepth?: number;
  /** Experimental: known so that it can be refused; a filter that is not heeded would answer too much. */
  readonly filter?: object;
}

export interface FindTracesRequest {
  readonly query?: TraceQueryParameters;
}

export interface GetServicesResponse {
  readonly services?: readonly string[];
}

export interface GetOperationsRequest {
  readonly service?: string;
  readonly spanKind?: string;
}

export interface Operation {
  readonly name?: string;
  readonly spanKind?: string;
}

export interface GetOperationsResponse {
  readonly operations?: readonly Operation[];
}

export interface GetDependenciesRequest {
  readonly startTime?: SecondsNanos;
  readonly endTime?: SecondsNanos;
}

export interface DependenciesResponse {
  readonly dependencies?: readonly {
    readonly parent?: string;
    readonly child?: string;
    readonly callCount?: string;
  }[];
}

export interface JaegerTraceSummary {
  readonly traceId?: string;
  readonly rootServiceName?: string;
  readonly rootOperationName?: string;
  readonly minStartTimeUnixNano?: string;
  readonly maxEndTimeUnixNano?: string;
  readonly spanCount?: number;
  readonly errorSpanCount?: number;
  /** Spans whose parent is not in the trace. */
  readonly orphanSpanCount?: number;
  readonly services?: readonly {
    readonly name?: string;
    readonly spanCount?: number;
    readonly errorSpanCount?: number;
  }[];
}

export interface FindTraceSummariesResponse {
  readonly summaries?: readonly JaegerTraceSummary[];
}

export const getTraceRequest = message<GetTraceRequest>('GetTraceRequest', { traceId: [1, 'string'] });

const traceQueryParameters = message<TraceQueryParameters>('TraceQueryParameters', {
  serviceName: [1, 'string'],
  operationName: [2, 'string'],
  attributes: [3, { map: 'string' }],
  startTimeMin: [4, { message: secondsNanos.schema }],
  startTimeMax: [5, { message: secondsNanos.schema }],
  durationMin: [6, { message: secondsNanos.schema }],
  durationMax: [7, { message: secondsNanos.schema }],
  searchDepth: [8, 'uint32'],
  filter: [10, { message: {} }],
});

/** Also of FindTraceSummaries. */
export const findTracesRequest = message<FindTracesRequest>('FindTracesRequest', {
  query: [1, { message: traceQueryParameters.schema }],
});

export const getServicesResponse = message<GetServicesResponse>('GetServicesResponse', {
  services: [1, { repeated: 'string' }],
});

export const getOperationsRequest = message<GetOperationsRequest>('GetOperationsRequest', {
  service: [1, 'string'],
  spanKind: [2, 'string'],
});

const operation = message<Operation>('Operation', { name: [1, 'string'], spanKind: [2, 'string'] });

export const getOperationsResponse = message<GetOperationsResponse>('GetOperationsResponse', {
  operations: [1, { repeated: { message: operation.schema } }],
});

export const getDependenciesRequest = message<GetDependenciesRequest>('GetDependenciesRequest', {
  startTime: [1, { message: secondsNanos.schema }],
  endTime: [2, { message: secondsNanos.schema }],
});

const dependency = message<{ parent?: string; child?: string; callCount?: string }>('Dependency', {
  parent: [1, 'string'],
  child: [2, 'string'],
  callCount: [3, 'uint64'],
});

export const dependenciesResponse = message<DependenciesResponse>('DependenciesResponse', {
  dependencies: [1, { repeated: { message: dependency.schema } }],
});

const serviceSummary = message<{ name?: string; spanCount?: number; errorSpanCount?: number }>('ServiceSummary', {
  name: [1, 'string'],
  spanCount: [2, 'uint32'],
  errorSpanCount: [3, 'uint32'],
});

const traceSummary = message<JaegerTraceSummary>('TraceSummary', {
  traceId: [1, 'string'],
  rootServiceName: [2, 'string'],
  rootOperationName: [3, 'string'],
  minStartTimeUnixNano: [4, 'fixed64'],
  maxEndTimeUnixNano: [5, 'fixed64'],
  spanCount: [6, 'uint32'],
  errorSpanCount: [7, 'uint32'],
  orphanSpanCount: [8, 'uint32'],
  services: [9, { repeated: { message: serviceSummary.schema } }],
});

export const findTraceSummariesResponse = message<FindTraceSummariesResponse>('FindTraceSummariesResponse', {
  summaries: [1, { repeated: { message: traceSummary.schema } }],
});
