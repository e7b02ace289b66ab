import { css, cx } from '@emotion/css';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useMemo, useRef, useState } from 'react';
import type { KeyboardEvent, ReactElement } from 'react';
import { Button, Notice } from '../kit/controls.tsx';
import { formatCount, formatNanos } from '../kit/format.ts';
import { Value } from '../kit/ValueMenu.tsx';
import { isErrorLevel } from '../logs/log-lines.ts';
import type { LogsState } from '../logs/use-logs.ts';
import { quoted, serviceTarget, spanNameTarget, targetOf } from '../state/value-target.ts';
import type { ValueTarget } from '../state/value-target.ts';
import { ScopeNote } from '../trace/ScopeNote.tsx';
import type { TraceViewProps } from '../trace/view-props.ts';
import { wholeViewport } from '../waterfall/layout.ts';
import { eventEntry, logEntry, timelineOf } from './timeline.ts';
import type { Timeline } from './timeline.ts';

const rowHeight = 26;

/** Span events and log lines at their time, each with the span it belongs to. */
export function EventsView(props: TraceViewProps & { readonly logs: LogsState }): ReactElement {
  const { model, focus, scope, logs } = props;
  const [kind, setKind] = useState<'both' | 'events' | 'logs'>('both');
  const traceLogs = logs.kind === 'here' ? logs.logs : undefined;
  const all = useMemo(
    () => timelineOf(model.table, traceLogs, scope, focus.zoom),
    [model, traceLogs, scope, focus.zoom]
  );
  const eventCount = all.kind.reduce((sum, each) => sum + (each === eventEntry ? 1 : 0), 0);
  const entries = useMemo(() => {
    const wanted = kind === 'events' ? eventEntry : logEntry;
    return Uint32Array.from({ length: all.length }, (_, at) => at).filter(
      (at) => kind === 'both' || all.kind[at] === wanted
    );
  }, [all, kind]);
  const logCount = all.length - eventCount;
  const whyNoLogs =
    logs.kind === 'none'
      ? logs.reason
      : logs.kind === 'failed'
        ? logs.message
        : logs.kind === 'asking'
          ? 'The log source is being asked.'
          : logCount === 0
            ? 'The log source has no line of these spans.'
            : undefined;
  return (
    <section className={styles.root} aria-label="Events and logs">
      <div className={styles.bar}>
        <div role="group" aria-label="Entries" className={styles.segments}>
          <Button small aria-pressed={kind === 'both'} onClick={() => setKind('both')}>
            Both
          </Button>
          <Button small aria-pressed={kind === 'events'} onClick={() => setKind('events')}>
            {formatCount(eventCount, 'event')}
          </Button>
          <Button
            small
            aria-pressed={kind === 'logs'}
            disabled={whyNoLogs !== undefined}
            title={whyNoLogs}
            onClick={() => setKind('logs')}
          >
            {formatCount(logCount, 'log line')}
          </Button>
        </div>
        {whyNoLogs !== undefined && (
          <span className={cx(styles.muted, logs.kind === 'failed' && styles.warning)} role="status">
            {logs.kind === 'failed' ? `Logs: ${whyNoLogs}` : whyNoLogs}
          </span>
        )}
        {logs.kind === 'here' && logs.partial && (
          <span className={styles.warning}>More lines than are shown here.</span>
        )}
        {logs.kind === 'here' &&
          logs.warnings.map((warning) => (
            <span key={warning} className={styles.warning}>
              {warning}
            </span>
          ))}
        <span className={styles.space} />
        <ScopeNote {...props} />
      </div>
      {entries.length === 0 ? (
        <Notice title="Nothing happened here">
          {scope === undefined
            ? 'No span of this trace has an event.'
            : 'No event lies in what the filter, the text and the brushed time leave.'}
        </Notice>
      ) : (
        <Entries {...props} timeline={all} entries={entries} />
      )}
    </section>
  );
}

type EntriesProps = TraceViewProps & {
  readonly logs: LogsState;
  readonly timeline: Timeline;
  /** Into the timeline. */
  readonly entries: Uint32Array;
};

