import { css, cx } from '@emotion/css';
import { useMemo } from 'react';
import type { ReactElement } from 'react';
import { traceGraphOf } from '../../analysis/trace-graph.ts';
import type { TraceGraph, TraceGraphStats } from '../../analysis/trace-graph.ts';
import type { GraphEdgeBody, GraphNodeBody } from '../../api/vivace/graph.ts';
import { edgeIdOf } from '../graph/draw.ts';
import { ServiceGraph } from '../graph/ServiceGraph.tsx';
import type { StartWorker } from '../host.ts';
import { Button, Notice } from '../kit/controls.tsx';
import { formatCount, formatNanos } from '../kit/format.ts';
import { serviceColors } from '../kit/service-colors.ts';
import { Value } from '../kit/ValueMenu.tsx';
import { durationTarget, serviceTarget, statusTarget } from '../state/value-target.ts';
import { ScopeNote } from '../trace/ScopeNote.tsx';
import type { TraceViewProps } from '../trace/view-props.ts';

const measures = [
  ['count', 'Calls'],
  ['self', 'Self time'],
  ['errors', 'Errors'],
] as const;
type Measure = (typeof measures)[number][0];

/** Services of this trace and the calls between them; lines as thick, rings as long as the chosen measure. */
export function TraceGraphView(
  props: TraceViewProps & { readonly startWorker: StartWorker | undefined }
): ReactElement {
  const { model, focus, scope, selectedRow, theme, startWorker, onFocus, onSelectRow } = props;
  const { table, selfNanos } = model;
  const measure = focus.weigh ?? 'count';
  const graph = useMemo(() => traceGraphOf(table, selfNanos, scope), [table, selfNanos, scope]);
  const { nodes, edges } = useMemo(() => bodiesOf(graph, table.services, measure), [graph, table, measure]);
  // Whatever else colours mean: here they are of services.
  const colors = useMemo(() => {
    const byService = serviceColors(table.services, theme.name);
    return table.services.map((service) => byService.get(service)!);
  }, [table, theme.name]);
  const selected = selectedRow < 0 ? undefined : nodeIdOf(table.services[table.service[selectedRow]]);
  const rowOfId = new Map<string, number>([
    ...graph.nodes.map((node, at) => [nodes[at].id, node.row] as const),
    ...graph.edges.map((edge, at) => [edgeIdOf(edges[at]), edge.row] as const),
  ]);
  const select = (id: string | undefined): void => {
    const row = id === undefined ? -1 : (rowOfId.get(id) ?? -1);
    if (row >= 0) {
      onSelectRow(row);
    }
  };
  const total = graph.nodes.reduce((sum, node) => sum + measureOf(node, measure), 0);
  return (
    <section className={styles.root} aria-label="Graph of the trace">
      <div className={styles.bar}>
        <div role="group" aria-label="Measure" className={styles.segments}>
          {measures.map(([name, title]) => (
            <Button
              key={name}
              small
              aria-pressed={name === measure}
              onClick={() => onFocus({ ...focus, weigh: name === 'count' ? undefined : name }, 'replace')}
            >
              {title}
            </Button>
          ))}
        </div>
        <span className={styles.muted}>
          {formatCount(nodes.length, 'service')}, {formatCount(edges.length, 'call')} between them
        </span>
        <span className={styles.space} />
        <ScopeNote {...props} />
      </div>
      {nodes.length === 0 ? (
        <Notice title="No service is left">The filter, the text or the brushed time leaves no span.</Notice>
      ) : (
        <div className={styles.main}>
          <ServiceGraph
            nodes={nodes}
            edges={edges}
            theme={theme}
            selected={selected}
            startWorker={startWorker}
            onSelect={select}
          />
          <div className={styles.lists}>
            <h2>Services</h2>
            <ul>
              {[...graph.nodes]
                .sort((a, b) => measureOf(b, measure) - measureOf(a, measure))
                .map((node) => (
                  <li key={node.service} aria-current={nodeIdOf(table.services[node.service]) === selected}>
                    <span className={styles.swatch} style={{ background: colors[node.service] }} />
                    <span className={styles.name}>
                      <Value target={serviceTarget(table.services[node.service])}>
                        {table.services[node.service] || 'unknown service'}
                      </Value>
                    </span>
                    <Numbers stats={node} measure={measure} total={total} onSelectRow={onSelectRow} />
                  </li>
                ))}
            </ul>
            <h2>Calls</h2>
            {graph.edges.length === 0 && <p className={styles.muted}>No service calls another in these spans.</p>}
            <ul>
              {[...graph.edges]
                .sort((a, b) => measureOf(b, measure) - measureOf(a, measure))
                .map((edge) => (
                  <li key={`${edge.source} ${edge.target}`}>
                    <span className={styles.name}>
                      <Value target={serviceTarget(table.services[edge.source])}>
                        {table.services[edge.source] || 'unknown service'}
                      </Value>
                      {' → '}
                      <Value target={serviceTarget(table.services[edge.target])}>
                        {table.services[edge.target] || 'unknown service'}
                      </Value>
                    </span>
                    <Numbers stats={edge} measure={measure} total={0} onSelectRow={onSelectRow} />
                  </li>
                ))}
            </ul>
          </div>
        </div>
      )}
    </section>
  );
}

