import { css } from '@emotion/css';
import type { ReactElement } from 'react';
import { knownColumns, type ShownNode } from './graph-stats.ts';
import { nameButton } from './styles.ts';

export interface RedTableProps {
  readonly nodes: readonly ShownNode[];
  readonly selected: string | undefined;
  onSelect(id: string): void;
}

/** More rows are slow to draw and nobody reads them. */
const rowsMax = 500;

/** A row a node, busiest first: the graph for keyboard and screen reader. */
export function RedTable({ nodes, selected, onSelect }: RedTableProps): ReactElement {
  const busyness = ({ requests, ratePerSecond }: ShownNode): number => requests || ratePerSecond || 0;
  const sorted = [...nodes].sort((a, b) => busyness(b) - busyness(a));
  const columns = knownColumns(sorted);
  return (
    <table className={table}>
      <caption>Rate, errors, duration</caption>
      <thead>
        <tr>
          <th scope="col">Name</th>
          {columns.map(({ title }) => (
            <th key={title} scope="col">
              {title}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {sorted.slice(0, rowsMax).map((node) => (
          <tr key={node.id} aria-selected={node.id === selected}>
            <th scope="row">
              <button type="button" className={nameButton} title={node.id} onClick={() => onSelect(node.id)}>
                {node.name}
              </button>
              {node.kind !== 'service' && <small> {node.kind}</small>}
            </th>
            {columns.map((column) => (
              <td key={column.title} data-failed={column.title === 'Errors' && node.errorShare > 0}>
                {column.text(node)}
              </td>
            ))}
          </tr>
        ))}
        {sorted.length > rowsMax && (
          <tr>
            <td colSpan={columns.length + 1}>… and {sorted.length - rowsMax} more: find them by name</td>
          </tr>
        )}
      </tbody>
    </table>
  );
}

const table = css({
  width: '100%',
  borderCollapse: 'collapse',
  fontVariantNumeric: 'tabular-nums',
  '& caption': { textAlign: 'left', padding: '8px 12px 2px', fontWeight: 600 },
  '& th, & td': { padding: '3px 6px', textAlign: 'right', whiteSpace: 'nowrap', fontWeight: 400 },
  '& th:first-of-type': { textAlign: 'left', paddingLeft: 12, whiteSpace: 'normal', overflowWrap: 'anywhere' },
  '& thead th': { color: 'var(--v-text-muted)' },
  '& tr[aria-selected=true]': { background: 'var(--v-selected)' },
  '& td[data-failed=true]': { color: 'var(--v-error)' },
  '& small': { color: 'var(--v-text-muted)' },
});
