import { DataSourcePicker } from '@grafana/runtime';
import { Button, IconButton, InlineField, InlineFieldRow, InlineSwitch, Input } from '@grafana/ui';
import type { ReactNode } from 'react';
import { parseDuration } from '../../traceql/literals.ts';
import type { TagMapping } from '../../ui/links/settings.ts';
import type { VivaceJsonData } from '../settings.ts';

export interface SectionProps {
  readonly settings: VivaceJsonData;
  readonly readOnly: boolean | undefined;
  readonly update: (jsonData: Partial<VivaceJsonData>) => void;
}

export const labelWidth = 28;

interface FieldProps {
  readonly label: string;
  readonly tooltip?: string;
  readonly readOnly: boolean | undefined;
}

interface TextFieldProps extends FieldProps {
  readonly value: string | undefined;
  readonly placeholder?: string;
  readonly width?: number;
  readonly invalid?: string;
  readonly onValue: (value: string) => void;
}

export function TextField({
  label,
  tooltip,
  readOnly,
  value,
  placeholder,
  width = 40,
  invalid,
  onValue,
}: TextFieldProps) {
  return (
    <InlineField
      label={label}
      labelWidth={labelWidth}
      disabled={readOnly}
      tooltip={tooltip}
      invalid={invalid !== undefined}
      error={invalid}
    >
      <Input
        aria-label={label}
        width={width}
        placeholder={placeholder}
        value={value ?? ''}
        onChange={(event) => onValue(event.currentTarget.value)}
      />
    </InlineField>
  );
}

interface SwitchFieldProps extends FieldProps {
  readonly value: boolean;
  readonly onValue: (value: boolean) => void;
}

export function SwitchField({ label, tooltip, readOnly, value, onValue }: SwitchFieldProps) {
  return (
    <InlineField label={label} labelWidth={labelWidth} disabled={readOnly} tooltip={tooltip}>
      <InlineSwitch aria-label={label} value={value} onChange={(event) => onValue(event.currentTarget.checked)} />
    </InlineField>
  );
}

interface SourceFieldProps extends FieldProps {
  readonly kind: 'logs' | 'metrics' | 'profiles';
  readonly id: string;
  readonly uid: string | undefined;
  readonly onUid: (uid: string | undefined) => void;
}

/** Data sources of a kind. Profiles have no flag of their own: those that Grafana's trace view embeds. */
export function SourceField({ label, tooltip, readOnly, kind, id, uid, onUid }: SourceFieldProps) {
  const filter = kind === 'profiles' ? { type: profileTypes } : { [kind]: true };
  return (
    <InlineField label={label} labelWidth={labelWidth} disabled={readOnly} tooltip={tooltip}>
      <DataSourcePicker
        {...filter}
        noDefault
        width={40}
        inputId={id}
        current={uid}
        onChange={(chosen) => onUid(chosen.uid)}
        onClear={() => onUid(undefined)}
      />
    </InlineField>
  );
}

const profileTypes = ['grafana-pyroscope-datasource', 'parca'];

interface TagsFieldProps extends FieldProps {
  readonly tags: readonly TagMapping[] | undefined;
  readonly onTags: (tags: TagMapping[] | undefined) => void;
}

/** Attributes of span and resource, and what the other data source calls them. */
export function TagsField({ label, tooltip, readOnly, tags = [], onTags }: TagsFieldProps) {
  const set = (index: number, change: Partial<TagMapping>) =>
    onTags(tags.map((tag, at) => (at === index ? { ...tag, ...change } : tag)));
  const left = (index: number) => {
    const rest = tags.filter((_, at) => at !== index);
    onTags(rest.length === 0 ? undefined : rest);
  };
  return (
    <RowsField
      label={label}
      tooltip={tooltip}
      readOnly={readOnly}
      addText="Add tag"
      onAdd={() => onTags([...tags, { key: '' }])}
      rows={tags.map(({ key, value }, index) => ({
        key: String(index),
        removeText: `Remove ${key || 'the tag'}`,
        onRemove: () => left(index),
        inputs: (
          <>
            <RowInput
              label={`${label} ${index + 1}: attribute`}
              readOnly={readOnly}
              placeholder="service.name"
              value={key}
              onValue={(text) => set(index, { key: text })}
            />
            <RowInput
              label={`${label} ${index + 1}: is called`}
              readOnly={readOnly}
              placeholder="the same"
              value={value}
              onValue={(text) => set(index, { value: text || undefined })}
            />
          </>
        ),
      }))}
    />
  );
}

interface RowsFieldProps extends FieldProps {
  readonly addText: string;
  readonly onAdd: () => void;
  readonly rows: readonly {
    readonly key: string;
    readonly inputs: ReactNode;
    readonly removeText: string;
    readonly onRemove: () => void;
  }[];
}

/** A setting that is a list: a row of inputs for each entry, with a button that removes it, and one that adds another. */
export function RowsField({ label, tooltip, readOnly, addText, onAdd, rows }: RowsFieldProps) {
  return (
    <InlineField label={label} labelWidth={labelWidth} disabled={readOnly} tooltip={tooltip} grow>
      <div>
        {rows.map(({ key, inputs, removeText, onRemove }) => (
          <InlineFieldRow key={key}>
            {inputs}
            <IconButton name="times" disabled={readOnly} tooltip={removeText} onClick={onRemove} />
          </InlineFieldRow>
        ))}
        <Button size="sm" variant="secondary" icon="plus" disabled={readOnly} onClick={onAdd}>
          {addText}
        </Button>
      </div>
    </InlineField>
  );
}

type RowInputProps = Omit<TextFieldProps, 'tooltip' | 'invalid'>;

/** One input of a row; its label is read out, not shown. */
export function RowInput({ label, readOnly, value, placeholder, width = 24, onValue }: RowInputProps) {
  return (
    <Input
      aria-label={label}
      width={width}
      disabled={readOnly}
      placeholder={placeholder}
      value={value ?? ''}
      onChange={(event) => onValue(event.currentTarget.value)}
    />
  );
}

interface ShiftFieldsProps {
  readonly readOnly: boolean | undefined;
  readonly value: { readonly spanStartTimeShift?: string; readonly spanEndTimeShift?: string };
  readonly placeholders: readonly [start: string, end: string];
  readonly onValue: (part: { spanStartTimeShift?: string; spanEndTimeShift?: string }) => void;
}

export function ShiftFields({ readOnly, value, placeholders, onValue }: ShiftFieldsProps) {
  return (
    <>
      <TextField
        label="Span start time shift"
        tooltip="Where the time range begins, from the start of the span: -5m is five minutes before"
        readOnly={readOnly}
        placeholder={placeholders[0]}
        value={value.spanStartTimeShift}
        invalid={shiftProblem(value.spanStartTimeShift)}
        onValue={(text) => onValue({ spanStartTimeShift: text })}
      />
      <TextField
        label="Span end time shift"
        tooltip="Where the time range ends, from the end of the span: 5m is five minutes after"
        readOnly={readOnly}
        placeholder={placeholders[1]}
        value={value.spanEndTimeShift}
        invalid={shiftProblem(value.spanEndTimeShift)}
        onValue={(text) => onValue({ spanEndTimeShift: text })}
      />
    </>
  );
}

/** `undefined` when it is empty or a duration. */
export function shiftProblem(text: string | undefined): string | undefined {
  const shift = (text ?? '').trim().replace(/^\+/, '');
  return shift === '' || shift === '0' || parseDuration(shift) !== undefined
    ? undefined
    : 'A duration such as -5m, 30s or 1h';
}
