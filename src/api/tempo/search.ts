/** Search and TraceQL metrics. */
import type { MetricsRequest, SearchRequest } from '../../store/trace-store.ts';
import type { ApiContext, ApiRequest, ApiResponse } from '../exchange.ts';
import { queryInstantResponse, queryRangeResponse, searchResponse } from '../../wire/tempo.ts';
import { contentTypes, messageResponse } from '../exchange.ts';
import { countParam, lenientLimitParam, textParam } from './params.ts';
import { asksInTraceql, metricsQuery, searchQuery } from './query.ts';
import { alignedMetricsRange, instantMetricsRange, searchRange } from './range.ts';
import { metricsInstantBody, metricsRangeBody, searchBody } from './shape.ts';

const limitDefault = 20;
const limitMax = 262_144;
const spansPerSpansetDefault = 3;
const spansPerSpansetMax = 100;
const exemplarsMax = 100;

/** What a search request asks of the store. Errors: `invalid_argument`, `query_invalid`. */
export function searchOf(request: ApiRequest, { clock }: ApiContext): SearchRequest {
  const { params } = request;
  const limit = countParam(params, 'limit', limitDefault, limitMax);
  // 0 is the default, as in Tempo's engine.
  const spansPerSpanset =
    textParam(params, 'spss') === '0'
      ? spansPerSpansetDefault
      : countParam(params, 'spss', spansPerSpansetDefault, spansPerSpansetMax);
  return {
    tenant: request.tenant,
    query: searchQuery(params),
    range: searchRange(params, clock),
    limit,
    spansPerSpanset,
    signal: request.signal,
  };
}

/** `/api/search` */
export async function search(request: ApiRequest, context: ApiContext): Promise<ApiResponse> {
  const answer = await context.store.search(searchOf(request, context));
  const body = searchBody(answer, asksInTraceql(request.params));
  return messageResponse(request.accept, searchResponse, body, { traces: [] });
}

/** What a range query asks of the store. Errors: `invalid_argument`, `query_invalid`. */
export function metricsRangeOf({ params, tenant, signal }: ApiRequest, { clock }: ApiContext): MetricsRequest {
  const query = metricsQuery(params);
  const exemplars = lenientLimitParam(params, 'exemplars', exemplarsMax);
  return { tenant, query, ...alignedMetricsRange(params, clock), exemplars, signal };
}

/** What an instant query asks of the store. Errors: as for a range query. */
export function metricsInstantOf({ params, tenant, signal }: ApiRequest, { clock }: ApiContext): MetricsRequest {
  return { tenant, query: metricsQuery(params), ...instantMetricsRange(params, clock), exemplars: 0, signal };
}

export function seriesMaxOf({ params }: ApiRequest): number {
  return lenientLimitParam(params, 'maxSeries', Number.MAX_SAFE_INTEGER);
}

/** `/api/metrics/query_range`, in JSON whatever the client accepts, as Tempo. */
export async function metricsRange(request: ApiRequest, context: ApiContext): Promise<ApiResponse> {
  const answer = await context.store.metrics(metricsRangeOf(request, context));
  const body = metricsRangeBody(answer, seriesMaxOf(request));
  return messageResponse(contentTypes.json, queryRangeResponse, body, { series: [] });
}

/** `/api/metrics/query` */
export async function metricsInstant(request: ApiRequest, context: ApiContext): Promise<ApiResponse> {
  const answer = await context.store.metrics(metricsInstantOf(request, context));
  const body = metricsInstantBody(answer);
  return messageResponse(contentTypes.json, queryInstantResponse, body, { series: [] });
}