function Numbers({
  stats,
  measure,
  total,
  onSelectRow,
}: {
  readonly stats: TraceGraphStats;
  readonly measure: Measure;
  readonly total: number;
  onSelectRow(row: number): void;
}): ReactElement {
  const share = total > 0 ? ` (${((100 * measureOf(stats, measure)) / total).toFixed(0)} %)` : '';
  return (
    <span className={styles.numbers}>
      <button
        type="button"
        className={styles.link}
        disabled={stats.row < 0}
        title="Select the slowest of them"
        onClick={() => onSelectRow(stats.row)}
      >
        {formatCount(stats.count, 'span')}
        {measure === 'count' && share}
      </button>
      {stats.errorCount > 0 && (
        <span className={styles.error}>
          <Value target={statusTarget(2)}>{formatCount(stats.errorCount, 'error')}</Value>
        </span>
      )}
      <Value target={durationTarget(stats.selfNanos, formatNanos(stats.selfNanos))}>
        {formatNanos(stats.selfNanos)} self{measure === 'self' && share}
      </Value>
      <Value target={durationTarget(stats.p99Nanos, formatNanos(stats.p99Nanos))}>
        p99 {formatNanos(stats.p99Nanos)}
      </Value>
    </span>
  );
}

function measureOf({ count, selfNanos, errorCount }: TraceGraphStats, measure: Measure): number {
  return measure === 'count' ? count : measure === 'self' ? selfNanos : errorCount;
}

function nodeIdOf(service: string): string {
  return `service ${service}`;
}

/** As the picture of a service graph takes it: `ratePerSecond` decides the thickness of a line, `errorShare` the length of a ring. */
function bodiesOf(
  graph: TraceGraph,
  services: readonly string[],
  measure: Measure
): { readonly nodes: readonly GraphNodeBody[]; readonly edges: readonly GraphEdgeBody[] } {
  const stats = (each: TraceGraphStats): Omit<GraphEdgeBody, 'source' | 'target' | 'kind'> => ({
    requests: each.count,
    errors: each.errorCount,
    ratePerSecond: measureOf(each, measure),
    errorShare: each.count === 0 ? 0 : each.errorCount / each.count,
    p50Ms: each.p50Nanos / 1e6,
    p95Ms: each.p99Nanos / 1e6,
    p99Ms: each.p99Nanos / 1e6,
  });
  return {
    nodes: graph.nodes.map((node) => ({
      id: nodeIdOf(services[node.service]),
      kind: 'service',
      name: services[node.service] || 'unknown service',
      namespace: '',
      ...stats(node),
    })),
    edges: graph.edges.map((edge) => ({
      source: nodeIdOf(services[edge.source]),
      target: nodeIdOf(services[edge.target]),
      kind: 'call',
      ...stats(edge),
    })),
  };
}

const styles = {
  root: css({ display: 'flex', flexDirection: 'column', flex: 1, minHeight: 0, minWidth: 0 }),
  bar: css({
    display: 'flex',
    flexWrap: 'wrap',
    gap: '4px 10px',
    alignItems: 'center',
    padding: '6px 14px',
    fontSize: 12,
    borderBottom: '1px solid var(--v-line)',
  }),
  segments: css({ display: 'flex', gap: 4 }),
  space: css({ flex: 1 }),
  muted: css({ color: 'var(--v-text-muted)' }),
  main: css({
    display: 'flex',
    flex: 1,
    minHeight: 0,
    '@media (max-width: 820px)': { flexDirection: 'column', '& > div:first-of-type': { minHeight: 220 } },
  }),
  lists: css({
    width: 'min(420px, 40%)',
    overflowY: 'auto',
    scrollbarWidth: 'thin',
    padding: '4px 12px 12px',
    borderLeft: '1px solid var(--v-line)',
    fontSize: 12.5,
    '@media (max-width: 820px)': { width: 'auto', flex: 1, borderLeft: 0, borderTop: '1px solid var(--v-line)' },
    '& h2': { margin: '10px 0 4px', fontSize: 12, fontWeight: 600, color: 'var(--v-text-muted)' },
    '& ul': { margin: 0, padding: 0, listStyle: 'none' },
    '& li': {
      display: 'flex',
      flexWrap: 'wrap',
      alignItems: 'center',
      gap: '0 8px',
      padding: '3px 6px',
      borderRadius: 5,
    },
    '& li[aria-current=true]': { background: 'var(--v-selected)' },
  }),
  swatch: css({ width: 9, height: 9, borderRadius: 2, flex: 'none' }),
  name: css({ flex: '1 1 auto', fontWeight: 600, overflowWrap: 'anywhere' }),
  numbers: css({
    display: 'flex',
    flexWrap: 'wrap',
    gap: '0 8px',
    color: 'var(--v-text-muted)',
    fontVariantNumeric: 'tabular-nums',
  }),
  error: css({ color: 'var(--v-error)' }),
  link: cx(
    css({
      padding: 0,
      border: 0,
      background: 'none',
      color: 'inherit',
      font: 'inherit',
      cursor: 'pointer',
      '&:hover': { textDecoration: 'underline' },
      '&:focus-visible': { outline: '2px solid var(--v-focus)' },
    })
  ),
};
