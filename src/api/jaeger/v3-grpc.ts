/** `jaeger.api_v3.QueryService` over gRPC. */
import type { Span } from '../../trace/model.ts';
import { encodeTraces } from '../../wire/otlp-protobuf.ts';
import { decodeMessage, encodeMessage } from '../../wire/protobuf-schema.ts';
import type { GrpcMethod } from '../stream/grpc.ts';
import { encodeInParts, messageBytesMax } from '../stream/split.ts';
import { findTraces, getDependencies, getOperations, getServices, getTrace, summaryOf } from './v3.ts';
import {
  dependenciesResponse,
  findTracesRequest,
  findTraceSummariesResponse,
  getDependenciesRequest,
  getOperationsRequest,
  getOperationsResponse,
  getServicesResponse,
  getTraceRequest,
} from './v3-messages.ts';

export const jaegerService = '/jaeger.api_v3.QueryService/';

export const jaegerMethods: Readonly<Record<string, GrpcMethod>> = {
  GetTrace: {
    name: 'grpc_jaeger_trace',
    open: async function* (message, call, context) {
      const { found } = await getTrace(call, context, decodeMessage(getTraceRequest, message));
      yield* encodedSpans(found.spans);
    },
  },
  FindTraces: {
    name: 'grpc_jaeger_traces',
    open: async function* (message, call, context) {
      const { found } = await findTraces(call, context, decodeMessage(findTracesRequest, message).query);
      for (const { spans } of found) {
        yield* encodedSpans(spans);
      }
    },
  },
  FindTraceSummaries: {
    name: 'grpc_jaeger_summaries',
    open: async function* (message, call, context) {
      const { found } = await findTraces(call, context, decodeMessage(findTracesRequest, message).query);
      yield* encodeInParts(findTraceSummariesResponse, { summaries: found.map(summaryOf) }, 'summaries');
    },
  },
  GetServices: {
    name: 'grpc_jaeger_services',
    open: async function* (_message, call, context) {
      yield encodeMessage(getServicesResponse, (await getServices(call, context)).found);
    },
  },
  GetOperations: {
    name: 'grpc_jaeger_operations',
    open: async function* (message, call, context) {
      const wanted = decodeMessage(getOperationsRequest, message);
      yield encodeMessage(getOperationsResponse, (await getOperations(call, context, wanted)).found);
    },
  },
  GetDependencies: {
    name: 'grpc_jaeger_dependencies',
    open: async function* (message, call, context) {
      const wanted = decodeMessage(getDependenciesRequest, message);
      yield encodeMessage(dependenciesResponse, (await getDependencies(call, context, wanted)).found);
    },
  },
};

/** A trace in messages of at most 1 MiB; a span above that goes alone, whole. */
function* encodedSpans(spans: readonly Span[]): Generator<Uint8Array> {
  const bytes = encodeTraces(spans);
  if (bytes.length <= messageBytesMax || spans.length === 1) {
    yield bytes;
    return;
  }
  const half = Math.ceil(spans.length / 2);
  yield* encodedSpans(spans.slice(0, half));
  yield* encodedSpans(spans.slice(half));
}
