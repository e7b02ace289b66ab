import { Combobox, FieldSet, InlineField, RadioButtonGroup } from '@grafana/ui';
import { nameRows, type SearchFilter } from '../search-filters.ts';
import { defaultTagLimit, type VivaceJsonData } from '../settings.ts';
import {
  labelWidth,
  RowInput,
  RowsField,
  shiftProblem,
  SourceField,
  SwitchField,
  TextField,
  type SectionProps,
} from './fields.tsx';

export function StreamingSection({ settings, readOnly, update }: SectionProps) {
  const streaming = settings.streamingEnabled ?? {};
  const set = (part: NonNullable<VivaceJsonData['streamingEnabled']>) =>
    update({ streamingEnabled: { ...streaming, ...part } });
  return (
    <FieldSet label="Streaming">
      <SwitchField
        label="Search"
        tooltip="Shows traces as they are found. A server or a proxy that cannot stream answers in one piece"
        readOnly={readOnly}
        value={streaming.search ?? true}
        onValue={(search) => set({ search })}
      />
      <SwitchField
        label="Metrics"
        readOnly={readOnly}
        value={streaming.metrics ?? true}
        onValue={(metrics) => set({ metrics })}
      />
    </FieldSet>
  );
}

export function GraphSection({ settings, readOnly, update }: SectionProps) {
  return (
    <FieldSet label="Graphs">
      <SourceField
        label="Service graph from"
        kind="metrics"
        id="service-graph-data-source"
        tooltip="A Prometheus with traces_service_graph_* metrics. Without one the server counts the graph from spans"
        readOnly={readOnly}
        uid={settings.serviceMap?.datasourceUid}
        onUid={(datasourceUid) => update({ serviceMap: { ...settings.serviceMap, datasourceUid } })}
      />
      <SwitchField
        label="Node graph"
        tooltip="Shows the spans of a trace as a graph, too"
        readOnly={readOnly}
        value={settings.nodeGraph?.enabled ?? false}
        onValue={(enabled) => update({ nodeGraph: { ...settings.nodeGraph, enabled } })}
      />
    </FieldSet>
  );
}

const scopes = ['resource', 'span', 'event', 'link', 'instrumentation', 'intrinsic', 'unscoped'].map((value) => ({
  value,
  label: value,
}));

/** The rows that the search builder begins with. */
export function SearchSection({ settings, readOnly, update }: SectionProps) {
  const search = settings.search ?? {};
  const rows = search.filters?.length ? search.filters : nameRows.map((row) => ({ ...row }));
  const setRows = (filters: SearchFilter[]) => update({ search: { ...search, filters } });
  const set = (index: number, change: Partial<SearchFilter>) =>
    setRows(rows.map((row, at) => (at === index ? { ...row, ...change } : row)));
  return (
    <FieldSet label="Search">
      <SwitchField
        label="Hide the search builder"
        readOnly={readOnly}
        value={search.hide ?? false}
        onValue={(hide) => update({ search: { ...search, hide } })}
      />
      <RowsField
        label="Rows"
        tooltip="Always there, before status and duration"
        readOnly={readOnly}
        addText="Add row"
        onAdd={() => setRows([...rows, { id: freeId(rows), scope: 'span', operator: '=', tag: '' }])}
        rows={rows.map((row, index) => ({
          key: row.id,
          removeText: `Remove row ${index + 1}`,
          onRemove: () => setRows(rows.filter((_, at) => at !== index)),
          inputs: (
            <>
              <RowInput
                label={`Row ${index + 1}: label`}
                readOnly={readOnly}
                width={20}
                placeholder="as the attribute"
                value={row.label}
                onValue={(text) => set(index, { label: text || undefined })}
              />
              <Combobox
                aria-label={`Row ${index + 1}: scope`}
                width={18}
                disabled={readOnly}
                options={scopes}
                value={row.scope ?? 'span'}
                onChange={({ value }) => set(index, { scope: value })}
              />
              <RowInput
                label={`Row ${index + 1}: attribute`}
                readOnly={readOnly}
                width={30}
                placeholder="http.route"
                value={row.tag}
                onValue={(text) => set(index, { tag: text })}
              />
            </>
          ),
        }))}
      />
      <TextField
        label="Tag limit"
        tooltip="At most so many names or values in a list"
        readOnly={readOnly}
        placeholder={String(defaultTagLimit)}
        value={settings.tagLimit === undefined ? '' : String(settings.tagLimit)}
        onValue={(text) => {
          const count = Number.parseInt(text, 10);
          update({ tagLimit: count > 0 ? count : undefined });
        }}
      />
    </FieldSet>
  );
}

