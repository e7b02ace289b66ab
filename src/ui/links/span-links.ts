/**
 * Links from a span to its logs, metrics and profiles, from a tracing data source's settings. Grafana's own trace view makes such links
 * itself; our panel and the app's pages make them here, and for data sources that Grafana leaves out they travel in the trace frame.
 */
import type { Span } from '../../trace/model.ts';
import { parseDuration } from '../../traceql/literals.ts';
import { logsQuery, tagsText } from './logs-query.ts';
import { logsSettings, type LinkSettings, type ProfilesLinkSettings, type TagMapping } from './settings.ts';
import { fillIn, missingVariables, spanVariables, tagsOf, type LinkedTrace } from './variables.ts';

/** A data source that a link leads to. */
export interface LinkedDataSource {
  readonly uid: string;
  readonly name: string;
  readonly type: string;
}

/** `undefined` for a data source that is not there, or not for this person. */
export type FindDataSource = (uid: string) => LinkedDataSource | undefined;

/** A question to another data source, asked in Explore; `field`: written on the frame, by a correlation for instance. */
export interface SpanLinkTarget {
  readonly kind: 'logs' | 'metrics' | 'profiles' | 'field';
  readonly title: string;
  readonly dataSource: LinkedDataSource;
  /** As the target's own editor would write it. */
  readonly query: Readonly<Record<string, unknown>>;
  /** Of the panes of Explore: which span of a trace has the focus, for instance. */
  readonly panelsState?: unknown;
  /** Milliseconds since the epoch. */
  readonly fromMs: number;
  readonly toMs: number;
}

/** A page of its own. */
export interface UrlLink {
  readonly kind: 'url';
  readonly title: string;
  readonly href: string;
}

export type SpanLink = SpanLinkTarget | UrlLink;

const defaultLogsTags: readonly TagMapping[] = [
  { key: 'cluster' },
  { key: 'hostname' },
  { key: 'namespace' },
  { key: 'pod' },
  { key: 'service.name', value: 'service_name' },
  { key: 'service.namespace', value: 'service_namespace' },
];
const defaultProfilesTags: readonly TagMapping[] = [
  { key: 'service.name', value: 'service_name' },
  { key: 'service.namespace', value: 'service_namespace' },
];
const defaultMetricsQuery =
  'histogram_quantile(0.5, sum(rate(traces_spanmetrics_latency_bucket{service="${__span.tags["service.name"]}"}[5m])) by (le))';
const profileIdTag = 'pyroscope.profile.id';

/** The links of one span, with every variable filled in. */
export function spanLinks(
  settings: LinkSettings,
  span: Span,
  trace: LinkedTrace,
  find: FindDataSource
): readonly SpanLinkTarget[] {
  return [
    ...logsLinks(settings, span, trace, find),
    ...metricsLinks(settings, span, trace, find),
    ...profilesLinks(settings, span, trace, find),
  ];
}

function logsLinks(settings: LinkSettings, span: Span, trace: LinkedTrace, find: FindDataSource): SpanLinkTarget[] {
  const logs = logsSettings(settings);
  const dataSource = find(logs?.datasourceUid ?? '');
  if (logs === undefined || dataSource === undefined) {
    return [];
  }
  const tags = tagsOf(span, logs.tags?.length ? logs.tags : defaultLogsTags);
  const query = logsQuery(dataSource.type, logs, tags);
  if (query === undefined) {
    return [];
  }
  const read = spanVariables(span, trace, tagsText(dataSource.type, tags));
  // As in Grafana's trace view: a query that lacks a value would find the logs of something else.
  if (missingVariables(query, read).length > 0) {
    return [];
  }
  const filled = fillIn(query, read);
  const range = rangeOf(span, shiftMs(logs.spanStartTimeShift, 0), shiftMs(logs.spanEndTimeShift, 0));
  return [{ kind: 'logs', title: `Logs in ${dataSource.name}`, dataSource, query: filled, ...range }];
}

