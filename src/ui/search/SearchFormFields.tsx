import { css } from '@emotion/css';
import { useEffect, useId, useState } from 'react';
import type { ReactElement } from 'react';
import type { Host } from '../host.ts';
import { Button, Select, TextInput } from '../kit/controls.tsx';
import { Icon } from '../kit/Icon.tsx';
import { rangeSeconds } from '../state/view.ts';
import type { Range } from '../state/view.ts';
import { comparisons, isDuration, queryOfForm } from './form.ts';
import type { AttributeRow, Comparison, SearchForm } from './form.ts';

interface FieldsProps {
  readonly host: Host;
  readonly form: SearchForm;
  readonly range: Range;
  onForm(form: SearchForm): void;
}

const emptyRow: AttributeRow = { attribute: '', comparison: '=', value: '' };

/** Service, name, status, duration and any attribute, each completed from what the server has seen. */
export function SearchFormFields({ host, form, range, onForm }: FieldsProps): ReactElement {
  // Rows that say nothing yet are not part of the query, so they live here until they do; when the query changes elsewhere (editor,
  // Back, a value added from a trace), its rows count.
  const [typed, setRows] = useState<readonly AttributeRow[]>([emptyRow]);
  const saysSame = queryOfForm({ ...form, rows: typed }) === queryOfForm(form);
  const rows = saysSame ? typed : form.rows.length > 0 ? form.rows : [emptyRow];
  const [lost, setLost] = useState<Partial<SearchForm>>({});

  const setRow = (index: number, change: Partial<AttributeRow>): void => {
    const next = rows.map((row, at) => (at === index ? { ...row, ...change } : row));
    setRows(next);
    onForm({ ...form, rows: next });
  };
  const removeRow = (index: number): void => {
    const next = rows.filter((_, at) => at !== index);
    setRows(next.length > 0 ? next : [emptyRow]);
    onForm({ ...form, rows: next });
  };
  // Half a duration ("2", "2m" on the way to "2ms") is kept as typed.
  const durationField = (key: 'durationMin' | 'durationMax', label: string, placeholder: string): ReactElement => {
    const text = lost[key] ?? form[key];
    return (
      <TextInput
        className={styles.duration}
        aria-label={label}
        aria-invalid={text !== '' && !isDuration(text)}
        placeholder={placeholder}
        value={text}
        onChange={(event) => {
          setLost({ ...lost, [key]: event.target.value });
          onForm({ ...form, [key]: isDuration(event.target.value) ? event.target.value : '' });
        }}
        onBlur={() => setLost((before) => ({ ...before, [key]: isDuration(text) ? undefined : before[key] }))}
      />
    );
  };

  return (
    <div className={styles.root}>
      <div className={styles.line}>
        <CompletedInput
          host={host}
          range={range}
          attribute="resource.service.name"
          label="Service"
          placeholder="any service"
          value={form.service}
          onValue={(service) => onForm({ ...form, service })}
        />
        <CompletedInput
          host={host}
          range={range}
          attribute="name"
          label="Span name"
          placeholder="any span name"
          value={form.spanName}
          onValue={(spanName) => onForm({ ...form, spanName })}
        />
        <Select
          aria-label="Status"
          value={form.status}
          onChange={(event) => onForm({ ...form, status: event.target.value as SearchForm['status'] })}
        >
          <option value="">any status</option>
          <option value="error">error</option>
          <option value="ok">ok</option>
          <option value="unset">unset</option>
        </Select>
        {durationField('durationMin', 'Duration at least', 'min, e.g. 250ms')}
        {durationField('durationMax', 'Duration at most', 'max, e.g. 2s')}
      </div>
      {rows.map((row, index) => (
        <div key={index} className={styles.line}>
          <AttributeInput
            host={host}
            range={range}
            value={row.attribute}
            onValue={(attribute) => setRow(index, { attribute })}
          />
          <Select
            aria-label="Comparison"
            className={styles.comparison}
            value={row.comparison}
            onChange={(event) => setRow(index, { comparison: event.target.value as Comparison })}
          >
            {comparisons.map((comparison) => (
              <option key={comparison}>{comparison}</option>
            ))}
          </Select>
          <CompletedInput
            host={host}
            range={range}
            attribute={row.attribute}
            label="Value"
            placeholder="value"
            value={row.value}
            onValue={(value) => setRow(index, { value })}
          />
          <Button look="quiet" aria-label="Remove this condition" onClick={() => removeRow(index)}>
            <Icon name="close" size={12} />
          </Button>
          {index === rows.length - 1 && (
            <Button look="quiet" onClick={() => setRows([...rows, emptyRow])}>
              + condition
            </Button>
          )}
        </div>
      ))}
    </div>
  );
}

