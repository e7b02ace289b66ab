import { cx } from '@emotion/css';
import { memo } from 'react';
import type { ReactElement } from 'react';
import { formatNanos } from '../kit/format.ts';
import type { TraceModel } from '../trace/model.ts';
import { isFolded } from './layout.ts';
import type { Folds } from './layout.ts';
import { styles } from './styles.ts';

interface LaneProps {
  readonly model: TraceModel;
  readonly folds: Folds;
  readonly row: number;
  readonly lane: number;
  readonly top: number;
  readonly nameWidth: number;
  readonly isSelected: boolean;
  readonly isMatch: boolean;
  readonly color: string;
  onSelect(row: number): void;
  onToggle(row: number): void;
}

/** Indentation stops growing here: the name must keep room in a deep trace. */
const indentDepthMax = 24;
const indentWidth = 12;
const indentStart = 4;

/** One line of the tree: fold button, colour of the service, names, error mark. Its bar is on the canvas. */
export const Lane = memo(function Lane(props: LaneProps): ReactElement {
  const { model, folds, row, lane, top, nameWidth, isSelected, isMatch, color, onSelect, onToggle } = props;
  const { table } = model;
  const service = table.services[table.service[row]];
  const name = table.names[table.name[row]];
  const parent = table.parent[row];
  // The service is said again only where it changes: the name is what differs.
  const showsService = parent < 0 || table.service[parent] !== table.service[row];
  const folded = isFolded(table, folds, row);
  const hasChildren = table.childCount[row] > 0;
  const isError = table.statusCode[row] === 2;
  const hidesError = !isError && folded && model.errorBelow[row] === 1;
  return (
    <div
      id={`span-row-${row}`}
      role="row"
      aria-level={table.depth[row] + 1}
      aria-rowindex={lane + 1}
      aria-selected={isSelected}
      aria-expanded={hasChildren ? !folded : undefined}
      data-row={row}
      className={cx(styles.lane, isSelected && styles.laneSelected, !isMatch && styles.laneDimmed)}
      style={{ top }}
      onClick={() => onSelect(row)}
    >
      <div
        role="gridcell"
        className={styles.name}
        style={{ width: nameWidth, paddingLeft: indentOf(table.depth[row]) }}
      >
        <span className={styles.guides} style={{ width: indentOf(table.depth[row]) - indentStart }} />
        {hasChildren ? (
          <button
            type="button"
            tabIndex={-1}
            className={styles.fold}
            aria-label={`${folded ? 'Unfold' : 'Fold'} ${name}`}
            title={folded ? 'Unfold (l)' : 'Fold (h)'}
            onClick={(event) => {
              event.stopPropagation();
              onToggle(row);
            }}
          >
            <span className={cx(styles.chevron, !folded && styles.chevronOpen)} />
            {folded && <span className={styles.foldCount}>{table.subtreeEnd[row] - row - 1}</span>}
          </button>
        ) : (
          <span className={styles.leaf} />
        )}
        <span className={styles.serviceBar} style={{ background: color }} />
        {(isError || hidesError) && (
          <span
            role="img"
            className={cx(styles.errorMark, hidesError && styles.errorMarkHollow)}
            aria-label={isError ? 'error' : 'error below'}
            title={
              isError ? table.statusMessages[table.statusMessage[row]] || 'Error' : 'An error is folded away below'
            }
          />
        )}
        {showsService && <span className={styles.service}>{service || 'unknown service'}</span>}
        <span className={styles.spanName} title={`${service} · ${name}`}>
          {name}
        </span>
      </div>
      <div role="gridcell" className={styles.screenReaderOnly}>
        {`${formatNanos(table.durationNanos[row])}, starts at ${formatNanos(table.offsetNanos[row])}`}
      </div>
    </div>
  );
});

function indentOf(depth: number): number {
  return indentStart + Math.min(depth, indentDepthMax) * indentWidth;
}
