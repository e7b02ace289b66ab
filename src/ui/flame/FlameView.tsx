import { css } from '@emotion/css';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import type { KeyboardEvent, PointerEvent as ReactPointerEvent, ReactElement } from 'react';
import { flameByCalls, flameByTime, frameAt } from '../../analysis/flame.ts';
import type { Flame } from '../../analysis/flame.ts';
import { Button, Notice } from '../kit/controls.tsx';
import { formatCount, formatNanos } from '../kit/format.ts';
import { Value, useValueMenu } from '../kit/ValueMenu.tsx';
import { durationTarget, serviceTarget, spanNameTarget } from '../state/value-target.ts';
import { ScopeNote } from '../trace/ScopeNote.tsx';
import type { TraceViewProps } from '../trace/view-props.ts';
import { contextOf } from '../waterfall/draw.ts';
import { nanosOf, pan, wholeViewport, zoomAround, zoomOfViewport } from '../waterfall/layout.ts';
import type { Viewport } from '../waterfall/layout.ts';
import { drawFlame, lineHeight } from './draw-flame.ts';
import { frameAfterKey } from './flame-keys.ts';

/** The trace as a flame graph: by calls, added up, or by time, each span where it was. */
export function FlameView(props: TraceViewProps): ReactElement {
  const { model, focus, scope, selectedRow, onFocus, onSelectRow } = props;
  const { table, selfNanos } = model;
  const isByTime = focus.flame === 'time';
  const flame = useMemo(
    () => (isByTime ? flameByTime : flameByCalls)(table, selfNanos, scope),
    [table, selfNanos, scope, isByTime]
  );
  const whole = useMemo(
    () => (isByTime ? wholeViewport(table) : { startNanos: 0, endNanos: Math.max(1, ...topEnds(flame)) }),
    [isByTime, table, flame]
  );
  // By time the zoom is everybody's; the work that calls add up to is no time to zoom to.
  const [callZoom, setCallZoom] = useState<{ readonly of: Flame; readonly viewport: Viewport }>();
  const viewport = isByTime ? (focus.zoom ?? whole) : callZoom?.of === flame ? callZoom.viewport : whole;
  const setViewport = (next: Viewport): void =>
    isByTime
      ? onFocus({ ...focus, zoom: zoomOfViewport(next, whole) }, 'replace')
      : setCallZoom({ of: flame, viewport: next });
  const selected = selectedRow < 0 ? -1 : flame.frameOfRow[selectedRow];
  return (
    <section className={styles.root} aria-label="Flame graph">
      <div className={styles.bar}>
        <div role="group" aria-label="Frames" className={styles.segments}>
          <Button
            small
            aria-pressed={!isByTime}
            title="Paths of calls added up, as wide as the time worked in them"
            onClick={() => onFocus({ ...focus, flame: undefined }, 'replace')}
          >
            By calls
          </Button>
          <Button
            small
            aria-pressed={isByTime}
            title="Every span at its time"
            onClick={() => onFocus({ ...focus, flame: 'time' }, 'replace')}
          >
            By time
          </Button>
        </div>
        <FrameFacts {...props} flame={flame} frame={selected} whole={whole} />
        <span className={styles.space} />
        {viewport !== whole && (
          <Button small onClick={() => setViewport(whole)} title="Show all of it (0)">
            Reset zoom
          </Button>
        )}
        <ScopeNote {...props} />
      </div>
      {flame.frameCount === 0 ? (
        <Notice title="No span is left to draw">The filter, the text or the brushed time leaves none.</Notice>
      ) : (
        <Frames
          {...props}
          flame={flame}
          whole={whole}
          viewport={viewport}
          selected={selected}
          onViewport={setViewport}
          onSelectFrame={(frame) => onSelectRow(flame.row[frame])}
        />
      )}
    </section>
  );
}

function topEnds(flame: Flame): readonly number[] {
  const last = (flame.lineStart[1] ?? 0) - 1;
  return last < 0 ? [] : [flame.end[last]];
}