const optionsMax = 500;

/** An input that offers the values the server has seen; asks when it gets the focus, not before. */
function CompletedInput({
  host,
  range,
  attribute,
  label,
  placeholder,
  value,
  onValue,
}: {
  readonly host: Host;
  readonly range: Range;
  readonly attribute: string;
  readonly label: string;
  readonly placeholder: string;
  readonly value: string;
  onValue(value: string): void;
}): ReactElement {
  const options = useOptions(attribute, async (signal) => {
    if (!/^[\w.:"-]+$/.test(attribute)) {
      return [];
    }
    const request = { range: rangeSeconds(range, host.nowMs()), limit: optionsMax, signal };
    return (await host.client.attributeValues(attribute, request)).map((option) => option.value);
  });
  return (
    <>
      <TextInput
        className={styles.grow}
        list={options.id}
        aria-label={label}
        placeholder={placeholder}
        value={value}
        onFocus={options.load}
        onChange={(event) => onValue(event.target.value)}
      />
      <Datalist {...options} />
    </>
  );
}

function AttributeInput({
  host,
  range,
  value,
  onValue,
}: {
  readonly host: Host;
  readonly range: Range;
  readonly value: string;
  onValue(value: string): void;
}): ReactElement {
  const options = useOptions('', async (signal) => {
    const names = await host.client.attributeNames({ range: rangeSeconds(range, host.nowMs()), signal });
    return names.slice(0, optionsMax * 4).map(({ scope, name }) => (scope === 'intrinsic' ? name : `${scope}.${name}`));
  });
  return (
    <>
      <TextInput
        className={styles.grow}
        list={options.id}
        aria-label="Attribute"
        placeholder="attribute, e.g. span.http.route"
        value={value}
        onFocus={options.load}
        onChange={(event) => onValue(event.target.value)}
      />
      <Datalist {...options} />
    </>
  );
}

function Datalist({ id, options }: { readonly id: string; readonly options: readonly string[] }): ReactElement {
  return (
    <datalist id={id}>
      {options.map((option) => (
        <option key={option} value={option} />
      ))}
    </datalist>
  );
}

/** Completion must never be in the way: when it fails, there is none. */
function useOptions(
  key: string,
  ask: (signal: AbortSignal) => Promise<readonly string[]>
): { id: string; options: readonly string[]; load(): void } {
  const id = useId();
  const [options, setOptions] = useState<readonly string[]>([]);
  const [wanted, setWanted] = useState(0);
  useEffect(() => {
    if (wanted === 0) {
      return undefined;
    }
    const controller = new AbortController();
    ask(controller.signal).then(setOptions, () => setOptions([]));
    return () => controller.abort();
    // eslint-disable-next-line react-hooks/exhaustive-deps -- `ask` is new on every render; `key` says when its meaning changes
  }, [key, wanted]);
  return { id, options: [...new Set(options)], load: () => setWanted((n) => n + 1) };
}

const styles = {
  root: css({ display: 'grid', gap: 6, minWidth: 0 }),
  line: css({ display: 'flex', flexWrap: 'wrap', gap: 6, minWidth: 0 }),
  grow: css({ flex: '1 1 150px' }),
  comparison: css({ width: 56 }),
  duration: css({ flex: '0 1 124px', width: 124, '&[aria-invalid=true]': { borderColor: 'var(--v-warning)' } }),
};
