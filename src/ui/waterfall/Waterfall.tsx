import { scaleLinear } from 'd3-scale';
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import type { KeyboardEvent, PointerEvent as ReactPointerEvent, ReactElement } from 'react';
import type { Theme } from '../kit/theme.ts';
import { useWidth } from '../kit/use-width.ts';
import type { TraceFocus } from '../state/view.ts';
import type { TraceLogs } from '../logs/log-lines.ts';
import type { TraceModel } from '../trace/model.ts';
import { contextOf, drawBars } from './draw.ts';
import { hitTest } from './hit-test.ts';
import { showLane, useLaneWindow } from './lane-window.ts';
import type { Hit } from './hit-test.ts';
import { groupSummaries, isMatchingLane, isOnItsLane, lanesOf, toggleLane } from './lanes.ts';
import { laneHeight, nanosOf, pan, pixelOf, wholeViewport, zoomAround, zoomOfViewport } from './layout.ts';
import type { Viewport } from './layout.ts';
import { keyAction } from './keys.ts';
import { Minimap } from './Minimap.tsx';
import { Lane } from './Lane.tsx';
import { Ruler } from './Ruler.tsx';
import { styles } from './styles.ts';

export interface WaterfallProps {
  readonly model: TraceModel;
  readonly focus: TraceFocus;
  /** The row of `focus.spanId`, −1 for none. */
  readonly selectedRow: number;
  /** 1 for rows that match `focus.find`. */
  readonly matches: Uint8Array | undefined;
  /** Log lines, to be marked at their time. */
  readonly logs: TraceLogs | undefined;
  readonly colors: readonly string[];
  /** By row: an index into `colors`. */
  readonly colorCodes: ArrayLike<number>;
  readonly theme: Theme;
  /** Pixels of the name column. */
  readonly nameWidth: number;
  onNameWidth(width: number): void;
  onFocus(focus: TraceFocus): void;
  onSelectRow(row: number): void;
}

const nameWidthMin = 120;

