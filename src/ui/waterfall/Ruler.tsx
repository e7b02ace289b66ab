import { css } from '@emotion/css';
import type { ReactElement } from 'react';
import { formatNanos } from '../kit/format.ts';
import { pixelOf } from './layout.ts';
import type { Viewport } from './layout.ts';

const styles = {
  root: css({ position: 'relative', height: 24, overflow: 'hidden', color: 'var(--v-text-muted)', fontSize: 11 }),
  tick: css({ position: 'absolute', top: 4, paddingLeft: 4, whiteSpace: 'nowrap', fontVariantNumeric: 'tabular-nums' }),
  cursor: css({
    position: 'absolute',
    top: 3,
    padding: '0 5px',
    borderRadius: 3,
    background: 'var(--v-accent)',
    color: 'var(--v-on-accent)',
    fontVariantNumeric: 'tabular-nums',
    whiteSpace: 'nowrap',
    transform: 'translateX(-50%)',
    pointerEvents: 'none',
  }),
};

/** Times from the start of the trace; where the pointer is, its time. */
export function Ruler({
  viewport,
  width,
  ticks,
  cursorNanos,
}: {
  readonly viewport: Viewport;
  readonly width: number;
  readonly ticks: readonly number[];
  readonly cursorNanos: number | undefined;
}): ReactElement {
  const cursorX = cursorNanos === undefined ? 0 : pixelOf(viewport, width, cursorNanos);
  return (
    <div className={styles.root} aria-hidden="true">
      {ticks.map((tick) => {
        const x = pixelOf(viewport, width, tick);
        // A label that would be cut off says less than none.
        return x > width - 48 ? undefined : (
          <span key={tick} className={styles.tick} style={{ left: x }}>
            {tick === 0 ? '0' : formatNanos(tick)}
          </span>
        );
      })}
      {cursorNanos !== undefined && (
        <span className={styles.cursor} style={{ left: Math.max(28, Math.min(width - 28, cursorX)) }}>
          {formatNanos(Math.round(cursorNanos))}
        </span>
      )}
    </div>
  );
}
