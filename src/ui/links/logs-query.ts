import type { LogsLinkSettings } from './settings.ts';
import type { Tag } from './variables.ts';

/** Data sources that core's trace view makes logs queries for. For all others a custom query is needed, and the link is ours. */
export const coreLogsTypes: ReadonlySet<string> = new Set([
  'loki',
  'elasticsearch',
  'grafana-opensearch-datasource',
  'grafana-splunk-datasource',
  'grafana-falconlogscale-datasource',
  'googlecloud-logging-datasource',
  'victoriametrics-logs-datasource',
]);

/** The logs query for a data source of this type, with variables; `undefined` where there is nothing to ask by. */
export function logsQuery(
  type: string,
  settings: LogsLinkSettings,
  tags: readonly Tag[]
): Readonly<Record<string, unknown>> | undefined {
  const custom = settings.customQuery === true ? (settings.query ?? '').trim() : '';
  const text = custom === '' ? defaultText(type, settings, tags) : custom;
  return text === undefined || text === '' ? undefined : queryOfText(type, text);
}

/** Where each data source's query has its text. */
function queryOfText(type: string, text: string): Readonly<Record<string, unknown>> {
  switch (type) {
    case 'loki':
    case 'victoriametrics-logs-datasource':
      return { expr: text, refId: '' };
    case 'elasticsearch':
    case 'grafana-opensearch-datasource':
      return { query: text, refId: '', metrics: [{ id: '1', type: 'logs' }] };
    case 'grafana-falconlogscale-datasource':
      return { lsql: text, refId: '' };
    case 'grafana-clickhouse-datasource':
      return { rawSql: text, editorType: 'sql', queryType: 'logs', refId: '' };
    default:
      return { query: text, refId: '' };
  }
}

function defaultText(type: string, settings: LogsLinkSettings, tags: readonly Tag[]): string | undefined {
  const ids = [
    ...(settings.filterByTraceID ? ['"${__span.traceId}"'] : []),
    ...(settings.filterBySpanID ? ['"${__span.spanId}"'] : []),
  ];
  const all = [...(tags.length === 0 ? [] : ['${__tags}']), ...ids];
  switch (type) {
    case 'loki':
      // A selector without a label is no query.
      return tags.length === 0 ? undefined : ['{${__tags}}', ...ids.map((id) => `|= ${id}`)].join(' ');
    case 'elasticsearch':
    case 'grafana-opensearch-datasource':
    case 'googlecloud-logging-datasource':
    case 'victoriametrics-logs-datasource':
      return all.join(' AND ');
    case 'grafana-falconlogscale-datasource':
      return all.join(' and ');
    case 'grafana-splunk-datasource':
      return all.join(' ');
    default:
      return undefined;
  }
}

/** What `${__tags}` stands for in a query of this type. */
export function tagsText(type: string, tags: readonly Tag[]): string {
  const dotted = ({ key, mapped }: Tag) => mapped ?? key;
  const label = ({ key, mapped }: Tag) => mapped ?? key.replace(/[^A-Za-z0-9_]/g, '_');
  switch (type) {
    case 'elasticsearch':
    case 'grafana-opensearch-datasource':
      return tags.map((tag) => `${dotted(tag)}:${quoted(tag.value)}`).join(' AND ');
    case 'googlecloud-logging-datasource':
      return tags.map((tag) => `${dotted(tag)}=${quoted(tag.value)}`).join(' AND ');
    case 'victoriametrics-logs-datasource':
      return tags.map((tag) => `${quoted(dotted(tag))}:=${quoted(tag.value)}`).join(' AND ');
    case 'grafana-falconlogscale-datasource':
      return tags.map((tag) => `${dotted(tag)}=${quoted(tag.value)}`).join(' and ');
    case 'grafana-splunk-datasource':
      return tags.map((tag) => `${dotted(tag)}=${quoted(tag.value)}`).join(' ');
    default:
      return tags.map((tag) => `${label(tag)}=${quoted(tag.value)}`).join(', ');
  }
}

function quoted(text: string): string {
  return `"${text.replace(/[\\"]/g, '\\$&').replace(/\n/g, '\\n')}"`;
}
