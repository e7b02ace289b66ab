import { css, cx } from '@emotion/css';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useMemo, useRef } from 'react';
import type { ReactElement } from 'react';
import { statisticsOf } from '../../analysis/statistics.ts';
import type { Statistics } from '../../analysis/statistics.ts';
import { Button, ErrorNote, Notice, Select, SkeletonRows } from '../kit/controls.tsx';
import { formatCount, formatNanos } from '../kit/format.ts';
import { Icon } from '../kit/Icon.tsx';
import { Value } from '../kit/ValueMenu.tsx';
import { durationTarget, filterWith, statusTarget } from '../state/value-target.ts';
import { ScopeNote } from '../trace/ScopeNote.tsx';
import { useAnswer } from '../trace/use-trace-data.ts';
import type { TraceViewProps } from '../trace/view-props.ts';
import { groupingChoices, groupingOf } from './group-columns.ts';
import type { Grouping } from './group-columns.ts';
import { defaultSort, sortedGroups, sortFromText, sortKeys } from './sort.ts';
import type { SortKey } from './sort.ts';

const rowHeight = 26;
const defaultGroupBy = ['resource.service.name', 'name'];

const titles: Readonly<Record<SortKey, string>> = {
  count: 'Count',
  errors: 'Errors',
  self: 'Self time',
  critical: 'Critical',
  sum: 'Sum',
  avg: 'Avg',
  p50: 'p50',
  p95: 'p95',
  p99: 'p99',
  max: 'Max',
};

/** What groups of spans took, by one to three attributes; each row is a filter. */
export function StatisticsView(props: TraceViewProps): ReactElement {
  const { data, model, focus, scope, onFocus } = props;
  const groupBy = focus.groupBy ?? defaultGroupBy;
  const { value: keys } = useAnswer(data, 'keys', (signal) => data.keys(signal));
  const question = groupBy.join('\n');
  const { value: groupings, error } = useAnswer(data, question, (signal) =>
    Promise.all(groupBy.map((attribute) => groupingOf(data, attribute, signal)))
  );
  const statistics = useMemo(() => groupings && statisticsOf(model, groupings, scope), [model, groupings, scope]);
  const choices = groupingChoices(keys ?? []);
  const setGroupBy = (next: readonly string[]): void => onFocus({ ...focus, groupBy: next }, 'replace');
  return (
    <section className={styles.root} aria-label="Statistics">
      <div className={styles.bar}>
        <span>Group by</span>
        {groupBy.map((attribute, index) => (
          <span key={`${index} ${attribute}`} className={styles.grouping}>
            <GroupingSelect
              label={`Grouping ${index + 1}`}
              value={attribute}
              choices={choices}
              onChange={(next) => setGroupBy(groupBy.map((old, at) => (at === index ? next : old)))}
            />
            {groupBy.length > 1 && (
              <Button
                small
                look="quiet"
                aria-label={`Remove grouping ${index + 1}`}
                onClick={() => setGroupBy(groupBy.filter((_, at) => at !== index))}
              >
                <Icon name="close" size={11} />
              </Button>
            )}
          </span>
        ))}
        {groupBy.length < 3 && (
          <GroupingSelect
            label="Add a grouping"
            value=""
            choices={[['', 'and by …'], ...choices.filter(([attribute]) => !groupBy.includes(attribute))]}
            onChange={(next) => setGroupBy([...groupBy, next])}
          />
        )}
        <span className={styles.space} />
        {statistics && <span className={styles.muted}>{formatCount(statistics.groupCount, 'group')} ·</span>}
        <ScopeNote {...props} />
      </div>
      {error !== undefined && <ErrorNote>{error instanceof Error ? error.message : String(error)}</ErrorNote>}
      {statistics && groupings ? (
        statistics.groupCount === 0 ? (
          <Notice title="No span is left to count">The filter, the text or the brushed time leaves none.</Notice>
        ) : (
          <Table {...props} statistics={statistics} groupings={groupings} />
        )
      ) : (
        error === undefined && <SkeletonRows rows={12} />
      )}
    </section>
  );
}

function GroupingSelect({
  label,
  value,
  choices,
  onChange,
}: {
  readonly label: string;
  readonly value: string;
  readonly choices: readonly (readonly [attribute: string, title: string])[];
  onChange(attribute: string): void;
}): ReactElement {
  const isKnown = choices.some(([attribute]) => attribute === value);
  return (
    <Select
      aria-label={label}
      className={styles.select}
      value={value}
      onChange={(event) => onChange(event.target.value)}
    >
      {!isKnown && <option value={value}>{value}</option>}
      {choices.map(([attribute, title]) => (
        <option key={attribute} value={attribute}>
          {title}
        </option>
      ))}
    </Select>
  );
}

