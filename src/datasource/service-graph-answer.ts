import {
  CoreApp,
  type DataFrame,
  type DataQueryRequest,
  type DataQueryResponse,
  type DataSourceApi,
} from '@grafana/data';
import { getDataSourceSrv } from '@grafana/runtime';
import { from, lastValueFrom, takeUntil, Subject } from 'rxjs';
import { CodedError } from '../base/coded-error.ts';
import type { ServiceGraphBody } from '../api/vivace/graph.ts';
import { tracesOfNode } from '../analysis/service-graph/traces-query.ts';
import { withNotices, type AnswerContext } from './answers.ts';
import { operationsFrame } from './frames/operations-frame.ts';
import { serviceGraphFrames } from './frames/service-graph-frames.ts';
import { graphOfFrames, prometheusQueries, type PrometheusGraphRequest } from './prometheus-graph.ts';
import type { QueryPlan } from './query.ts';
import { secondsOf } from './range.ts';

const rowsShown = 5;

/** The graph for Grafana's node graph, and the busiest services or operations as a table. */
export async function serviceGraphAnswer(
  plan: QueryPlan & { kind: 'service-graph' },
  context: AnswerContext
): Promise<DataFrame[]> {
  const linked = context.settings.serviceMap?.datasourceUid ?? '';
  return plan.source === 'server' || linked === ''
    ? graphFromServer(plan.traceql, context)
    : graphFromPrometheus(linked, plan, context);
}

async function graphFromServer(traceql: string, context: AnswerContext): Promise<DataFrame[]> {
  const { refId, target, range, signal } = context;
  const graph = await context.client.serviceGraph({ query: traceql, range: secondsOf(range), signal });
  const busiest = [...graph.nodes]
    .filter(({ kind, requests }) => kind === 'service' && requests > 0)
    .sort((a, b) => b.ratePerSecond - a.ratePerSecond)
    .slice(0, rowsShown);
  const rows = busiest.map((node) => ({
    name: node.name,
    ratePerSecond: node.ratePerSecond,
    errorShare: node.errorShare,
    latencyMs: node.p95Ms,
    traces: tracesOfNode(node),
  }));
  const frames = serviceGraphFrames(graph, refId, target);
  const table = operationsFrame(rows, { refId, title: 'Service', latency: 'p95', target });
  return saidEmpty(graph, [...frames, ...(rows.length === 0 ? [] : [table])], 'No spans of services in this range.');
}

async function graphFromPrometheus(
  uid: string,
  plan: QueryPlan & { kind: 'service-graph' },
  context: AnswerContext
): Promise<DataFrame[]> {
  const { refId, target, range, signal } = context;
  const source = await getDataSourceSrv()
    .get(uid)
    .catch((cause: unknown) => {
      const hint = 'Choose it again in the settings of this data source, or none: then the server counts the graph.';
      throw new CodedError(
        'not_found',
        `The Prometheus of the service graph (${uid}) is not there. ${hint}`,
        {},
        { cause }
      );
    });
  const seconds = secondsOf(range);
  const asked: PrometheusGraphRequest = {
    selectors: plan.selectors,
    byNamespace: plan.byNamespace,
    rangeSeconds: Math.max(1, seconds.endSeconds - seconds.startSeconds),
  };
  const frames = await framesOf(source, prometheusQueries(asked), context, signal);
  const { graph, operations } = graphOfFrames(frames, asked, seconds);
  const prometheus = { uid: source.uid, name: source.name };
  const answer = [
    ...serviceGraphFrames(graph, refId, target, prometheus),
    ...(operations.length === 0
      ? []
      : [operationsFrame(operations, { refId, title: 'Operation', latency: 'p90', target })]),
  ];
  const missing =
    `${source.name} has no traces_service_graph_request_total in this range. A metrics generator or the OpenTelemetry ` +
    "collector's servicegraph connector writes it; without a linked Prometheus the server counts the graph itself.";
  return saidEmpty(graph, answer, missing);
}

function saidEmpty(graph: ServiceGraphBody, frames: DataFrame[], text: string): DataFrame[] {
  return graph.nodes.length === 0 ? withNotices(frames, [{ severity: 'info', text }]) : frames;
}

/** Instant tables at the end of the range. Leaving cancels the linked data source's requests. */
async function framesOf(
  source: DataSourceApi,
  queries: readonly { readonly refId: string; readonly expr: string }[],
  { range, intervalMs }: AnswerContext,
  signal: AbortSignal
): Promise<DataFrame[]> {
  const request: DataQueryRequest = {
    app: CoreApp.Unknown,
    requestId: `vivace-service-graph-${source.uid}`,
    interval: `${Math.max(1, Math.round(intervalMs / 1000))}s`,
    intervalMs,
    range,
    scopedVars: {},
    startTime: range.to.valueOf(),
    timezone: 'browser',
    targets: queries.map((query) => {
      const datasource = { uid: source.uid, type: source.type };
      return { ...query, datasource, instant: true, range: false, exemplar: false, format: 'table' };
    }),
  };
  const left = new Subject<void>();
  signal.addEventListener('abort', () => left.next(), { once: true });
  const nothing: DataQueryResponse = { data: [] };
  const answer = await lastValueFrom(from(source.query(request)).pipe(takeUntil(left)), { defaultValue: nothing });
  if (signal.aborted) {
    throw new CodedError('canceled', 'Canceled.');
  }
  const failed = answer.errors?.[0];
  if (failed !== undefined) {
    const reason = failed.message ?? failed.data?.message ?? 'the query failed';
    throw new CodedError('unavailable', `The service graph of ${source.name}: ${reason}`);
  }
  return answer.data as DataFrame[];
}
