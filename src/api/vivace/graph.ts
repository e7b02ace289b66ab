/** `/api/vivace/graph`: who calls whom, counted from the spans of a range, or of the traces that match a TraceQL query. */
import type { GraphEdge, GraphNode, GraphStats, ServiceGraph } from '../../analysis/service-graph/model.ts';
import type { Answer, TimeRange } from '../../store/trace-store.ts';
import { isMetricsQuery } from '../../traceql/metrics.ts';
import type { ApiContext, ApiRequest, ApiResponse } from '../exchange.ts';
import { jsonResponse } from '../exchange.ts';
import { invalid, textParam } from '../tempo/params.ts';
import { checkedQuery } from '../tempo/query.ts';
import { searchRange } from '../tempo/range.ts';

/** Rates are per second of the range, latencies in milliseconds. */
export interface GraphStatsBody {
  readonly requests: number;
  readonly errors: number;
  readonly ratePerSecond: number;
  /** 0 to 1. */
  readonly errorShare: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
}

export type GraphNodeBody = Pick<GraphNode, 'id' | 'kind' | 'name' | 'namespace'> & GraphStatsBody;
export type GraphEdgeBody = Pick<GraphEdge, 'source' | 'target' | 'kind'> & GraphStatsBody;

export interface ServiceGraphBody {
  /** Unix seconds: what the rates are of. */
  readonly startSeconds: number;
  readonly endSeconds: number;
  readonly nodes: readonly GraphNodeBody[];
  readonly edges: readonly GraphEdgeBody[];
  readonly partial: boolean;
  readonly warnings: readonly string[];
  readonly inspectedTraces: number;
  readonly inspectedSpans: number;
}

/** Errors: `invalid_argument`, `query_invalid`. */
export async function serviceGraph(request: ApiRequest, { store, clock }: ApiContext): Promise<ApiResponse> {
  const { params, tenant, signal } = request;
  const text = textParam(params, 'q');
  const filter = text === undefined ? undefined : checkedQuery(text);
  if (filter !== undefined && isMetricsQuery(filter)) {
    throw invalid(
      'invalid TraceQL query: the graph is of the traces that a query selects; a metrics query selects none'
    );
  }
  const range = searchRange(params, clock);
  return jsonResponse(bodyOf(await store.serviceGraph({ tenant, range, filter, signal }), range));
}

function bodyOf(answer: Answer<ServiceGraph>, range: TimeRange): ServiceGraphBody {
  const { data, partial, warnings, stats } = answer;
  const startSeconds = Number(range.startUnixNanos ?? 0n) / 1e9;
  // Ranges of requests are closed by one nanosecond.
  const endSeconds = Number((range.endUnixNanos ?? 1n) - 1n) / 1e9;
  const seconds = endSeconds - startSeconds;
  return {
    startSeconds,
    endSeconds,
    nodes: data.nodes.map(({ id, kind, name, namespace, ...rest }) => {
      return { id, kind, name, namespace, ...statsBody(rest, seconds) };
    }),
    edges: data.edges.map(({ source, target, kind, ...rest }) => ({
      source,
      target,
      kind,
      ...statsBody(rest, seconds),
    })),
    partial,
    warnings,
    inspectedTraces: stats.inspectedTraces,
    inspectedSpans: stats.inspectedSpans,
  };
}

function statsBody({ requests, errors, p50Nanos, p95Nanos, p99Nanos }: GraphStats, seconds: number): GraphStatsBody {
  return {
    requests,
    errors,
    ratePerSecond: seconds > 0 ? requests / seconds : 0,
    errorShare: requests === 0 ? 0 : errors / requests,
    p50Ms: p50Nanos / 1e6,
    p95Ms: p95Nanos / 1e6,
    p99Ms: p99Nanos / 1e6,
  };
}