interface TableProps extends TraceViewProps {
  readonly statistics: Statistics;
  readonly groupings: readonly Grouping[];
}

function Table(props: TableProps): ReactElement {
  const { statistics, groupings, focus, model, selectedRow, onFocus } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const sort = sortFromText(focus.sort) ?? defaultSort;
  const order = useMemo(
    () => sortedGroups(statistics, sort.key, sort.isAscending),
    [statistics, sort.key, sort.isAscending]
  );
  const virtualizer = useVirtualizer({
    count: order.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 12,
  });
  const columns = `${groupings.map(() => 'minmax(130px, 1.4fr)').join(' ')} repeat(${sortKeys.length}, minmax(74px, 0.6fr)) 60px`;
  const selfMax = useMemo(() => statistics.selfNanos.reduce((most, nanos) => Math.max(most, nanos), 1), [statistics]);
  const isSelected = (group: number): boolean =>
    selectedRow >= 0 && groupings.every(({ codes }, at) => codes[selectedRow] === statistics.codes[at][group]);
  return (
    <div
      ref={scroller}
      className={styles.scroller}
      role="table"
      aria-rowcount={order.length + 1}
      aria-label="Groups of spans"
    >
      <div role="rowgroup" className={styles.head}>
        <div role="row" className={styles.row} style={{ gridTemplateColumns: columns }}>
          {groupings.map(({ attribute }) => (
            <span key={attribute} role="columnheader" className={styles.cell} title={attribute}>
              {attribute === 'resource.service.name' ? 'service' : attribute.replace(/^span\./, '')}
            </span>
          ))}
          {sortKeys.map((key) => (
            <span
              key={key}
              role="columnheader"
              className={styles.number}
              aria-sort={key !== sort.key ? 'none' : sort.isAscending ? 'ascending' : 'descending'}
            >
              <button
                type="button"
                className={styles.sort}
                onClick={() =>
                  onFocus({ ...focus, sort: `${key === sort.key && !sort.isAscending ? '' : '-'}${key}` }, 'replace')
                }
              >
                {titles[key]}
                {key === sort.key && (sort.isAscending ? ' ↑' : ' ↓')}
              </button>
            </span>
          ))}
          <span role="columnheader" className={styles.screenReaderOnly}>
            Filter
          </span>
        </div>
      </div>
      <div role="rowgroup" className={styles.body} style={{ height: virtualizer.getTotalSize() }}>
        {virtualizer.getVirtualItems().map(({ index, start }) => {
          const group = order[index];
          return (
            <div
              key={group}
              role="row"
              aria-rowindex={index + 2}
              aria-selected={isSelected(group)}
              className={cx(styles.row, styles.bodyRow, isSelected(group) && styles.selected)}
              style={{ gridTemplateColumns: columns, transform: `translateY(${start}px)` }}
            >
              <GroupRow {...props} group={group} selfShare={statistics.selfNanos[group] / selfMax} />
            </div>
          );
        })}
      </div>
      <span className={styles.screenReaderOnly}>{`${model.table.rowCount} spans in the trace`}</span>
    </div>
  );
}

function GroupRow(props: TableProps & { readonly group: number; readonly selfShare: number }): ReactElement {
  const { statistics, groupings, group, selfShare, focus, colors, colorCodes, onFocus, onSelectRow } = props;
  const targets = groupings.map(({ targetOf }, at) => targetOf(statistics.codes[at][group]));
  const conditions = targets.map(({ condition }) => condition);
  const isFilter = conditions.every((condition) => condition !== undefined);
  const firstRow = statistics.firstRow[group];
  const durations: readonly (readonly [SortKey, number])[] = [
    ['sum', statistics.sumNanos[group]],
    ['avg', statistics.sumNanos[group] / statistics.count[group]],
    ['p50', statistics.p50Nanos[group]],
    ['p95', statistics.p95Nanos[group]],
    ['p99', statistics.p99Nanos[group]],
    ['max', statistics.maxNanos[group]],
  ];
  const time = (nanos: number): ReactElement => (
    <Value target={durationTarget(nanos, formatNanos(nanos))}>{formatNanos(nanos)}</Value>
  );
  return (
    <>
      {targets.map((target, at) => (
        <span
          key={groupings[at].attribute}
          role={at === 0 ? 'rowheader' : 'cell'}
          className={styles.cell}
          title={target.text}
        >
          {groupings[at].attribute === 'resource.service.name' && (
            <span className={styles.swatch} style={{ background: colors[colorCodes[firstRow]] }} />
          )}
          <Value target={target}>{target.text === '' ? '(empty)' : target.text}</Value>
        </span>
      ))}
      <span role="cell" className={styles.number}>
        <button
          type="button"
          className={styles.sort}
          title="Select the first span"
          onClick={() => onSelectRow(firstRow)}
        >
          {statistics.count[group].toLocaleString('en-US')}
        </button>
      </span>
      <span role="cell" className={cx(styles.number, statistics.errorCount[group] > 0 && styles.error)}>
        {statistics.errorCount[group] > 0 ? (
          <Value target={statusTarget(2)}>{statistics.errorCount[group].toLocaleString('en-US')}</Value>
        ) : (
          <span className={styles.muted}>0</span>
        )}
      </span>
      <span role="cell" className={styles.number}>
        <span className={styles.bar2} style={{ width: `${100 * selfShare}%` }} />
        {time(statistics.selfNanos[group])}
      </span>
      <span role="cell" className={styles.number}>
        {time(statistics.criticalNanos[group])}
      </span>
      {durations.map(([key, nanos]) => (
        <span key={key} role="cell" className={styles.number}>
          {time(nanos)}
        </span>
      ))}
      <span role="cell" className={styles.number}>
        <Button
          small
          look="quiet"
          disabled={!isFilter}
          aria-label={`Filter by ${targets.map(({ text }) => text).join(', ')}`}
          title={isFilter ? 'Only these spans, in every view' : 'TraceQL cannot compare one of these values'}
          onClick={() =>
            onFocus(
              { ...focus, filter: conditions.reduce((filter, each) => filterWith(filter ?? '', each!), focus.filter) },
              'push'
            )
          }
        >
          <Icon name="filter" size={13} />
        </Button>
      </span>
    </>
  );
}

