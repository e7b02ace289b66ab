import { css } from '@emotion/css';
import { useEffect, useMemo, useRef, useState } from 'react';
import type { ReactElement } from 'react';
import { contributorsMax, topContributors } from '../../analysis/contributors.ts';
import { Button } from '../kit/controls.tsx';
import { formatNanos } from '../kit/format.ts';
import { Value } from '../kit/ValueMenu.tsx';
import { durationTarget, serviceTarget, spanNameTarget } from '../state/value-target.ts';
import type { RowColors } from './row-colors.ts';
import type { TraceModel } from './model.ts';

interface ContributorsProps {
  readonly model: TraceModel;
  readonly rowColors: Pick<RowColors, 'colors' | 'codes'>;
  readonly selectedRow: number;
  onGoToRow(row: number): void;
}

/** The spans that everybody waited for longest, under a button. */
export function Contributors(props: ContributorsProps): ReactElement {
  const [isOpen, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const outside = (event: PointerEvent): void => {
      const target = event.target as Element;
      // The menu of a value stands in the top layer, outside of here.
      if (!root.current?.contains(target) && !target.closest('[role=menu]')) {
        setOpen(false);
      }
    };
    document.addEventListener('pointerdown', outside);
    return () => document.removeEventListener('pointerdown', outside);
  }, []);
  return (
    <div
      ref={root}
      className={styles.root}
      onKeyDown={(event) => {
        if (event.key === 'Escape' && isOpen) {
          setOpen(false);
          event.stopPropagation();
        }
      }}
    >
      <Button small aria-expanded={isOpen} title="What the time went to" onClick={() => setOpen(!isOpen)}>
        Critical path
      </Button>
      {isOpen && <ContributorList {...props} />}
    </div>
  );
}

function ContributorList({
  model,
  rowColors: { colors, codes },
  selectedRow,
  onGoToRow,
}: ContributorsProps): ReactElement {
  const { table, criticalNanos, selfNanos } = model;
  const top = useMemo(() => topContributors(criticalNanos, table.traceNanos), [criticalNanos, table]);
  const rest = table.traceNanos - top.reduce((sum, { nanos }) => sum + nanos, 0);
  return (
    <section className={styles.panel} aria-label="Critical path, top contributors">
      <ol>
        {top.map(({ row, nanos, share }) => {
          const [service, name] = [table.services[table.service[row]], table.names[table.name[row]]];
          return (
            <li key={row} aria-current={row === selectedRow}>
              <button
                type="button"
                className={styles.line}
                title={`Select this span; ${formatNanos(selfNanos[row])} self time`}
                onClick={() => onGoToRow(row)}
              >
                <span className={styles.share} style={{ width: `${100 * share}%`, background: colors[codes[row]] }} />
                <span className={styles.name}>
                  <b>{service || 'unknown service'}</b> {name}
                </span>
                <span className={styles.number}>{percent(share)}</span>
              </button>
              <span className={styles.values}>
                <Value target={durationTarget(nanos, formatNanos(nanos))}>{formatNanos(nanos)}</Value>
                <Value target={serviceTarget(service)}>service</Value>
                <Value target={spanNameTarget(name)}>name</Value>
              </span>
            </li>
          );
        })}
      </ol>
      <p>
        {rest > 0
          ? `${formatNanos(rest)} (${percent(rest / table.traceNanos)}) lie with ${top.length < contributorsMax ? 'no span' : 'other spans'}; together ${formatNanos(table.traceNanos)}.`
          : `Together ${formatNanos(table.traceNanos)}.`}
      </p>
    </section>
  );
}

function percent(share: number): string {
  return `${(100 * share).toFixed(share < 0.0995 ? 1 : 0)} %`;
}

const styles = {
  root: css({ position: 'relative' }),
  panel: css({
    position: 'absolute',
    zIndex: 6,
    top: 28,
    right: 0,
    width: 'min(440px, calc(100vw - 24px))',
    maxHeight: '60vh',
    overflowY: 'auto',
    padding: 6,
    border: '1px solid var(--v-line)',
    borderRadius: 8,
    background: 'var(--v-surface)',
    boxShadow: 'var(--v-shadow)',
    '& > ol': { margin: 0, padding: 0, listStyle: 'none' },
    '& > p': { margin: '6px 8px 2px', fontSize: 12, color: 'var(--v-text-muted)' },
    '& li[aria-current=true]': { background: 'var(--v-selected)', borderRadius: 5 },
    '@media (max-width: 600px)': { right: 'auto', left: 0 },
  }),
  line: css({
    position: 'relative',
    display: 'flex',
    gap: 8,
    width: '100%',
    padding: '5px 8px 1px',
    border: 0,
    borderRadius: 5,
    background: 'none',
    color: 'inherit',
    font: 'inherit',
    textAlign: 'left',
    cursor: 'pointer',
    '&:hover': { background: 'var(--v-surface-hover)' },
    '&:focus-visible': { outline: '2px solid var(--v-focus)', outlineOffset: -2 },
  }),
  share: css({ position: 'absolute', left: 8, bottom: -1, height: 2, maxWidth: 'calc(100% - 16px)', borderRadius: 1 }),
  name: css({ flex: 1, minWidth: 0, overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap' }),
  number: css({ fontVariantNumeric: 'tabular-nums' }),
  values: css({
    display: 'flex',
    gap: 8,
    padding: '1px 8px 3px',
    fontSize: 11,
    color: 'var(--v-text-muted)',
    fontVariantNumeric: 'tabular-nums',
  }),
};
