/** The query API's table of routes, and what a request to each gets. */
import { errorResponse } from './error-response.ts';
import type { ApiContext, ApiRequest, ApiResponse } from './exchange.ts';
import { jsonResponse, textResponse } from './exchange.ts';
import { jaegerDependencies, jaegerOperations, jaegerServiceOperations, jaegerServices } from './jaeger/names.ts';
import { inJaegerForm } from './jaeger/respond.ts';
import { jaegerTrace, jaegerTraces } from './jaeger/traces.ts';
import { v3Dependencies, v3Operations, v3Services, v3Summaries, v3Trace, v3Traces } from './jaeger/v3-http.ts';
import { mcp } from './mcp/server.ts';
import { tagNamesV1, tagNamesV2, tagValuesV1, tagValuesV2 } from './tempo/attributes.ts';
import { metricsInstant, metricsRange, search } from './tempo/search.ts';
import { traceDiff } from './tempo/diff/trace-diff.ts';
import { traceV1, traceV2 } from './tempo/traces.ts';
import { complete } from './vivace/complete.ts';
import { explain } from './vivace/explain.ts';
import { serviceGraph } from './vivace/graph.ts';
import { arrivals } from './vivace/arrivals.ts';
import { vivaceStatus } from './vivace/status.ts';
import { traceColumn, traceKeys, traceMatch, traceSkeleton, traceSpans } from './vivace/trace-view.ts';
import {
  zipkinDependencies,
  zipkinKeys,
  zipkinRemoteServices,
  zipkinServices,
  zipkinSpanNames,
  zipkinValues,
} from './zipkin/names.ts';
import { zipkinTrace, zipkinTraceMany, zipkinTraces } from './zipkin/traces.ts';

type Handler = (request: ApiRequest, context: ApiContext, segment: string) => Promise<ApiResponse>;

export interface Route {
  /** For metrics and logs: a name with a bounded number of values, never the path. */
  readonly name: string;
  readonly pattern: RegExp;
  /** Answered also while the store is still opening. */
  readonly needsStore: boolean;
  /** Bytes of a body that the route reads; 0: it reads none. */
  readonly bodyBytesMax: number;
  readonly handle: Handler;
}