const styles = {
  root: css({ display: 'flex', flexDirection: 'column', flex: 1, minHeight: 0, minWidth: 0 }),
  bar: css({
    display: 'flex',
    flexWrap: 'wrap',
    gap: '4px 8px',
    alignItems: 'center',
    padding: '6px 14px',
    fontSize: 12,
    borderBottom: '1px solid var(--v-line)',
  }),
  grouping: css({ display: 'inline-flex', alignItems: 'center' }),
  select: css({ height: 24, maxWidth: 220, fontSize: 12 }),
  space: css({ flex: 1 }),
  muted: css({ color: 'var(--v-text-muted)' }),
  scroller: css({ flex: 1, minHeight: 0, overflow: 'auto', scrollbarWidth: 'thin' }),
  head: css({
    position: 'sticky',
    top: 0,
    zIndex: 2,
    width: 'max-content',
    minWidth: '100%',
    background: 'var(--v-background)',
    borderBottom: '1px solid var(--v-line)',
    fontSize: 11.5,
    color: 'var(--v-text-muted)',
  }),
  body: css({ position: 'relative', width: 'max-content', minWidth: '100%' }),
  row: css({
    display: 'grid',
    alignItems: 'center',
    minWidth: '100%',
    height: rowHeight,
    padding: '0 14px',
    boxSizing: 'border-box',
    gap: 8,
  }),
  bodyRow: css({
    position: 'absolute',
    left: 0,
    right: 0,
    fontSize: 12.5,
    '&:hover': { background: 'var(--v-surface-hover)' },
    // The buttons of values take room only where the pointer or the focus is.
    '& [aria-haspopup=menu]': { position: 'absolute', opacity: 0, background: 'var(--v-surface)' },
    '& [aria-haspopup=menu]:focus-visible, & span:hover > [aria-haspopup=menu]': { opacity: 1 },
  }),
  selected: css({ background: 'var(--v-selected)' }),
  cell: css({
    display: 'flex',
    alignItems: 'center',
    gap: 6,
    minWidth: 0,
    overflow: 'hidden',
    whiteSpace: 'nowrap',
    textOverflow: 'ellipsis',
  }),
  number: css({
    position: 'relative',
    textAlign: 'right',
    fontVariantNumeric: 'tabular-nums',
    whiteSpace: 'nowrap',
  }),
  error: css({ color: 'var(--v-error)' }),
  bar2: css({
    position: 'absolute',
    right: 0,
    bottom: -3,
    height: 2,
    borderRadius: 1,
    background: 'var(--v-accent)',
    opacity: 0.7,
  }),
  sort: css({
    padding: 0,
    border: 0,
    background: 'none',
    color: 'inherit',
    font: 'inherit',
    cursor: 'pointer',
    '&:hover': { textDecoration: 'underline' },
    '&:focus-visible': { outline: '2px solid var(--v-focus)', outlineOffset: 1 },
  }),
  swatch: css({ width: 8, height: 8, borderRadius: 2, flex: 'none' }),
  screenReaderOnly: css({
    position: 'absolute',
    width: 1,
    height: 1,
    overflow: 'hidden',
    clipPath: 'inset(50%)',
    whiteSpace: 'nowrap',
  }),
};
