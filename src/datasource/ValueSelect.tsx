import type { SelectableValue, TimeRange } from '@grafana/data';
import { MultiSelect } from '@grafana/ui';
import { useEffect, useRef, useState } from 'react';
import type { Client } from '../api/client.ts';
import { CodedError } from '../base/coded-error.ts';
import { rangeOf } from './range.ts';

interface ValueSelectProps {
  readonly client: Client;
  readonly range: TimeRange | undefined;
  readonly label: string;
  /** As TraceQL writes it; empty: nothing to offer. */
  readonly attribute: string;
  /** The other rows of the spanset: values occur together with them. */
  readonly condition: string;
  readonly variables: readonly string[];
  readonly placeholder?: string;
  readonly values: readonly string[];
  /** `isCustom`: one of them was typed, and may be a regular expression where the operator wants one. */
  readonly onValues: (values: string[], valueType: string | undefined, isCustom: boolean) => void;
}

const valuesMax = 1000;

/** One value or several of an attribute: those that the server has seen, template variables, and whatever one types. */
export function ValueSelect(props: ValueSelectProps) {
  const { client, range, label, attribute, condition, variables, placeholder, values, onValues } = props;
  const [offered, setOffered] = useState<readonly { value: string; type: string }[]>([]);
  const [isLoading, setLoading] = useState(false);
  const [problem, setProblem] = useState<string>();
  const asking = useRef<AbortController>(undefined);
  useEffect(() => () => asking.current?.abort(), []);

  const load = async () => {
    asking.current?.abort();
    const controller = (asking.current = new AbortController());
    if (attribute === '') {
      return;
    }
    setLoading(true);
    try {
      const request = { query: condition, range: rangeOf(range), limit: valuesMax, signal: controller.signal };
      setOffered(await client.attributeValues(attribute, request));
      setProblem(undefined);
    } catch (error) {
      if (!(error instanceof CodedError && error.code === 'canceled')) {
        setOffered([]);
        setProblem(error instanceof Error ? error.message : String(error));
      }
    } finally {
      if (!controller.signal.aborted) {
        setLoading(false);
      }
    }
  };
  const options: SelectableValue<string>[] = [
    ...variables.map((value) => ({ value, label: value })),
    ...offered.map(({ value }) => ({ value, label: value === '' ? '(empty)' : value })),
  ];
  return (
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- its successor is not in the oldest Grafana of our range
    <MultiSelect<string>
      aria-label={label}
      width={40}
      placeholder={placeholder ?? 'any'}
      options={options}
      value={values.map((value) => ({ value, label: value }))}
      allowCustomValue
      // Who types a value and presses Enter need not wait for what the server offers.
      allowCreateWhileLoading
      isClearable
      isLoading={isLoading}
      noOptionsMessage={problem ?? 'Nothing seen in this range; type a value'}
      onOpenMenu={() => void load()}
      onChange={(chosen) => {
        const all = chosen.flatMap(({ value }) => (value === undefined ? [] : [value.trim()]));
        const known = offered.find(({ value }) => value === all.at(-1));
        const isCustom = all.some((value) => !offered.some((one) => one.value === value));
        onValues([...new Set(all)], known?.type, isCustom);
      }}
    />
  );
}
