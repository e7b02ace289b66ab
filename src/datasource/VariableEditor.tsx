import type { DataSourceApi, QueryEditorProps } from '@grafana/data';
import { Combobox, InlineField, Input } from '@grafana/ui';
import type { VivaceQuery } from './query.ts';
import type { VivaceJsonData } from './settings.ts';
import type { VivaceVariableQuery } from './variables.ts';

const kinds = [
  { label: 'Services', value: 'services' },
  { label: 'Operations', value: 'operations' },
  { label: 'Attribute names', value: 'names' },
  { label: 'Attribute values', value: 'values' },
] satisfies { label: string; value: VivaceVariableQuery['kind'] }[];
const scopes = ['resource', 'span', 'event', 'link', 'instrumentation', 'intrinsic'].map((value) => ({
  label: value,
  value,
}));
const labelWidth = 16;

type Props = QueryEditorProps<
  DataSourceApi<VivaceQuery, VivaceJsonData>,
  VivaceQuery,
  VivaceJsonData,
  VivaceVariableQuery
>;

/** What a dashboard variable lists. Fields commit when they are left. */
export function VariableEditor({ query, onChange }: Props) {
  const kind = query.kind ?? (query.type === 1 ? 'values' : query.type === 0 ? 'names' : 'services');
  const set = (part: Partial<VivaceVariableQuery>) => onChange({ ...query, kind, ...part });
  return (
    <div data-testid="vivace-variable-editor">
      <InlineField label="List" labelWidth={labelWidth}>
        <Combobox
          aria-label="List"
          width={40}
          options={kinds}
          value={kind}
          onChange={(choice) => set({ kind: choice.value })}
        />
      </InlineField>
      {kind === 'operations' && (
        <Field
          label="Service"
          placeholder="all, or a name, or $service"
          value={query.service}
          onCommit={(service) => set({ service })}
        />
      )}
      {kind === 'names' && (
        <InlineField label="Scope" labelWidth={labelWidth}>
          <Combobox
            aria-label="Scope"
            width={40}
            isClearable
            placeholder="all"
            options={scopes}
            value={query.scope || null}
            onChange={(choice) => set({ scope: choice?.value })}
          />
        </InlineField>
      )}
      {kind === 'values' && (
        <Field
          label="Attribute"
          placeholder="resource.k8s.pod.name"
          value={query.attribute ?? query.label}
          onCommit={(attribute) => set({ attribute })}
        />
      )}
      <Field
        label="Only with"
        placeholder={'any span, or TraceQL: { resource.service.name = "$service" }'}
        value={query.condition}
        onCommit={(condition) => set({ condition })}
      />
    </div>
  );
}

interface FieldProps {
  readonly label: string;
  readonly placeholder: string;
  readonly value: string | undefined;
  readonly onCommit: (value: string | undefined) => void;
}

function Field({ label, placeholder, value, onCommit }: FieldProps) {
  return (
    <InlineField label={label} labelWidth={labelWidth}>
      <Input
        aria-label={label}
        width={60}
        placeholder={placeholder}
        defaultValue={value}
        key={value}
        onBlur={(event) => onCommit(event.currentTarget.value.trim() || undefined)}
      />
    </InlineField>
  );
}
