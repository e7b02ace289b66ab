/** `/jaeger/api/v3/…`: the JSON form of `jaeger.api_v3.QueryService`. Streams are one body, `{"result":{"resourceSpans":[…]}}`. */
import { CodedError, errorCodeOf } from '../../base/coded-error.ts';
import { errorText } from '../error-response.ts';
import { errorTable } from '../errors.ts';
import { isObject, parseJsonText, stringifyJson } from '../../wire/json.ts';
import { otlpJsonOptions, tracesToJson } from '../../wire/otlp-json.ts';
import { messageToJson, type Message } from '../../wire/protobuf-schema.ts';
import type { Trace } from '../../trace/model.ts';
import type { ApiContext, ApiRequest, ApiResponse } from '../exchange.ts';
import { contentTypes } from '../exchange.ts';
import {
  decodeSegment,
  durationParam,
  integerParam,
  invalid,
  parseRfc3339,
  quote,
  textParam,
} from '../tempo/params.ts';
import { warningHeaders, type Found } from '../whole-traces.ts';
import { findTraces, getDependencies, getOperations, getServices, getTrace, summaryOf } from './v3.ts';
import {
  dependenciesResponse,
  findTraceSummariesResponse,
  getOperationsResponse,
  getServicesResponse,
  type SecondsNanos,
  type TraceQueryParameters,
} from './v3-messages.ts';

type Handler = (request: ApiRequest, context: ApiContext, segment: string) => Promise<ApiResponse>;

/** The client's errors as Jaeger's gateway writes them; our own are left to the door, which gives them an id. */
function inGatewayForm(handle: Handler): Handler {
  return async (request, context, segment) => {
    try {
      return await handle(request, context, segment);
    } catch (error) {
      if (!(error instanceof CodedError) || error.code === 'internal') {
        throw error;
      }
      const { http, grpc } = errorTable[errorCodeOf(error)];
      const message = errorText(error, () => '');
      const body = { error: { grpcCode: grpc, httpCode: http, message, httpStatus: String(http) } };
      return { status: http, contentType: contentTypes.json, body: stringifyJson(body) };
    }
  };
}

export const v3Trace = inGatewayForm(async (request, context, segment) => {
  const { found, warnings } = await getTrace(request, context, { traceId: decodeSegment(segment) });
  return tracesResponse({ found: [found], warnings });
});

export const v3Traces = inGatewayForm(async (request, context) =>
  tracesResponse(await findTraces(request, context, queryOf(request.params)))
);

export const v3Summaries = inGatewayForm(async (request, context) => {
  const { found, warnings } = await findTraces(request, context, queryOf(request.params));
  const summaries = messageToJson(findTraceSummariesResponse, { summaries: found.map(summaryOf) });
  return jsonResponse({ result: { summaries: [], ...summaries } }, warnings);
});

export const v3Services = inGatewayForm(async (request, context) =>
  messageResponse(getServicesResponse, await getServices(request, context), { services: [] })
);

export const v3Operations = inGatewayForm(async (request, context) => {
  const { params } = request;
  const wanted = { service: textParam(params, 'service'), spanKind: textParam(params, 'span_kind') };
  return messageResponse(getOperationsResponse, await getOperations(request, context, wanted), { operations: [] });
});

export const v3Dependencies = inGatewayForm(async (request, context) => {
  const { params } = request;
  const wanted = { startTime: timeParam(params, 'start_time'), endTime: timeParam(params, 'end_time') };
  return messageResponse(dependenciesResponse, await getDependencies(request, context, wanted), { dependencies: [] });
});

function tracesResponse({ found, warnings }: Found<readonly Trace[]>): ApiResponse {
  const spans = found.flatMap((trace) => trace.spans);
  return jsonResponse({ result: tracesToJson(spans, otlpJsonOptions) }, warnings);
}

function messageResponse<T extends object>(
  type: Message<T>,
  { found, warnings }: Found<T>,
  empty: Readonly<Record<string, readonly never[]>>
): ApiResponse {
  return jsonResponse({ ...empty, ...messageToJson(type, found) }, warnings);
}

function jsonResponse(value: unknown, warnings: readonly string[]): ApiResponse {
  return {
    status: 200,
    contentType: contentTypes.json,
    body: stringifyJson(value),
    headers: warningHeaders(warnings),
  };
}

function queryOf(params: URLSearchParams): TraceQueryParameters {
  const depth = integerParam(params, 'query.search_depth') ?? integerParam(params, 'query.num_traces') ?? 0;
  if (depth < 0) {
    throw invalid('query.search_depth must not be negative');
  }
  return {
    serviceName: textParam(params, 'query.service_name'),
    operationName: textParam(params, 'query.operation_name'),
    attributes: attributesParam(params),
    startTimeMin: timeParam(params, 'query.start_time_min'),
    startTimeMax: timeParam(params, 'query.start_time_max'),
    durationMin: secondsNanos(durationParam(params, 'query.duration_min')),
    durationMax: secondsNanos(durationParam(params, 'query.duration_max')),
    searchDepth: depth,
    filter: textParam(params, 'query.filter') === undefined ? undefined : {},
  };
}

/** A JSON object of texts. */
function attributesParam(params: URLSearchParams): Readonly<Record<string, string>> {
  const name = 'query.attributes';
  const json = parseJsonText(textParam(params, name) ?? '{}', name);
  if (!isObject(json) || Object.values(json).some((value) => typeof value !== 'string')) {
    throw invalid(`${name}: expected a JSON object whose values are strings`);
  }
  return json as Readonly<Record<string, string>>;
}

function timeParam(params: URLSearchParams, name: string): SecondsNanos | undefined {
  const text = textParam(params, name);
  const nanos = text === undefined ? undefined : parseRfc3339(text);
  if (text !== undefined && nanos === undefined) {
    throw invalid(`invalid ${name}: ${quote(text)} is not a time such as 2026-01-31T12:00:00Z`);
  }
  return secondsNanos(nanos);
}

function secondsNanos(nanos: bigint | undefined): SecondsNanos | undefined {
  return nanos === undefined
    ? undefined
    : { seconds: String(nanos / 1_000_000_000n), nanos: Number(nanos % 1_000_000_000n) };
}
