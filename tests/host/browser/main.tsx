/** The page of the test host: loads plugins as Grafana's loader does, and renders what a spec asks for. */
import { hostConfig } from './boot-data.ts';
import {
  createTheme,
  dateTime,
  standardEditorsRegistry,
  ThemeContext,
  toDataFrame,
  type AnnotationEvent,
  type AppPlugin,
  type AppRootProps,
  type CustomVariableSupport,
  type DataFrame,
  type DataLink,
  type DataQuery,
  type DataQueryRequest,
  type DataQueryResponse,
  type DataSourceApi,
  type DataSourceInstanceSettings,
  type DataSourcePlugin,
  type PanelPlugin,
  type PanelProps,
  type PluginMeta,
} from '@grafana/data';
import * as runtime from '@grafana/runtime';
import { GlobalStyles, PortalContainer } from '@grafana/ui';
import { useState, type ComponentType, type ReactNode } from 'react';
import { createRoot } from 'react-dom/client';
import { firstValueFrom, from, lastValueFrom, Observable, of, type Subscription } from 'rxjs';
import { backendSrv, dataSourceSrv, requests, setChunked, templateSrv } from './services.ts';
import { sharedModules } from './shared-modules.ts';

declare const System: {
  import(url: string): Promise<Record<string, unknown>>;
  set(id: string, module: object): void;
  addImportMap(map: { imports: Record<string, string> }): void;
};

type AnyDataSource = DataSourceApi;
type AnyEditor = ComponentType<Record<string, unknown>>;

const ids = {
  app: 'vivace-traces-app',
  dataSource: 'vivace-traces-datasource',
  panel: 'vivace-waterfall-panel',
  graphPanel: 'vivace-servicegraph-panel',
} as const;

const imports: Record<string, string> = {};
for (const [name, module] of Object.entries(sharedModules)) {
  // A name with a scheme stands for itself; a bare one would be resolved against the page.
  imports[name] = `package:${name}`;
  System.set(`package:${name}`, module);
}
System.addImportMap({ imports });

const settings: DataSourceInstanceSettings[] = [
  dataSource('vivace', 'Vivace', ids.dataSource, { tracing: true }),
  dataSource(
    'vivace-linked',
    'Vivace, linked',
    ids.dataSource,
    { tracing: true },
    {
      nodeGraph: { enabled: true },
      tracesToLogsV2: { datasourceUid: 'loki', filterByTraceID: true },
      serviceMap: { datasourceUid: 'prom' },
      traceQuery: { timeShiftEnabled: true, spanStartTimeShift: '1h', spanEndTimeShift: '1h' },
    }
  ),
  dataSource('loki', 'Loki', 'loki', { logs: true }),
  dataSource('prom', 'Prometheus', 'prometheus', { metrics: true }),
  { ...dataSource('-- Grafana --', '-- Grafana --', 'datasource', {}), url: undefined },
];
const instances = new Map<string, Promise<AnyDataSource>>();

// Grafana registers the editors of panel options before it loads a panel; ours need these.
standardEditorsRegistry.setInit(() => ['boolean', 'select'].map((id) => ({ id, name: id, editor: () => null })));
runtime.setBackendSrv(backendSrv);
runtime.setTemplateSrv(templateSrv);
runtime.setDataSourceSrv(dataSourceSrv(settings, (one) => instanceOf(one.uid)));
runtime.setEchoSrv({
  flush: () => undefined,
  addBackend: () => undefined,
  addEvent: () => undefined,
  onInteraction: () => undefined,
} as unknown as runtime.EchoSrv);
runtime.setPluginLinksHook(() => ({ links: [], isLoading: false }));

function dataSource(
  uid: string,
  name: string,
  type: string,
  meta: object,
  jsonData: object = {}
): DataSourceInstanceSettings {
  return {
    id: uid.length,
    uid,
    name,
    type,
    url: `${hostConfig.subPath}/api/datasources/proxy/uid/${uid}`,
    access: 'proxy',
    readOnly: false,
    isDefault: uid === 'vivace',
    jsonData,
    meta: { id: type, name, info: { logos: { small: '', large: '' } }, ...meta },
  } as unknown as DataSourceInstanceSettings;
}