/** The tree of a trace beside its bars: DOM rows for text, one canvas for the bars, both only for what is on the screen. */
export function Waterfall(props: WaterfallProps): ReactElement {
  const { model, focus, selectedRow, matches, colors, colorCodes, theme, nameWidth, onFocus, onSelectRow } = props;
  const { table } = model;
  const { foldDepth, foldToggles, reduce, open, hide, clip } = focus;
  const scroller = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const [root, width] = useWidth();
  const [hover, setHover] = useState<{ readonly nanos: number; readonly hit: Hit | undefined }>();
  const cursorNanos = hover?.nanos;
  const barsWidth = Math.max(40, width - nameWidth - 14);
  const whole = wholeViewport(table);
  const viewport = useMemo(() => focus.zoom ?? wholeViewport(table), [focus.zoom, table]);
  const zoom = clip ? focus.zoom : undefined;
  const laneMatches = hide ? matches : undefined;
  const lanes = useMemo(
    () => lanesOf(model, { foldDepth, foldToggles, reduce, open, hide, clip, zoom }, laneMatches),
    [model, foldDepth, foldToggles, reduce, open, hide, clip, zoom, laneMatches]
  );
  const summaryOf = useMemo(() => groupSummaries(table, lanes), [table, lanes]);
  const { rows } = lanes;
  const ticks = useMemo(
    () =>
      scaleLinear([viewport.startNanos, viewport.endNanos], [0, barsWidth]).ticks(
        Math.max(2, Math.floor(barsWidth / 110))
      ),
    [viewport.startNanos, viewport.endNanos, barsWidth]
  );
  const { logs } = props;
  const laneCount = rows.length;
  const { laneStart, laneEnd, contentHeight, lanesTop, originTop } = useLaneWindow(scroller, laneCount);

  useLayoutEffect(() => {
    const height = (laneEnd - laneStart) * laneHeight;
    const context = canvas.current && height > 0 ? contextOf(canvas.current, barsWidth, height) : undefined;
    if (context) {
      drawBars(context, {
        model,
        lanes,
        summaryOf,
        logs,
        laneStart,
        laneEnd,
        viewport,
        width: barsWidth,
        colors,
        colorCodes,
        theme,
        matches,
        ticks,
      });
    }
  }, [
    model,
    lanes,
    summaryOf,
    laneStart,
    laneEnd,
    viewport,
    barsWidth,
    colors,
    colorCodes,
    theme,
    matches,
    ticks,
    logs,
  ]);

  // Keep the selected row on the screen, also when it comes from a link or the next match.
  const selectedLane = selectedRow < 0 ? -1 : lanes.laneOfRow[selectedRow];
  const isSelectionShown = isOnItsLane(lanes, selectedRow);
  useEffect(() => {
    if (selectedLane >= 0 && scroller.current) {
      showLane(scroller.current, laneCount, selectedLane);
    }
  }, [selectedLane, laneCount]);

  const setViewport = (next: Viewport): void => onFocus({ ...focus, zoom: zoomOfViewport(next, whole) });
  // A brush asks for what is inside it; the wheel only looks closer.
  const brush = (next: Viewport): void => {
    const zoomNext = zoomOfViewport(next, whole);
    onFocus({ ...focus, zoom: zoomNext, clip: zoomNext && true });
  };
  useWheelZoom(scroller, nameWidth, (x, deltaX, deltaY, isZoom) => {
    const length = viewport.endNanos - viewport.startNanos;
    setViewport(
      isZoom
        ? zoomAround(viewport, whole, nanosOf(viewport, barsWidth, x - nameWidth), Math.exp(deltaY * 0.0022))
        : pan(viewport, whole, (deltaX / barsWidth) * length)
    );
  });

  const onKeyDown = (event: KeyboardEvent): void => {
    const action = keyAction(event, { model, focus, lanes, selectedRow, viewport, whole });
    if (action === undefined) {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
    if (action.focus) {
      onFocus(action.focus);
    }
    if (action.selectRow !== undefined) {
      onSelectRow(action.selectRow);
    }
  };

  // Lanes are drawn again only when something of theirs is another: their handlers stay the same.
  const latest = useRef({ onSelectRow, toggle: (_lane: number): void => undefined });
  useLayoutEffect(() => {
    latest.current = {
      onSelectRow,
      toggle: (lane) => onFocus({ ...focus, ...toggleLane(model, focus, lanes, lane) }),
    };
  });
  const select = useCallback((row: number) => latest.current.onSelectRow(row), []);
  const toggle = useCallback((lane: number) => latest.current.toggle(lane), []);
  const shownLanes = Array.from({ length: Math.max(0, laneEnd - laneStart) }, (_, i) => laneStart + i);

  const onPointerMove = (event: ReactPointerEvent): void => {
    const box = scroller.current!.getBoundingClientRect();
    const x = event.clientX - box.left - nameWidth;
    if (x < 0 || x > barsWidth) {
      setHover(undefined);
      return;
    }
    const y = event.clientY - box.top;
    const hit = y < 0 ? undefined : hitTest(table, rows, viewport, barsWidth, x, y + lanesTop);
    setHover({ nanos: nanosOf(viewport, barsWidth, x), hit });
  };
  const hoveredEvent =
    hover?.hit && hover.hit.event >= 0 ? table.eventNames[table.eventName[hover.hit.event]] : undefined;

  return (
    <div ref={root} className={styles.root} onPointerMove={onPointerMove} onPointerLeave={() => setHover(undefined)}>
      <div className={styles.head} style={{ gridTemplateColumns: `${nameWidth}px ${barsWidth}px` }}>
        <div className={styles.headName}>Service and span</div>
        <div>
          <Minimap
            model={model}
            viewport={viewport}
            colors={colors}
            colorCodes={colorCodes}
            theme={theme}
            onViewport={brush}
          />
          <Ruler viewport={viewport} width={barsWidth} ticks={ticks} cursorNanos={cursorNanos} />
        </div>
        <ColumnHandle nameWidth={nameWidth} rootWidth={width} onNameWidth={props.onNameWidth} />
      </div>
      <div
        ref={scroller}
        className={styles.scroller}
        role="treegrid"
        aria-label="Spans of the trace"
        aria-rowcount={rows.length}
        aria-activedescendant={selectedLane >= 0 ? `span-row-${rows[selectedLane]}` : undefined}
        tabIndex={0}
        data-testid="waterfall"
        onKeyDown={onKeyDown}
      >
        <div className={styles.content} style={{ height: contentHeight }}>
          <canvas
            ref={canvas}
            className={styles.bars}
            style={{
              left: nameWidth,
              width: barsWidth,
              height: (laneEnd - laneStart) * laneHeight,
              top: originTop + laneStart * laneHeight,
            }}
          />
          {shownLanes.map((lane) => (
            <Lane
              key={rows[lane]}
              model={model}
              row={rows[lane]}
              lane={lane}
              depth={lanes.depth[lane]}
              fold={lanes.fold[lane]}
              hiddenCount={lanes.hiddenCount[lane]}
              group={lanes.groups[lanes.group[lane]]}
              summary={lanes.group[lane] < 0 ? undefined : summaryOf(lanes.group[lane])}
              logCount={props.logs ? logCountOf(props.logs, rows[lane], lanes.group[lane]) : 0}
              top={originTop + lane * laneHeight}
              nameWidth={nameWidth}
              isSelected={isSelectionShown && lane === selectedLane}
              isMatch={matches === undefined || isMatchingLane(lanes, lane, matches)}
              color={colors[colorCodes[rows[lane]]]}
              onSelect={select}
              onToggle={toggle}
            />
          ))}
          {hoveredEvent !== undefined && hover?.hit && (
            <div
              className={styles.tip}
              style={{
                top: originTop + (hover.hit.lane + 1) * laneHeight,
                left: nameWidth + Math.min(pixelOf(viewport, barsWidth, hover.nanos), barsWidth - 180),
              }}
            >
              {hoveredEvent || '(no name)'}
            </div>
          )}
          {cursorNanos !== undefined && (
            <div
              className={styles.crosshair}
              style={{
                left:
                  nameWidth +
                  ((cursorNanos - viewport.startNanos) / (viewport.endNanos - viewport.startNanos)) * barsWidth,
              }}
            />
          )}
        </div>
      </div>
    </div>
  );
}

/** Of a group none: its lines are with its spans. */
function logCountOf({ rowStart }: TraceLogs, row: number, group: number): number {
  return group < 0 ? rowStart[row + 1] - rowStart[row] : 0;
}

/** Wheel with Ctrl, ⌘ or Alt zooms at the pointer (pinching sends Ctrl too), sideways wheel pans; plain wheel scrolls. */
function useWheelZoom(
  scroller: React.RefObject<HTMLDivElement | null>,
  nameWidth: number,
  onWheel: (x: number, deltaX: number, deltaY: number, isZoom: boolean) => void
): void {
  const handler = useRef(onWheel);
  useLayoutEffect(() => {
    handler.current = onWheel;
  });
  useEffect(() => {
    const element = scroller.current;
    if (!element) {
      return undefined;
    }
    const listen = (event: WheelEvent): void => {
      const x = event.clientX - element.getBoundingClientRect().left;
      const isZoom = event.ctrlKey || event.metaKey || event.altKey;
      const isPan = event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY);
      if (x >= nameWidth && (isZoom || isPan)) {
        event.preventDefault();
        handler.current(x, event.deltaX === 0 && event.shiftKey ? event.deltaY : event.deltaX, event.deltaY, isZoom);
      }
    };
    // React listens passively, where preventDefault has no effect.
    element.addEventListener('wheel', listen, { passive: false });
    return () => element.removeEventListener('wheel', listen);
  }, [scroller, nameWidth]);
}

