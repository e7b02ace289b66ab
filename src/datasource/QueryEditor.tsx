import type { QueryEditorProps } from '@grafana/data';
import { InlineField, InlineFieldRow, RadioButtonGroup } from '@grafana/ui';
import type { DataSource } from './data-source.ts';
import { QueryOptions } from './QueryOptions.tsx';
import { isBuilderQuery, traceqlOf, type VivaceQuery } from './query.ts';
import { SearchBuilder } from './SearchBuilder.tsx';
import type { VivaceJsonData } from './settings.ts';
import { TraceqlField } from './TraceqlField.tsx';
import { UploadField } from './UploadField.tsx';

const editorModes = [
  { label: 'Search', value: 'traceqlSearch', description: 'Conditions in rows' },
  { label: 'TraceQL', value: 'traceql', description: 'A TraceQL query or a trace ID' },
  { label: 'Service graph', value: 'serviceMap', description: 'Who calls whom; TraceQL chooses the traces' },
  { label: 'File', value: 'upload', description: 'A trace file: OTLP, Tempo, Jaeger, Zipkin' },
];

/** The query editor of Explore and panels: conditions in rows, TraceQL, or a file. */
export function QueryEditor({
  datasource,
  query,
  range,
  onChange,
  onRunQuery,
}: QueryEditorProps<DataSource, VivaceQuery, VivaceJsonData>) {
  const own = query.queryType === 'upload' || query.queryType === 'serviceMap' ? query.queryType : undefined;
  const mode = own ?? (isBuilderQuery(query) ? 'traceqlSearch' : 'traceql');

  const switchMode = (queryType: string) => {
    // What the rows said goes on as text; text cannot become rows.
    const text = queryType === 'traceql' && mode === 'traceqlSearch' ? { query: traceqlOf(query) } : { query: '' };
    onChange({ ...query, queryType, ...text });
  };

  return (
    <div data-testid="vivace-query-editor">
      <InlineFieldRow>
        <InlineField label="Query type">
          <RadioButtonGroup options={editorModes} value={mode} onChange={switchMode} size="md" />
        </InlineField>
      </InlineFieldRow>
      {mode === 'upload' && <UploadField datasource={datasource} onRead={onRunQuery} />}
      {mode === 'traceqlSearch' && (
        <SearchBuilder
          filters={query.filters ?? []}
          onChange={(filters) => onChange({ ...query, filters })}
          onRunQuery={onRunQuery}
        />
      )}
      {(mode === 'traceql' || mode === 'serviceMap') && (
        <TraceqlField
          client={datasource.client}
          range={range}
          text={query.query ?? ''}
          onCommit={(text) => onChange({ ...query, queryType: mode, query: text })}
          onRun={onRunQuery}
        />
      )}
      {mode !== 'serviceMap' && <QueryOptions query={query} onChange={onChange} />}
    </div>
  );
}
