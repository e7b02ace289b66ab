import { InlineField, InlineFieldRow, Input, RadioButtonGroup } from '@grafana/ui';
import type { FocusEvent } from 'react';
import { defaultLimit, defaultSpansPerSpanset, planQuery, type TableType, type VivaceQuery } from './query.ts';

interface QueryOptionsProps {
  readonly query: VivaceQuery;
  readonly onChange: (query: VivaceQuery) => void;
}

const tableTypes: { label: string; value: TableType }[] = [
  { label: 'Traces', value: 'traces' },
  { label: 'Spans', value: 'spans' },
  { label: 'Raw', value: 'raw' },
];
const metricsTypes: { label: string; value: 'range' | 'instant' }[] = [
  { label: 'Range', value: 'range' },
  { label: 'Instant', value: 'instant' },
];

/** What applies to this kind of query; a trace ID has no options. An empty field means the default. */
export function QueryOptions({ query, onChange }: QueryOptionsProps) {
  switch (planQuery(query).kind) {
    case 'search':
      return (
        <InlineFieldRow>
          <InlineField label="Limit" tooltip="At most so many traces, the newest first">
            <CountInput
              label="Limit"
              value={query.limit}
              placeholder={defaultLimit}
              onCommit={(limit) => onChange({ ...query, limit })}
            />
          </InlineField>
          <InlineField label="Span limit" tooltip="At most so many spans of each spanset">
            <CountInput
              label="Span limit"
              value={query.spss}
              placeholder={defaultSpansPerSpanset}
              onCommit={(spss) => onChange({ ...query, spss })}
            />
          </InlineField>
          <InlineField label="Table format">
            <RadioButtonGroup
              options={tableTypes}
              value={query.tableType ?? 'traces'}
              onChange={(tableType) => onChange({ ...query, tableType })}
            />
          </InlineField>
        </InlineFieldRow>
      );
    case 'metrics':
      return (
        <InlineFieldRow>
          <InlineField label="Type">
            <RadioButtonGroup
              options={metricsTypes}
              value={query.metricsQueryType ?? 'range'}
              onChange={(metricsQueryType) => onChange({ ...query, metricsQueryType })}
            />
          </InlineField>
          <InlineField label="Step" tooltip="Width of an interval, for instance 30s">
            <Input
              aria-label="Step"
              width={10}
              placeholder="auto"
              defaultValue={query.step}
              onBlur={(event) => onChange({ ...query, step: event.currentTarget.value.trim() || undefined })}
            />
          </InlineField>
          <InlineField label="Exemplars" tooltip="At most so many; each opens a trace">
            <CountInput
              label="Exemplars"
              value={query.exemplars}
              placeholder={100}
              onCommit={(exemplars) => onChange({ ...query, exemplars })}
            />
          </InlineField>
        </InlineFieldRow>
      );
    default:
      return null;
  }
}

interface CountInputProps {
  readonly label: string;
  readonly value: number | undefined;
  readonly placeholder: number;
  readonly onCommit: (value: number | undefined) => void;
}

function CountInput({ label, value, placeholder, onCommit }: CountInputProps) {
  const commit = (event: FocusEvent<HTMLInputElement>) => {
    const count = Number.parseInt(event.currentTarget.value, 10);
    onCommit(Number.isInteger(count) && count >= 0 ? count : undefined);
  };
  return (
    <Input
      aria-label={label}
      type="number"
      min={0}
      width={10}
      placeholder={String(placeholder)}
      defaultValue={value}
      onBlur={commit}
    />
  );
}
