import {
  DataSourceApi,
  dateTime,
  LoadingState,
  type AbstractQuery,
  type AdHocVariableFilter,
  type AnnotationSupport,
  type CoreApp,
  type DataFrame,
  type DataQueryError,
  type DataQueryRequest,
  type DataQueryResponse,
  type DataSourceGetTagKeysOptions,
  type DataSourceGetTagValuesOptions,
  type DataSourceInstanceSettings,
  type MetricFindValue,
  type QueryFixAction,
  type ScopedVars,
  type TestDataSourceResponse,
} from '@grafana/data';
import { getTemplateSrv } from '@grafana/runtime';
import { Observable, of } from 'rxjs';
import { createClient, type Client } from '../api/client.ts';
import { CodedError } from '../base/coded-error.ts';
import { fromAbstractQuery, toAbstractQuery } from './abstract-query.ts';
import { fieldOfKey, queryOfFilters } from './ad-hoc.ts';
import { fullViewHref, metricsAnswer, searchAnswer, traceAnswer, type AnswerContext } from './answers.ts';
import { annotationEvents, annotationSearch, type VivaceAnnotationQuery } from './annotations.ts';
import { LazyAnnotationEditor } from './LazyAnnotationEditor.tsx';
import { gunzip } from '../app/gunzip.ts';
import { printField } from '../traceql/attributes.ts';
import { proxyTransport } from './backend-transport.ts';
import { interpolateQuery } from './interpolate.ts';
import {
  defaultLimit,
  defaultSpansPerSpanset,
  planQuery,
  traceqlOf,
  type QueryPlan,
  type VivaceQuery,
} from './query.ts';
import { defaultTagLimit, type VivaceJsonData } from './settings.ts';
import { withFilter, withFilters } from './modify-query.ts';
import { proxyStreamTransport } from './stream-transport.ts';
import type { Transports } from './streaming.ts';
import { rangeOf } from './range.ts';
import type { Upload } from './upload.ts';
import { VariableSupport } from './variable-support.ts';
import { filterKeys, filterValues, listVariable, planVariable, type VivaceVariableQuery } from './variables.ts';

/** Answers Grafana's queries from a Vivace server, or any server with Tempo's query API, through Grafana's proxy. */
export class DataSource extends DataSourceApi<VivaceQuery, VivaceJsonData> {
  /** Also read by panels that make links from it, as they read it from other tracing data sources. */
  readonly instanceSettings: DataSourceInstanceSettings<VivaceJsonData>;
  readonly client: Client;
  override readonly variables: VariableSupport = new VariableSupport(this);
  override readonly annotations: AnnotationSupport<VivaceQuery>;
  private readonly transports: Transports;
  /** Of the file that the query editor was given last. Too large for a query, which stands in URLs and dashboards. */
  private uploaded: Upload | undefined;

  constructor(settings: DataSourceInstanceSettings<VivaceJsonData>) {
    super(settings);
    this.instanceSettings = settings;
    const url = settings.url ?? '';
    this.transports = { plain: proxyTransport(url), stream: proxyStreamTransport(url), refusesStreams: false };
    this.client = createClient(this.transports.plain);
    this.annotations = {
      QueryEditor: LazyAnnotationEditor,
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

  /**
   * One answer for all targets, each with its frames or its error; while some of them stream, the frames so far. Every packet has
   * everything and replaces the one before. Unsubscribing cancels what is under way, at the server too.
   */
  override query(request: DataQueryRequest<VivaceQuery>): Observable<DataQueryResponse> {
    return new Observable((subscriber) => {
      const controller = new AbortController();
      const targets = request.targets.filter((query) => this.filterQuery(query));
      const answers: DataQueryResponse[] = targets.map(() => ({ data: [] }));
      const packet = (state: LoadingState): DataQueryResponse => {
        const errors = answers.flatMap((answer) => answer.errors ?? []);
        const data = answers.flatMap((answer) => answer.data);
        return { key: 'vivace', data, state, ...(errors.length === 0 ? {} : { errors }) };
      };
      const answerTarget = async (query: VivaceQuery, index: number): Promise<void> => {
        answers[index] = await this.answer(query, request, controller.signal, (frames) => {
          answers[index] = { data: frames };
          if (!controller.signal.aborted) {
            subscriber.next(packet(LoadingState.Streaming));
          }
        });
      };
      void Promise.all(targets.map(answerTarget)).then(() => {
        const failed = answers.some(({ errors }) => errors !== undefined);
        subscriber.next(packet(failed ? LoadingState.Error : LoadingState.Done));
        subscriber.complete();
      });
      return () => controller.abort();
    });
  }

  /** Says which server answers, what of it works, and what to do about the rest. */
  override async testDatasource(): Promise<TestDataSourceResponse> {
    const { testServer } = await import('./health.ts');
    // The settings may have changed since a stream was refused.
    this.transports.refusesStreams = false;
    return testServer(this.client, this.transports, dateTime().valueOf());
  }

  /** Never rejects: an error belongs to its target. */
  private async answer(
    query: VivaceQuery,
    request: DataQueryRequest<VivaceQuery>,
    signal: AbortSignal,
    onPartial: (frames: DataFrame[]) => void
  ): Promise<DataQueryResponse> {
    try {
      const asked = interpolateQuery(query, request.scopedVars);
      const plan = planQuery(withFilters(asked, request.filters ?? [], 'throw'));
      return { data: await this.frames(plan, query.refId, request, signal, onPartial) };
    } catch (error) {
      return { data: [], errors: [queryError(error, query.refId)] };
    }
  }

  private async frames(
    plan: QueryPlan,
    refId: string,
    request: DataQueryRequest<VivaceQuery>,
    signal: AbortSignal,
    onPartial: (frames: DataFrame[]) => void
  ): Promise<DataFrame[]> {
    const target = { uid: this.uid, name: this.name };
    const { range, intervalMs, app } = request;
    const { client, transports } = this;
    const settings = this.instanceSettings.jsonData;
    const context: AnswerContext = {
      refId,
      range,
      intervalMs,
      app,
      target,
      settings,
      client,
      transports,
      signal,
      onPartial,
    };
    switch (plan.kind) {
      case 'none':
        return [];
      case 'service-graph':
        return (await import('./service-graph-answer.ts')).serviceGraphAnswer(plan, context);
      case 'trace':
        return traceAnswer(plan.traceId, context);
      case 'upload':
        return this.uploadFrames(refId);
      case 'search':
        return searchAnswer(plan, context);
      case 'metrics':
        return metricsAnswer(plan, context);
    }
  }

  private async uploadFrames(refId: string): Promise<DataFrame[]> {
    if (this.uploaded === undefined) {
      throw new CodedError('not_found', 'Choose the trace file again: files are kept only until the page is left.');
    }
    const { uploadFrames } = await import('./upload.ts');
    return uploadFrames(this.uploaded, refId);
  }

  private get tagLimit(): number {
    return this.instanceSettings.jsonData.tagLimit ?? defaultTagLimit;
  }
}

function queryError(error: unknown, refId: string): DataQueryError {
  const status = error instanceof CodedError ? error.details.status : undefined;
  return {
    refId,
    message: error instanceof Error ? error.message : String(error),
    ...(typeof status === 'number' ? { status } : {}),
  };
}