function ColumnHandle({
  nameWidth,
  rootWidth,
  onNameWidth,
}: {
  readonly nameWidth: number;
  readonly rootWidth: number;
  onNameWidth(width: number): void;
}): ReactElement {
  const clamp = (width: number): number => Math.round(Math.max(nameWidthMin, Math.min(rootWidth * 0.75, width)));
  const onPointerDown = (event: ReactPointerEvent): void => {
    event.preventDefault();
    const target = event.currentTarget as HTMLElement;
    const startX = event.clientX;
    const move = (moved: PointerEvent): void => onNameWidth(clamp(nameWidth + moved.clientX - startX));
    const end = (): void => {
      target.removeEventListener('pointermove', move);
      target.removeEventListener('pointerup', end);
    };
    target.setPointerCapture(event.pointerId);
    target.addEventListener('pointermove', move);
    target.addEventListener('pointerup', end);
  };
  return (
    <div
      className={styles.columnHandle}
      style={{ left: nameWidth - 4 }}
      role="separator"
      aria-orientation="vertical"
      aria-label="Width of the name column"
      aria-valuenow={nameWidth}
      aria-valuemin={nameWidthMin}
      aria-valuemax={Math.round(rootWidth * 0.75)}
      tabIndex={0}
      onPointerDown={onPointerDown}
      onKeyDown={(event) => {
        if (event.key === 'ArrowLeft' || event.key === 'ArrowRight') {
          onNameWidth(clamp(nameWidth + (event.key === 'ArrowLeft' ? -16 : 16)));
        }
      }}
    />
  );
}
