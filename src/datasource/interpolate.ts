import type { ScopedVars } from '@grafana/data';
import { getTemplateSrv } from '@grafana/runtime';
import type { VivaceQuery } from './query.ts';

/**
 * The query with its template variables replaced. In text, several values are joined with `|`, for the regex operators, and quotes
 * and backslashes are escaped, because in TraceQL a variable stands inside a string. A row of the builder whose value is one
 * variable gets all its values, unescaped: they are quoted when the query is written.
 */
export function interpolateQuery(query: VivaceQuery, scopedVars: ScopedVars): VivaceQuery {
  const templates = getTemplateSrv();
  const replace = (text: string) => templates.replace(text, scopedVars, formatVariable);
  const expand = (text: string): string[] => {
    let values: string[] | undefined;
    const replaced = templates.replace(text, scopedVars, (value: string | string[]) => {
      values = Array.isArray(value) ? value : undefined;
      return Array.isArray(value) ? value.join('|') : String(value);
    });
    return values !== undefined && /^(\$\w+|\$\{\w+\}|\[\[\w+\]\])$/.test(text) ? values : [replaced];
  };
  return {
    ...query,
    ...(query.query === undefined ? {} : { query: replace(query.query) }),
    // Label matchers are PromQL: values stand between quotes there too.
    ...(query.serviceMapQuery === undefined
      ? {}
      : { serviceMapQuery: [query.serviceMapQuery].flat().map((selector) => replace(selector)) }),
    ...(query.step === undefined ? {} : { step: templates.replace(query.step, scopedVars) }),
    ...(query.filters === undefined
      ? {}
      : {
          filters: query.filters.map((filter) => ({
            ...filter,
            ...(filter.tag === undefined ? {} : { tag: templates.replace(filter.tag, scopedVars) }),
            ...(filter.value === undefined ? {} : { value: [filter.value].flat().flatMap(expand) }),
          })),
        }),
  };
}

function formatVariable(value: string | string[]): string {
  const escape = (text: string) => text.replace(/[\\"]/g, '\\$&');
  return Array.isArray(value)
    ? value.map((one) => escape(one.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'))).join('|')
    : escape(String(value));
}
