import { css, cx } from '@emotion/css';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useMemo, useRef } from 'react';
import type { KeyboardEvent, ReactElement } from 'react';
import type { FoundTrace } from '../../api/client.ts';
import type { Host } from '../host.ts';
import { formatAgo, formatCount, formatNanos, formatTime } from '../kit/format.ts';
import { serviceColors } from '../kit/service-colors.ts';
import type { Theme } from '../kit/theme.ts';
import { useWidth } from '../kit/use-width.ts';
import { traceView } from '../state/open-trace.ts';

interface ResultsProps {
  readonly host: Host;
  readonly traces: readonly FoundTrace[];
  readonly theme: Theme;
  /** The next answer is on its way: dimmed, but still usable. */
  readonly isStale: boolean;
}

const narrowWidth = 700;
const headHeight = 26;
/** Tempo's word for a trace whose root is missing. */
const rootMissing = '<root span not yet received>';

/** Found traces, newest first, one row each; rows are links, so that a new tab works. */
export function Results({ host, traces, theme, isStale }: ResultsProps): ReactElement {
  const [root, width] = useWidth();
  const scroller = useRef<HTMLDivElement>(null);
  const isNarrow = width > 0 && width < narrowWidth;
  const rowHeight = isNarrow ? 54 : 32;
  const virtualizer = useVirtualizer({
    count: traces.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    getItemKey: (index) => traces[index].traceId,
    // The head scrolls with the rows, under which it sticks.
    scrollMargin: isNarrow ? 0 : headHeight,
    overscan: 8,
  });
  const colors = useMemo(() => {
    const services = traces.flatMap((trace) => [
      trace.rootServiceName,
      ...trace.services.map(({ service }) => service),
    ]);
    return serviceColors([...new Set(services)], theme.name);
  }, [traces, theme.name]);
  const durationMsMax = Math.max(1, ...traces.map((trace) => trace.durationMs));
  const nowMs = host.nowMs();

  const onKeyDown = (event: KeyboardEvent): void => {
    const step = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 }[event.key];
    const from = Number((event.target as HTMLElement).dataset['index'] ?? -1);
    if (step === undefined || event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    event.preventDefault();
    const to = Math.max(0, Math.min(traces.length - 1, from + step));
    virtualizer.scrollToIndex(to);
    // The row may not be there before the list has scrolled.
    requestAnimationFrame(() => scroller.current?.querySelector<HTMLElement>(`[data-index="${to}"]`)?.focus());
  };

  return (
    <div ref={root} className={cx(styles.root, isStale && styles.stale)}>
      <div ref={scroller} className={styles.scroller} data-testid="results" onKeyDown={onKeyDown}>
        {!isNarrow && (
          <div className={cx(styles.columns, styles.head)} aria-hidden="true">
            <span>Trace</span>
            <span>Started</span>
            <span>Duration</span>
            <span className={styles.number}>Spans</span>
            <span className={styles.number}>Errors</span>
            <span>Services</span>
          </div>
        )}
        <div style={{ height: virtualizer.getTotalSize(), position: 'relative' }} role="list" aria-label="Traces">
          {virtualizer.getVirtualItems().map((item) => (
            <div
              key={item.key}
              role="listitem"
              className={styles.item}
              style={{ top: item.start - (isNarrow ? 0 : headHeight), height: rowHeight }}
            >
              <ResultRow
                host={host}
                trace={traces[item.index]}
                index={item.index}
                isNarrow={isNarrow}
                colors={colors}
                durationMsMax={durationMsMax}
                nowMs={nowMs}
              />
            </div>
          ))}
        </div>
      </div>
    </div>
  );
}

