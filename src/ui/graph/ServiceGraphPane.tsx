import { css } from '@emotion/css';
import { useMemo, useState } from 'react';
import type { ReactElement } from 'react';
import { neighbourhood } from '../../analysis/service-graph/neighbourhood.ts';
import type { HopDirection } from '../../analysis/service-graph/neighbourhood.ts';
import { tracesOfEdge, tracesOfNode } from '../../analysis/service-graph/traces-query.ts';
import type { GraphEdgeBody, GraphNodeBody, GraphStatsBody } from '../../api/vivace/graph.ts';
import type { StartWorker } from '../host.ts';
import { Button, Notice, Select, TextInput } from '../kit/controls.tsx';
import { formatNanos } from '../kit/format.ts';
import type { Theme } from '../kit/theme.ts';
import { edgeIdOf } from './draw.ts';
import { ServiceGraph } from './ServiceGraph.tsx';

export interface ServiceGraphPaneProps {
  readonly nodes: readonly GraphNodeBody[];
  readonly edges: readonly GraphEdgeBody[];
  readonly theme: Theme;
  readonly startWorker: StartWorker | undefined;
  /** Where the traces behind a node or an edge are shown. */
  hrefOfTraces(query: string): string | undefined;
}

/** Graph, lists and detail of one answer, with search and a walk around one service. */
export function ServiceGraphPane(props: ServiceGraphPaneProps): ReactElement {
  const { nodes, edges, theme, startWorker, hrefOfTraces } = props;
  const [find, setFind] = useState('');
  const [selected, setSelected] = useState<string>();
  const [around, setAround] = useState<{ id: string; hops: number; direction: HopDirection }>();
  const graph = useMemo(
    () =>
      around === undefined
        ? { nodes, edges }
        : neighbourhood({ nodes, edges }, around.id, around.hops, around.direction),
    [nodes, edges, around]
  );
  const byId = useMemo(() => new Map(nodes.map((node) => [node.id, node])), [nodes]);
  const wanted = find.trim().toLowerCase();
  const found = graph.nodes.filter(({ id }) => id.toLowerCase().includes(wanted));
  const center = around === undefined ? undefined : byId.get(around.id);
  if (nodes.length === 0) {
    return (
      <Notice title="No services here">
        No span of the range matches. Widen the time range, or ask for every trace by an empty query.
      </Notice>
    );
  }
  return (
    <div className={styles.root}>
      <div className={styles.bar}>
        <TextInput
          aria-label="Find a service"
          placeholder="Find a service"
          value={find}
          onChange={(event) => setFind(event.target.value)}
          onKeyDown={(event) => event.key === 'Enter' && found.length > 0 && setSelected(found[0].id)}
        />
        {around !== undefined && (
          <>
            <span>around {center?.name}</span>
            <Select
              aria-label="Hops"
              value={around.hops}
              onChange={(event) => setAround({ ...around, hops: Number(event.target.value) })}
            >
              {[1, 2, 3, 4].map((hops) => (
                <option key={hops} value={hops}>
                  {hops === 1 ? '1 hop' : `${hops} hops`}
                </option>
              ))}
            </Select>
            <Select
              aria-label="Direction"
              value={around.direction}
              onChange={(event) => setAround({ ...around, direction: event.target.value as HopDirection })}
            >
              <option value="both">both ways</option>
              <option value="upstream">upstream</option>
              <option value="downstream">downstream</option>
            </Select>
            <Button small onClick={() => setAround(undefined)}>
              Show all
            </Button>
          </>
        )}
      </div>
      <div className={styles.body}>
        <ServiceGraph
          nodes={graph.nodes}
          edges={graph.edges}
          theme={theme}
          selected={selected}
          startWorker={startWorker}
          onSelect={setSelected}
        />
        <div className={styles.side}>
          <Detail
            selected={selected}
            graph={graph}
            byId={byId}
            hrefOfTraces={hrefOfTraces}
            onAround={(id) => setAround({ id, hops: around?.hops ?? 1, direction: around?.direction ?? 'both' })}
            onSelect={setSelected}
          />
          <RedTable nodes={found} selected={selected} onSelect={setSelected} />
        </div>
      </div>
    </div>
  );
}

/** A row a node, busiest first: the graph for keyboard and screen reader. */
function RedTable({
  nodes,
  selected,
  onSelect,
}: {
  readonly nodes: readonly GraphNodeBody[];
  readonly selected: string | undefined;
  onSelect(id: string): void;
}): ReactElement {
  const sorted = [...nodes].sort((a, b) => b.requests - a.requests);
  return (
    <table className={styles.table}>
      <caption>Rate, errors, duration</caption>
      <thead>
        <tr>
          <th scope="col">Name</th>
          <th scope="col">Rate</th>
          <th scope="col">Errors</th>
          <th scope="col">p50</th>
          <th scope="col">p95</th>
          <th scope="col">p99</th>
        </tr>
      </thead>
      <tbody>
        {sorted.slice(0, rowsMax).map((node) => (
          <tr key={node.id} aria-selected={node.id === selected}>
            <th scope="row">
              <button type="button" className={styles.name} title={node.id} onClick={() => onSelect(node.id)}>
                {node.name}
              </button>
              {node.kind !== 'service' && <small> {node.kind}</small>}
            </th>
            <td>{formatRate(node.ratePerSecond)}</td>
            <td data-failed={node.errors > 0}>{formatShare(node.errorShare)}</td>
            <td>{formatNanos(node.p50Ms * 1e6)}</td>
            <td>{formatNanos(node.p95Ms * 1e6)}</td>
            <td>{formatNanos(node.p99Ms * 1e6)}</td>
          </tr>
        ))}
        {sorted.length > rowsMax && (
          <tr>
            <td colSpan={6}>… and {sorted.length - rowsMax} more: find them by name</td>
          </tr>
        )}
      </tbody>
    </table>
  );
}

