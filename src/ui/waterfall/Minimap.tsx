import { css } from '@emotion/css';
import { useLayoutEffect, useRef } from 'react';
import type { PointerEvent as ReactPointerEvent, ReactElement } from 'react';
import { useWidth } from '../kit/use-width.ts';
import type { Theme } from '../kit/theme.ts';
import type { TraceModel } from '../trace/model.ts';
import { contextOf, drawMinimap } from './draw.ts';
import { nanosOf, pan, pixelOf, wholeViewport } from './layout.ts';
import type { Viewport } from './layout.ts';

const height = 52;
const handleWidth = 6;

const styles = {
  root: css({
    position: 'relative',
    height,
    cursor: 'crosshair',
    touchAction: 'none',
    overflow: 'hidden',
    borderBottom: '1px solid var(--v-line)',
  }),
  canvas: css({ position: 'absolute', inset: 0, width: '100%', height: '100%' }),
  veil: css({ position: 'absolute', top: 0, bottom: 0, background: 'var(--v-veil)', pointerEvents: 'none' }),
  window: css({
    position: 'absolute',
    top: 0,
    bottom: 0,
    cursor: 'grab',
    borderInline: '1px solid var(--v-accent)',
    '&:active': { cursor: 'grabbing' },
  }),
  handle: css({ position: 'absolute', top: 0, bottom: 0, width: handleWidth, cursor: 'ew-resize' }),
};

export interface MinimapProps {
  readonly model: TraceModel;
  readonly viewport: Viewport;
  readonly colors: readonly string[];
  readonly colorCodes: ArrayLike<number>;
  readonly theme: Theme;
  onViewport(viewport: Viewport): void;
}

/** The whole trace in one strip. Drag to look closer, drag the window or its edges to move, double click to see all. */
export function Minimap({ model, viewport, colors, colorCodes, theme, onViewport }: MinimapProps): ReactElement {
  const [root, width] = useWidth();
  const canvas = useRef<HTMLCanvasElement>(null);
  const whole = wholeViewport(model.table);
  const isZoomed = viewport.startNanos > whole.startNanos || viewport.endNanos < whole.endNanos;

  useLayoutEffect(() => {
    const context = canvas.current && width > 0 ? contextOf(canvas.current, width, height) : undefined;
    if (context) {
      drawMinimap(context, { model, width, height: height - 4, colors, colorCodes, theme });
    }
  }, [model, width, colors, colorCodes, theme]);

  const startDrag = (event: ReactPointerEvent, grip: 'new' | 'move' | 'left' | 'right'): void => {
    event.preventDefault();
    event.stopPropagation();
    const box = root.current!.getBoundingClientRect();
    const nanosAt = (clientX: number): number =>
      Math.round(Math.max(0, Math.min(whole.endNanos, nanosOf(whole, width, clientX - box.left))));
    const anchor = nanosAt(event.clientX);
    const startX = event.clientX;
    const target = event.currentTarget as HTMLElement;
    target.setPointerCapture(event.pointerId);
    const move = (moved: PointerEvent): void => {
      const nanos = nanosAt(moved.clientX);
      if (grip === 'move') {
        onViewport(pan(viewport, whole, nanos - anchor));
        return;
      }
      const fixed = grip === 'new' ? anchor : grip === 'left' ? viewport.endNanos : viewport.startNanos;
      const [startNanos, endNanos] = [Math.min(fixed, nanos), Math.max(fixed, nanos)];
      // A few pixels are a click with an unsteady hand, not a brush.
      if (endNanos - startNanos > 0 && (grip !== 'new' || Math.abs(moved.clientX - startX) > 3)) {
        onViewport({ startNanos, endNanos });
      }
    };
    const end = (): void => {
      target.removeEventListener('pointermove', move);
      target.removeEventListener('pointerup', end);
      target.removeEventListener('pointercancel', end);
    };
    target.addEventListener('pointermove', move);
    target.addEventListener('pointerup', end);
    target.addEventListener('pointercancel', end);
  };

  const left = pixelOf(whole, width, viewport.startNanos);
  const right = pixelOf(whole, width, viewport.endNanos);
  return (
    <div
      ref={root}
      className={styles.root}
      data-testid="minimap"
      aria-hidden="true"
      onPointerDown={(event) => startDrag(event, 'new')}
      onDoubleClick={() => onViewport(whole)}
    >
      <canvas ref={canvas} className={styles.canvas} />
      {isZoomed && (
        <>
          <div className={styles.veil} style={{ left: 0, width: Math.max(0, left) }} />
          <div className={styles.veil} style={{ left: right, right: 0 }} />
          <div
            className={styles.window}
            style={{ left, width: Math.max(2, right - left) }}
            onPointerDown={(event) => startDrag(event, 'move')}
          >
            <div
              className={styles.handle}
              style={{ left: -handleWidth / 2 }}
              onPointerDown={(event) => startDrag(event, 'left')}
            />
            <div
              className={styles.handle}
              style={{ right: -handleWidth / 2 }}
              onPointerDown={(event) => startDrag(event, 'right')}
            />
          </div>
        </>
      )}
    </div>
  );
}
