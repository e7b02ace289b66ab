import type { TimeRange } from '@grafana/data';
import { Button, Combobox, IconButton, InlineField, InlineFieldRow, Input } from '@grafana/ui';
import type { Client } from '../api/client.ts';
import {
  attributeReference,
  traceqlFromFilters,
  traceqlOfBuilder,
  valuesOf,
  type RelatedSpanset,
  type SearchFilter,
} from './search-filters.ts';
import { ValueSelect } from './ValueSelect.tsx';

interface SearchBuilderProps {
  readonly client: Client;
  readonly range: TimeRange | undefined;
  /** Template variables to offer as values: `$service`. */
  readonly variables: readonly string[];
  /** Rows that always stand there, from the settings. */
  readonly fixed: readonly SearchFilter[];
  readonly filters: readonly SearchFilter[];
  readonly related: readonly RelatedSpanset[];
  readonly onChange: (filters: SearchFilter[], related: RelatedSpanset[]) => void;
  readonly onRunQuery: () => void;
}

const labelWidth = 20;
const choices = (values: readonly string[]) => values.map((value) => ({ value, label: value }));
const scopes = choices(['resource', 'span', 'event', 'link', 'instrumentation', 'intrinsic', 'unscoped']);
const operators = choices(['=', '!=', '=~', '!~', '>', '>=', '<', '<=']);
const equality = choices(['=', '!=']);
const durationKinds = [
  { value: 'span', label: 'span', description: 'How long the span took' },
  { value: 'trace', label: 'trace', description: 'How long the whole trace took' },
];
const relations: { value: string; label: string; description: string }[] = [
  ['>>', 'has below it'],
  ['>', 'calls directly'],
  ['<<', 'is below'],
  ['<', 'is called directly by'],
  ['~', 'is a sibling of'],
  ['&&', 'in the same trace as'],
  ['||', 'or'],
  ['!>>', 'not below it'],
  ['!>', 'not called directly'],
  ['!<<', 'not above it'],
  ['!<', 'not its caller'],
  ['!~', 'no sibling'],
  ['&>>', 'both sides: has below it'],
  ['&>', 'both sides: calls directly'],
  ['&<<', 'both sides: is below'],
  ['&<', 'both sides: is called directly by'],
  ['&~', 'both sides: siblings'],
  ['!&&', 'and no span such as (Vivace only)'],
].map(([value, description]) => ({ value, label: value, description }));

/** Conditions in rows, further spansets by their relation to the first, and below them the TraceQL they stand for. */
export function SearchBuilder(props: SearchBuilderProps) {
  const { filters, related, onChange } = props;
  const setRelated = (index: number, change: Partial<RelatedSpanset>) =>
    onChange(
      [...filters],
      related.map((one, at) => (at === index ? { ...one, ...change } : one))
    );
  return (
    <div>
      <Spanset {...props} onFilters={(next) => onChange(next, [...related])} />
      {related.map((spanset, index) => (
        <div key={index} data-testid="vivace-builder-related">
          <InlineFieldRow>
            <InlineField label="Relation" labelWidth={labelWidth}>
              <Combobox
                aria-label={`Relation ${index + 1}`}
                width={24}
                options={relations}
                value={spanset.operator}
                onChange={(choice) => setRelated(index, { operator: choice.value })}
              />
            </InlineField>
            <IconButton
              name="times"
              tooltip="Remove these spans"
              onClick={() =>
                onChange(
                  [...filters],
                  related.filter((_, at) => at !== index)
                )
              }
            />
          </InlineFieldRow>
          <Spanset
            {...props}
            fixed={[]}
            filters={spanset.filters}
            onFilters={(next) => setRelated(index, { filters: next })}
          />
        </div>
      ))}
      <Button
        variant="secondary"
        icon="sitemap"
        onClick={() =>
          onChange(
            [...filters],
            [...related, { operator: '>>', filters: [{ id: 'attribute-0', scope: 'span', operator: '=' }] }]
          )
        }
      >
        Add related spans
      </Button>
      <pre data-testid="vivace-builder-preview">{traceqlOfBuilder(filters, related)}</pre>
    </div>
  );
}

type SpansetProps = Omit<SearchBuilderProps, 'onChange' | 'related'> & {
  readonly onFilters: (filters: SearchFilter[]) => void;
};

