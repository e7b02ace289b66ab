import type { QueryEditorProps } from '@grafana/data';
import { getTemplateSrv } from '@grafana/runtime';
import { InlineField, InlineFieldRow, RadioButtonGroup } from '@grafana/ui';
import { useMemo } from 'react';
import type { DataSource } from './data-source.ts';
import { QueryOptions } from './QueryOptions.tsx';
import { isBuilderQuery, traceqlOf, type VivaceQuery } from './query.ts';
import { SearchBuilder } from './SearchBuilder.tsx';
import { rowsOfSettings } from './search-filters.ts';
import { rowsOfTraceql } from './search-rows.ts';
import { ServiceGraphFields } from './ServiceGraphFields.tsx';
import type { VivaceJsonData } from './settings.ts';
import { TraceqlField } from './TraceqlField.tsx';
import { UploadField } from './UploadField.tsx';

const editorModes = [
  { label: 'Search', value: 'traceqlSearch', description: 'Conditions in rows' },
  { label: 'TraceQL', value: 'traceql', description: 'A TraceQL query or a trace ID' },
  { label: 'Service graph', value: 'serviceMap', description: 'Who calls whom; TraceQL chooses the traces' },
  {
    label: 'File',
    value: 'upload',
    description: 'A trace file (OTLP, Tempo, Jaeger, Zipkin) or a saved service graph',
  },
];

/** The query editor of Explore and panels: conditions in rows, TraceQL, the service graph, or a file. */
export function QueryEditor({
  datasource,
  query,
  range,
  onChange,
  onRunQuery,
}: QueryEditorProps<DataSource, VivaceQuery, VivaceJsonData>) {
  const settings = datasource.instanceSettings.jsonData;
  const own = query.queryType === 'upload' || query.queryType === 'serviceMap' ? query.queryType : undefined;
  const mode = own ?? (isBuilderQuery(query) ? 'traceqlSearch' : 'traceql');
  const fixed = useMemo(() => rowsOfSettings(settings.search?.filters), [settings.search?.filters]);
  const text = mode === 'traceql' ? (query.query ?? '') : '';
  // What rows cannot say without loss stays text.
  const rows = useMemo(() => rowsOfTraceql(text, fixed), [text, fixed]);
  const modes = useMemo(
    () =>
      editorModes
        .filter(({ value }) => value !== 'traceqlSearch' || settings.search?.hide !== true || mode === value)
        .map((one) =>
          one.value === 'traceqlSearch' && rows === undefined
            ? { ...one, description: 'This query says more than rows can' }
            : one
        ),
    [settings.search?.hide, mode, rows]
  );

  const switchMode = (queryType: string) => {
    if (queryType === 'traceql' && mode === 'traceqlSearch') {
      onChange({ ...query, queryType, query: traceqlOf(query) });
    } else if (queryType === 'traceqlSearch') {
      onChange({ ...query, queryType, query: '', filters: rows?.filters ?? [], related: rows?.related ?? [] });
    } else {
      onChange({ ...query, queryType, query: '' });
    }
  };

  return (
    <div data-testid="vivace-query-editor">
      <InlineFieldRow>
        <InlineField label="Query type">
          <RadioButtonGroup
            options={modes}
            disabledOptions={rows === undefined ? ['traceqlSearch'] : []}
            value={mode}
            onChange={switchMode}
            size="md"
          />
        </InlineField>
      </InlineFieldRow>
      {mode === 'upload' && <UploadField datasource={datasource} onRead={onRunQuery} />}
      {mode === 'traceqlSearch' && (
        <SearchBuilder
          client={datasource.client}
          range={range}
          variables={getTemplateSrv()
            .getVariables()
            .map(({ name }) => `$${name}`)}
          fixed={fixed}
          filters={query.filters ?? []}
          related={query.related ?? []}
          onChange={(filters, related) => onChange({ ...query, queryType: mode, filters, related })}
          onRunQuery={onRunQuery}
        />
      )}
      {mode === 'serviceMap' && settings.serviceMap?.datasourceUid && (
        <ServiceGraphFields query={query} onChange={onChange} onRunQuery={onRunQuery} />
      )}
      {(mode === 'traceql' || mode === 'serviceMap') && (
        <TraceqlField
          client={datasource.client}
          range={range}
          text={query.query ?? ''}
          counts={mode === 'traceql'}
          onCommit={(committed) => onChange({ ...query, queryType: mode, query: committed })}
          onRun={onRunQuery}
        />
      )}
      {mode !== 'serviceMap' && <QueryOptions query={query} onChange={onChange} />}
    </div>
  );
}
