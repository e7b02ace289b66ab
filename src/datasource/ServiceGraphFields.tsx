import { InlineField, InlineFieldRow, InlineSwitch, Input } from '@grafana/ui';
import type { VivaceQuery } from './query.ts';

interface ServiceGraphFieldsProps {
  readonly query: VivaceQuery;
  readonly onChange: (query: VivaceQuery) => void;
  readonly onRunQuery: () => void;
}

/** What narrows a graph out of the linked Prometheus; TraceQL below it asks the server instead. */
export function ServiceGraphFields({ query, onChange, onRunQuery }: ServiceGraphFieldsProps) {
  const filter = [query.serviceMapQuery ?? []].flat().join(' | ');
  return (
    <InlineFieldRow>
      <InlineField
        label="Filter"
        labelWidth={14}
        tooltip={
          'Label matchers, for instance {client="shop"}; several with | between them: any has to hold. With TraceQL below, the server counts the graph from spans instead'
        }
      >
        <Input
          key={filter}
          aria-label="Label matchers"
          width={50}
          placeholder={'{client="shop"}'}
          defaultValue={filter}
          onBlur={(event) => {
            const selectors = event.currentTarget.value.split(/\s*\|\s*(?=\{)/).filter((one) => one.trim() !== '');
            onChange({ ...query, serviceMapQuery: selectors.length > 1 ? selectors : selectors[0] });
          }}
          onKeyDown={(event) => {
            if (event.key === 'Enter') {
              event.currentTarget.blur();
              if (event.shiftKey) {
                onRunQuery();
              }
            }
          }}
        />
      </InlineField>
      <InlineField label="By namespace" tooltip="Tells services of one name in several namespaces apart">
        <InlineSwitch
          aria-label="By namespace"
          value={query.serviceMapIncludeNamespace ?? false}
          onChange={(event) => onChange({ ...query, serviceMapIncludeNamespace: event.currentTarget.checked })}
        />
      </InlineField>
    </InlineFieldRow>
  );
}
