import { css } from '@emotion/css';
import { scaleLog, scaleTime } from 'd3-scale';
import { useLayoutEffect, useMemo, useRef, useState } from 'react';
import type { MouseEvent, ReactElement } from 'react';
import type { FoundTrace } from '../../api/client.ts';
import { formatNanos, formatTime } from '../kit/format.ts';
import type { Theme } from '../kit/theme.ts';
import { useWidth } from '../kit/use-width.ts';
import { contextOf } from '../waterfall/draw.ts';

interface ResultChartProps {
  readonly traces: readonly FoundTrace[];
  /** The range that was asked. */
  readonly startMs: number;
  readonly endMs: number;
  readonly theme: Theme;
  onOpen(traceId: string): void;
}

interface Dot {
  readonly trace: FoundTrace;
  readonly x: number;
  readonly y: number;
  readonly isError: boolean;
}

const height = 104;
const padding = { left: 58, right: 18, top: 8, bottom: 20 };
const reachPixels = 12;

/** Each found trace as a dot: when it began and how long it took, on a logarithmic scale. A click opens it. */
export function ResultChart({ traces, startMs, endMs, theme, onOpen }: ResultChartProps): ReactElement {
  const [root, width] = useWidth();
  const canvas = useRef<HTMLCanvasElement>(null);
  const [hovered, setHovered] = useState<Dot | undefined>(undefined);
  const layout = useMemo(() => layoutOf(traces, startMs, endMs, width), [traces, startMs, endMs, width]);

  useLayoutEffect(() => {
    const context = canvas.current && width > 0 ? contextOf(canvas.current, width, height) : undefined;
    if (context) {
      draw(context, layout, width, theme, hovered);
    }
  }, [layout, width, theme, hovered]);

  const nearest = (event: MouseEvent): Dot | undefined => {
    const box = event.currentTarget.getBoundingClientRect();
    return nearestDot(layout.dots, event.clientX - box.left, event.clientY - box.top);
  };
  return (
    <div ref={root} className={styles.root} aria-hidden="true" data-testid="result-chart">
      <canvas
        ref={canvas}
        className={styles.canvas}
        style={{ cursor: hovered ? 'pointer' : 'default' }}
        onMouseMove={(event) => setHovered(nearest(event))}
        onMouseLeave={() => setHovered(undefined)}
        onClick={(event) => {
          const dot = nearest(event);
          if (dot) {
            onOpen(dot.trace.traceId);
          }
        }}
      />
      {hovered && (
        <div
          className={styles.tip}
          style={hovered.x > width / 2 ? { right: width - hovered.x + 12, top: 6 } : { left: hovered.x + 12, top: 6 }}
        >
          <strong>{hovered.trace.rootServiceName}</strong> {hovered.trace.rootName}
          <div>
            {formatNanos(hovered.trace.durationMs * 1e6)} ·{' '}
            {formatTime(Number(hovered.trace.startUnixNanos / 1_000_000n))}
          </div>
        </div>
      )}
    </div>
  );
}

interface ChartLayout {
  readonly dots: readonly Dot[];
  readonly timeTicks: readonly { readonly x: number; readonly label: string }[];
  readonly durationTicks: readonly { readonly y: number; readonly label: string }[];
}