/** The selected frame in words, each of them with its actions. */
function FrameFacts({
  model,
  flame,
  frame,
  whole,
}: TraceViewProps & { readonly flame: Flame; readonly frame: number; readonly whole: Viewport }): ReactElement {
  if (frame < 0) {
    return <span className={styles.muted}>Arrows walk, Enter zooms in, 0 zooms out</span>;
  }
  const { table } = model;
  const row = flame.row[frame];
  const nanos = flame.end[frame] - flame.start[frame];
  const [service, name] = [table.services[table.service[row]], table.names[table.name[row]]];
  return (
    <span className={styles.facts} data-testid="flame-facts">
      <Value target={serviceTarget(service)}>
        <b>{service || 'unknown service'}</b>
      </Value>
      <Value target={spanNameTarget(name)}>{name}</Value>
      <span>{formatCount(flame.count[frame], 'span')}</span>
      <Value target={durationTarget(nanos, formatNanos(nanos))}>
        {formatNanos(nanos)} ({((100 * nanos) / (whole.endNanos - whole.startNanos)).toFixed(1)} %)
      </Value>
      <span className={styles.muted}>{formatNanos(flame.selfNanos[frame])} self</span>
    </span>
  );
}

interface FramesProps extends TraceViewProps {
  readonly flame: Flame;
  readonly whole: Viewport;
  readonly viewport: Viewport;
  readonly selected: number;
  onViewport(viewport: Viewport): void;
  onSelectFrame(frame: number): void;
}