function Entries(props: EntriesProps): ReactElement {
  const { timeline, entries, selectedRow, onSelectRow } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const [active, setActive] = useState(-1);
  const virtualizer = useVirtualizer({
    count: entries.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 12,
  });
  const go = (to: number): void => {
    const next = Math.max(0, Math.min(entries.length - 1, to));
    setActive(next);
    virtualizer.scrollToIndex(next, { align: 'auto' });
  };
  const steps: Readonly<Record<string, number>> = {
    j: 1,
    ArrowDown: 1,
    k: -1,
    ArrowUp: -1,
    PageDown: 20,
    PageUp: -20,
    Home: -Infinity,
    End: Infinity,
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target !== scroller.current) {
      return;
    }
    const step = Object.hasOwn(steps, event.key) ? steps[event.key] : undefined;
    if (step !== undefined) {
      go(active + step);
    } else if (event.key === 'Enter' && active >= 0 && timeline.row[entries[active]] >= 0) {
      onSelectRow(timeline.row[entries[active]]);
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div
      ref={scroller}
      className={styles.scroller}
      role="grid"
      aria-label="Events and log lines by time"
      aria-rowcount={entries.length}
      aria-activedescendant={active >= 0 ? `event-${active}` : undefined}
      tabIndex={0}
      data-testid="events"
      onKeyDown={onKeyDown}
    >
      <div role="rowgroup" className={styles.body} style={{ height: virtualizer.getTotalSize() }}>
        {virtualizer.getVirtualItems().map(({ index, start }) => {
          const row = timeline.row[entries[index]];
          return (
            <div
              key={index}
              id={`event-${index}`}
              role="row"
              aria-rowindex={index + 1}
              aria-selected={row >= 0 && row === selectedRow}
              className={cx(
                styles.entry,
                row >= 0 && row === selectedRow && styles.selected,
                index === active && styles.active
              )}
              style={{ transform: `translateY(${start}px)` }}
              onClick={() => {
                setActive(index);
                if (row >= 0) {
                  onSelectRow(row);
                }
              }}
            >
              <Entry {...props} at={entries[index]} />
            </div>
          );
        })}
      </div>
    </div>
  );
}

function Entry({
  timeline,
  at,
  model,
  focus,
  logs,
  colors,
  colorCodes,
}: EntriesProps & { readonly at: number }): ReactElement {
  const { table } = model;
  const row = timeline.row[at];
  const nanos = timeline.offsetNanos[at];
  const range = focus.zoom ?? wholeViewport(table);
  const share = Math.max(0, Math.min(1, (nanos - range.startNanos) / (range.endNanos - range.startNanos)));
  const line = timeline.kind[at] === logEntry && logs.kind === 'here' ? logs.logs.lines[timeline.index[at]] : undefined;
  const name = line === undefined ? table.eventNames[table.eventName[timeline.index[at]]] : line.line;
  const isError = line === undefined ? name === 'exception' : isErrorLevel(line.level);
  const service = row < 0 ? (line?.source ?? '') : table.services[table.service[row]];
  const spanName = row < 0 ? undefined : table.names[table.name[row]];
  return (
    <>
      <span role="gridcell" className={styles.time}>
        {formatNanos(nanos)}
      </span>
      <span role="gridcell" className={styles.track} aria-hidden="true">
        <span
          className={cx(styles.tick, isError && styles.tickError, line !== undefined && styles.tickLog)}
          style={{ left: `${100 * share}%` }}
        />
      </span>
      <span role="gridcell" className={styles.who}>
        <span className={styles.swatch} style={{ background: row < 0 ? 'var(--v-line)' : colors[colorCodes[row]] }} />
        <Value target={serviceTarget(service)}>
          <b>{service || 'unknown service'}</b>
        </Value>
        {spanName === undefined ? (
          <span className={styles.muted}>no span of this trace</span>
        ) : (
          <Value target={spanNameTarget(spanName)}>{spanName}</Value>
        )}
      </span>
      <span role="gridcell" className={cx(styles.what, line && styles.mono, isError && styles.error)} title={name}>
        {line && line.level !== '' && <span className={styles.level}>{line.level}</span>}
        <Value target={line ? lineTarget(line.line) : eventTarget(name)}>{name || '(no name)'}</Value>
      </span>
    </>
  );
}

