/** Zipkin's traces: by id, several by id, and by what the spans of a service are like. */
import { CodedError } from '../../base/coded-error.ts';
import type { Trace } from '../../trace/model.ts';
import type { FieldExpression, Query } from '../../traceql/ast.ts';
import { spanToZipkin } from '../../wire/zipkin-json.ts';
import type { ApiContext, ApiRequest, ApiResponse } from '../exchange.ts';
import { jsonResponse } from '../exchange.ts';
import {
  attribute,
  durationBounds,
  every,
  ofName,
  ofService,
  tagEquals,
  tagExists,
  traceQuery,
} from '../span-filter.ts';
import { countParam, invalid, textParam } from '../tempo/params.ts';
import {
  newestTraces,
  rangeBackFrom,
  traceIdParam,
  tracesById,
  warningHeaders,
  wholeNumberParam,
  type Found,
} from '../whole-traces.ts';
import { lookbackMsDefault } from './names.ts';

const limitDefault = 10;
const limitMax = 1_000;

/** `/api/v2/trace/{id}` */
export async function zipkinTrace(request: ApiRequest, context: ApiContext, segment: string): Promise<ApiResponse> {
  const { found, warnings } = await tracesById(request, context, [traceIdParam(segment)]);
  if (found.length === 0) {
    throw new CodedError('not_found', 'trace not found');
  }
  return jsonResponse(found[0].spans.map(spanToZipkin), warningHeaders(warnings));
}

/** `/api/v2/traceMany?traceIds=a,b`: those that exist. */
export async function zipkinTraceMany(request: ApiRequest, context: ApiContext): Promise<ApiResponse> {
  const traceIds = (textParam(request.params, 'traceIds') ?? '')
    .split(',')
    .map((text) => traceIdParam(encodeURIComponent(text)));
  if (traceIds.length > limitMax) {
    throw invalid(`invalid traceIds: at most ${limitMax}`);
  }
  if (new Set(traceIds).size < traceIds.length) {
    throw invalid('invalid traceIds: an id comes twice');
  }
  return tracesResponse(await tracesById(request, context, traceIds));
}

/** `/api/v2/traces` */
export async function zipkinTraces(request: ApiRequest, context: ApiContext): Promise<ApiResponse> {
  const { params } = request;
  const endMs = wholeNumberParam(params, 'endTs');
  const end = endMs === undefined ? context.clock.unixNanos() : endMs * 1_000_000n + 999_999n;
  const lookbackMs = wholeNumberParam(params, 'lookback') ?? lookbackMsDefault;
  const limit = Math.min(limitMax, countParam(params, 'limit', limitDefault, Number.MAX_SAFE_INTEGER));
  const range = rangeBackFrom(end, lookbackMs * 1_000_000n);
  return tracesResponse(await newestTraces(request, context, searchQuery(params), range, limit));
}

function tracesResponse({ found, warnings }: Found<readonly Trace[]>): ApiResponse {
  return jsonResponse(
    found.map(({ spans }) => spans.map(spanToZipkin)),
    warningHeaders(warnings)
  );
}

/** Each condition may hold on another span, but all on spans of the service when one is named: so Zipkin's own stores decide. */
function searchQuery(params: URLSearchParams): Query {
  const serviceName = namedParam(params, 'serviceName');
  const spanName = namedParam(params, 'spanName');
  const remoteServiceName = textParam(params, 'remoteServiceName');
  const minMicros = wholeNumberParam(params, 'minDuration');
  const maxMicros = wholeNumberParam(params, 'maxDuration');
  if (maxMicros !== undefined && (minMicros === undefined || maxMicros < minMicros)) {
    throw invalid('maxDuration is only valid with a minDuration that is not greater');
  }
  const bounds = durationBounds(nanosOf(minMicros), nanosOf(maxMicros));
  const conditions: FieldExpression[] = [
    ...(spanName === undefined ? [] : [ofName(spanName)]),
    ...(remoteServiceName === undefined
      ? []
      : [attribute('span', 'peer.service', '=', { type: 'string', value: remoteServiceName })]),
    ...annotationConditions(textParam(params, 'annotationQuery') ?? ''),
    ...(bounds.length === 0 ? [] : [every(bounds)]),
  ];
  if (serviceName === undefined) {
    return traceQuery(conditions);
  }
  const service = ofService(serviceName);
  return traceQuery(conditions.length === 0 ? [service] : conditions.map((condition) => every([service, condition])));
}

/** `error and http.method=GET`: a tag with its value, or the bare name of a tag or annotation. */
function annotationConditions(text: string): FieldExpression[] {
  return text
    .split(/\s+and\s+/)
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((part) => {
      const sign = part.indexOf('=');
      if (sign === 0) {
        throw invalid('invalid annotationQuery: a tag without a name');
      }
      return sign < 0 ? tagExists(part) : tagEquals(part.slice(0, sign), part.slice(sign + 1));
    });
}

/** Zipkin's form sends `all` for none. */
function namedParam(params: URLSearchParams, name: string): string | undefined {
  const value = textParam(params, name);
  return value === 'all' ? undefined : value;
}

const nanosOf = (micros: bigint | undefined): bigint | undefined => (micros === undefined ? undefined : micros * 1000n);