async function load<T>(id: string): Promise<T> {
  const module = await System.import(`${hostConfig.plugins}/${id}/module.js?_cache=0.1.0`);
  return module.plugin as T;
}

function loadDataSource(): Promise<DataSourcePlugin<AnyDataSource>> {
  return load(ids.dataSource);
}

/** Answers every query for edges of the service graph with one call a second. */
const prometheus = {
  uid: 'prom',
  name: 'Prometheus',
  type: 'prometheus',
  query: ({ targets }: DataQueryRequest<DataQuery & { expr?: string }>) => {
    const fields = [
      { name: 'client', values: ['web'] },
      { name: 'server', values: ['cart'] },
      { name: 'Value', values: [1] },
    ];
    const asked = targets.filter(({ expr }) => expr?.includes('traces_service_graph_request_total{client="web"}['));
    return of({ data: asked.map(({ refId }) => toDataFrame({ refId, fields })) });
  },
} as unknown as AnyDataSource;

function instanceOf(uid: string): Promise<AnyDataSource> {
  if (uid === 'prom') {
    return Promise.resolve(prometheus);
  }
  let instance = instances.get(uid);
  if (instance === undefined) {
    instance = loadDataSource().then((plugin) => new plugin.DataSourceClass(settings.find((one) => one.uid === uid)!));
    instances.set(uid, instance);
  }
  return instance;
}

function requestOf(
  targets: readonly Record<string, unknown>[],
  scopedVars: DataQueryRequest['scopedVars'] = {},
  filters?: DataQueryRequest['filters']
): DataQueryRequest<DataQuery> {
  const to = dateTime();
  const from = dateTime(to.valueOf() - 3_600_000);
  return {
    app: 'explore',
    requestId: 'host',
    interval: '15s',
    intervalMs: 15_000,
    maxDataPoints: 240,
    range: { from, to, raw: { from: 'now-1h', to: 'now' } },
    scopedVars,
    filters,
    startTime: Date.now(),
    timezone: 'utc',
    targets: targets.map((target, index) => ({ refId: String.fromCharCode(65 + index), ...target })),
  } as DataQueryRequest<DataQuery>;
}

async function observe(
  targets: readonly Record<string, unknown>[],
  scopedVars?: DataQueryRequest['scopedVars'],
  filters?: DataQueryRequest['filters'],
  uid = 'vivace'
): Promise<Observable<DataQueryResponse>> {
  const instance = await instanceOf(uid);
  const answer = instance.query(requestOf(targets, scopedVars, filters) as never);
  return answer instanceof Promise ? from(answer) : (answer as Observable<DataQueryResponse>);
}

/** Column names and values as plain JSON, nested frames too. */
function plainFrame(frame: DataFrame): Record<string, unknown> {
  return {
    name: frame.name,
    refId: frame.refId,
    meta: frame.meta,
    length: frame.length,
    fields: frame.fields.map((field) => ({
      name: field.name,
      type: field.type,
      labels: field.labels,
      config: field.config,
      values:
        field.type === 'nestedFrames'
          ? (field.values as DataFrame[][]).map((frames) => frames.map(plainFrame))
          : Array.from(field.values),
    })),
  };
}

const root = createRoot(document.getElementById('reactRoot')!);
const theme = createTheme({ colors: { mode: runtime.config.theme2.isDark ? 'dark' : 'light' } });

function show(element: ReactNode): void {
  root.render(
    <ThemeContext.Provider value={theme}>
      <GlobalStyles />
      <div className="main-view" style={{ height: '100vh' }}>
        {element}
      </div>
      <PortalContainer />
    </ThemeContext.Provider>
  );
}

