/** Trace by id, both versions. */
import { encodeTracesJson, tempoV1JsonOptions } from '../../wire/otlp-json.ts';
import { stringifyJson } from '../../wire/json.ts';
import { encodeTraces } from '../../wire/otlp-protobuf.ts';
import { encodeTraceByIdResponse, traceByIdResponseToJson, type TraceByIdResponse } from '../../wire/tempo.ts';
import { parseTraceId } from '../../trace/ids.ts';
import type { Trace, TraceId } from '../../trace/model.ts';
import type { Answer } from '../../store/trace-store.ts';
import type { ApiContext, ApiRequest, ApiResponse } from '../exchange.ts';
import { acceptedForm, contentTypes } from '../exchange.ts';
import { llmTraceResponse } from './llm.ts';
import { decodeSegment, invalid } from './params.ts';
import { checkTraceBounds } from './range.ts';
import { filterTrace, traceFilter, type TraceFilter } from './trace-filter.ts';

/** `/api/traces/{id}`: the bare trace; 404 with an empty body when there is none. */
export async function traceV1(request: ApiRequest, { store }: ApiContext, segment: string): Promise<ApiResponse> {
  const traceId = traceIdOf(segment);
  checkTraceBounds(request.params);
  const { data: trace } = await store.trace({ tenant: request.tenant, traceId, signal: request.signal });
  if (trace === undefined) {
    return { status: 404, contentType: contentTypes.text, body: '' };
  }
  if (acceptedForm(request.accept) === 'protobuf') {
    return { status: 200, contentType: contentTypes.protobuf, body: encodeTraces(trace.spans) };
  }
  const body = encodeTracesJson(trace.spans, tempoV1JsonOptions);
  return { status: 200, contentType: contentTypes.json, body };
}

/** `/api/v2/traces/{id}`: wrapped, with what was read and whether it is all; `q` takes a part; 200 and an empty trace when there is none. */
export async function traceV2(request: ApiRequest, { store }: ApiContext, segment: string): Promise<ApiResponse> {
  const traceId = traceIdOf(segment);
  checkTraceBounds(request.params);
  const filter = traceFilter(request.params);
  const answer = await store.trace({ tenant: request.tenant, traceId, signal: request.signal });
  const response = traceByIdResponse(answer, filter);
  switch (acceptedForm(request.accept)) {
    case 'protobuf':
      return { status: 200, contentType: contentTypes.protobuf, body: encodeTraceByIdResponse(response) };
    case 'llm':
      return llmTraceResponse(response);
    case 'json':
      return { status: 200, contentType: contentTypes.json, body: stringifyJson(traceByIdResponseToJson(response)) };
  }
}

/** A trace of which spans were left out is PARTIAL, and says why. */
function traceByIdResponse(
  { data: trace, partial, warnings, stats }: Answer<Trace | undefined>,
  filter: TraceFilter | undefined
): TraceByIdResponse {
  const all = trace?.spans ?? [];
  const spans = filter === undefined || trace === undefined ? all : filterTrace(filter, trace);
  const isFiltered = spans.length < all.length;
  const reasons = isFiltered
    ? [...warnings, 'Trace filtered, only a subset of spans matching the filter is returned']
    : warnings;
  return {
    trace: spans,
    metrics: { inspectedBytes: String(stats.inspectedBytes) },
    status: partial || isFiltered ? 'PARTIAL' : 'COMPLETE',
    message: reasons.join('; '),
  };
}

export function traceIdOf(segment: string): TraceId {
  const text = decodeSegment(segment);
  const bad = /[^0-9a-fA-F]/.exec(text);
  if (bad || text === '') {
    const where = bad ? `: invalid character ${JSON.stringify(bad[0])} at position ${bad.index + 1}` : '';
    throw invalid(`trace IDs can only contain hex characters${where}`);
  }
  const traceId = parseTraceId(text);
  if (traceId === undefined) {
    throw invalid(`trace IDs can have at most 32 hex characters, got ${text.length}`);
  }
  return traceId;
}
