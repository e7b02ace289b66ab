/** Jaeger's traces: by id, and by what one span of theirs is like. */
import { CodedError } from '../../base/coded-error.ts';
import type { TimeRange } from '../../store/trace-store.ts';
import type { Trace } from '../../trace/model.ts';
import type { FieldExpression, Query } from '../../traceql/ast.ts';
import { traceToJaeger } from '../../wire/jaeger-json.ts';
import { isObject, parseJsonText } from '../../wire/json.ts';
import { parseGoDuration, parsePrometheusDuration } from '../duration.ts';
import type { ApiContext, ApiRequest, ApiResponse } from '../exchange.ts';
import { durationBounds, every, ofName, ofService, tagEquals, traceQuery } from '../span-filter.ts';
import { countParam, durationParam, invalid, quote, textParam } from '../tempo/params.ts';
import {
  newestTraces,
  rangeBackFrom,
  traceIdParam,
  tracesById,
  wholeNumberParam,
  type Found,
} from '../whole-traces.ts';
import { jaegerResponse } from './respond.ts';

const limitDefault = 100;
/** The most that Jaeger's form offers. */
const limitMax = 1_500;
/** Jaeger's own default. */
const lookbackNanosDefault = 2n * 86_400_000_000_000n;

/** `/api/traces/{id}` */
export async function jaegerTrace(request: ApiRequest, context: ApiContext, segment: string): Promise<ApiResponse> {
  const result = await tracesById(request, context, [traceIdParam(segment)]);
  if (result.found.length === 0) {
    throw new CodedError('not_found', 'trace not found');
  }
  return tracesResponse(result);
}

/** `/api/traces?service&operation&tags&start&end&…`, or `?traceID=…` once or more. */
export async function jaegerTraces(request: ApiRequest, context: ApiContext): Promise<ApiResponse> {
  const { params } = request;
  const traceIds = params.getAll('traceID').filter((text) => text !== '');
  if (traceIds.length > limitMax) {
    throw invalid(`invalid traceID: at most ${limitMax} trace ids`);
  }
  if (traceIds.length > 0) {
    return tracesResponse(await tracesById(request, context, traceIds.map(traceIdOfParam)));
  }
  const query = searchQuery(params);
  const limit = Math.min(limitMax, countParam(params, 'limit', limitDefault, Number.MAX_SAFE_INTEGER));
  return tracesResponse(await newestTraces(request, context, query, searchRange(params, context), limit));
}

/** Parameters are decoded already. */
const traceIdOfParam = (text: string): string => traceIdParam(encodeURIComponent(text));

/** What is missing also stands in each trace, where Jaeger's UI shows it. */
function tracesResponse({ found, warnings }: Found<readonly Trace[]>): ApiResponse {
  const data = found.map(({ traceId, spans }) => ({
    ...traceToJaeger(traceId, spans),
    warnings: warnings.length === 0 ? null : warnings,
  }));
  return jaegerResponse(data, 0, warnings);
}

/** All conditions hold on one span, as Jaeger means it. */
function searchQuery(params: URLSearchParams): Query {
  const service = textParam(params, 'service');
  if (service === undefined) {
    throw invalid("parameter 'service' is required");
  }
  const operation = textParam(params, 'operation');
  const minNanos = durationParam(params, 'minDuration');
  const maxNanos = durationParam(params, 'maxDuration');
  if (minNanos !== undefined && maxNanos !== undefined && maxNanos < minNanos) {
    throw invalid("'maxDuration' should be greater than 'minDuration'");
  }
  const conditions: FieldExpression[] = [
    ofService(service),
    ...(operation === undefined ? [] : [ofName(operation)]),
    ...requestedTags(params).map(([key, value]) => tagEquals(key, value)),
    ...durationBounds(minNanos, maxNanos),
  ];
  return traceQuery([every(conditions)]);
}

/** `tag=key:value`, and `tags={"key":"value"}` in JSON, each as often as wanted. */
function requestedTags(params: URLSearchParams): (readonly [key: string, value: string])[] {
  const pairs: (readonly [string, string])[] = [];
  for (const text of params.getAll('tag')) {
    const colon = text.indexOf(':');
    if (colon < 1) {
      throw invalid(`malformed 'tag' parameter, expecting key:value, received: ${quote(text)}`);
    }
    pairs.push([text.slice(0, colon), text.slice(colon + 1)]);
  }
  for (const text of params.getAll('tags').filter((each) => each !== '')) {
    const json = parseJsonText(text, 'tags');
    if (!isObject(json)) {
      throw invalid(`malformed 'tags' parameter, expecting a JSON object, received: ${quote(text)}`);
    }
    for (const [key, value] of Object.entries(json)) {
      if (key === '' || typeof value === 'object') {
        throw invalid(`malformed 'tags' parameter, cannot use ${quote(key)}: values are strings`);
      }
      pairs.push([key, String(value)]);
    }
  }
  return pairs;
}

/** `start` and `end` in microseconds; without a start `lookback` (`1h`, `2d`), which is `custom` where the start is given. */
function searchRange(params: URLSearchParams, { clock }: ApiContext): TimeRange {
  const startMicros = wholeNumberParam(params, 'start');
  const endMicros = wholeNumberParam(params, 'end');
  const end = endMicros === undefined ? clock.unixNanos() : 1000n * endMicros + 999n;
  if (startMicros === undefined) {
    return rangeBackFrom(end, lookbackNanos(params));
  }
  const start = 1000n * startMicros;
  if (end < start) {
    throw invalid("'end' should be after 'start'");
  }
  return { startUnixNanos: start, endUnixNanos: end + 1n };
}

function lookbackNanos(params: URLSearchParams): bigint {
  const text = textParam(params, 'lookback');
  if (text === undefined || text === 'custom') {
    return lookbackNanosDefault;
  }
  const nanos = parsePrometheusDuration(text) ?? parseGoDuration(text);
  if (nanos === undefined || nanos <= 0n) {
    throw invalid(`invalid lookback: ${quote(text)} is not a duration such as 1h or 2d`);
  }
  return nanos;
}
