/** Search and TraceQL metrics. */
import type { ApiContext, ApiRequest, ApiResponse } from '../exchange.ts';
import { queryInstantResponse, queryRangeResponse, searchResponse } from '../../wire/tempo.ts';
import { contentTypes, messageResponse } from '../exchange.ts';
import { countParam, limitParam, textParam } from './params.ts';
import { metricsQuery, searchQuery } from './query.ts';
import { alignedMetricsRange, instantMetricsRange, searchRange } from './range.ts';
import { metricsInstantBody, metricsRangeBody, searchBody } from './shape.ts';

const limitDefault = 20;
const limitMax = 262_144;
const spansPerSpansetDefault = 3;
const spansPerSpansetMax = 100;
const exemplarsMax = 100;

/** `/api/search` */
export async function search(request: ApiRequest, { store, clock }: ApiContext): Promise<ApiResponse> {
  const { params } = request;
  const limit = countParam(params, 'limit', limitDefault, limitMax);
  // 0 is the default, as in Tempo's engine.
  const spansPerSpanset =
    textParam(params, 'spss') === '0'
      ? spansPerSpansetDefault
      : countParam(params, 'spss', spansPerSpansetDefault, spansPerSpansetMax);
  const answer = await store.search({
    tenant: request.tenant,
    query: searchQuery(params),
    range: searchRange(params, clock),
    limit,
    spansPerSpanset,
    signal: request.signal,
  });
  return messageResponse(request.accept, searchResponse, searchBody(answer), { traces: [] });
}

/** `/api/metrics/query_range`, in JSON whatever the client accepts, as Tempo. */
export async function metricsRange(request: ApiRequest, { store, clock }: ApiContext): Promise<ApiResponse> {
  const { params } = request;
  const query = metricsQuery(params);
  const answer = await store.metrics({
    tenant: request.tenant,
    query,
    ...alignedMetricsRange(params, clock),
    exemplars: limitParam(params, 'exemplars', exemplarsMax),
    signal: request.signal,
  });
  const body = metricsRangeBody(answer, limitParam(params, 'maxSeries', Number.MAX_SAFE_INTEGER));
  return messageResponse(contentTypes.json, queryRangeResponse, body, { series: [] });
}

/** `/api/metrics/query` */
export async function metricsInstant(request: ApiRequest, { store, clock }: ApiContext): Promise<ApiResponse> {
  const { params } = request;
  const query = metricsQuery(params);
  const answer = await store.metrics({
    tenant: request.tenant,
    query,
    ...instantMetricsRange(params, clock),
    exemplars: 0,
    signal: request.signal,
  });
  const body = metricsInstantBody(answer, limitParam(params, 'maxSeries', Number.MAX_SAFE_INTEGER));
  return messageResponse(contentTypes.json, queryInstantResponse, body, { series: [] });
}