function ResultRow({
  host,
  trace,
  index,
  isNarrow,
  colors,
  durationMsMax,
  nowMs,
}: {
  readonly host: Host;
  readonly trace: FoundTrace;
  readonly index: number;
  readonly isNarrow: boolean;
  readonly colors: ReadonlyMap<string, string>;
  readonly durationMsMax: number;
  readonly nowMs: number;
}): ReactElement {
  const view = traceView(trace.traceId);
  const startMs = Number(trace.startUnixNanos / 1_000_000n);
  const spanCount = trace.services.reduce((sum, service) => sum + service.spanCount, 0);
  const errorCount = trace.services.reduce((sum, service) => sum + service.errorCount, 0);
  // Tempo says milliseconds, rounded down: a short trace is not an empty one.
  const duration = trace.durationMs === 0 ? '< 1 ms' : formatNanos(trace.durationMs * 1e6);
  const started = (
    <span className={styles.muted} title={formatTime(startMs)}>
      {formatAgo(startMs, nowMs)}
    </span>
  );
  const services = (
    <span className={styles.services}>
      {trace.services.map(({ service }) => (
        <span key={service} className={styles.dot} style={{ background: colors.get(service) }} title={service} />
      ))}
      <span className={styles.muted}>{trace.services.length || ''}</span>
    </span>
  );
  return (
    <a
      className={cx(styles.row, isNarrow ? styles.rowNarrow : styles.columns)}
      href={host.viewState.href(view)}
      data-index={index}
      onClick={(event) => {
        if (!event.metaKey && !event.ctrlKey && !event.shiftKey && event.button === 0) {
          event.preventDefault();
          host.viewState.set(view, 'push');
        }
      }}
    >
      <span className={styles.title}>
        {trace.rootServiceName === rootMissing ? (
          <>
            <span className={styles.badge} style={{ background: 'var(--v-line)' }} />
            <span className={styles.muted}>root span not yet received</span>
          </>
        ) : (
          <>
            <span className={styles.badge} style={{ background: colors.get(trace.rootServiceName) }} />
            <strong>{trace.rootServiceName || 'unknown service'}</strong>
            <span className={styles.name}>{trace.rootName || '(no name)'}</span>
          </>
        )}
      </span>
      {!isNarrow && started}
      <span className={styles.duration}>
        <span className={styles.durationText}>{duration}</span>
        <span
          className={styles.durationBar}
          style={{ width: `${Math.max(1, (trace.durationMs / durationMsMax) * 100)}%` }}
        />
      </span>
      {isNarrow ? (
        <span className={styles.narrowFacts}>
          {started}
          <span className={styles.muted}>{spanCount > 0 ? formatCount(spanCount, 'span') : ''}</span>
          {errorCount > 0 && <span className={styles.error}>{formatCount(errorCount, 'error')}</span>}
          {services}
        </span>
      ) : (
        <>
          <span className={styles.number}>{spanCount || ''}</span>
          <span className={cx(styles.number, errorCount > 0 ? styles.error : styles.muted)}>{errorCount || '–'}</span>
          {services}
        </>
      )}
    </a>
  );
}

const styles = {
  root: css({ display: 'flex', flexDirection: 'column', flex: 1, minHeight: 0, transition: 'opacity 120ms' }),
  stale: css({ opacity: 0.55 }),
  scroller: css({
    flex: 1,
    minHeight: 0,
    overflowY: 'scroll',
    scrollbarWidth: 'thin',
    scrollbarColor: 'var(--v-line) transparent',
  }),
  columns: css({
    display: 'grid',
    gridTemplateColumns: 'minmax(0, 1fr) 96px minmax(120px, 210px) 64px 64px minmax(90px, 170px)',
    gap: 16,
    alignItems: 'center',
    padding: '0 14px',
  }),
  head: css({
    position: 'sticky',
    top: 0,
    zIndex: 2,
    height: headHeight,
    background: 'var(--v-background)',
    fontSize: 11,
    color: 'var(--v-text-muted)',
    borderBottom: '1px solid var(--v-line)',
  }),
  item: css({ position: 'absolute', left: 0, right: 0 }),
  row: css({
    height: '100%',
    boxSizing: 'border-box',
    color: 'inherit',
    textDecoration: 'none',
    fontVariantNumeric: 'tabular-nums',
    '&:hover': { background: 'var(--v-surface-hover)' },
    '&:focus-visible': { outline: '2px solid var(--v-focus)', outlineOffset: -2, background: 'var(--v-selected)' },
  }),
  rowNarrow: css({
    display: 'grid',
    gridTemplateColumns: 'minmax(0, 1fr) 92px',
    gap: '0 10px',
    alignContent: 'center',
    padding: '0 14px',
    borderBottom: '1px solid var(--v-line)',
  }),
  title: css({
    display: 'flex',
    alignItems: 'center',
    gap: 7,
    minWidth: 0,
    whiteSpace: 'nowrap',
    '& > strong': { fontWeight: 600 },
  }),
  badge: css({ width: 9, height: 9, borderRadius: 2, flex: 'none' }),
  name: css({ overflow: 'hidden', textOverflow: 'ellipsis', minWidth: 0 }),
  muted: css({ color: 'var(--v-text-muted)', whiteSpace: 'nowrap' }),
  duration: css({ position: 'relative', display: 'grid', gap: 2 }),
  durationText: css({ fontSize: 12.5 }),
  durationBar: css({ height: 3, borderRadius: 1.5, background: 'var(--v-accent)', opacity: 0.75 }),
  number: css({ textAlign: 'right' }),
  error: css({ color: 'var(--v-error)', fontWeight: 600 }),
  services: css({ display: 'flex', alignItems: 'center', gap: 3, overflow: 'hidden', fontSize: 12 }),
  dot: css({ width: 8, height: 8, borderRadius: '50%', flex: 'none' }),
  narrowFacts: css({ gridColumn: '1 / -1', display: 'flex', gap: 12, fontSize: 12, minWidth: 0, alignItems: 'center' }),
};