/** More rows are slow to draw and nobody reads them. */
const rowsMax = 500;

interface DetailProps extends Pick<ServiceGraphPaneProps, 'hrefOfTraces'> {
  readonly selected: string | undefined;
  readonly graph: Pick<ServiceGraphPaneProps, 'nodes' | 'edges'>;
  readonly byId: ReadonlyMap<string, GraphNodeBody>;
  onAround(id: string): void;
  onSelect(id: string): void;
}

/** Numbers of the selected node or edge, the calls around it, and the way to its traces. */
function Detail({ selected, graph, byId, hrefOfTraces, onAround, onSelect }: DetailProps): ReactElement | undefined {
  const node = selected === undefined ? undefined : byId.get(selected);
  const edge = graph.edges.find((each) => edgeIdOf(each) === selected);
  const [source, target] = [byId.get(edge?.source ?? ''), byId.get(edge?.target ?? '')];
  if (node !== undefined) {
    const calls = graph.edges.filter((each) => each.source === node.id || each.target === node.id);
    return (
      <section className={styles.detail} aria-label="Selected service">
        <h2>
          {node.name} <small>{[node.kind, node.namespace].filter((part) => part !== '').join(' · ')}</small>
        </h2>
        <Numbers stats={node} />
        <TracesLink href={hrefOfTraces(tracesOfNode(node))} text="Traces" />{' '}
        <Button small onClick={() => onAround(node.id)}>
          Show what is around it
        </Button>
        <ul>
          {calls.map((each) => (
            <li key={edgeIdOf(each)}>
              <button type="button" className={styles.name} onClick={() => onSelect(edgeIdOf(each))}>
                {each.source === node.id ? `→ ${byId.get(each.target)?.name}` : `← ${byId.get(each.source)?.name}`}
              </button>{' '}
              {formatRate(each.ratePerSecond)}, {formatShare(each.errorShare)} failed, p95{' '}
              {formatNanos(each.p95Ms * 1e6)}
            </li>
          ))}
        </ul>
      </section>
    );
  }
  if (edge === undefined || source === undefined || target === undefined) {
    return undefined;
  }
  return (
    <section className={styles.detail} aria-label="Selected call">
      <h2>
        {source.name} → {target.name} <small>{edge.kind}</small>
      </h2>
      <Numbers stats={edge} />
      <TracesLink href={hrefOfTraces(tracesOfEdge(source, target, edge.kind))} text="Traces through this edge" />{' '}
      {edge.errors > 0 && (
        <TracesLink href={hrefOfTraces(tracesOfEdge(source, target, edge.kind, true))} text="Failed ones" />
      )}
    </section>
  );
}

function TracesLink({
  href,
  text,
}: {
  readonly href: string | undefined;
  readonly text: string;
}): ReactElement | undefined {
  return href === undefined ? undefined : (
    <a className={styles.link} href={href}>
      {text}
    </a>
  );
}

function Numbers({ stats }: { readonly stats: GraphStatsBody }): ReactElement {
  return (
    <p>
      {stats.requests.toLocaleString('en-US')} requests, {formatRate(stats.ratePerSecond)};{' '}
      {stats.errors.toLocaleString('en-US')} failed ({formatShare(stats.errorShare)}); p50{' '}
      {formatNanos(stats.p50Ms * 1e6)}, p95 {formatNanos(stats.p95Ms * 1e6)}, p99 {formatNanos(stats.p99Ms * 1e6)}
    </p>
  );
}

function formatRate(perSecond: number): string {
  return perSecond === 0 || perSecond >= 0.01
    ? `${Number(perSecond.toPrecision(3))}/s`
    : `${Number((perSecond * 3600).toPrecision(3))}/h`;
}

function formatShare(share: number): string {
  return `${Number((share * 100).toPrecision(3))} %`;
}

const styles = {
  root: css({ display: 'flex', flexDirection: 'column', flex: 1, minHeight: 0, minWidth: 0 }),
  bar: css({ display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: 8, padding: '8px 12px' }),
  body: css({
    display: 'flex',
    flex: 1,
    minHeight: 0,
    '@media (max-width: 800px)': { flexDirection: 'column' },
  }),
  side: css({
    width: 460,
    maxWidth: '100%',
    flex: 'none',
    overflow: 'auto',
    borderLeft: '1px solid var(--v-line)',
    '@media (max-width: 800px)': { width: '100%', maxHeight: '55%' },
  }),
  detail: css({
    padding: '6px 12px 10px',
    borderBottom: '1px solid var(--v-line)',
    '& h2': { fontSize: 15, margin: '4px 0', overflowWrap: 'anywhere' },
    '& small': { color: 'var(--v-text-muted)', fontWeight: 400 },
    '& p': { margin: '4px 0' },
    '& ul': { margin: '6px 0 0', paddingLeft: 16 },
  }),
  table: css({
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
  }),
  name: css({
    border: 0,
    padding: 0,
    background: 'none',
    font: 'inherit',
    color: 'var(--v-accent)',
    textAlign: 'left',
    cursor: 'pointer',
    '&:focus-visible': { outline: '2px solid var(--v-focus)', outlineOffset: 2 },
  }),
  link: css({ color: 'var(--v-accent)' }),
};
