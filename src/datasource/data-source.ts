import {
  DataSourceApi,
  LoadingState,
  locationUtil,
  type AbstractQuery,
  type AdHocVariableFilter,
  type AnnotationSupport,
  type CoreApp,
  type DataFrame,
  type DataLink,
  type DataQueryError,
  type DataQueryRequest,
  type DataQueryResponse,
  type DataSourceGetTagKeysOptions,
  type DataSourceGetTagValuesOptions,
  type DataSourceInstanceSettings,
  type MetricFindValue,
  type QueryFixAction,
  type QueryResultMetaNotice,
  type ScopedVars,
  type TestDataSourceResponse,
  type TimeRange,
} from '@grafana/data';
import { config, getDataSourceSrv, getTemplateSrv } from '@grafana/runtime';
import { Observable, of } from 'rxjs';
import { createClient, type Client } from '../api/client.ts';
import type { Transport } from '../api/transport.ts';
import { CodedError } from '../base/coded-error.ts';
import type { Span, TraceId } from '../trace/model.ts';
import { fromAbstractQuery, toAbstractQuery } from './abstract-query.ts';
import { fieldOfKey, queryOfFilters } from './ad-hoc.ts';
import { annotationEvents, annotationSearch, type VivaceAnnotationQuery } from './annotations.ts';
import { AnnotationEditor } from './AnnotationEditor.tsx';
import { gunzip } from '../app/gunzip.ts';
import { printField } from '../traceql/attributes.ts';
import { proxyTransport } from './backend-transport.ts';
import { metricsFrames } from './frames/metrics-frame.ts';
import { graphSpansMax, nodeGraphFrames } from './frames/node-graph-frames.ts';
import { searchFrames } from './frames/search-frame.ts';
import { serviceGraphFrames } from './frames/service-graph-frames.ts';
import { emptyTraceFrame, traceFrame } from './frames/trace-frame.ts';
import { interpolateQuery } from './interpolate.ts';
import {
  defaultLimit,
  defaultSpansPerSpanset,
  planQuery,
  traceqlOf,
  unitOfMetrics,
  type VivaceQuery,
} from './query.ts';
import { defaultTagLimit, type VivaceJsonData } from './settings.ts';
import { describeStatus, testTempo } from './health.ts';
import { frameLinks } from './links/frame-links.ts';
import { withFilter, withFilters } from './modify-query.ts';
import { requestMetrics, requestSearch, type SecondsRange } from './tempo-requests.ts';
import { shiftMs, type LinkedDataSource } from '../ui/links/span-links.ts';
import { VariableSupport } from './variable-support.ts';
import { filterKeys, filterValues, listVariable, planVariable, type VivaceVariableQuery } from './variables.ts';

/** Grafana's own trace view slows down beyond; above it Explore is pointed to our panel. */
const coreViewSpansMax = 10_000;

/** Answers Grafana's queries from a Vivace server, or any server with Tempo's query API, through Grafana's proxy. */
export class DataSource extends DataSourceApi<VivaceQuery, VivaceJsonData> {
  /** Also read by panels that make links from it, as they read it from other tracing data sources. */
  readonly instanceSettings: DataSourceInstanceSettings<VivaceJsonData>;
  readonly client: Client;
  override readonly variables: VariableSupport = new VariableSupport(this);
  override readonly annotations: AnnotationSupport<VivaceQuery>;
  private readonly transport: Transport;
  /** Of the file that the query editor was given last. Too large for a query, which stands in URLs and dashboards. */
  private uploaded: readonly Span[] | undefined;

  constructor(settings: DataSourceInstanceSettings<VivaceJsonData>) {
    super(settings);
    this.instanceSettings = settings;
    this.transport = proxyTransport(settings.url ?? '');
    this.client = createClient(this.transport);
    this.annotations = {
      QueryEditor: AnnotationEditor,
      getDefaultQuery: (): Partial<VivaceAnnotationQuery> => ({ annotates: 'errors' }),
      prepareQuery: ({ target }) => annotationSearch(target),
      processEvents: (_annotation, frames) =>
        of(annotationEvents(frames, (traceId) => fullViewHref(this.uid, traceId))),
    };
  }