function Spanset({ client, range, variables, fixed, filters, onFilters, onRunQuery }: SpansetProps) {
  const put = (filter: SearchFilter) => {
    const isThere = filters.some((one) => one.id === filter.id);
    onFilters(isThere ? filters.map((one) => (one.id === filter.id ? filter : one)) : [...filters, filter]);
  };
  const remove = (id: string) => onFilters(filters.filter((one) => one.id !== id));
  const find = (id: string) => filters.find((one) => one.id === id);
  const own = new Set([...fixed.map(({ id }) => id), 'duration-type']);
  const others = (id: string) => traceqlFromFilters(filters.filter((one) => one.id !== id));
  const shared = { client, range, variables };
  return (
    <>
      {fixed.map((row) => {
        const label = row.label ?? row.tag ?? row.id;
        const filter = find(row.id) ?? row;
        if (row.valueType === 'duration') {
          return (
            <InlineFieldRow key={row.id}>
              <InlineField label={label} labelWidth={labelWidth}>
                <DurationInput
                  label={label}
                  value={valuesOf(filter)[0] ?? ''}
                  onValue={(value) => (value === '' ? remove(row.id) : put({ ...row, ...filter, value }))}
                  onRun={onRunQuery}
                />
              </InlineField>
              {row.id === 'min-duration' && (
                <Combobox
                  aria-label="Duration of"
                  width={12}
                  options={durationKinds}
                  value={valuesOf(find('duration-type') ?? { id: '' })[0] ?? 'span'}
                  onChange={({ value }) =>
                    value === 'span' ? remove('duration-type') : put({ id: 'duration-type', value })
                  }
                />
              )}
            </InlineFieldRow>
          );
        }
        return (
          <InlineFieldRow key={row.id}>
            <InlineField label={label} labelWidth={labelWidth}>
              <ValueSelect
                {...shared}
                label={label}
                attribute={attributeReference(row.scope ?? '', row.tag ?? '')}
                condition={others(row.id)}
                values={valuesOf(filter)}
                onValues={(values, type, isCustomValue) =>
                  values.length === 0
                    ? remove(row.id)
                    : put({ ...row, ...filter, value: single(values), valueType: row.valueType ?? type, isCustomValue })
                }
              />
            </InlineField>
            <OperatorSelect
              label={`${label} operator`}
              filter={filter}
              onOperator={(operator) => put({ ...row, ...filter, operator })}
            />
          </InlineFieldRow>
        );
      })}
      {filters
        .filter(({ id }) => !own.has(id))
        .map((filter) => (
          <InlineFieldRow key={filter.id}>
            <Combobox
              aria-label="Scope"
              width={18}
              options={scopes}
              value={filter.scope ?? 'span'}
              onChange={(choice) => put({ ...filter, scope: choice.value })}
            />
            <Input
              key={filter.tag}
              aria-label="Attribute"
              width={28}
              placeholder="http.response.status_code"
              defaultValue={filter.tag}
              onBlur={(event) => put({ ...filter, tag: event.currentTarget.value.trim() })}
            />
            <OperatorSelect label="Operator" filter={filter} onOperator={(operator) => put({ ...filter, operator })} />
            <ValueSelect
              {...shared}
              label="Value"
              attribute={filter.tag ? attributeReference(filter.scope ?? 'span', filter.tag) : ''}
              condition={others(filter.id)}
              placeholder="value"
              values={valuesOf(filter)}
              onValues={(values, type, isCustomValue) =>
                put({
                  ...filter,
                  value: single(values),
                  valueType: type ?? typeOfText(values.at(-1) ?? ''),
                  isCustomValue,
                })
              }
            />
            <IconButton name="times" tooltip="Remove this condition" onClick={() => remove(filter.id)} />
          </InlineFieldRow>
        ))}
      <InlineFieldRow>
        <InlineField label="Attributes" labelWidth={labelWidth}>
          <Button
            variant="secondary"
            icon="plus"
            onClick={() => onFilters([...filters, { id: freeId(filters), scope: 'span', operator: '=' }])}
          >
            Add condition
          </Button>
        </InlineField>
      </InlineFieldRow>
    </>
  );
}

interface OperatorSelectProps {
  readonly label: string;
  readonly filter: SearchFilter;
  readonly onOperator: (operator: string) => void;
}

function OperatorSelect({ label, filter, onOperator }: OperatorSelectProps) {
  const isKeyword = filter.tag === 'status' || filter.tag === 'kind';
  return (
    <Combobox
      aria-label={label}
      width={10}
      options={isKeyword ? equality : operators}
      value={filter.operator ?? '='}
      onChange={(choice) => onOperator(choice.value)}
    />
  );
}

interface DurationInputProps {
  readonly label: string;
  readonly value: string;
  readonly onValue: (value: string) => void;
  readonly onRun: () => void;
}

function DurationInput({ label, value, onValue, onRun }: DurationInputProps) {
  return (
    <Input
      key={value}
      aria-label={label}
      width={20}
      placeholder="100ms"
      defaultValue={value}
      onBlur={(event) => {
        const next = event.currentTarget.value.replace(/\s/g, '');
        if (next !== value) {
          onValue(next);
        }
      }}
      onKeyDown={(event) => {
        if (event.key === 'Enter') {
          // Leaving the field is what commits it.
          event.currentTarget.blur();
          if (event.shiftKey) {
            onRun();
          }
        }
      }}
    />
  );
}

function single(values: readonly string[]): string | string[] {
  return values.length === 1 ? values[0] : [...values];
}

/** The type a person means who types this: `42`, `1.5`, `200ms`, `true`, else a string. */
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
