/** Zipkin's lists: services, span names, remote services, keys and values to complete, dependencies. */
import { printField } from '../../traceql/attributes.ts';
import { serviceDependencies } from '../dependencies.ts';
import type { ApiContext, ApiRequest, ApiResponse } from '../exchange.ts';
import { jsonResponse } from '../exchange.ts';
import { ofService, traceQuery } from '../span-filter.ts';
import { invalid, textParam } from '../tempo/params.ts';
import { always, rangeBackFrom, textValues, warningHeaders, wholeNumberParam, type Found } from '../whole-traces.ts';

/** Of look-back, in milliseconds: Zipkin's own default. */
export const lookbackMsDefault = 86_400_000n;

const listed = ({ found, warnings }: Found<unknown>): ApiResponse => jsonResponse(found, warningHeaders(warnings));

/** `/api/v2/services` */
export async function zipkinServices(request: ApiRequest, context: ApiContext): Promise<ApiResponse> {
  return listed(await textValues(request, context, 'resource.service.name', undefined));
}

/** `/api/v2/spans?serviceName` */
export async function zipkinSpanNames(request: ApiRequest, context: ApiContext): Promise<ApiResponse> {
  const filter = traceQuery([ofService(requiredParam(request.params, 'serviceName'))]);
  return listed(await textValues(request, context, 'name', filter));
}

/** `/api/v2/remoteServices?serviceName` */
export async function zipkinRemoteServices(request: ApiRequest, context: ApiContext): Promise<ApiResponse> {
  const filter = traceQuery([ofService(requiredParam(request.params, 'serviceName'))]);
  return listed(await textValues(request, context, 'span.peer.service', filter));
}

/** `/api/v2/autocompleteKeys`: every attribute of spans and resources can be searched for. */
export async function zipkinKeys({ tenant, signal }: ApiRequest, { store }: ApiContext): Promise<ApiResponse> {
  const { data, warnings } = await store.attributeNames({ tenant, range: always, filter: undefined, signal });
  const names = new Set([...(data.get('span') ?? []), ...(data.get('resource') ?? [])]);
  return listed({ found: [...names].filter((name) => !isEndpoint(name)).sort(), warnings });
}

/** What Zipkin has a field for. */
function isEndpoint(name: string): boolean {
  return name === 'service.name' || name === 'peer.service' || name.startsWith('network.');
}

/** `/api/v2/autocompleteValues?key` */
export async function zipkinValues(request: ApiRequest, { store }: ApiContext): Promise<ApiResponse> {
  const attribute = printField({ kind: 'attribute', scope: 'any', name: requiredParam(request.params, 'key') });
  const { tenant, signal } = request;
  const { data, warnings } = await store.attributeValues({
    tenant,
    attribute,
    range: always,
    filter: undefined,
    limit: 1_000,
    signal,
  });
  const values = data.flatMap((value) => (value.type === 'nil' || value.type === 'array' ? [] : [String(value.value)]));
  return listed({ found: [...new Set(values)].sort(), warnings });
}

/** `/api/v2/dependencies?endTs&lookback`, in milliseconds. */
export async function zipkinDependencies(request: ApiRequest, context: ApiContext): Promise<ApiResponse> {
  const endMs = wholeNumberParam(request.params, 'endTs');
  if (endMs === undefined) {
    throw invalid('endTs is required');
  }
  const lookbackMs = wholeNumberParam(request.params, 'lookback') ?? lookbackMsDefault;
  const range = rangeBackFrom(endMs * 1_000_000n, lookbackMs * 1_000_000n);
  const { found, warnings } = await serviceDependencies(request, context, range);
  const links = found.map(({ errorCount, ...link }) => (errorCount === 0 ? link : { ...link, errorCount }));
  return listed({ found: links, warnings });
}

/** Errors: `invalid_argument` when absent or empty. */
function requiredParam(params: URLSearchParams, name: string): string {
  const value = textParam(params, name);
  if (value === undefined) {
    throw invalid(`${name} is required`);
  }
  return value;
}