function freeId(rows: readonly SearchFilter[]): string {
  let number = rows.length;
  while (rows.some(({ id }) => id === `setting-${number}`)) {
    number++;
  }
  return `setting-${number}`;
}

export function LookUpSection({ settings, readOnly, update }: SectionProps) {
  const shift = settings.traceQuery ?? {};
  const set = (part: NonNullable<VivaceJsonData['traceQuery']>) => update({ traceQuery: { ...shift, ...part } });
  return (
    <FieldSet label="Trace by ID">
      <SwitchField
        label="Look up trace IDs in range"
        tooltip="Only around the time range. Vivace finds a trace anywhere; other servers may need it"
        readOnly={readOnly}
        value={shift.timeShiftEnabled ?? false}
        onValue={(timeShiftEnabled) => set({ timeShiftEnabled })}
      />
      {shift.timeShiftEnabled && (
        <>
          <TextField
            label="Before the range"
            readOnly={readOnly}
            placeholder="30m"
            value={shift.spanStartTimeShift}
            invalid={shiftProblem(shift.spanStartTimeShift)}
            onValue={(spanStartTimeShift) => set({ spanStartTimeShift })}
          />
          <TextField
            label="After the range"
            readOnly={readOnly}
            placeholder="30m"
            value={shift.spanEndTimeShift}
            invalid={shiftProblem(shift.spanEndTimeShift)}
            onValue={(spanEndTimeShift) => set({ spanEndTimeShift })}
          />
        </>
      )}
    </FieldSet>
  );
}

const traceViews = [
  { value: 'auto' as const, label: 'By size', description: "Grafana's up to 10,000 spans, Vivace's above" },
  { value: 'grafana' as const, label: "Grafana's" },
  { value: 'vivace' as const, label: "Vivace's" },
];

export function TraceViewSection({ settings, readOnly, update }: SectionProps) {
  return (
    <FieldSet label="Trace view">
      <InlineField
        label="In Explore"
        labelWidth={labelWidth}
        disabled={readOnly}
        tooltip="What draws a trace there. The full view is one click from either"
      >
        <RadioButtonGroup
          options={traceViews}
          value={settings.exploreTraceView ?? 'auto'}
          onChange={(exploreTraceView) => update({ exploreTraceView })}
        />
      </InlineField>
    </FieldSet>
  );
}

const spanBars = (['None', 'Duration', 'Tag'] as const).map((value) => ({ value, label: value }));

/** Read by Grafana's own trace view. */
export function SpanBarSection({ settings, readOnly, update }: SectionProps) {
  const bar = settings.spanBar ?? {};
  return (
    <FieldSet label="Span bar">
      <InlineField
        label="Label"
        labelWidth={labelWidth}
        disabled={readOnly}
        tooltip="What stands beside a span's service and name in Grafana's trace view"
      >
        <RadioButtonGroup
          options={spanBars}
          value={bar.type ?? 'Duration'}
          onChange={(type) => update({ spanBar: { ...bar, type } })}
        />
      </InlineField>
      {bar.type === 'Tag' && (
        <TextField
          label="Tag"
          readOnly={readOnly}
          placeholder="http.route"
          value={bar.tag}
          onValue={(tag) => update({ spanBar: { ...bar, tag } })}
        />
      )}
    </FieldSet>
  );
}
