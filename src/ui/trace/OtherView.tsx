import { css } from '@emotion/css';
import { lazy, Suspense, useMemo } from 'react';
import type { ReactElement } from 'react';
import { rowsInScope } from '../../analysis/statistics.ts';
import type { StartWorker } from '../host.ts';
import { SkeletonRows } from '../kit/controls.tsx';
import { ErrorBoundary } from '../kit/ErrorBoundary.tsx';
import type { LogsState } from '../logs/use-logs.ts';
import type { TraceViewName } from '../state/view.ts';
import { wholeViewport, zoomOfViewport } from '../waterfall/layout.ts';
import { Minimap } from '../waterfall/Minimap.tsx';
import type { TraceViewProps } from './view-props.ts';
import { viewTitles } from './ViewBar.tsx';

const StatisticsView = lazy(async () => ({
  default: (await import('../statistics/StatisticsView.tsx')).StatisticsView,
}));
const FlameView = lazy(async () => ({ default: (await import('../flame/FlameView.tsx')).FlameView }));
const TraceGraphView = lazy(async () => ({
  default: (await import('../trace-graph/TraceGraphView.tsx')).TraceGraphView,
}));
const EventsView = lazy(async () => ({ default: (await import('../events/EventsView.tsx')).EventsView }));

export interface OtherViewProps extends Omit<TraceViewProps, 'scope'> {
  readonly view: Exclude<TraceViewName, 'waterfall'>;
  /** 1 for rows that match text and filter; `undefined` where there are neither. */
  readonly matches: Uint8Array | undefined;
  readonly logs: LogsState;
  readonly startWorker: StartWorker | undefined;
}

/** A view besides the waterfall, under the same minimap: what is brushed, filtered and selected there is so here. */
export function OtherView({ view, matches, logs, startWorker, ...rest }: OtherViewProps): ReactElement {
  const { model, focus, colors, colorCodes, theme, onFocus } = rest;
  const { table } = model;
  const { zoom } = focus;
  const scope = useMemo(() => rowsInScope(table, matches, zoom), [table, matches, zoom]);
  const whole = useMemo(() => wholeViewport(table), [table]);
  // By calls a flame graph has no time of its own; zooming by time moves the minimap with it.
  const props: TraceViewProps = { ...rest, scope };
  return (
    <div className={styles.root}>
      <Minimap
        model={model}
        viewport={zoom ?? whole}
        colors={colors}
        colorCodes={colorCodes}
        theme={theme}
        onViewport={(next) => {
          const zoomNext = zoomOfViewport(next, whole);
          onFocus({ ...focus, zoom: zoomNext, clip: zoomNext && true }, 'replace');
        }}
      />
      <ErrorBoundary key={view} what={`the ${viewTitles[view].toLowerCase()} view`}>
        <Suspense fallback={<SkeletonRows rows={12} />}>
          {view === 'statistics' && <StatisticsView {...props} />}
          {view === 'flame' && <FlameView {...props} />}
          {view === 'graph' && <TraceGraphView {...props} startWorker={startWorker} />}
          {view === 'events' && <EventsView {...props} logs={logs} />}
        </Suspense>
      </ErrorBoundary>
    </div>
  );
}

const styles = {
  root: css({ display: 'flex', flexDirection: 'column', flex: 1, minHeight: 0, minWidth: 0 }),
};