function ConfigHost({ Editor }: { Editor: AnyEditor }) {
  const [options, setOptions] = useState({
    uid: 'vivace',
    name: 'Vivace',
    type: ids.dataSource,
    url: '',
    access: 'proxy',
    jsonData: {},
    secureJsonData: {},
    secureJsonFields: {},
    readOnly: false,
  });
  (window as unknown as { options: unknown }).options = options;
  return <Editor options={options} onOptionsChange={setOptions} />;
}

function QueryHost({ Editor, instance, initial }: { Editor: AnyEditor; instance: AnyDataSource; initial: object }) {
  const [query, setQuery] = useState({ refId: 'A', ...initial });
  const [runs, setRuns] = useState(0);
  (window as unknown as { query: unknown }).query = query;
  const props = {
    datasource: instance,
    query,
    onChange: setQuery,
    onRunQuery: () => setRuns((count) => count + 1),
    app: 'explore',
  };
  return (
    <>
      <Editor {...props} />
      <output data-testid="runs">{runs}</output>
    </>
  );
}

function AnnotationHost({ Editor, instance, target }: { Editor: AnyEditor; instance: AnyDataSource; target: object }) {
  const [annotation, setAnnotation] = useState<object>({ name: 'a', target: { refId: 'Anno', ...target } });
  (window as unknown as { query: unknown }).query = annotation;
  const unused = () => undefined;
  const props = {
    datasource: instance,
    annotation,
    onAnnotationChange: setAnnotation,
    onChange: unused,
    onRunQuery: unused,
  };
  return <Editor {...props} query={target} />;
}

interface PanelSize {
  readonly width: number;
  readonly height: number;
  readonly uid: string;
  readonly options?: object;
  /** Data links that the panel's author put on every field. */
  readonly links?: readonly DataLink[];
}

async function panelElement(
  id: string,
  targets: readonly Record<string, unknown>[],
  { width, height, uid, options, links }: PanelSize
): Promise<ReactNode> {
  const plugin = await load<PanelPlugin>(id);
  const Panel = plugin.panel!;
  const datasource = { uid, type: ids.dataSource };
  const request = requestOf(targets.map((target) => ({ ...target, datasource })));
  const { data } = await lastValueFrom(await observe(targets, undefined, undefined, uid));
  // As Grafana applies the panel's field settings.
  for (const { config } of links === undefined ? [] : data.flatMap((frame: DataFrame) => frame.fields)) {
    config.links = [...(config.links ?? []), ...links!];
  }
  const props = {
    id: 1,
    title: 'Trace',
    data: { state: 'Done', series: data, timeRange: request.range, request },
    timeRange: request.range,
    timeZone: 'utc',
    options: { isListShown: true, ...plugin.defaults, ...options },
    fieldConfig: { defaults: {}, overrides: [] },
    width,
    height,
    transparent: false,
    renderCounter: 0,
    replaceVariables: (text: string) => text,
    eventBus: {
      publish: () => undefined,
      subscribe: () => ({ unsubscribe: () => undefined }),
      getStream: () => new Observable(),
    },
    onOptionsChange: () => undefined,
    onFieldConfigChange: () => undefined,
    onChangeTimeRange: () => undefined,
  };
  return (
    <div style={{ width, height, overflow: 'hidden' }} data-testid="panel">
      <Panel {...(props as unknown as PanelProps)} />
    </div>
  );
}

