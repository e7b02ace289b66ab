import { css } from '@emotion/css';
import { useState } from 'react';
import type { ReactElement } from 'react';
import { Button, Select, TextInput } from '../kit/controls.tsx';
import { agoText } from '../state/view.ts';
import type { Range, RangeEnd } from '../state/view.ts';

const minute = 60_000;
const presets: readonly (readonly [label: string, agoMs: number])[] = [
  ['Last 5 minutes', 5 * minute],
  ['Last 15 minutes', 15 * minute],
  ['Last hour', 60 * minute],
  ['Last 6 hours', 360 * minute],
  ['Last 24 hours', 1_440 * minute],
  ['Last 7 days', 10_080 * minute],
];

/** Relative ranges by name, absolute ones by local date and time. */
export function RangePicker({
  range,
  nowMs,
  onRange,
}: {
  readonly range: Range;
  readonly nowMs: number;
  onRange(range: Range): void;
}): ReactElement {
  const preset =
    range.to.kind === 'ago' && range.to.agoMs === 0 && range.from.kind === 'ago'
      ? String(range.from.agoMs)
      : 'absolute';
  const known = presets.some(([, agoMs]) => String(agoMs) === preset);
  return (
    <div className={styles.root}>
      <Select
        aria-label="Time range"
        value={preset}
        onChange={(event) =>
          onRange(
            event.target.value === 'absolute'
              ? {
                  from: { kind: 'at', unixMs: msOf(range.from, nowMs) },
                  to: { kind: 'at', unixMs: msOf(range.to, nowMs) },
                }
              : { from: { kind: 'ago', agoMs: Number(event.target.value) }, to: { kind: 'ago', agoMs: 0 } }
          )
        }
      >
        {presets.map(([label, agoMs]) => (
          <option key={label} value={agoMs}>
            {label}
          </option>
        ))}
        {!known && preset !== 'absolute' && <option value={preset}>{`Last ${agoText(Number(preset))}`}</option>}
        <option value="absolute">Absolute…</option>
      </Select>
      {preset === 'absolute' && (
        <AbsoluteRange
          key={`${msOf(range.from, 0)} ${msOf(range.to, 0)}`}
          range={range}
          nowMs={nowMs}
          onRange={onRange}
        />
      )}
    </div>
  );
}

function AbsoluteRange({
  range,
  nowMs,
  onRange,
}: {
  readonly range: Range;
  readonly nowMs: number;
  onRange(range: Range): void;
}): ReactElement {
  const [from, setFrom] = useState(() => localText(msOf(range.from, nowMs)));
  const [to, setTo] = useState(() => localText(msOf(range.to, nowMs)));
  const [fromMs, toMs] = [Date.parse(from), Date.parse(to)];
  const isValid = fromMs < toMs;
  return (
    <>
      <TextInput
        type="datetime-local"
        step={1}
        aria-label="From"
        value={from}
        onChange={(event) => setFrom(event.target.value)}
      />
      <TextInput
        type="datetime-local"
        step={1}
        aria-label="To"
        value={to}
        onChange={(event) => setTo(event.target.value)}
      />
      <Button
        disabled={!isValid}
        title={isValid ? undefined : 'From must be before To'}
        onClick={() => onRange({ from: { kind: 'at', unixMs: fromMs }, to: { kind: 'at', unixMs: toMs } })}
      >
        Apply
      </Button>
    </>
  );
}

function msOf(end: RangeEnd, nowMs: number): number {
  return end.kind === 'at' ? end.unixMs : nowMs - end.agoMs;
}

/** What an input of type datetime-local holds: local time without zone. */
function localText(unixMs: number): string {
  return new Date(unixMs - new Date(unixMs).getTimezoneOffset() * minute).toISOString().slice(0, 19);
}

const styles = { root: css({ display: 'flex', gap: 6, flexWrap: 'wrap', minWidth: 0 }) };
