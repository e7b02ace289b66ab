import type { DataQuery } from '@grafana/schema';
import { parseTraceId } from '../trace/ids.ts';
import type { TraceId } from '../trace/model.ts';
import { selectorsOf } from './prometheus-graph.ts';
import { isComplete, traceqlOfBuilder, type RelatedSpanset, type SearchFilter } from './search-filters.ts';

/**
 * One query. The shape is the Tempo data source's, field by field, so that a dashboard, an Explore URL, a derived field or an
 * exemplar destination moves to Vivace by changing the data source's uid and type.
 */
export interface VivaceQuery extends DataQuery {
  /** `traceql` | `traceqlSearch` | `serviceMap` | `upload` and, from elsewhere, `traceId`, `nativeSearch`, `clear` or nothing. */
  queryType?: string;
  /** TraceQL, or a trace id: 1 to 32 hex digits under any `queryType`. */
  query?: string;
  /** The search builder's conditions, all of which hold. */
  filters?: SearchFilter[];
  /** Further spansets of the builder. Ours: Tempo's data source does not read it. */
  related?: RelatedSpanset[];
  /** At most so many traces. */
  limit?: number;
  /** At most so many spans a spanset. */
  spss?: number;
  tableType?: TableType;
  metricsQueryType?: 'range' | 'instant';
  /** Of a metrics query: `30s`, `5m`. */
  step?: string;
  /** At most so many exemplars of a metrics query. */
  exemplars?: number;
  /** Label matchers for a service graph out of the linked Prometheus; of several any has to hold. */
  serviceMapQuery?: string | string[];
  serviceMapIncludeNamespace?: boolean;
}

export type TableType = 'traces' | 'spans' | 'raw';

export const defaultLimit = 20;
export const defaultSpansPerSpanset = 3;

/** What a query asks for, with defaults filled in. */
export type QueryPlan =
  | { readonly kind: 'none' }
  | { readonly kind: 'trace'; readonly traceId: TraceId }
  /**
   * By the server, of every trace or of those that the TraceQL selects; by the linked Prometheus, where there is one, unless TraceQL is
   * given: metrics know nothing of it.
   */
  | {
      readonly kind: 'service-graph';
      readonly source: 'server' | 'linked';
      readonly traceql: string;
      readonly selectors: readonly string[];
      readonly byNamespace: boolean;
    }
  /** The trace file that the query editor was given. */
  | { readonly kind: 'upload' }
  | {
      readonly kind: 'search';
      readonly traceql: string;
      readonly limit: number;
      readonly spansPerSpanset: number;
      readonly tableType: TableType;
    }
  | {
      readonly kind: 'metrics';
      readonly traceql: string;
      readonly instant: boolean;
      readonly step: string | undefined;
      readonly exemplars: number | undefined;
    };

/** Decides what to ask the server. The query's template variables have been replaced. */
export function planQuery(query: VivaceQuery): QueryPlan {
  if (query.queryType === 'clear') {
    return { kind: 'none' };
  }
  if (query.queryType === 'upload') {
    return { kind: 'upload' };
  }
  if (query.queryType === 'serviceMap') {
    const traceql = (query.query ?? '').trim();
    return {
      kind: 'service-graph',
      source: traceql === '' ? 'linked' : 'server',
      traceql,
      selectors: selectorsOf(query.serviceMapQuery),
      byNamespace: query.serviceMapIncludeNamespace === true,
    };
  }
  if (isBuilderQuery(query)) {
    return searchPlan(traceqlOfBuilder(query.filters ?? [], query.related), query);
  }
  const text = (query.query ?? '').trim();
  if (text === '') {
    return { kind: 'none' };
  }
  const traceId = parseTraceId(text);
  if (traceId !== undefined) {
    return { kind: 'trace', traceId };
  }
  return isMetricsText(text) ? metricsPlan(text, query) : searchPlan(text, query);
}

/** The TraceQL that a query stands for: what history, the inspector and "edit as text" show. */
export function traceqlOf(query: VivaceQuery): string {
  if (query.queryType === 'upload') {
    return '';
  }
  return isBuilderQuery(query) ? traceqlOfBuilder(query.filters ?? [], query.related) : (query.query ?? '').trim();
}

/**
 * A builder query asks by its rows. Without a row it falls back to its text, so that a trace id that came with the query type of
 * the builder still opens the trace.
 */
export function isBuilderQuery(query: VivaceQuery): boolean {
  const ofBuilder = query.queryType === 'traceqlSearch' || query.queryType === 'nativeSearch';
  const rows = [...(query.filters ?? []), ...(query.related ?? []).flatMap(({ filters }) => filters)];
  return ofBuilder && (rows.some(isComplete) || (query.query ?? '').trim() === '');
}

function searchPlan(traceql: string, query: VivaceQuery): QueryPlan {
  return {
    kind: 'search',
    traceql,
    limit: query.limit ?? defaultLimit,
    spansPerSpanset: query.spss ?? defaultSpansPerSpanset,
    tableType: query.tableType ?? 'traces',
  };
}

function metricsPlan(traceql: string, query: VivaceQuery): QueryPlan {
  return {
    kind: 'metrics',
    traceql,
    instant: query.metricsQueryType === 'instant',
    step: query.step === '' ? undefined : query.step,
    exemplars: query.exemplars,
  };
}

/**
 * Whether the text holds a metrics stage. Not the parser's word: a server may know more functions than this plugin, and the
 * server's error is the better answer to text that does not parse. Strings and comments are cut out first.
 */
function isMetricsText(text: string): boolean {
  const code = text.replace(/"(?:\\.|[^"\\])*"|`[^`]*`|\/\/[^\n]*|\/\*[\s\S]*?\*\//g, '""');
  return /\|\s*(rate|compare|histogram_over_time|[a-z]+_over_time)\s*\(/.test(code);
}

/** `s` where the values of a metrics query are durations, which the server answers in seconds. */
export function unitOfMetrics(traceql: string): string | undefined {
  const measured =
    /\|\s*(?:min|max|avg|sum|quantile)_over_time\s*\(\s*(?:span:|trace:)?(?:duration|traceDuration)\b/.exec(traceql);
  // Sums and quotients of several series measure what only their author knows.
  return measured !== null && !traceql.trimStart().startsWith('(') ? 's' : undefined;
}
