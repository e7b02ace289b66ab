import { css } from '@emotion/css';
import type { ReactElement } from 'react';
import { Button } from '../kit/controls.tsx';
import { formatCount } from '../kit/format.ts';
import type { TraceViewProps } from './view-props.ts';

/** Says when a view is of a part of the trace, of which, and leads back to all of it. */
export function ScopeNote({
  model,
  focus,
  scope,
  onFocus,
}: Pick<TraceViewProps, 'model' | 'focus' | 'scope' | 'onFocus'>): ReactElement {
  const { rowCount } = model.table;
  if (scope === undefined) {
    return <span className={styles.root}>All {formatCount(rowCount, 'span')}</span>;
  }
  const count = scope.reduce((sum, isIn) => sum + isIn, 0);
  const reasons = [focus.filter && 'filter', focus.find && 'text', focus.zoom && 'time'].filter(Boolean).join(', ');
  return (
    <span className={styles.root} role="status">
      {count.toLocaleString('en-US')} of {formatCount(rowCount, 'span')} by {reasons}
      <Button
        small
        look="quiet"
        onClick={() => onFocus({ ...focus, find: '', filter: undefined, zoom: undefined, clip: undefined }, 'replace')}
      >
        Show all
      </Button>
    </span>
  );
}

const styles = {
  root: css({
    display: 'inline-flex',
    alignItems: 'center',
    gap: 4,
    fontSize: 12,
    color: 'var(--v-text-muted)',
    fontVariantNumeric: 'tabular-nums',
    whiteSpace: 'nowrap',
  }),
};