  /** Names or values for a dashboard variable. Aborted by `signal`. */
  async listVariable(query: VivaceVariableQuery, request: DataQueryRequest, signal: AbortSignal): Promise<string[]> {
    const replace = (text: string | undefined) => getTemplateSrv().replace(text, request.scopedVars);
    const { service, scope, attribute, label, condition } = query;
    const plan = planVariable({
      ...query,
      ...(service === undefined ? {} : { service: replace(service) }),
      ...(scope === undefined ? {} : { scope: replace(scope) }),
      ...(attribute === undefined ? {} : { attribute: replace(attribute) }),
      ...(label === undefined ? {} : { label: replace(label) }),
      ...(condition === undefined
        ? {}
        : { condition: interpolateQuery({ refId: '', query: condition }, request.scopedVars).query }),
    });
    return listVariable(this.client, plan, { range: rangeOf(request.range), limit: this.tagLimit, signal });
  }

  override async getTagKeys({
    filters,
    timeRange,
  }: DataSourceGetTagKeysOptions<VivaceQuery>): Promise<MetricFindValue[]> {
    const names = await this.client.attributeNames({ query: queryOfFilters(filters), range: rangeOf(timeRange) });
    return filterKeys(names).map((text) => ({ text, value: text }));
  }

  /** Values that occur together with the other filters, in the range. */
  override async getTagValues(options: DataSourceGetTagValuesOptions<VivaceQuery>): Promise<MetricFindValue[]> {
    const query = queryOfFilters(options.filters.filter(({ key }) => key !== options.key));
    const request = { query, range: rangeOf(options.timeRange), limit: this.tagLimit };
    return filterValues(await this.client.attributeValues(printField(fieldOfKey(options.key)), request));
  }

  override modifyQuery(query: VivaceQuery, action: QueryFixAction): VivaceQuery {
    return withFilter(query, action);
  }

  importFromAbstractQueries(queries: AbstractQuery[]): Promise<VivaceQuery[]> {
    return Promise.resolve(queries.map(fromAbstractQuery));
  }

  exportToAbstractQueries(queries: VivaceQuery[]): Promise<AbstractQuery[]> {
    return Promise.resolve(queries.map(toAbstractQuery));
  }

  override targetContainsTemplate(query: VivaceQuery): boolean {
    return getTemplateSrv().containsTemplate(traceqlOf(query));
  }

