/** Jaeger's third query API, which speaks OTLP: what its requests ask of the store. HTTP and gRPC carry the same. */
import { CodedError } from '../../base/coded-error.ts';
import type { Trace } from '../../trace/model.ts';
import { buildTree } from '../../trace/tree.ts';
import type { FieldExpression } from '../../traceql/ast.ts';
import { missingRootServiceName, traceSummary } from '../../traceql/match.ts';
import { serviceDependencies } from '../dependencies.ts';
import type { ApiContext, ApiRequest } from '../exchange.ts';
import { durationBounds, every, ofName, ofService, tagEquals, traceQuery } from '../span-filter.ts';
import { invalid } from '../tempo/params.ts';
import { newestTraces, textValues, traceIdParam, tracesById, type Found } from '../whole-traces.ts';
import { operationsOf } from './names.ts';
import type {
  DependenciesResponse,
  GetDependenciesRequest,
  GetOperationsRequest,
  GetOperationsResponse,
  GetServicesResponse,
  GetTraceRequest,
  JaegerTraceSummary,
  SecondsNanos,
  TraceQueryParameters,
} from './v3-messages.ts';

type Caller = Pick<ApiRequest, 'tenant' | 'signal'>;
type Stores = Pick<ApiContext, 'store'>;

const tracesDefault = 100;
/** As in Jaeger's older API: the most that its form offers. */
const tracesMax = 1_500;

/** Errors: `not_found`. */
export async function getTrace(
  caller: Caller,
  context: Stores,
  { traceId = '' }: GetTraceRequest
): Promise<Found<Trace>> {
  const { found, warnings } = await tracesById(caller, context, [traceIdParam(encodeURIComponent(traceId))]);
  if (found.length === 0) {
    throw new CodedError('not_found', 'trace not found');
  }
  return { found: found[0], warnings };
}

/** Newest first. All conditions hold on one span. Errors: `invalid_argument`, `unsupported`. */
export function findTraces(
  caller: Caller,
  context: Stores,
  wanted: TraceQueryParameters = {}
): Promise<Found<readonly Trace[]>> {
  if (wanted.filter !== undefined) {
    throw new CodedError(
      'unsupported',
      'structured filters are not supported: name service, operation, attributes and durations'
    );
  }
  const [start, end] = [nanosOf(wanted.startTimeMin), nanosOf(wanted.startTimeMax)];
  if (start === undefined || end === undefined) {
    throw invalid('start_time_min and start_time_max are required');
  }
  if (end <= start) {
    throw invalid('start_time_min must be before start_time_max');
  }
  const [min, max] = [nanosOf(wanted.durationMin), nanosOf(wanted.durationMax)];
  if (min !== undefined && max !== undefined && max < min) {
    throw invalid('duration_max must not be less than duration_min');
  }
  const { serviceName = '', operationName = '', attributes = {}, searchDepth = 0 } = wanted;
  const conditions: FieldExpression[] = [
    ...(serviceName === '' ? [] : [ofService(serviceName)]),
    ...(operationName === '' ? [] : [ofName(operationName)]),
    ...Object.entries(attributes).map(([key, value]) => tagEquals(key, value)),
    ...durationBounds(min, max),
  ];
  const query = traceQuery(conditions.length === 0 ? [] : [every(conditions)]);
  const range = { startUnixNanos: start, endUnixNanos: end };
  return newestTraces(caller, context, query, range, Math.min(tracesMax, searchDepth || tracesDefault));
}

/** `undefined` for an absent message; an empty one is 0. */
function nanosOf(time: SecondsNanos | undefined): bigint | undefined {
  return time === undefined ? undefined : BigInt(time.seconds ?? '0') * 1_000_000_000n + BigInt(time.nanos ?? 0);
}

export async function getServices(caller: Caller, context: Stores): Promise<Found<GetServicesResponse>> {
  const { found, warnings } = await textValues(caller, context, 'resource.service.name', undefined);
  return { found: { services: found }, warnings };
}

export async function getOperations(
  caller: Caller,
  context: Stores,
  { service = '', spanKind = '' }: GetOperationsRequest
): Promise<Found<GetOperationsResponse>> {
  if (service === '') {
    throw invalid('service is required');
  }
  const { found, warnings } = await operationsOf(caller, context, service, spanKind.toLowerCase() || undefined);
  return { found: { operations: found }, warnings };
}

export async function getDependencies(
  caller: Caller,
  context: Stores,
  { startTime, endTime }: GetDependenciesRequest
): Promise<Found<DependenciesResponse>> {
  const [startUnixNanos, endUnixNanos] = [nanosOf(startTime), nanosOf(endTime)];
  if (startUnixNanos === undefined || endUnixNanos === undefined || endUnixNanos <= startUnixNanos) {
    throw invalid('start_time and end_time are required, in order');
  }
  const { found, warnings } = await serviceDependencies(caller, context, { startUnixNanos, endUnixNanos });
  const dependencies = found.map(({ parent, child, callCount }) => ({ parent, child, callCount: String(callCount) }));
  return { found: { dependencies }, warnings };
}

export function summaryOf(trace: Trace): JaegerTraceSummary {
  const { rootServiceName, rootName, startUnixNanos, durationNanos, serviceStats } = traceSummary(trace);
  const services = [...serviceStats].map(([name, { spanCount, errorCount }]) => ({
    name,
    spanCount,
    errorSpanCount: errorCount,
  }));
  return {
    traceId: trace.traceId,
    rootServiceName: rootServiceName === missingRootServiceName ? '' : rootServiceName,
    rootOperationName: rootName,
    minStartTimeUnixNano: String(startUnixNanos),
    maxEndTimeUnixNano: String(startUnixNanos + durationNanos),
    spanCount: trace.spans.length,
    errorSpanCount: services.reduce((sum, { errorSpanCount }) => sum + errorSpanCount, 0),
    orphanSpanCount: buildTree(trace).orphans.length,
    services,
  };
}