function eventTarget(name: string): ValueTarget {
  return targetOf('event', name, 'event:name', `event:name = ${quoted(name)}`);
}

/** A log line is no attribute of the trace: it can only be copied. */
function lineTarget(line: string): ValueTarget {
  return { name: 'log line', text: line, attribute: undefined, condition: undefined, exclusion: undefined };
}

const styles = {
  root: css({ display: 'flex', flexDirection: 'column', flex: 1, minHeight: 0, minWidth: 0 }),
  bar: css({
    display: 'flex',
    flexWrap: 'wrap',
    gap: '4px 10px',
    alignItems: 'center',
    padding: '6px 14px',
    fontSize: 12,
    borderBottom: '1px solid var(--v-line)',
  }),
  segments: css({ display: 'flex', gap: 4 }),
  space: css({ flex: 1 }),
  muted: css({ color: 'var(--v-text-muted)' }),
  warning: css({ color: 'var(--v-warning)' }),
  error: css({ color: 'var(--v-error)' }),
  scroller: css({
    flex: 1,
    minHeight: 0,
    overflowY: 'auto',
    overflowX: 'hidden',
    scrollbarWidth: 'thin',
    outline: 'none',
    '&:focus-visible': { boxShadow: 'inset 0 0 0 2px var(--v-focus)' },
  }),
  body: css({ position: 'relative' }),
  entry: css({
    position: 'absolute',
    left: 0,
    right: 0,
    display: 'grid',
    gridTemplateColumns: '74px minmax(60px, 0.5fr) minmax(120px, 0.9fr) minmax(120px, 2fr)',
    alignItems: 'center',
    gap: 10,
    height: rowHeight,
    padding: '0 14px',
    boxSizing: 'border-box',
    fontSize: 12.5,
    cursor: 'pointer',
    '&:hover': { background: 'var(--v-surface-hover)' },
    '& [aria-haspopup=menu]': { opacity: 0 },
    '& [aria-haspopup=menu]:focus-visible, & span:hover > [aria-haspopup=menu]': { opacity: 1 },
    '@media (max-width: 600px)': { gridTemplateColumns: '62px minmax(80px, 0.8fr) minmax(100px, 1.4fr)', gap: 6 },
  }),
  selected: css({ background: 'var(--v-selected)', boxShadow: 'inset 2px 0 0 var(--v-accent)' }),
  active: css({ outline: '1px solid var(--v-focus)', outlineOffset: -1 }),
  time: css({
    textAlign: 'right',
    color: 'var(--v-text-muted)',
    fontVariantNumeric: 'tabular-nums',
    whiteSpace: 'nowrap',
  }),
  track: css({
    position: 'relative',
    height: 12,
    borderBottom: '1px solid var(--v-line)',
    '@media (max-width: 600px)': { display: 'none' },
  }),
  tick: css({ position: 'absolute', top: 0, bottom: 0, width: 2, marginLeft: -1, background: 'var(--v-text)' }),
  tickLog: css({ borderRadius: '50%', width: 6, height: 6, marginLeft: -3, top: 4, bottom: 'auto' }),
  tickError: css({ background: 'var(--v-error)' }),
  who: css({
    display: 'flex',
    alignItems: 'center',
    gap: 6,
    minWidth: 0,
    overflow: 'hidden',
    whiteSpace: 'nowrap',
  }),
  swatch: css({ width: 8, height: 8, borderRadius: 2, flex: 'none' }),
  what: css({ minWidth: 0, overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap' }),
  mono: css({ fontFamily: 'ui-monospace, SFMono-Regular, Menlo, Consolas, monospace', fontSize: 12 }),
  level: css({ marginRight: 8, fontWeight: 600, textTransform: 'uppercase', fontSize: 11 }),
};
