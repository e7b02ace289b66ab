import { css } from '@emotion/css';
import type { ReactElement } from 'react';
import { formatNanos } from '../kit/format.ts';
import { queueNanos, sharedAxis } from './linked-spans.ts';
import type { Times } from './linked-spans.ts';

/** Two linked spans on one axis, though they are of two traces, and the time between them. */
export function LinkAxis({
  producer,
  consumer,
}: {
  /** The one that is linked to. */
  readonly producer: Times;
  /** The one whose link it is. */
  readonly consumer: Times;
}): ReactElement {
  const [first, second] = sharedAxis([producer, consumer]);
  const queue = queueNanos(producer, consumer);
  const sentence =
    queue >= 0
      ? `${formatNanos(queue)} in the queue between them`
      : `They overlap: it starts ${formatNanos(-queue)} before the other ends`;
  const percent = (share: number): string => `${(share * 100).toFixed(3)}%`;
  const firstEnd = first.start + first.length;
  return (
    <div className={styles.root}>
      <div className={styles.axis} aria-hidden="true">
        <span className={styles.bar} style={{ left: percent(first.start), width: percent(first.length) }} />
        {queue > 0 && (
          <span className={styles.queue} style={{ left: percent(firstEnd), width: percent(second.start - firstEnd) }} />
        )}
        <span className={styles.second} style={{ left: percent(second.start), width: percent(second.length) }} />
      </div>
      <span className={styles.text} data-testid="queue-time">
        {sentence}
      </span>
    </div>
  );
}

const bar = { position: 'absolute', minWidth: 2, height: 6, borderRadius: 1 } as const;
const styles = {
  root: css({ margin: '3px 0 4px' }),
  axis: css({
    position: 'relative',
    height: 18,
    borderRadius: 3,
    background: 'var(--v-surface)',
    overflow: 'hidden',
  }),
  bar: css({ ...bar, top: 2, background: 'var(--v-accent)' }),
  queue: css({ position: 'absolute', top: 8, height: 0, borderTop: '2px dotted var(--v-text-muted)' }),
  second: css({ ...bar, top: 10, background: 'var(--v-text)' }),
  text: css({ fontSize: 12, color: 'var(--v-text-muted)', fontVariantNumeric: 'tabular-nums' }),
};
