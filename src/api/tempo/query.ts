/** TraceQL text of a request, parsed and validated, with Tempo's texts for what is wrong. */
import type { Query } from '../../traceql/ast.ts';
import { isMetricsQuery } from '../../traceql/metrics.ts';
import { parseQuery } from '../../traceql/parser.ts';
import { validateQuery } from '../../traceql/validate.ts';
import { durationParam, invalid, textParam } from './params.ts';
import { parseLogfmt, traceqlOfTags } from './tags.ts';

/** Errors: `query_invalid`. */
export function checkedQuery(text: string): Query {
  const query = parseQuery(text);
  validateQuery(query);
  return query;
}

/** What `/api/search` looks for: `q`, or `tags` in logfmt, or other parameters taken for tags within bounds of the trace's duration. */
export function searchQuery(params: URLSearchParams): Query {
  const text = textParam(params, 'q');
  const tags = textParam(params, 'tags');
  if (text !== undefined && tags !== undefined) {
    throw invalid('invalid query: tags and q can not both be used');
  }
  const minDurationNanos = durationParam(params, 'minDuration');
  const maxDurationNanos = durationParam(params, 'maxDuration');
  if (minDurationNanos !== undefined && maxDurationNanos !== undefined && maxDurationNanos < minDurationNanos) {
    throw invalid('invalid maxDuration: must be greater than minDuration');
  }
  if (text === undefined) {
    const pairs = tags === undefined ? unknownParams(params) : parseLogfmt(tags);
    return checkedQuery(traceqlOfTags(pairs, minDurationNanos, maxDurationNanos));
  }
  // The bounds are for searches by tags: beside `q` they are checked and pass, as in Tempo.
  const query = checkedQuery(text);
  switch (query.body.kind) {
    case 'pipeline':
      return query;
    case 'metrics-pipeline':
      // A search shows the spans that would be counted.
      return { ...query, body: query.body.pipeline };
    case 'metrics-math':
      throw invalid(
        'invalid TraceQL query: arithmetic between metrics is answered by /api/metrics/query_range, not by search'
      );
  }
}

/** Whether a search asks in TraceQL, not by tags. */
export function asksInTraceql(params: URLSearchParams): boolean {
  return textParam(params, 'q') !== undefined;
}

const searchParams: ReadonlySet<string> = new Set([
  'q',
  'tags',
  'minDuration',
  'maxDuration',
  'limit',
  'spss',
  'start',
  'end',
  'since',
  'skip_ast_transformations',
]);

/** Tempo's oldest form: `?http.method=GET`. */
function unknownParams(params: URLSearchParams): ReadonlyMap<string, string> {
  const pairs = new Map<string, string>();
  for (const [name, value] of params) {
    if (!searchParams.has(name)) {
      pairs.set(name, value);
    }
  }
  return pairs;
}

/** The query of a metrics request; `q` wins over `query`. */
export function metricsQuery(params: URLSearchParams): Query {
  const text = textParam(params, 'q') ?? textParam(params, 'query');
  if (text === undefined) {
    throw invalid('invalid query: q is missing');
  }
  const query = checkedQuery(text);
  if (!isMetricsQuery(query)) {
    throw invalid('not a metrics query');
  }
  return query;
}
