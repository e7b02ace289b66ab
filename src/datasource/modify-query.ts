import { parseTraceId } from '../trace/ids.ts';
import { QueryError } from '../traceql/errors.ts';
import { addFilters, type AdHocFilter } from './ad-hoc.ts';
import { traceqlOf, type VivaceQuery } from './query.ts';

/**
 * The query with a clicked value added or excluded, as text. A trace id stays: a trace is shown whole. Text that does not parse stays
 * too, until its author has finished it.
 */
export function withFilter(
  query: VivaceQuery,
  action: { type: string; options?: Record<string, unknown> }
): VivaceQuery {
  const { key, value } = action.options ?? {};
  const operator = action.type === 'ADD_FILTER' ? '=' : action.type === 'ADD_FILTER_OUT' ? '!=' : undefined;
  if (operator === undefined || typeof key !== 'string' || value === undefined || value === null) {
    return query;
  }
  return withFilters(query, [{ key, operator, value: String(value) }], 'keep');
}

/**
 * The query as text with filters added; rows of the builder become text. A trace id, an uploaded file and a query without filters stay
 * as they are. Errors: with `throw`, those of {@link addFilters}; with `keep` the query stays as it is.
 */
export function withFilters(
  query: VivaceQuery,
  filters: readonly AdHocFilter[],
  onUnreadable: 'throw' | 'keep'
): VivaceQuery {
  const text = traceqlOf(query);
  if (filters.length === 0 || query.queryType === 'upload' || (text !== '' && parseTraceId(text) !== undefined)) {
    return query;
  }
  try {
    const queryType = query.queryType === 'serviceMap' ? 'serviceMap' : 'traceql';
    return { ...query, queryType, query: addFilters(text, filters) };
  } catch (error) {
    if (onUnreadable === 'keep' && error instanceof QueryError) {
      return query;
    }
    throw error;
  }
}