function Frames(props: FramesProps): ReactElement {
  const { model, flame, whole, viewport, selected, colors, colorCodes, theme, onViewport, onSelectFrame } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const [size, setSize] = useState({ width: 0, height: 0 });
  const [scrollTop, setScrollTop] = useState(0);
  const [hovered, setHovered] = useState(-1);
  const openMenu = useValueMenu();

  useLayoutEffect(() => {
    const element = scroller.current!;
    const measure = (): void => setSize({ width: element.clientWidth, height: element.clientHeight });
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  useLayoutEffect(() => {
    const { width, height } = size;
    const context = canvas.current && width > 0 && height > 0 ? contextOf(canvas.current, width, height) : undefined;
    if (context) {
      drawFlame(context, {
        flame,
        model,
        viewport,
        width,
        height,
        scrollTop,
        colors,
        colorCodes,
        theme,
        selected,
        hovered,
      });
    }
  });

  // The selected frame stays on the screen, wherever it was selected.
  useEffect(() => {
    const element = scroller.current;
    if (element && selected >= 0) {
      const top = flame.line[selected] * lineHeight;
      if (top < element.scrollTop) {
        element.scrollTop = top;
      } else if (top + lineHeight > element.scrollTop + element.clientHeight) {
        element.scrollTop = top + lineHeight - element.clientHeight;
      }
    }
  }, [flame, selected]);

  const frameUnder = (event: ReactPointerEvent | MouseEvent | React.MouseEvent): number => {
    const box = scroller.current!.getBoundingClientRect();
    const line = Math.floor((event.clientY - box.top + scroller.current!.scrollTop) / lineHeight);
    const slack = (2 * (viewport.endNanos - viewport.startNanos)) / Math.max(1, size.width);
    return frameAt(flame, line, nanosOf(viewport, size.width, event.clientX - box.left), slack);
  };
  const zoomTo = (frame: number): void => {
    const startNanos = Math.floor(flame.start[frame]);
    onViewport({ startNanos, endNanos: Math.max(startNanos + 1, Math.ceil(flame.end[frame])) });
  };
  useWheel(scroller, (event) => {
    const x = event.clientX - scroller.current!.getBoundingClientRect().left;
    const length = viewport.endNanos - viewport.startNanos;
    onViewport(
      event.ctrlKey || event.metaKey || event.altKey
        ? zoomAround(viewport, whole, nanosOf(viewport, size.width, x), Math.exp(event.deltaY * 0.0022))
        : pan(viewport, whole, ((event.deltaX || event.deltaY) / Math.max(1, size.width)) * length)
    );
  });

  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    const next = frameAfterKey(flame, selected, event.key);
    const length = viewport.endNanos - viewport.startNanos;
    if (next !== undefined) {
      if (next >= 0 && next !== selected) {
        onSelectFrame(next);
      }
    } else if ((event.key === 'Enter' || event.key === 'f') && selected >= 0) {
      zoomTo(selected);
    } else if (event.key === '0') {
      onViewport(whole);
    } else if (event.key === '+' || event.key === '=' || event.key === '-') {
      onViewport(zoomAround(viewport, whole, nanosOf(viewport, 1, 0.5), event.key === '-' ? 1 / 0.6 : 0.6));
    } else if (event.key === 'a' || event.key === 'd') {
      onViewport(pan(viewport, whole, (event.key === 'a' ? -1 : 1) * (length / 4)));
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  };
  const { table } = model;
  const name = (frame: number): string =>
    `${table.services[table.service[flame.row[frame]]]}, ${table.names[table.name[flame.row[frame]]]}, ${formatNanos(flame.end[frame] - flame.start[frame])}`;
  return (
    <div
      ref={scroller}
      className={styles.scroller}
      tabIndex={0}
      role="application"
      aria-label={`Flame graph of ${formatCount(flame.frameCount, 'frame')}. ${selected >= 0 ? name(selected) : 'Arrow keys walk the frames.'}`}
      data-testid="flame"
      data-frames={flame.frameCount}
      onScroll={(event) => setScrollTop(event.currentTarget.scrollTop)}
      onKeyDown={onKeyDown}
      onPointerMove={(event) => setHovered(frameUnder(event))}
      onPointerLeave={() => setHovered(-1)}
      onClick={(event) => {
        const frame = frameUnder(event);
        if (frame >= 0) {
          onSelectFrame(frame);
        }
      }}
      onDoubleClick={(event) => {
        const frame = frameUnder(event);
        if (frame >= 0) {
          zoomTo(frame);
        } else {
          onViewport(whole);
        }
      }}
      onContextMenu={(event) => {
        const frame = frameUnder(event);
        if (frame >= 0 && openMenu) {
          event.preventDefault();
          openMenu(spanNameTarget(table.names[table.name[flame.row[frame]]]), event.currentTarget);
        }
      }}
    >
      <canvas ref={canvas} className={styles.canvas} style={{ width: size.width, height: size.height }} />
      <div style={{ height: Math.max(0, flame.lineCount * lineHeight - size.height) }} />
      {hovered >= 0 && (
        <div className={styles.tip} aria-hidden="true">
          {name(hovered)}
          {flame.count[hovered] > 1 ? `, ${formatCount(flame.count[hovered], 'span')}` : ''}
          {flame.errorCount[hovered] > 0 ? `, ${formatCount(flame.errorCount[hovered], 'error')}` : ''}
        </div>
      )}
    </div>
  );
}

/** Wheel with Ctrl, ⌘ or Alt zooms, with Shift or sideways moves; plain wheel scrolls. React listens passively, where nothing can be prevented. */
function useWheel(scroller: React.RefObject<HTMLDivElement | null>, onWheel: (event: WheelEvent) => void): void {
  const handler = useRef(onWheel);
  useLayoutEffect(() => {
    handler.current = onWheel;
  });
  useEffect(() => {
    const element = scroller.current;
    const listen = (event: WheelEvent): void => {
      const isOurs = event.ctrlKey || event.metaKey || event.altKey || event.shiftKey;
      if (isOurs || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
        event.preventDefault();
        handler.current(event);
      }
    };
    element?.addEventListener('wheel', listen, { passive: false });
    return () => element?.removeEventListener('wheel', listen);
  }, [scroller]);
}

const styles = {
  root: css({ display: 'flex', flexDirection: 'column', flex: 1, minHeight: 0, minWidth: 0 }),
  bar: css({
    display: 'flex',
    flexWrap: 'wrap',
    gap: '4px 10px',
    alignItems: 'center',
    minHeight: 26,
    padding: '6px 14px',
    fontSize: 12,
    borderBottom: '1px solid var(--v-line)',
  }),
  segments: css({ display: 'flex', gap: 4 }),
  facts: css({ display: 'flex', flexWrap: 'wrap', gap: '0 10px', minWidth: 0, overflowWrap: 'anywhere' }),
  space: css({ flex: 1 }),
  muted: css({ color: 'var(--v-text-muted)' }),
  scroller: css({
    position: 'relative',
    flex: 1,
    minHeight: 0,
    overflowY: 'auto',
    overflowX: 'hidden',
    scrollbarWidth: 'thin',
    outline: 'none',
    '&:focus-visible': { boxShadow: 'inset 0 0 0 2px var(--v-focus)' },
  }),
  canvas: css({ position: 'sticky', top: 0, left: 0, display: 'block', cursor: 'pointer' }),
  tip: css({
    position: 'sticky',
    bottom: 6,
    left: 8,
    width: 'fit-content',
    maxWidth: 'calc(100% - 16px)',
    boxSizing: 'border-box',
    marginTop: -30,
    padding: '3px 8px',
    borderRadius: 4,
    border: '1px solid var(--v-line)',
    background: 'var(--v-surface)',
    boxShadow: 'var(--v-shadow)',
    fontSize: 12,
    pointerEvents: 'none',
  }),
};
