import { css, cx } from '@emotion/css';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useMemo, useRef } from 'react';
import type { KeyboardEvent, ReactElement } from 'react';
import { changeKinds } from '../../analysis/compare.ts';
import type { TraceComparison } from '../../analysis/compare.ts';
import type { SpanTable } from '../../trace/span-table.ts';
import { spanIdAt } from '../../trace/span-table.ts';
import { formatNanos } from '../kit/format.ts';

export interface ComparedTreeProps {
  readonly comparison: TraceComparison;
  readonly before: SpanTable;
  readonly after: SpanTable;
  readonly colors: ReadonlyMap<string, string>;
  /** Else only what changed, and what it is below. */
  readonly isAll: boolean;
  /** Node, −1 for none. */
  readonly selected: number;
  onSelect(node: number): void;
  hrefOf(which: 'before' | 'after', spanId: string): string;
}

const rowHeight = 26;
const indentMax = 16;
const marks = { same: '', slower: '▲', faster: '▼', added: '+', missing: '−' } as const;

/** The merged tree: where each span is in both traces, how long it was, how long it is, and the difference as a bar to either side. */
export function ComparedTree(props: ComparedTreeProps): ReactElement {
  const { comparison, before, after, colors, isAll, selected, onSelect, hrefOf } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const nodes = useMemo(() => shownNodes(comparison, isAll, selected), [comparison, isAll, selected]);
  const deltaMax = useMemo(
    () => comparison.deltaNanos.reduce((most, nanos) => Math.max(most, Math.abs(nanos)), 1),
    [comparison]
  );
  const virtualizer = useVirtualizer({
    count: nodes.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 12,
  });
  const selectedIndex = nodes.indexOf(selected);
  useEffect(() => {
    if (selectedIndex >= 0) {
      virtualizer.scrollToIndex(selectedIndex, { align: 'auto' });
    }
  }, [selectedIndex, virtualizer]);
  const onKeyDown = (event: KeyboardEvent): void => {
    const steps: Readonly<Record<string, number>> = {
      ArrowDown: 1,
      j: 1,
      ArrowUp: -1,
      k: -1,
      PageDown: 20,
      PageUp: -20,
      Home: -nodes.length,
      End: nodes.length,
    };
    const step = steps[event.key];
    if (step !== undefined && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      const to = Math.max(0, Math.min(nodes.length - 1, selectedIndex + step));
      onSelect(nodes[to] ?? -1);
    }
  };
  return (
    <div
      ref={scroller}
      className={styles.root}
      role="treegrid"
      aria-label="Spans of both traces"
      aria-rowcount={nodes.length + 1}
      aria-activedescendant={selectedIndex >= 0 ? `compared-${selected}` : undefined}
      tabIndex={0}
      onKeyDown={onKeyDown}
    >
      <div role="row" aria-rowindex={1} className={cx(styles.row, styles.head)}>
        <span role="columnheader">Service and span</span>
        <span role="columnheader">A</span>
        <span role="columnheader">B</span>
        <span role="columnheader">Difference</span>
        <span role="columnheader" className={styles.barHead}>
          faster · slower
        </span>
      </div>
      <div role="presentation" style={{ height: virtualizer.getTotalSize(), position: 'relative' }}>
        {virtualizer.getVirtualItems().map(({ index, start }) => {
          const node = nodes[index];
          const from = comparison.beforeRow[node];
          const to = comparison.afterRow[node];
          const table = to >= 0 ? after : before;
          const row = to >= 0 ? to : from;
          const service = table.services[table.service[row]];
          const change = changeKinds[comparison.change[node]];
          const delta = comparison.deltaNanos[node];
          return (
            <div
              key={node}
              id={`compared-${node}`}
              role="row"
              aria-rowindex={index + 2}
              aria-level={comparison.depth[node] + 1}
              aria-selected={node === selected}
              data-change={change}
              className={cx(styles.row, styles.body, node === selected && styles.selected)}
              style={{ top: start }}
              onClick={() => onSelect(node === selected ? -1 : node)}
            >
              <span
                role="gridcell"
                className={styles.name}
                style={{ paddingLeft: Math.min(comparison.depth[node], indentMax) * 12 }}
              >
                <span className={styles.service} style={{ background: colors.get(service) }} />
                <span className={cx(styles.mark, styles[change])} role="img" aria-label={change}>
                  {marks[change]}
                </span>
                <span className={styles.text} title={`${service} · ${table.names[table.name[row]]}`}>
                  {`${service} · ${table.names[table.name[row]]}`}
                </span>
              </span>
              <Cell table={before} row={from} href={from < 0 ? '' : hrefOf('before', spanIdAt(before, from))} />
              <Cell table={after} row={to} href={to < 0 ? '' : hrefOf('after', spanIdAt(after, to))} />
              <span role="gridcell" className={styles.number}>
                {delta === 0 ? '' : `${delta > 0 ? '+' : '−'}${formatNanos(Math.abs(delta))}`}
              </span>
              <span role="presentation" className={styles.bar}>
                <span
                  className={delta > 0 ? styles.barSlower : styles.barFaster}
                  style={
                    delta > 0
                      ? { left: '50%', width: `${(50 * delta) / deltaMax}%` }
                      : { right: '50%', width: `${(-50 * delta) / deltaMax}%` }
                  }
                />
              </span>
            </div>
          );
        })}
      </div>
    </div>
  );
}