const testHost = {
  async testDatasource() {
    return (await instanceOf('vivace')).testDatasource();
  },

  /** The last answer, frames as plain JSON. */
  async query(
    targets: readonly Record<string, unknown>[],
    scopedVars?: DataQueryRequest['scopedVars'],
    filters?: DataQueryRequest['filters'],
    uid?: string
  ) {
    // Packets replace each other: one key.
    const answer = await lastValueFrom(await observe(targets, scopedVars, filters, uid));
    return {
      errors: answer.errors,
      state: answer.state,
      frames: answer.data.map((frame: DataFrame) => plainFrame(frame)),
    };
  },

  /** Unsubscribes as soon as the request is on its way; answers how many requests were aborted. */
  async cancelledQuery(targets: readonly Record<string, unknown>[]): Promise<{ aborted: number; answered: boolean }> {
    const before = requests.aborted;
    let answered = false;
    const subscription: Subscription = (await observe(targets)).subscribe(() => (answered = true));
    subscription.unsubscribe();
    await new Promise((resolve) => setTimeout(resolve, 50));
    return { aborted: requests.aborted - before, answered };
  },

  /** The states and row counts of a stream until `stop` says so; then the moment of leaving, in Unix milliseconds. */
  async streamedQuery(targets: readonly Record<string, unknown>[], hasChunked: boolean, leaveAtPacket?: number) {
    setChunked(hasChunked);
    const packets: { state: unknown; key: unknown; frames: [unknown, number][]; notices: unknown }[] = [];
    const observable = await observe(targets);
    const leftUnixMs = await new Promise<number>((resolve, reject) => {
      const subscription: Subscription = observable.subscribe({
        next: ({ state, key, data, errors }) => {
          packets.push({
            state,
            key,
            frames: data.map((frame: DataFrame) => [frame.name, frame.length]),
            notices: [...(errors ?? []), ...data.flatMap((frame: DataFrame) => frame.meta?.notices ?? [])],
          });
          if (packets.length === leaveAtPacket) {
            const leftMs = performance.timeOrigin + performance.now();
            subscription.unsubscribe();
            resolve(leftMs);
          } else if (packets.length === 1) {
            void fetch('/test/held', { method: 'POST' });
          }
        },
        error: reject,
        complete: () => resolve(performance.timeOrigin + performance.now()),
      });
    });
    setChunked(true);
    return { packets, leftUnixMs };
  },

  /** Choices of an ad hoc filter in the last hour: keys, or the values of one key beside other filters. */
  async filterChoices(filters: NonNullable<DataQueryRequest['filters']>, key?: string) {
    const instance = await instanceOf('vivace');
    const { range: timeRange } = requestOf([]);
    const choices =
      key === undefined
        ? await instance.getTagKeys!({ filters, timeRange })
        : await instance.getTagValues!({ filters, key, timeRange });
    return Array.isArray(choices) ? choices : choices.data;
  },

  async variable(query: Record<string, unknown>, scopedVars?: DataQueryRequest['scopedVars']): Promise<unknown[]> {
    const support = (await instanceOf('vivace')).variables as unknown as CustomVariableSupport<AnyDataSource>;
    const { data } = await firstValueFrom(support.query(requestOf([query], scopedVars) as never));
    return (data[0] as DataFrame).fields[1].values;
  },

  /** As a dashboard does: the annotation becomes a query, its frames events. */
  async annotations(target: Record<string, unknown>): Promise<AnnotationEvent[] | undefined> {
    const { annotations } = await instanceOf('vivace');
    const annotation = { name: 'a', enable: true, iconColor: 'red', target: { refId: 'Anno', ...target } };
    const query = annotations!.prepareQuery!(annotation as never);
    const { data } = await lastValueFrom(await observe([query as never]));
    return firstValueFrom(annotations!.processEvents!(annotation as never, data as DataFrame[]));
  },

  async renderVariableEditor(initial: object = {}) {
    const instance = await instanceOf('vivace');
    const support = instance.variables as unknown as { editor: AnyEditor };
    show(<QueryHost Editor={support.editor} instance={instance} initial={initial} />);
  },

  async renderAnnotationEditor(target: object) {
    const instance = await instanceOf('vivace');
    show(
      <AnnotationHost
        Editor={instance.annotations!.QueryEditor as unknown as AnyEditor}
        instance={instance}
        target={target}
      />
    );
  },

  /** What Explore does with queries: a clicked value, a move from a dashboard, a change from another data source. */
  async exploreQueries(query: Record<string, unknown>, matchers: readonly object[]) {
    const instance = (await instanceOf('vivace')) as AnyDataSource & {
      importFromAbstractQueries(queries: object[]): Promise<DataQuery[]>;
    };
    const scopedVars = { service: { text: '', value: 'shop' } };
    const filters = [{ key: 'status', operator: '=', value: 'error' }];
    const clicked = { type: 'ADD_FILTER_OUT', options: { key: 'name', value: 'GET /' } };
    return {
      clicked: instance.modifyQuery!(query as never, clicked),
      moved: instance.interpolateVariablesInQueries!([query as never], scopedVars, filters)[0],
      imported: (await instance.importFromAbstractQueries([{ refId: 'A', labelMatchers: matchers }]))[0],
    };
  },

  displayText: async (query: Record<string, unknown>) =>
    (await instanceOf('vivace')).getQueryDisplayText?.(query as never),

  async renderConfigEditor() {
    const { ConfigEditor } = (await loadDataSource()).components;
    show(<ConfigHost Editor={ConfigEditor as unknown as AnyEditor} />);
  },

  async renderQueryHelp() {
    const { QueryEditorHelp } = (await loadDataSource()).components;
    const Help = QueryEditorHelp as unknown as AnyEditor;
    show(<Help onClickExample={(query: unknown) => Object.assign(window, { query })} />);
  },

  async renderQueryEditor(initial: object = {}) {
    const { QueryEditor } = (await loadDataSource()).components;
    show(
      <QueryHost Editor={QueryEditor as unknown as AnyEditor} instance={await instanceOf('vivace')} initial={initial} />
    );
  },

  async renderPanel(
    targets: readonly Record<string, unknown>[],
    { width = 1200, height = 500, uid = 'vivace', ...rest }: Partial<PanelSize> = {}
  ) {
    show(await panelElement(ids.panel, targets, { width, height, uid, ...rest }));
  },

  async renderGraphPanel(target: Record<string, unknown>, width = 1200, height = 500) {
    show(
      await panelElement(ids.graphPanel, [{ queryType: 'serviceMap', ...target }], { width, height, uid: 'vivace' })
    );
  },

  /** As on a dashboard: one below the other, in one page. */
  async renderTwoPanels(first: Record<string, unknown>, second: Record<string, unknown>) {
    const size = { width: 1200, height: 420, uid: 'vivace' };
    const panels = await Promise.all([first, second].map((target) => panelElement(ids.panel, [target], size)));
    show(
      <>
        {panels[0]}
        {panels[1]}
      </>
    );
  },

  /** What the app registers in Grafana's menus, as a context of each would see it; what it exposes. */
  async extensions(context: object) {
    const plugin = await load<AppPlugin>(ids.app);
    return {
      links: plugin.addedLinkConfigs.map(({ targets, title, description, configure }) => ({
        targets: [targets].flat(),
        title,
        description,
        path: configure?.(context as never)?.path,
      })),
      exposed: plugin.exposedComponentConfigs.map(({ id, title, description }) => ({ id, title, description })),
    };
  },

  async renderExposedTrace(props: object) {
    const plugin = await load<AppPlugin>(ids.app);
    const Exposed = plugin.exposedComponentConfigs[0].component as ComponentType<object>;
    show(
      <div style={{ height: 500 }} data-testid="exposed">
        <Exposed {...props} />
      </div>
    );
  },

  async renderApp() {
    const plugin = await load<AppPlugin>(ids.app);
    plugin.init({ id: ids.app, jsonData: {} } as unknown as PluginMeta);
    const Root = plugin.root!;
    const props = {
      basename: `/a/${ids.app}`,
      path: location.pathname,
      query: {},
      meta: plugin.meta,
      onNavChanged: () => undefined,
    };
    show(<Root {...(props as unknown as AppRootProps)} />);
  },

  async renderAppConfig() {
    const plugin = await load<AppPlugin>(ids.app);
    plugin.init({ id: ids.app, jsonData: {} } as unknown as PluginMeta);
    const Body = plugin.configPages![0].body;
    show(<Body plugin={plugin as never} query={{}} />);
  },
};

export type TestHost = typeof testHost;
Object.assign(window, { testHost });
// As in Grafana, an address of the app shows the app.
if (location.pathname.startsWith(`${hostConfig.subPath}/a/${ids.app}/`)) {
  void testHost.renderApp();
}
