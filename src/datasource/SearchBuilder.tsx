import { Button, Combobox, IconButton, InlineField, InlineFieldRow, Input } from '@grafana/ui';
import { traceqlFromFilters, type SearchFilter } from './search-filters.ts';

interface SearchBuilderProps {
  readonly filters: readonly SearchFilter[];
  readonly onChange: (filters: SearchFilter[]) => void;
  readonly onRunQuery: () => void;
}

const labelWidth = 18;
const scopes = ['resource', 'span', 'event', 'link', 'instrumentation', 'unscoped'].map((value) => ({
  value,
  label: value,
}));
const operators = ['=', '!=', '=~', '!~', '>', '>=', '<', '<='].map((value) => ({ value, label: value }));
const statuses = ['ok', 'error', 'unset'].map((value) => ({ value, label: value }));

/** The rows everybody needs. Each is one filter; its id keeps it apart from the rows added below. */
const fixedRows: readonly (SearchFilter & { readonly label: string; readonly placeholder: string })[] = [
  {
    id: 'service-name',
    label: 'Service name',
    placeholder: 'checkout',
    scope: 'resource',
    tag: 'service.name',
    operator: '=',
    valueType: 'string',
  },
  {
    id: 'span-name',
    label: 'Span name',
    placeholder: 'GET /cart',
    scope: 'span',
    tag: 'name',
    operator: '=',
    valueType: 'string',
  },
  {
    id: 'min-duration',
    label: 'Duration at least',
    placeholder: '100ms',
    tag: 'duration',
    operator: '>=',
    valueType: 'duration',
  },
  {
    id: 'max-duration',
    label: 'Duration at most',
    placeholder: '5s',
    tag: 'duration',
    operator: '<=',
    valueType: 'duration',
  },
];

/** Conditions in rows, and below them the TraceQL they stand for. */
export function SearchBuilder({ filters, onChange, onRunQuery }: SearchBuilderProps) {
  const put = (filter: SearchFilter) => {
    const others = filters.some((one) => one.id === filter.id);
    onChange(others ? filters.map((one) => (one.id === filter.id ? filter : one)) : [...filters, filter]);
  };
  const remove = (id: string) => onChange(filters.filter((one) => one.id !== id));
  const find = (id: string) => filters.find((one) => one.id === id);
  const own = new Set([...fixedRows.map((row) => row.id), 'status', 'duration-type']);
  const added = filters.filter((filter) => !own.has(filter.id));

  return (
    <div>
      {fixedRows.map(({ label, placeholder, ...row }) => (
        <InlineFieldRow key={row.id}>
          <InlineField label={label} labelWidth={labelWidth}>
            <Input
              aria-label={label}
              width={40}
              placeholder={placeholder}
              defaultValue={textOf(find(row.id))}
              key={textOf(find(row.id))}
              onBlur={(event) => {
                const value = event.currentTarget.value.trim();
                if (value !== textOf(find(row.id))) {
                  value === '' ? remove(row.id) : put({ ...row, ...find(row.id), value });
                }
              }}
              onKeyDown={(event) => runOnShiftEnter(event, onRunQuery)}
            />
          </InlineField>
        </InlineFieldRow>
      ))}
      <InlineFieldRow>
        <InlineField label="Status" labelWidth={labelWidth}>
          <Combobox
            aria-label="Status"
            width={40}
            isClearable
            placeholder="any"
            options={statuses}
            value={textOf(find('status')) || null}
            onChange={(choice) =>
              choice === null
                ? remove('status')
                : put({
                    id: 'status',
                    tag: 'status',
                    scope: 'intrinsic',
                    operator: '=',
                    value: choice.value,
                    valueType: 'keyword',
                  })
            }
          />
        </InlineField>
      </InlineFieldRow>
      {added.map((filter) => (
        <AttributeRow
          key={filter.id}
          filter={filter}
          onChange={put}
          onRemove={() => remove(filter.id)}
          onRunQuery={onRunQuery}
        />
      ))}
      <InlineFieldRow>
        <InlineField label="Attributes" labelWidth={labelWidth}>
          <Button
            variant="secondary"
            icon="plus"
            onClick={() => onChange([...filters, { id: freeId(filters), scope: 'span', operator: '=' }])}
          >
            Add condition
          </Button>
        </InlineField>
      </InlineFieldRow>
      <pre data-testid="vivace-builder-preview">{traceqlFromFilters(filters)}</pre>
    </div>
  );
}

interface AttributeRowProps {
  readonly filter: SearchFilter;
  readonly onChange: (filter: SearchFilter) => void;
  readonly onRemove: () => void;
  readonly onRunQuery: () => void;
}

function AttributeRow({ filter, onChange, onRemove, onRunQuery }: AttributeRowProps) {
  return (
    <InlineFieldRow>
      <Combobox
        aria-label="Scope"
        width={18}
        options={scopes}
        value={filter.scope ?? 'span'}
        onChange={(choice) => onChange({ ...filter, scope: choice.value })}
      />
      <Input
        aria-label="Attribute"
        width={28}
        placeholder="http.response.status_code"
        defaultValue={filter.tag}
        onBlur={(event) => onChange({ ...filter, tag: event.currentTarget.value.trim() })}
      />
      <Combobox
        aria-label="Operator"
        width={10}
        options={operators}
        value={filter.operator ?? '='}
        onChange={(choice) => onChange({ ...filter, operator: choice.value })}
      />
      <Input
        aria-label="Value"
        width={28}
        placeholder="value"
        defaultValue={textOf(filter)}
        onBlur={(event) => {
          const value = event.currentTarget.value.trim();
          onChange({ ...filter, value, valueType: typeOfText(value) });
        }}
        onKeyDown={(event) => runOnShiftEnter(event, onRunQuery)}
      />
      <IconButton name="times" tooltip="Remove this condition" onClick={onRemove} />
    </InlineFieldRow>
  );
}

function textOf(filter: SearchFilter | undefined): string {
  return filter?.value === undefined ? '' : Array.isArray(filter.value) ? filter.value.join('|') : filter.value;
}

/** The type a person means who types this: `42`, `1.5`, `200ms`, `true`, else a string. Quotes make anything a string. */
function typeOfText(value: string): string {
  if (/^-?\d+$/.test(value)) {
    return 'int';
  }
  if (/^-?\d*\.\d+$/.test(value)) {
    return 'float';
  }
  if (/^(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$/.test(value)) {
    return 'duration';
  }
  return value === 'true' || value === 'false' ? 'bool' : 'string';
}

function freeId(filters: readonly SearchFilter[]): string {
  let number = filters.length;
  while (filters.some((filter) => filter.id === `attribute-${number}`)) {
    number++;
  }
  return `attribute-${number}`;
}

function runOnShiftEnter(event: React.KeyboardEvent<HTMLInputElement>, run: () => void): void {
  if (event.key === 'Enter') {
    // Leaving the field is what commits it.
    event.currentTarget.blur();
    if (event.shiftKey) {
      run();
    }
  }
}