function Cell({
  table,
  row,
  href,
}: {
  readonly table: SpanTable;
  readonly row: number;
  readonly href: string;
}): ReactElement {
  return (
    <span role="gridcell" className={styles.number}>
      {row < 0 ? (
        <span aria-label="not there">—</span>
      ) : (
        <a href={href} onClick={(event) => event.stopPropagation()} tabIndex={-1}>
          {formatNanos(table.durationNanos[row])}
        </a>
      )}
    </span>
  );
}

/** Changed nodes and all that they are below; the selected one in any case. */
function shownNodes(comparison: TraceComparison, isAll: boolean, selected: number): readonly number[] {
  const { nodeCount, parent, change } = comparison;
  const isShown = new Uint8Array(nodeCount);
  for (let node = nodeCount - 1; node >= 0; node--) {
    if (isAll || change[node] !== 0 || node === selected) {
      isShown[node] = 1;
    }
    if (isShown[node] === 1 && parent[node] >= 0) {
      isShown[parent[node]] = 1;
    }
  }
  return [...isShown.keys()].filter((node) => isShown[node] === 1);
}

const styles = {
  root: css({
    flex: '1 0 240px',
    minHeight: 240,
    overflow: 'auto',
    margin: '0 -14px',
    borderTop: '1px solid var(--v-line)',
    fontVariantNumeric: 'tabular-nums',
    '&:focus-visible': { outline: '2px solid var(--v-focus)', outlineOffset: -2 },
  }),
  row: css({
    display: 'grid',
    gridTemplateColumns: 'minmax(140px, 1fr) 78px 78px 86px minmax(0, 26%)',
    gap: 8,
    alignItems: 'center',
    height: rowHeight,
    padding: '0 14px',
    '@media (max-width: 600px)': { gridTemplateColumns: 'minmax(0, 1fr) 60px 60px 66px 0', gap: 4 },
  }),
  head: css({
    position: 'sticky',
    top: 0,
    zIndex: 1,
    background: 'var(--v-surface)',
    fontSize: 12,
    color: 'var(--v-text-muted)',
    '& > :nth-child(n + 2):nth-child(-n + 4)': { textAlign: 'right' },
  }),
  barHead: css({ textAlign: 'center', overflow: 'hidden' }),
  body: css({
    position: 'absolute',
    left: 0,
    right: 0,
    cursor: 'pointer',
    '&:hover': { background: 'var(--v-surface)' },
  }),
  selected: css({ background: 'var(--v-selected)', '&:hover': { background: 'var(--v-selected)' } }),
  name: css({ display: 'flex', alignItems: 'center', gap: 6, minWidth: 0 }),
  service: css({ flex: 'none', width: 4, height: 16, borderRadius: 2 }),
  mark: css({ flex: 'none', width: 12, textAlign: 'center', fontWeight: 700 }),
  same: css({}),
  slower: css({ color: 'var(--v-warning)' }),
  faster: css({ color: 'var(--v-accent)' }),
  added: css({ color: 'var(--v-warning)' }),
  missing: css({ color: 'var(--v-accent)' }),
  text: css({ overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap' }),
  number: css({
    textAlign: 'right',
    whiteSpace: 'nowrap',
    '& a': { color: 'inherit', textDecoration: 'none', '&:hover': { textDecoration: 'underline' } },
  }),
  bar: css({
    position: 'relative',
    height: 10,
    borderRadius: 2,
    background: 'linear-gradient(var(--v-line), var(--v-line)) center / 1px 100% no-repeat',
  }),
  barSlower: css({ position: 'absolute', top: 1, bottom: 1, minWidth: 1, background: 'var(--v-warning)' }),
  barFaster: css({ position: 'absolute', top: 1, bottom: 1, minWidth: 1, background: 'var(--v-accent)' }),
};
