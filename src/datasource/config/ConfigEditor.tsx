import type { DataSourcePluginOptionsEditorProps } from '@grafana/data';
import { DataSourcePicker } from '@grafana/runtime';
import { DataSourceHttpSettings, FieldSet, InlineField, InlineSwitch, Input } from '@grafana/ui';
import type { VivaceJsonData } from './settings.ts';

type Props = DataSourcePluginOptionsEditorProps<VivaceJsonData>;

/** Connection, authentication (kept by Grafana's proxy) and links to logs and metrics. */
export function ConfigEditor({ options, onOptionsChange }: Props) {
  const settings = options.jsonData;
  const update = (jsonData: Partial<VivaceJsonData>) =>
    onOptionsChange({ ...options, jsonData: { ...settings, ...jsonData } });

  return (
    <div data-testid="vivace-config-editor">
      <p>
        Traces from a Vivace server, or any server with Tempo&apos;s query API. Start one with <code>vivace</code> and
        give its query address below; Grafana&apos;s server must be able to reach it.
      </p>
      {/* eslint-disable-next-line @typescript-eslint/no-deprecated -- its successor is a package of its own, bundled and for newer hosts only */}
      <DataSourceHttpSettings
        defaultUrl="http://localhost:3200"
        dataSourceConfig={options}
        onChange={onOptionsChange}
        showAccessOptions={false}
        showForwardOAuthIdentityOption
      />
      <TraceToLogs settings={settings} readOnly={options.readOnly} update={update} />
      <TraceToMetrics settings={settings} readOnly={options.readOnly} update={update} />
      <TracesSection settings={settings} readOnly={options.readOnly} update={update} />
    </div>
  );
}

interface SectionProps {
  readonly settings: VivaceJsonData;
  readonly readOnly: boolean | undefined;
  readonly update: (jsonData: Partial<VivaceJsonData>) => void;
}

const labelWidth = 28;

function TraceToLogs({ settings, readOnly, update }: SectionProps) {
  const logs = settings.tracesToLogsV2 ?? {};
  const set = (part: Partial<NonNullable<VivaceJsonData['tracesToLogsV2']>>) =>
    update({ tracesToLogsV2: { ...logs, ...part } });
  return (
    <FieldSet label="Trace to logs">
      <InlineField label="Data source" labelWidth={labelWidth} disabled={readOnly}>
        <DataSourcePicker
          logs
          noDefault
          width={40}
          inputId="trace-to-logs-data-source"
          current={logs.datasourceUid}
          onChange={(chosen) => set({ datasourceUid: chosen.uid })}
          onClear={() => set({ datasourceUid: undefined })}
        />
      </InlineField>
      <InlineField
        label="Span start time shift"
        labelWidth={labelWidth}
        disabled={readOnly}
        tooltip="Search logs from this long before the span, for instance -5m"
      >
        <Input
          width={40}
          placeholder="0"
          value={logs.spanStartTimeShift ?? ''}
          onChange={(event) => set({ spanStartTimeShift: event.currentTarget.value })}
        />
      </InlineField>
      <InlineField label="Span end time shift" labelWidth={labelWidth} disabled={readOnly}>
        <Input
          width={40}
          placeholder="0"
          value={logs.spanEndTimeShift ?? ''}
          onChange={(event) => set({ spanEndTimeShift: event.currentTarget.value })}
        />
      </InlineField>
      <InlineField label="Filter by trace ID" labelWidth={labelWidth} disabled={readOnly}>
        <InlineSwitch
          value={logs.filterByTraceID ?? false}
          onChange={(event) => set({ filterByTraceID: event.currentTarget.checked })}
        />
      </InlineField>
      <InlineField label="Filter by span ID" labelWidth={labelWidth} disabled={readOnly}>
        <InlineSwitch
          value={logs.filterBySpanID ?? false}
          onChange={(event) => set({ filterBySpanID: event.currentTarget.checked })}
        />
      </InlineField>
      <InlineField
        label="Use a custom query"
        labelWidth={labelWidth}
        disabled={readOnly}
        tooltip="Needed for log data sources that Grafana's trace view has no query for"
      >
        <InlineSwitch
          value={logs.customQuery ?? false}
          onChange={(event) => set({ customQuery: event.currentTarget.checked })}
        />
      </InlineField>
      {logs.customQuery && (
        <InlineField label="Query" labelWidth={labelWidth} disabled={readOnly}>
          <Input
            width={80}
            placeholder={'{${__tags}} |= "${__span.traceId}"'}
            value={logs.query ?? ''}
            onChange={(event) => set({ query: event.currentTarget.value })}
          />
        </InlineField>
      )}
    </FieldSet>
  );
}

function TraceToMetrics({ settings, readOnly, update }: SectionProps) {
  const metrics = settings.tracesToMetrics ?? {};
  return (
    <FieldSet label="Trace to metrics">
      <InlineField label="Data source" labelWidth={labelWidth} disabled={readOnly}>
        <DataSourcePicker
          metrics
          noDefault
          width={40}
          inputId="trace-to-metrics-data-source"
          current={metrics.datasourceUid}
          onChange={(chosen) => update({ tracesToMetrics: { ...metrics, datasourceUid: chosen.uid } })}
          onClear={() => update({ tracesToMetrics: { ...metrics, datasourceUid: undefined } })}
        />
      </InlineField>
    </FieldSet>
  );
}

function TracesSection({ settings, readOnly, update }: SectionProps) {
  const shift = settings.traceQuery ?? {};
  const set = (part: Partial<NonNullable<VivaceJsonData['traceQuery']>>) =>
    update({ traceQuery: { ...shift, ...part } });
  return (
    <FieldSet label="Traces">
      <InlineField
        label="Node graph"
        labelWidth={labelWidth}
        disabled={readOnly}
        tooltip="Shows the spans of a trace as a graph, too"
      >
        <InlineSwitch
          value={settings.nodeGraph?.enabled ?? false}
          onChange={(event) => update({ nodeGraph: { enabled: event.currentTarget.checked } })}
        />
      </InlineField>
      <InlineField
        label="Look up trace IDs in range"
        labelWidth={labelWidth}
        disabled={readOnly}
        tooltip="Only around the time range. Vivace finds a trace anywhere; other servers may need it"
      >
        <InlineSwitch
          value={shift.timeShiftEnabled ?? false}
          onChange={(event) => set({ timeShiftEnabled: event.currentTarget.checked })}
        />
      </InlineField>
      {shift.timeShiftEnabled && (
        <>
          <InlineField label="Before the range" labelWidth={labelWidth} disabled={readOnly}>
            <Input
              width={40}
              placeholder="30m"
              value={shift.spanStartTimeShift ?? ''}
              onChange={(event) => set({ spanStartTimeShift: event.currentTarget.value })}
            />
          </InlineField>
          <InlineField label="After the range" labelWidth={labelWidth} disabled={readOnly}>
            <Input
              width={40}
              placeholder="30m"
              value={shift.spanEndTimeShift ?? ''}
              onChange={(event) => set({ spanEndTimeShift: event.currentTarget.value })}
            />
          </InlineField>
        </>
      )}
    </FieldSet>
  );
}
