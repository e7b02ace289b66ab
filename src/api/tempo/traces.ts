/** Trace by id, both versions. */
import { encodeTracesJson, tempoV1JsonOptions, tempoV2JsonOptions } from '../../wire/otlp-json.ts';
import { encodeUtf8 } from '../../wire/utf8.ts';
import { encodeTraces } from '../../wire/otlp-protobuf.ts';
import { encodeTraceByIdResponse } from '../../wire/tempo.ts';
import { parseTraceId } from '../../trace/ids.ts';
import type { TraceId } from '../../trace/model.ts';
import type { ApiContext, ApiRequest, ApiResponse } from '../exchange.ts';
import { contentTypes } from '../exchange.ts';
import { decodeSegment, invalid } from './params.ts';
import { requestedRange } from './range.ts';

/** `/api/traces/{id}`: the bare trace; 404 with an empty body when there is none. */
export async function traceV1(
  request: ApiRequest,
  { store, clock }: ApiContext,
  segment: string
): Promise<ApiResponse> {
  const traceId = traceIdOf(segment);
  requestedRange(request.params, clock);
  const { data: trace } = await store.trace({ tenant: request.tenant, traceId, signal: request.signal });
  if (trace === undefined) {
    return { status: 404, contentType: contentTypes.text, body: '' };
  }
  if (wantsProtobuf(request)) {
    return { status: 200, contentType: contentTypes.protobuf, body: encodeTraces(trace.spans) };
  }
  const body = encodeTracesJson(trace.spans, tempoV1JsonOptions);
  return { status: 200, contentType: contentTypes.json, body };
}

/** `/api/v2/traces/{id}`: wrapped, with what was read and whether it is all; 200 and an empty trace when there is none. */
export async function traceV2(
  request: ApiRequest,
  { store, clock }: ApiContext,
  segment: string
): Promise<ApiResponse> {
  const traceId = traceIdOf(segment);
  requestedRange(request.params, clock);
  const answer = await store.trace({ tenant: request.tenant, traceId, signal: request.signal });
  const spans = answer.data?.spans ?? [];
  const message = answer.warnings.join('; ');
  const { inspectedBytes } = answer.stats;
  if (wantsProtobuf(request)) {
    const body = encodeTraceByIdResponse({
      trace: spans,
      metrics: { inspectedBytes: BigInt(inspectedBytes) },
      status: answer.partial ? 'PARTIAL' : 'COMPLETE',
      message,
    });
    return { status: 200, contentType: contentTypes.protobuf, body };
  }
  const rest = {
    metrics: inspectedBytes === 0 ? {} : { inspectedBytes: String(inspectedBytes) },
    status: answer.partial ? 'PARTIAL' : undefined,
    message: message || undefined,
  };
  const trace = spans.length === 0 ? encodeUtf8('{"trace":{}}') : encodeTracesJson(spans, tempoV2JsonOptions);
  return { status: 200, contentType: contentTypes.json, body: withFields(trace, rest) };
}

/** `{"trace":…}` is JSON text already; parsing it only to print it with more fields would double the cost of a large one. */
function withFields(json: Uint8Array, fields: object): Uint8Array {
  const more = encodeUtf8(`,${JSON.stringify(fields).slice(1)}`);
  const body = new Uint8Array(json.length - 1 + more.length);
  body.set(json.subarray(0, -1));
  body.set(more, json.length - 1);
  return body;
}

function traceIdOf(segment: string): TraceId {
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

function wantsProtobuf(request: ApiRequest): boolean {
  return request.accept.includes('application/protobuf');
}
