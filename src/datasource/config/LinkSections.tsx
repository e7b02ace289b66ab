import { FieldSet } from '@grafana/ui';
import {
  logsSettings,
  type LogsLinkSettings,
  type MetricsLinkSettings,
  type ProfilesLinkSettings,
} from '../../ui/links/settings.ts';
import {
  RowInput,
  RowsField,
  ShiftFields,
  SourceField,
  SwitchField,
  TagsField,
  TextField,
  type SectionProps,
} from './fields.tsx';

export function LogsSection({ settings, readOnly, update }: SectionProps) {
  // Settings of old are shown, and written anew once something changes.
  const logs = logsSettings(settings) ?? {};
  const set = (part: Partial<LogsLinkSettings>) =>
    update({ tracesToLogsV2: { ...logs, ...part }, tracesToLogs: undefined });
  return (
    <FieldSet label="Trace to logs">
      <SourceField
        label="Data source"
        kind="logs"
        id="trace-to-logs-data-source"
        readOnly={readOnly}
        uid={logs.datasourceUid}
        onUid={(datasourceUid) => set({ datasourceUid })}
      />
      <ShiftFields readOnly={readOnly} value={logs} placeholders={['0', '0']} onValue={set} />
      <TagsField
        label="Tags"
        tooltip="Attributes that logs have as labels; without any: cluster, hostname, namespace, pod, service.name, service.namespace"
        readOnly={readOnly}
        tags={logs.tags}
        onTags={(tags) => set({ tags })}
      />
      <SwitchField
        label="Filter by trace ID"
        readOnly={readOnly}
        value={logs.filterByTraceID ?? false}
        onValue={(filterByTraceID) => set({ filterByTraceID })}
      />
      <SwitchField
        label="Filter by span ID"
        readOnly={readOnly}
        value={logs.filterBySpanID ?? false}
        onValue={(filterBySpanID) => set({ filterBySpanID })}
      />
      <SwitchField
        label="Use a custom query"
        tooltip="Needed for log data sources that Grafana's trace view has no query for"
        readOnly={readOnly}
        value={logs.customQuery ?? false}
        onValue={(customQuery) => set({ customQuery })}
      />
      {logs.customQuery && (
        <TextField
          label="Query"
          tooltip="Variables: ${__tags}, ${__span.traceId}, ${__span.spanId}, ${__span.name}, ${__span.tags['key']}, ${__trace.traceId}"
          readOnly={readOnly}
          width={80}
          placeholder={'{${__tags}} |= "${__span.traceId}"'}
          value={logs.query}
          onValue={(query) => set({ query })}
        />
      )}
    </FieldSet>
  );
}

export function MetricsSection({ settings, readOnly, update }: SectionProps) {
  const metrics = settings.tracesToMetrics ?? {};
  const queries = metrics.queries ?? [];
  const set = (part: Partial<MetricsLinkSettings>) => update({ tracesToMetrics: { ...metrics, ...part } });
  const setQuery = (index: number, change: { name?: string; query?: string }) =>
    set({ queries: queries.map((one, at) => (at === index ? { ...one, ...change } : one)) });
  return (
    <FieldSet label="Trace to metrics">
      <SourceField
        label="Data source"
        kind="metrics"
        id="trace-to-metrics-data-source"
        readOnly={readOnly}
        uid={metrics.datasourceUid}
        onUid={(datasourceUid) => set({ datasourceUid })}
      />
      <ShiftFields readOnly={readOnly} value={metrics} placeholders={['-2m', '2m']} onValue={set} />
      <TagsField
        label="Metric tags"
        tooltip="Attributes that $__tags stands for in a query"
        readOnly={readOnly}
        tags={metrics.tags}
        onTags={(tags) => set({ tags })}
      />
      <RowsField
        label="Queries"
        tooltip="Each becomes a link; without any, the median latency of the service from span metrics"
        readOnly={readOnly}
        addText="Add query"
        onAdd={() => set({ queries: [...queries, { name: '', query: '' }] })}
        rows={queries.map(({ name, query }, index) => ({
          key: String(index),
          removeText: `Remove query ${index + 1}`,
          onRemove: () => set({ queries: queries.filter((_, at) => at !== index) }),
          inputs: (
            <>
              <RowInput
                label={`Query ${index + 1}: name`}
                readOnly={readOnly}
                placeholder="Request rate"
                value={name}
                onValue={(text) => setQuery(index, { name: text })}
              />
              <RowInput
                label={`Query ${index + 1}`}
                readOnly={readOnly}
                width={60}
                placeholder="sum(rate(traces_spanmetrics_calls_total{$__tags}[5m]))"
                value={query}
                onValue={(text) => setQuery(index, { query: text })}
              />
            </>
          ),
        }))}
      />
    </FieldSet>
  );
}

export function ProfilesSection({ settings, readOnly, update }: SectionProps) {
  const profiles = settings.tracesToProfiles ?? {};
  const set = (part: Partial<ProfilesLinkSettings>) => update({ tracesToProfiles: { ...profiles, ...part } });
  return (
    <FieldSet label="Trace to profiles">
      <SourceField
        label="Data source"
        kind="profiles"
        id="trace-to-profiles-data-source"
        tooltip="Spans that have the attribute pyroscope.profile.id lead to their profile"
        readOnly={readOnly}
        uid={profiles.datasourceUid}
        onUid={(datasourceUid) => set({ datasourceUid })}
      />
      <TextField
        label="Profile type"
        readOnly={readOnly}
        placeholder="process_cpu:cpu:nanoseconds:cpu:nanoseconds"
        width={60}
        value={profiles.profileTypeId}
        onValue={(profileTypeId) => set({ profileTypeId })}
      />
      <TagsField
        label="Profile tags"
        tooltip="Attributes that profiles have as labels; without any: service.name, service.namespace"
        readOnly={readOnly}
        tags={profiles.tags}
        onTags={(tags) => set({ tags })}
      />
      <SwitchField
        label="Use a custom label selector"
        readOnly={readOnly}
        value={profiles.customQuery ?? false}
        onValue={(customQuery) => set({ customQuery })}
      />
      {profiles.customQuery && (
        <TextField
          label="Label selector"
          readOnly={readOnly}
          width={80}
          placeholder={'{${__tags}}'}
          value={profiles.query}
          onValue={(query) => set({ query })}
        />
      )}
    </FieldSet>
  );
}
