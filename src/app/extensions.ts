/** Links of ours in menus of Grafana. `configure` runs at every change of a menu's context: pure, quick, and never throwing. */
import { parseTraceId } from '../trace/ids.ts';

export const appId = 'vivace-traces-app';
const dataSourceType = 'vivace-traces-datasource';

/** What Grafana tells of a panel or of Explore; other versions tell more or less. */
export interface QueriesContext {
  readonly targets?: readonly TargetLike[];
  readonly timeRange?: { readonly from?: unknown; readonly to?: unknown };
}

interface TargetLike {
  readonly datasource?: { readonly type?: string; readonly uid?: string } | null;
  readonly query?: unknown;
  readonly queryType?: unknown;
  readonly hide?: boolean;
}

/** A trace in Grafana's own view, and where it came from. */
export interface TraceContext {
  readonly traceID?: unknown;
  readonly datasource?: { readonly type?: string; readonly uid?: string };
}

/**
 * The page of the app that shows what the first query of ours asks for: a trace, the service graph, or a search. `undefined` hides the link:
 * nothing here is ours.
 */
export function pathOfQueries(context: QueriesContext | undefined): { readonly path: string } | undefined {
  const target = context?.targets?.find(({ datasource, hide }) => datasource?.type === dataSourceType && hide !== true);
  if (target === undefined) {
    return undefined;
  }
  const params = new URLSearchParams();
  setText(params, 'ds', target.datasource?.uid);
  const text = typeof target.query === 'string' ? target.query.trim() : '';
  const traceId = /^[0-9a-fA-F]+$/.test(text) ? parseTraceId(text) : undefined;
  if (traceId !== undefined) {
    return { path: pagePath(`trace/${traceId}`, params) };
  }
  setText(params, 'from', momentText(context?.timeRange?.from));
  setText(params, 'to', momentText(context?.timeRange?.to));
  if (target.queryType === 'serviceMap') {
    setText(params, 'q', text);
    return { path: pagePath('services', params) };
  }
  setText(params, 'q', text);
  params.set('editor', 'traceql');
  return { path: pagePath('search', params) };
}

/** The full view of a trace that Grafana's own view shows, when it came from a data source of ours. */
export function pathOfTrace(context: TraceContext | undefined): { readonly path: string } | undefined {
  const { traceID, datasource } = context ?? {};
  const traceId = typeof traceID === 'string' ? parseTraceId(traceID) : undefined;
  if (traceId === undefined || datasource?.type !== dataSourceType) {
    return undefined;
  }
  const params = new URLSearchParams();
  setText(params, 'ds', datasource.uid);
  return { path: pagePath(`trace/${traceId}`, params) };
}

function pagePath(page: string, params: URLSearchParams): string {
  return `/a/${appId}/${page}?${params.toString()}`;
}

/** Relative moments as they are; absolute ones, whatever object holds them, in Unix milliseconds. */
function momentText(moment: unknown): string | undefined {
  if (typeof moment === 'string' && /^now(-\d+[smhdw])?$/.test(moment)) {
    return moment;
  }
  const unixMs =
    typeof moment === 'string' ? (/^\d+$/.test(moment) ? Number(moment) : Date.parse(moment)) : Number(moment);
  return Number.isFinite(unixMs) ? String(unixMs) : undefined;
}

function setText(params: URLSearchParams, name: string, value: string | undefined): void {
  if (value !== undefined && value !== '') {
    params.set(name, value);
  }
}