const routes: readonly Route[] = [
  route('traces_v1', /^\/api\/traces\/([^/]+)$/, traceV1),
  { ...route('traces_diff', /^\/api\/v2\/traces\/diff$/, traceDiff), bodyBytesMax: 64 * 1024 },
  route('traces_v2', /^\/api\/v2\/traces\/([^/]+)$/, traceV2),
  route('search', /^\/api\/search$/, search),
  route('tags_v1', /^\/api\/search\/tags$/, tagNamesV1),
  route('tags_v2', /^\/api\/v2\/search\/tags$/, tagNamesV2),
  // An attribute's name may hold slashes, raw or encoded.
  route('tag_values_v1', /^\/api\/search\/tag\/(.+)\/values$/, tagValuesV1),
  route('tag_values_v2', /^\/api\/v2\/search\/tag\/(.+)\/values$/, tagValuesV2),
  route('metrics_range', /^\/api\/metrics\/query_range$/, metricsRange),
  route('metrics_instant', /^\/api\/metrics\/query$/, metricsInstant),
  { ...route('mcp', /^\/api\/mcp$/, mcp), bodyBytesMax: 1024 * 1024 },
  route('vivace_arrivals', /^\/api\/vivace\/arrivals$/, arrivals),
  route('vivace_complete', /^\/api\/vivace\/complete$/, complete),
  route('vivace_explain', /^\/api\/vivace\/explain$/, explain),
  route('vivace_graph', /^\/api\/vivace\/graph$/, serviceGraph),
  route('vivace_skeleton', /^\/api\/vivace\/traces\/([^/]+)\/skeleton$/, traceSkeleton),
  route('vivace_spans', /^\/api\/vivace\/traces\/([^/]+)\/spans$/, traceSpans),
  route('vivace_match', /^\/api\/vivace\/traces\/([^/]+)\/match$/, traceMatch),
  route('vivace_keys', /^\/api\/vivace\/traces\/([^/]+)\/keys$/, traceKeys),
  route('vivace_column', /^\/api\/vivace\/traces\/([^/]+)\/column$/, traceColumn),
  route('vivace_status', /^\/api\/vivace\/status$/, vivaceStatus),
  route('jaeger_services', /^\/jaeger\/api\/services$/, inJaegerForm(jaegerServices)),
  route('jaeger_operations', /^\/jaeger\/api\/services\/([^/]*)\/operations$/, inJaegerForm(jaegerServiceOperations)),
  route('jaeger_operations', /^\/jaeger\/api\/operations$/, inJaegerForm(jaegerOperations)),
  route('jaeger_traces', /^\/jaeger\/api\/traces$/, inJaegerForm(jaegerTraces)),
  route('jaeger_trace', /^\/jaeger\/api\/traces\/([^/]*)$/, inJaegerForm(jaegerTrace)),
  route('jaeger_dependencies', /^\/jaeger\/api\/dependencies$/, inJaegerForm(jaegerDependencies)),
  route('jaeger_v3_trace', /^\/jaeger\/api\/v3\/traces\/([^/]*)$/, v3Trace),
  route('jaeger_v3_traces', /^\/jaeger\/api\/v3\/traces$/, v3Traces),
  route('jaeger_v3_summaries', /^\/jaeger\/api\/v3\/trace-summaries$/, v3Summaries),
  route('jaeger_v3_services', /^\/jaeger\/api\/v3\/services$/, v3Services),
  route('jaeger_v3_operations', /^\/jaeger\/api\/v3\/operations$/, v3Operations),
  route('jaeger_v3_dependencies', /^\/jaeger\/api\/v3\/dependencies$/, v3Dependencies),
  route('zipkin_services', /^\/zipkin\/api\/v2\/services$/, zipkinServices),
  route('zipkin_spans', /^\/zipkin\/api\/v2\/spans$/, zipkinSpanNames),
  route('zipkin_remote_services', /^\/zipkin\/api\/v2\/remoteServices$/, zipkinRemoteServices),
  route('zipkin_traces', /^\/zipkin\/api\/v2\/traces$/, zipkinTraces),
  route('zipkin_trace', /^\/zipkin\/api\/v2\/trace\/([^/]*)$/, zipkinTrace),
  route('zipkin_trace_many', /^\/zipkin\/api\/v2\/traceMany$/, zipkinTraceMany),
  route('zipkin_dependencies', /^\/zipkin\/api\/v2\/dependencies$/, zipkinDependencies),
  route('zipkin_keys', /^\/zipkin\/api\/v2\/autocompleteKeys$/, zipkinKeys),
  route('zipkin_values', /^\/zipkin\/api\/v2\/autocompleteValues$/, zipkinValues),
  { ...route('echo', /^\/api\/echo$/, async () => textResponse(200, 'echo')), needsStore: false },
  { ...route('buildinfo', /^\/api\/status\/buildinfo$/, buildInfo), needsStore: false },
];

function route(name: string, pattern: RegExp, handle: Handler): Route {
  return { name, pattern, needsStore: true, bodyBytesMax: 0, handle };
}

/** For people: `/api/traces/{…}`. */
export function routePaths(): string[] {
  return routes.map(({ pattern }) =>
    pattern.source
      .replaceAll(/[\^$]/g, '')
      .replaceAll('\\/', '/')
      .replaceAll(/\(.*?\)/g, '{…}')
  );
}

/** `undefined` for a path that is not of the query API. */
export function routeOf(path: string): Route | undefined {
  return routes.find(({ pattern }) => pattern.test(path));
}

/** Never rejects: an error becomes an answer. What is our own fault is also given to `onInternalError`, and its text is not sent. */
export async function answer(
  route: Route,
  request: ApiRequest,
  context: ApiContext,
  onInternalError: (error: unknown) => string
): Promise<ApiResponse> {
  try {
    return await route.handle(request, context, route.pattern.exec(request.path)?.[1] ?? '');
  } catch (error) {
    return errorResponse(error, onInternalError);
  }
}

/**
 * The version of Tempo whose query API this is. Grafana's Tempo data source streams searches from servers of version 2.2 on and metrics
 * from 2.7 on, and knows no other way to ask what a server can do.
 */
export const tempoApiVersion = '3.0.0';

/** The field names are Tempo's, which speaks of Go. Our own version stands where semantic versions have build metadata. */
async function buildInfo(_request: ApiRequest, { build }: ApiContext): Promise<ApiResponse> {
  const { revision, branch, buildDate, runtime } = build;
  const version = `${tempoApiVersion}+vivace.${build.version}`;
  return jsonResponse({ version, revision, branch, buildDate, buildUser: '', goVersion: runtime });
}