function layoutOf(traces: readonly FoundTrace[], startMs: number, endMs: number, width: number): ChartLayout {
  const starts = traces.map((trace) => Number(trace.startUnixNanos / 1_000n) / 1_000);
  // All of the range would squeeze a busy minute into a few pixels: show what is there, with some room.
  const first = Math.min(...starts);
  const last = Math.max(...starts);
  const room = Math.max(500, (last - first) * 0.03);
  const x = scaleTime(
    [new Date(Math.max(startMs, first - room)), new Date(Math.min(Math.max(endMs, last), last + room))],
    [padding.left, Math.max(padding.left + 1, width - padding.right)]
  );
  const durations = traces.map((trace) => Math.max(1, trace.durationMs));
  const low = Math.min(...durations) * 0.8;
  const high = Math.max(Math.max(...durations) * 1.25, low * 4);
  const y = scaleLog([low, high], [height - padding.bottom, padding.top]);
  const [from, to] = x.domain();
  const lengthMs = to.getTime() - from.getTime();
  return {
    dots: traces.map((trace, index) => ({
      trace,
      x: x(starts[index]),
      y: y(durations[index]),
      isError: trace.services.some(({ errorCount }) => errorCount > 0),
    })),
    timeTicks: x.ticks(Math.floor(width / 140)).map((tick) => ({ x: x(tick), label: timeLabel(tick, lengthMs) })),
    durationTicks: [low * 1.25, Math.sqrt(low * high), high / 1.25].map((ms) => ({
      y: y(ms),
      label: formatNanos(round2(ms) * 1e6),
    })),
  };
}

/** As short as tells ticks apart: seconds within some minutes, dates beyond a day. */
function timeLabel(time: Date, lengthMs: number): string {
  const text = formatTime(time.getTime());
  return lengthMs < 5 * 60_000
    ? text.slice(11, 19)
    : lengthMs < 36 * 3_600_000
      ? text.slice(11, 16)
      : text.slice(5, 16);
}

/** Two digits that matter: enough for an axis. */
function round2(value: number): number {
  return Number(value.toPrecision(2));
}

function draw(
  context: CanvasRenderingContext2D,
  layout: ChartLayout,
  width: number,
  theme: Theme,
  hovered: Dot | undefined
): void {
  context.clearRect(0, 0, width, height);
  context.font = '11px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';
  context.textBaseline = 'middle';
  context.fillStyle = theme.line;
  for (const { y } of layout.durationTicks) {
    context.fillRect(padding.left, Math.round(y), width - padding.left - padding.right, 1);
  }
  context.fillStyle = theme.textMuted;
  context.textAlign = 'right';
  for (const { y, label } of layout.durationTicks) {
    context.fillText(label, padding.left - 8, y);
  }
  context.textAlign = 'center';
  for (const { x, label } of layout.timeTicks) {
    if (x > padding.left + 16 && x < width - padding.right - 16) {
      context.fillText(label, x, height - 8);
    }
  }
  for (const isError of [false, true]) {
    context.fillStyle = isError ? theme.error : theme.accent;
    context.globalAlpha = 0.7;
    context.beginPath();
    for (const dot of layout.dots) {
      if (dot.isError === isError) {
        context.moveTo(dot.x + 3.5, dot.y);
        context.arc(dot.x, dot.y, 3.5, 0, 2 * Math.PI);
      }
    }
    context.fill();
  }
  context.globalAlpha = 1;
  if (hovered) {
    context.strokeStyle = theme.text;
    context.lineWidth = 1.5;
    context.beginPath();
    context.arc(hovered.x, hovered.y, 6, 0, 2 * Math.PI);
    context.stroke();
  }
}

function nearestDot(dots: readonly Dot[], x: number, y: number): Dot | undefined {
  let best: Dot | undefined;
  let bestDistance = reachPixels * reachPixels;
  for (const dot of dots) {
    const distance = (dot.x - x) ** 2 + (dot.y - y) ** 2;
    if (distance <= bestDistance) {
      best = dot;
      bestDistance = distance;
    }
  }
  return best;
}

const styles = {
  root: css({ position: 'relative', height, flex: 'none', marginTop: 6 }),
  canvas: css({ position: 'absolute', inset: 0, width: '100%', height: '100%' }),
  tip: css({
    position: 'absolute',
    zIndex: 4,
    maxWidth: '46%',
    padding: '5px 9px',
    borderRadius: 5,
    background: 'var(--v-surface)',
    boxShadow: 'var(--v-shadow)',
    border: '1px solid var(--v-line)',
    fontSize: 12,
    pointerEvents: 'none',
    overflowWrap: 'anywhere',
  }),
};