  /** Takes the file that `upload` queries show from now on. Errors: CodedError with a sentence for the person. */
  async upload(bytes: Uint8Array): Promise<void> {
    const { readUpload } = await import('./upload.ts');
    this.uploaded = await readUpload(bytes, gunzip);
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

  /** As Explore gets the queries of a panel: variables replaced, the dashboard's filters applied. */
  override interpolateVariablesInQueries(
    queries: VivaceQuery[],
    scopedVars: ScopedVars,
    filters: AdHocVariableFilter[] = []
  ): VivaceQuery[] {
    return queries.map((query) => ({
      ...withFilters(interpolateQuery(query, scopedVars), filters, 'keep'),
      datasource: this.getRef(),
    }));
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
    const asked = interpolateQuery(query, request.scopedVars);
    const plan = planQuery(withFilters(asked, request.filters ?? [], 'throw'));
    const target = { uid: this.uid, name: this.name };
    switch (plan.kind) {
      case 'none':
        return [];
      case 'service-graph': {
        const graphRange = secondsOf(request.range);
        const graph = await this.client.serviceGraph({ query: plan.traceql, range: graphRange, signal });
        return serviceGraphFrames(graph, refId, target);
      }
      case 'trace':
        return this.traceFrames(plan.traceId, refId, request.range, signal);
      case 'upload':
        return this.uploadFrames(refId);
      case 'search': {
        const body = await requestSearch(this.transport, { ...plan, ...secondsOf(request.range) }, signal);
        return searchFrames(body, {
          refId,
          tableType: plan.tableType,
          limit: plan.limit,
          target,
          theme: config.theme2,
        });
      }
      case 'metrics': {
        const step = plan.step ?? `${Math.max(1, Math.ceil(request.intervalMs / 1000))}s`;
        const body = await requestMetrics(this.transport, { ...plan, step, ...secondsOf(request.range) }, signal);
        const instantAtMs = request.range.to.valueOf();
        const stepMs = plan.instant ? undefined : shiftMs(step, 0) || undefined;
        const unit = unitOfMetrics(plan.traceql);
        return metricsFrames(body, { refId, instant: plan.instant, instantAtMs, target, stepMs, unit });
      }
    }
  }

  /** A trace comes back whole; the time range is used only where the settings ask for it. */
  private async traceFrames(
    traceId: TraceId,
    refId: string,
    range: TimeRange,
    signal: AbortSignal
  ): Promise<DataFrame[]> {
    const answer = await this.client.trace(traceId, signal, this.lookUpRange(range));
    const spans = answer.data ?? [];
    if (spans.length === 0) {
      return [emptyTraceFrame(refId)];
    }
    const settings = this.instanceSettings.jsonData;
    const links = frameLinks(settings, findDataSource);
    const panelId = spans.length > coreViewSpansMax ? 'vivace-waterfall-panel' : undefined;
    const frame = traceFrame(spans, {
      refId,
      links: [fullViewLink(this.uid), ...links.span],
      tagLinks: links.tags,
      panelId,
    });
    const withGraph = settings.nodeGraph?.enabled === true;
    const notices: QueryResultMetaNotice[] = answer.warnings.map((text) => ({ severity: 'warning', text }));
    if (answer.partial && notices.length === 0) {
      notices.push({ severity: 'warning', text: 'The trace is incomplete.' });
    }
    if (withGraph && spans.length > graphSpansMax) {
      notices.push({ severity: 'info', text: `No node graph: it would have more than ${graphSpansMax} nodes.` });
    }
    if (notices.length > 0) {
      frame.meta = { ...frame.meta, notices };
    }
    return withGraph && spans.length <= graphSpansMax ? [frame, ...nodeGraphFrames(spans, refId)] : [frame];
  }

  private async uploadFrames(refId: string): Promise<DataFrame[]> {
    if (this.uploaded === undefined) {
      throw new CodedError('not_found', 'Choose the trace file again: files are kept only until the page is left.');
    }
    const { uploadFrames } = await import('./upload.ts');
    return uploadFrames(this.uploaded, refId);
  }

  /** Around the range by the settings' shifts, half an hour by default; `undefined`: everywhere. */
  private lookUpRange(range: TimeRange): SecondsRange | undefined {
    const { timeShiftEnabled, spanStartTimeShift, spanEndTimeShift } = this.instanceSettings.jsonData.traceQuery ?? {};
    if (timeShiftEnabled !== true) {
      return undefined;
    }
    const { startSeconds, endSeconds } = secondsOf(range);
    // Written without a sign, shifts lead away from the range, as with Tempo.
    const before = Math.abs(shiftMs(spanStartTimeShift, 1_800_000)) / 1000;
    const after = Math.abs(shiftMs(spanEndTimeShift, 1_800_000)) / 1000;
    return { startSeconds: Math.max(0, Math.floor(startSeconds - before)), endSeconds: Math.ceil(endSeconds + after) };
  }

  private get tagLimit(): number {
    return this.instanceSettings.jsonData.tagLimit ?? defaultTagLimit;
  }
}

function findDataSource(uid: string): LinkedDataSource | undefined {
  const found = uid === '' ? undefined : getDataSourceSrv().getInstanceSettings(uid);
  return found && { uid: found.uid, name: found.name, type: found.type };
}

/** The full view of a trace, where Grafana runs below a path too. */
function fullViewHref(datasourceUid: string, traceId: string): string {
  return locationUtil.assureBaseUrl(
    `/a/vivace-traces-app/trace/${encodeURIComponent(traceId)}?ds=${encodeURIComponent(datasourceUid)}`
  );
}

function rangeOf(range: TimeRange | undefined): SecondsRange | undefined {
  return range === undefined ? undefined : secondsOf(range);
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
