import { css } from '@emotion/css';
import type { ReactElement } from 'react';
import { Button } from '../kit/controls.tsx';
import { Value } from '../kit/ValueMenu.tsx';
import type { TraceFocus } from '../state/view.ts';
import type { RowColors } from './row-colors.ts';

/** More do not fit; they are counted. */
const entriesShown = 12;

/** What the colours mean. Each entry offers the actions of its value. */
export function Legend({
  rowColors,
  focus,
  onFocus,
}: {
  readonly rowColors: RowColors;
  readonly focus: TraceFocus;
  onFocus(focus: TraceFocus, history: 'push' | 'replace'): void;
}): ReactElement {
  const { legend } = rowColors;
  const { colorBy } = focus;
  return (
    <div className={styles.root}>
      {colorBy !== undefined && (
        <span className={styles.by}>
          {`Coloured by ${colorBy}`}
          <Button
            small
            look="quiet"
            onClick={() => {
              const { colorBy: _, ...rest } = focus;
              onFocus(rest, 'replace');
            }}
          >
            By service
          </Button>
        </span>
      )}
      <ul className={styles.list} aria-label={colorBy === undefined ? 'Services' : `Values of ${colorBy}`}>
        {legend.slice(0, entriesShown).map(({ title, color, count, target }) => (
          <li key={title}>
            <span className={styles.swatch} style={{ background: color }} />
            {target ? (
              <Value target={target}>
                <span className={styles.title}>{title}</span>
              </Value>
            ) : (
              <span className={styles.title}>{title}</span>
            )}{' '}
            <span className={styles.count}>{count.toLocaleString('en-US')}</span>
          </li>
        ))}
        {legend.length > entriesShown && <li>{`and ${legend.length - entriesShown} more`}</li>}
      </ul>
    </div>
  );
}

const styles = {
  root: css({ display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: '0 14px', padding: '4px 14px 6px' }),
  by: css({ display: 'flex', alignItems: 'center', fontSize: 12, fontWeight: 600, overflowWrap: 'anywhere' }),
  list: css({
    display: 'flex',
    flexWrap: 'wrap',
    gap: '0 12px',
    minWidth: 0,
    margin: 0,
    padding: 0,
    listStyle: 'none',
    fontSize: 12,
    '& > li': { display: 'flex', alignItems: 'center', gap: 5, whiteSpace: 'nowrap', minHeight: 24 },
    '@media (max-width: 600px)': { flexWrap: 'nowrap', overflowX: 'auto', scrollbarWidth: 'none' },
  }),
  swatch: css({ flex: 'none', width: 9, height: 9, borderRadius: 2 }),
  title: css({
    display: 'inline-block',
    maxWidth: 240,
    overflow: 'hidden',
    textOverflow: 'ellipsis',
    verticalAlign: 'bottom',
  }),
  count: css({ color: 'var(--v-text-muted)', fontVariantNumeric: 'tabular-nums' }),
};
