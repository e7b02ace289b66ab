/** Jaeger's lists: services, operations, dependencies. */
import { spanKinds } from '../../trace/model.ts';
import { serviceDependencies } from '../dependencies.ts';
import type { ApiContext, ApiRequest, ApiResponse } from '../exchange.ts';
import { every, intrinsic, ofService, traceQuery } from '../span-filter.ts';
import { decodeSegment, invalid, quote, textParam } from '../tempo/params.ts';
import { rangeBackFrom, textValues, wholeNumberParam, type Found } from '../whole-traces.ts';
import { jaegerResponse } from './respond.ts';

const dayNanos = 86_400_000_000_000n;

/** `/api/services` */
export async function jaegerServices(request: ApiRequest, context: ApiContext): Promise<ApiResponse> {
  const { found, warnings } = await textValues(request, context, 'resource.service.name', undefined);
  return jaegerResponse(found, found.length, warnings);
}

/** `/api/services/{service}/operations`: names alone. */
export async function jaegerServiceOperations(
  request: ApiRequest,
  context: ApiContext,
  segment: string
): Promise<ApiResponse> {
  const filter = traceQuery([ofService(required('service', decodeSegment(segment)))]);
  const { found, warnings } = await textValues(request, context, 'name', filter);
  return jaegerResponse(found, found.length, warnings);
}

/** `/api/operations?service&spanKind`: names with their kinds. */
export async function jaegerOperations(request: ApiRequest, context: ApiContext): Promise<ApiResponse> {
  const service = required('service', textParam(request.params, 'service'));
  const { found, warnings } = await operationsOf(request, context, service, textParam(request.params, 'spanKind'));
  return jaegerResponse(found, found.length, warnings);
}

/** By name. Errors: `invalid_argument` for a kind that does not exist. */
export async function operationsOf(
  caller: Pick<ApiRequest, 'tenant' | 'signal'>,
  context: Pick<ApiContext, 'store'>,
  serviceName: string,
  asked: string | undefined
): Promise<Found<readonly { readonly name: string; readonly spanKind: string }[]>> {
  const service = ofService(serviceName);
  const kinds = spanKinds.filter((kind) => asked === undefined || kind === asked);
  if (kinds.length === 0) {
    throw invalid(`invalid spanKind: ${quote(asked ?? '')}; one of ${spanKinds.slice(1).join(', ')}`);
  }
  const operations: { name: string; spanKind: string }[] = [];
  const sentences = new Set<string>();
  for (const kind of kinds) {
    const filter = traceQuery([every([service, intrinsic('kind', '=', { type: 'kind', value: kind })])]);
    const { found, warnings } = await textValues(caller, context, 'name', filter);
    operations.push(...found.map((name) => ({ name, spanKind: kind === 'unspecified' ? '' : kind })));
    warnings.forEach((warning) => sentences.add(warning));
  }
  operations.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  return { found: operations, warnings: [...sentences] };
}

/** `/api/dependencies?endTs&lookback`, both in milliseconds. Jaeger's links have no count of errors. */
export async function jaegerDependencies(request: ApiRequest, context: ApiContext): Promise<ApiResponse> {
  const endMs = wholeNumberParam(request.params, 'endTs');
  const lookbackMs = wholeNumberParam(request.params, 'lookback');
  const end = endMs === undefined ? context.clock.unixNanos() : endMs * 1_000_000n;
  const range = rangeBackFrom(end, lookbackMs === undefined ? dayNanos : lookbackMs * 1_000_000n);
  const { found, warnings } = await serviceDependencies(request, context, range);
  const links = found.map(({ parent, child, callCount }) => ({ parent, child, callCount }));
  return jaegerResponse(links, links.length, warnings);
}

function required(name: string, value: string | undefined): string {
  if (value === undefined || value === '') {
    throw invalid(`parameter '${name}' is required`);
  }
  return value;
}
