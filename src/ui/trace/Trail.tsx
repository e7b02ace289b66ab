import { css } from '@emotion/css';
import type { ReactElement } from 'react';
import type { Crumb } from '../state/view.ts';

/** The traces one came through by links between spans. Back does the same, one step at a time, and restores what was on the screen. */
export function Trail({
  trail,
  hrefOf,
  onOpen,
}: {
  readonly trail: readonly Crumb[];
  hrefOf(index: number): string;
  onOpen(index: number): void;
}): ReactElement {
  return (
    <nav className={styles.root} aria-label="The way here over links">
      {trail.map(({ traceId, name }, index) => (
        <span key={index}>
          <a
            href={hrefOf(index)}
            title={`Trace ${traceId}`}
            onClick={(event) => {
              if (!event.metaKey && !event.ctrlKey && !event.shiftKey && event.button === 0) {
                event.preventDefault();
                onOpen(index);
              }
            }}
          >
            {name || traceId.slice(0, 8)}
          </a>
          <span aria-hidden="true"> ›</span>
        </span>
      ))}
      <span aria-current="page">this trace</span>
    </nav>
  );
}

const styles = {
  root: css({
    display: 'flex',
    flexWrap: 'wrap',
    gap: '0 6px',
    padding: '6px 14px 0',
    fontSize: 12.5,
    color: 'var(--v-text-muted)',
    overflowWrap: 'anywhere',
    '& a': { color: 'var(--v-accent)' },
  }),
};
