import { css } from '@emotion/css';
import { useMemo, useState } from 'react';
import type { ReactElement } from 'react';
import { neighbourhood } from '../../analysis/service-graph/neighbourhood.ts';
import type { HopDirection } from '../../analysis/service-graph/neighbourhood.ts';
import type { RelatedLink } from '../detail/RelatedLinks.tsx';
import type { StartWorker } from '../host.ts';
import { Button, Notice, Select, TextInput } from '../kit/controls.tsx';
import type { Theme } from '../kit/theme.ts';
import { GraphDetail } from './GraphDetail.tsx';
import type { ShownEdge, ShownNode } from './graph-stats.ts';
import { RedTable } from './RedTable.tsx';
import { ServiceGraph } from './ServiceGraph.tsx';

export interface ServiceGraphPaneProps {
  readonly nodes: readonly ShownNode[];
  readonly edges: readonly ShownEdge[];
  readonly theme: Theme;
  readonly startWorker: StartWorker | undefined;
  /** Where the traces behind a node or an edge are shown. */
  hrefOfTraces(query: string): string | undefined;
  /** The host's own links for a node or an edge (`edgeIdOf`). */
  readonly linksOf?: (id: string) => readonly RelatedLink[];
  /** The lists beside the graph; small panels may leave them out. */
  readonly isListShown?: boolean;
}

/** Graph, lists and detail of one answer, with search and a walk around one service. */
export function ServiceGraphPane(props: ServiceGraphPaneProps): ReactElement {
  const { nodes, edges, theme, startWorker, hrefOfTraces, linksOf, isListShown = true } = props;
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
        <div className={styles.side} hidden={!isListShown && selected === undefined}>
          <GraphDetail
            selected={selected}
            graph={graph}
            byId={byId}
            hrefOfTraces={hrefOfTraces}
            linksOf={linksOf}
            onAround={(id) => setAround({ id, hops: around?.hops ?? 1, direction: around?.direction ?? 'both' })}
            onSelect={setSelected}
          />
          {isListShown && <RedTable nodes={found} selected={selected} onSelect={setSelected} />}
        </div>
      </div>
    </div>
  );
}

const styles = {
  // By the width of the pane, not of the window: a panel may be small on a large screen.
  root: css({
    containerType: 'inline-size',
    display: 'flex',
    flexDirection: 'column',
    flex: 1,
    minHeight: 0,
    minWidth: 0,
  }),
  bar: css({ display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: 8, padding: '8px 12px' }),
  body: css({
    display: 'flex',
    flex: 1,
    minHeight: 0,
    '@container (max-width: 800px)': { flexDirection: 'column' },
  }),
  side: css({
    width: 460,
    maxWidth: '100%',
    flex: 'none',
    overflow: 'auto',
    borderLeft: '1px solid var(--v-line)',
    '@container (max-width: 800px)': { width: '100%', maxHeight: '55%' },
  }),
};
