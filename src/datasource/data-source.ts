import {
  DataSourceApi,
  LoadingState,
  type CoreApp,
  type DataFrame,
  type DataLink,
  type DataQueryError,
  type DataQueryRequest,
  type DataQueryResponse,
  type DataSourceInstanceSettings,
  type ScopedVars,
  type TestDataSourceResponse,
  type TimeRange,
} from '@grafana/data';
import { config } from '@grafana/runtime';
import { Observable } from 'rxjs';
import { createClient, type Client } from '../api/client.ts';
import type { Transport } from '../api/transport.ts';
import { CodedError } from '../base/coded-error.ts';
import type { TraceId } from '../trace/model.ts';
import { proxyTransport } from './backend-transport.ts';
import { metricsFrames } from './frames/metrics-frame.ts';
import { searchFrames } from './frames/search-frame.ts';
import { emptyTraceFrame, traceFrame } from './frames/trace-frame.ts';
import { interpolateQuery } from './interpolate.ts';
import { defaultLimit, defaultSpansPerSpanset, planQuery, traceqlOf, type VivaceQuery } from './query.ts';
import type { VivaceJsonData } from './settings.ts';
import { describeStatus, testTempo } from './health.ts';
import { requestMetrics, requestSearch, type SecondsRange } from './tempo-requests.ts';

/** Grafana's own trace view slows down beyond; above it Explore is pointed to our panel. */
const coreViewSpansMax = 10_000;

/** Answers Grafana's queries from a Vivace server, or any server with Tempo's query API, through Grafana's proxy. */
export class DataSource extends DataSourceApi<VivaceQuery, VivaceJsonData> {
  private readonly transport: Transport;
  private readonly client: Client;

  constructor(settings: DataSourceInstanceSettings<VivaceJsonData>) {
    super(settings);
    this.transport = proxyTransport(settings.url ?? '');
    this.client = createClient(this.transport);
  }

  override getDefaultQuery(_app: CoreApp): Partial<VivaceQuery> {
    return { queryType: 'traceql', query: '', limit: defaultLimit, spss: defaultSpansPerSpanset, tableType: 'traces' };
  }

  override filterQuery(query: VivaceQuery): boolean {
    return query.hide !== true && planQuery(query).kind !== 'none';
  }

  override getQueryDisplayText(query: VivaceQuery): string {
    return traceqlOf(query);
  }

  override interpolateVariablesInQueries(queries: VivaceQuery[], scopedVars: ScopedVars): VivaceQuery[] {
    return queries.map((query) => ({ ...interpolateQuery(query, scopedVars), datasource: this.getRef() }));
  }

  /** One answer for all targets, each with its frames or its error. Unsubscribing cancels what is under way. */
  override query(request: DataQueryRequest<VivaceQuery>): Observable<DataQueryResponse> {
    return new Observable((subscriber) => {
      const controller = new AbortController();
      const targets = request.targets.filter((query) => this.filterQuery(query));
      void Promise.all(targets.map((query) => this.answer(query, request, controller.signal))).then((answers) => {
        const errors = answers.flatMap((answer) => answer.errors ?? []);
        subscriber.next({
          data: answers.flatMap((answer) => answer.data),
          state: errors.length === 0 ? LoadingState.Done : LoadingState.Error,
          ...(errors.length === 0 ? {} : { errors }),
        });
        subscriber.complete();
      });
      return () => controller.abort();
    });
  }

  /** Says which server answers and what it can do; the same words for Vivace and for other servers with Tempo's API. */
  override async testDatasource(): Promise<TestDataSourceResponse> {
    try {
      const status = await this.client.status();
      return status === undefined
        ? await testTempo(this.transport)
        : { status: 'success', message: describeStatus(status) };
    } catch (error) {
      return { status: 'error', message: error instanceof Error ? error.message : String(error) };
    }
  }

  /** Never rejects: an error belongs to its target. */
  private async answer(
    query: VivaceQuery,
    request: DataQueryRequest<VivaceQuery>,
    signal: AbortSignal
  ): Promise<DataQueryResponse> {
    try {
      return { data: await this.frames(query, request, signal) };
    } catch (error) {
      return { data: [], errors: [queryError(error, query.refId)] };
    }
  }

  private async frames(
    query: VivaceQuery,
    request: DataQueryRequest<VivaceQuery>,
    signal: AbortSignal
  ): Promise<DataFrame[]> {
    const { refId } = query;
    const plan = planQuery(interpolateQuery(query, request.scopedVars));
    const target = { uid: this.uid, name: this.name };
    switch (plan.kind) {
      case 'none':
        return [];
      case 'unsupported':
        throw new CodedError('unsupported', plan.message);
      case 'trace':
        return this.traceFrames(plan.traceId, refId, signal);
      case 'search': {
        const body = await requestSearch(this.transport, { ...plan, ...secondsOf(request.range) }, signal);
        return searchFrames(body, { refId, tableType: plan.tableType, target, theme: config.theme2 });
      }
      case 'metrics': {
        const step = plan.step ?? `${Math.max(1, Math.ceil(request.intervalMs / 1000))}s`;
        const body = await requestMetrics(this.transport, { ...plan, step, ...secondsOf(request.range) }, signal);
        const instantAtMs = request.range.to.valueOf();
        return metricsFrames(body, { refId, instant: plan.instant, instantAtMs, target });
      }
    }
  }

  /** A trace comes back whole: the time range is ignored. */
  private async traceFrames(traceId: TraceId, refId: string, signal: AbortSignal): Promise<DataFrame[]> {
    const answer = await this.client.trace(traceId, signal);
    const spans = answer.data ?? [];
    if (spans.length === 0) {
      return [emptyTraceFrame(refId)];
    }
    const panelId = spans.length > coreViewSpansMax ? 'vivace-waterfall-panel' : undefined;
    const frame = traceFrame(spans, { refId, links: [fullViewLink(this.uid)], panelId });
    if (answer.warnings.length > 0) {
      frame.meta = { ...frame.meta, notices: answer.warnings.map((text) => ({ severity: 'warning', text })) };
    }
    return [frame];
  }
}

/** The trace on the app's own page, from any span. */
export function fullViewLink(datasourceUid: string): DataLink {
  return {
    title: 'Open in Vivace',
    url: `/a/vivace-traces-app/trace/\${__data.fields.traceID}?span=\${__data.fields.spanID}&ds=${encodeURIComponent(datasourceUid)}`,
    targetBlank: true,
  };
}

/** Tempo takes whole seconds; the range is widened to them. */
function secondsOf(range: TimeRange): SecondsRange {
  const startSeconds = Math.floor(range.from.valueOf() / 1000);
  return { startSeconds, endSeconds: Math.max(startSeconds + 1, Math.ceil(range.to.valueOf() / 1000)) };
}

function queryError(error: unknown, refId: string): DataQueryError {
  const status = error instanceof CodedError ? error.details.status : undefined;
  return {
    refId,
    message: error instanceof Error ? error.message : String(error),
    ...(typeof status === 'number' ? { status } : {}),
  };
}