function metricsLinks(
  { tracesToMetrics: metrics }: LinkSettings,
  span: Span,
  trace: LinkedTrace,
  find: FindDataSource
): SpanLinkTarget[] {
  const dataSource = find(metrics?.datasourceUid ?? '');
  if (metrics === undefined || dataSource === undefined) {
    return [];
  }
  const known = spanVariables(span, trace, tagsText('prometheus', tagsOf(span, metrics.tags ?? [])));
  // An empty matcher means "has no such label", which is what the span says.
  const read = (name: string) => known(name) ?? (name.startsWith('__span.tags') ? '' : undefined);
  const range = rangeOf(
    span,
    shiftMs(metrics.spanStartTimeShift, -120_000),
    shiftMs(metrics.spanEndTimeShift, 120_000)
  );
  const queries = metrics.queries?.length ? metrics.queries : [{ name: 'Median latency', query: defaultMetricsQuery }];
  return queries.map(({ name, query }, index) => ({
    kind: 'metrics',
    title: name || `Metrics in ${dataSource.name}${queries.length > 1 ? ` (${index + 1})` : ''}`,
    dataSource,
    query: fillIn({ expr: query || defaultMetricsQuery }, read),
    ...range,
  }));
}

/** Only spans that a profiler marked have a profile. */
function profilesLinks(
  { tracesToProfiles: profiles }: LinkSettings,
  span: Span,
  trace: LinkedTrace,
  find: FindDataSource
): SpanLinkTarget[] {
  const dataSource = find(profiles?.datasourceUid ?? '');
  const isProfiled = span.attributes.some(({ key }) => key === profileIdTag);
  if (profiles === undefined || dataSource === undefined || !isProfiled) {
    return [];
  }
  const tags = tagsOf(span, profiles.tags?.length ? profiles.tags : defaultProfilesTags);
  const query = fillIn(profilesQuery(profiles), spanVariables(span, trace, tagsText('prometheus', tags)));
  return [{ kind: 'profiles', title: 'Related profiles', dataSource, query, ...rangeOf(span, -60_000, 60_000) }];
}

/** With its variables. */
export function profilesQuery(profiles: ProfilesLinkSettings): Record<string, unknown> {
  return {
    labelSelector: profiles.customQuery && profiles.query ? profiles.query : '{${__tags}}',
    groupBy: [],
    profileTypeId: profiles.profileTypeId ?? '',
    queryType: 'profile',
    spanSelector: [`\${__span.tags["${profileIdTag}"]}`],
    refId: 'profile',
  };
}

/** The page of Explore that asks the link's query, below Grafana's own path. Source: Explore's URL, `schemaVersion` 1. */
export function exploreHref({ dataSource, query, panelsState, fromMs, toMs }: SpanLinkTarget): string {
  const { uid, type } = dataSource;
  const pane = {
    datasource: uid,
    queries: [{ refId: 'A', ...query, datasource: { uid, type } }],
    range: { from: String(fromMs), to: String(toMs) },
    ...(panelsState === undefined ? {} : { panelsState }),
  };
  return `/explore?schemaVersion=1&panes=${encodeURIComponent(JSON.stringify({ span: pane }))}`;
}

/** At least a second long: log stores find nothing in an empty range. */
export function rangeOf(span: Span, startShiftMs: number, endShiftMs: number): { fromMs: number; toMs: number } {
  const fromMs = Number(span.startUnixNanos / 1_000_000n) + startShiftMs;
  const toMs = Number((span.endUnixNanos + 999_999n) / 1_000_000n) + endShiftMs;
  return { fromMs, toMs: Math.max(toMs, fromMs + 1000) };
}

/** `-5m`, `1h`; anything else is the default. */
export function shiftMs(text: string | undefined, defaultMs: number): number {
  const nanos = parseDuration((text ?? '').trim().replace(/^\+/, ''));
  return nanos === undefined ? defaultMs : Number(nanos / 1_000_000n);
}
