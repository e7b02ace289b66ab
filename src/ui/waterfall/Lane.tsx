import { cx } from '@emotion/css';
import { memo } from 'react';
import type { ReactElement } from 'react';
import type { DurationSummary } from '../../analysis/durations.ts';
import type { RepeatPattern } from '../../analysis/repeats.ts';
import { formatNanos } from '../kit/format.ts';
import type { TraceModel } from '../trace/model.ts';
import { foldClosed, foldNone } from './lanes.ts';
import type { LaneGroup } from './lanes.ts';
import { styles } from './styles.ts';

interface LaneProps {
  readonly model: TraceModel;
  readonly row: number;
  readonly lane: number;
  /** As drawn. */
  readonly depth: number;
  /** `foldNone`, `foldClosed` or `foldOpen`. */
  readonly fold: number;
  /** Spans folded away below. */
  readonly hiddenCount: number;
  /** Where the lane stands for several spans. */
  readonly group: LaneGroup | undefined;
  readonly summary: DurationSummary | undefined;
  /** Log lines of the span. */
  readonly logCount: number;
  readonly top: number;
  readonly nameWidth: number;
  readonly isSelected: boolean;
  readonly isMatch: boolean;
  readonly color: string;
  onSelect(row: number): void;
  onToggle(lane: number): void;
}

const patternNames: Readonly<Record<RepeatPattern, readonly [name: string, meaning: string]>> = {
  'n+1': ['N+1', 'Many calls one after the other, which one call might have answered'],
  retry: ['retry', 'The same call again after it failed'],
  'fan-out': ['fan-out', 'The same call many times at once'],
};

/** Indentation stops growing here: the name must keep room in a deep trace. */
const indentDepthMax = 24;
const indentWidth = 12;
const indentStart = 4;

/** One line of the tree: fold button, colour of the service, names, error mark. Its bar is on the canvas. */
export const Lane = memo(function Lane(props: LaneProps): ReactElement {
  const { model, row, lane, depth, fold, hiddenCount, group, summary, top, nameWidth, isSelected, isMatch } = props;
  const { color, onSelect, onToggle } = props;
  const { table } = model;
  const service = table.services[table.service[row]];
  const name = table.names[table.name[row]];
  const parent = table.parent[row];
  // The service is said again only where it changes: the name is what differs.
  const showsService = parent < 0 || table.service[parent] !== table.service[row];
  const folded = fold === foldClosed;
  const canFold = fold !== foldNone;
  const errorCount = summary?.errorCount ?? (table.statusCode[row] === 2 ? 1 : 0);
  const isError = errorCount > 0;
  const hidesError = !isError && hiddenCount > 0 && model.errorBelow[row] === 1;
  const label = group ? `${group.rows.length.toLocaleString('en-US')} × ${name}` : name;
  const shift = model.clocks?.shiftNanos[row] ?? 0;
  return (
    <div
      id={`span-row-${row}`}
      role="row"
      aria-level={depth + 1}
      aria-rowindex={lane + 1}
      aria-selected={isSelected}
      aria-expanded={canFold ? !folded : undefined}
      data-row={row}
      className={cx(styles.lane, isSelected && styles.laneSelected, !isMatch && styles.laneDimmed)}
      style={{ top }}
      onClick={() => onSelect(row)}
    >
      <div role="gridcell" className={styles.name} style={{ width: nameWidth, paddingLeft: indentOf(depth) }}>
        <span className={styles.guides} style={{ width: indentOf(depth) - indentStart }} />
        {canFold ? (
          <button
            type="button"
            tabIndex={-1}
            className={styles.fold}
            aria-label={`${folded ? 'Unfold' : 'Fold'} ${label}`}
            title={folded ? 'Unfold (l)' : 'Fold (h)'}
            onClick={(event) => {
              event.stopPropagation();
              onToggle(lane);
            }}
          >
            <span className={cx(styles.chevron, !folded && styles.chevronOpen)} />
            {folded && hiddenCount > 0 && (
              <span className={styles.foldCount}>{hiddenCount.toLocaleString('en-US')}</span>
            )}
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
              hidesError
                ? 'An error is folded away below'
                : group
                  ? `${errorCount} of ${group.rows.length} failed`
                  : table.statusMessages[table.statusMessage[row]] || 'Error'
            }
          />
        )}
        {shift !== 0 && (
          <span className={styles.moved} title={`Clock corrected by ${formatNanos(shift)} (t shows it as sent)`}>
            {shift > 0 ? '⇥' : '⇤'}
            <span className={styles.screenReaderOnly}>{`clock corrected by ${formatNanos(shift)}`}</span>
          </span>
        )}
        {showsService && <span className={styles.service}>{service || 'unknown service'}</span>}
        <span className={styles.spanName} title={`${service} · ${name}`}>
          {name}
        </span>
        {group && (
          <span className={styles.groupCount} title={`${label}${errorCount > 0 ? `, ${errorCount} failed` : ''}`}>
            ×{group.rows.length.toLocaleString('en-US')}
          </span>
        )}
        {props.logCount > 0 && (
          <span className={styles.logCount} title={`${props.logCount} log lines of this span`}>
            {props.logCount} log{props.logCount === 1 ? '' : 's'}
          </span>
        )}
        {group?.pattern && (
          <span className={styles.pattern} title={patternNames[group.pattern][1]}>
            {patternNames[group.pattern][0]}
          </span>
        )}
      </div>
      <div role="gridcell" className={styles.screenReaderOnly}>
        {summary
          ? `${summary.count} spans, ${formatNanos(summary.sumNanos)} together, median ${formatNanos(summary.p50Nanos)}`
          : `${formatNanos(table.durationNanos[row])}, starts at ${formatNanos(table.offsetNanos[row])}`}
      </div>
    </div>
  );
});

function indentOf(depth: number): number {
  return indentStart + Math.min(depth, indentDepthMax) * indentWidth;
}
