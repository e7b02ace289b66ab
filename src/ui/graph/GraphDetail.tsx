import { css } from '@emotion/css';
import type { ReactElement } from 'react';
import { tracesOfEdge, tracesOfNode } from '../../analysis/service-graph/traces-query.ts';
import { RelatedLinks, type RelatedLink } from '../detail/RelatedLinks.tsx';
import { Button } from '../kit/controls.tsx';
import { edgeIdOf } from './draw.ts';
import { statsSentence, type ShownEdge, type ShownNode } from './graph-stats.ts';
import { nameButton } from './styles.ts';

export interface GraphDetailProps {
  /** Id of a node, or of an edge as `edgeIdOf`. */
  readonly selected: string | undefined;
  readonly graph: { readonly nodes: readonly ShownNode[]; readonly edges: readonly ShownEdge[] };
  /** Every node, also those that a walk around one service leaves out. */
  readonly byId: ReadonlyMap<string, ShownNode>;
  /** Where the traces of a query are shown; `undefined`: nowhere. */
  hrefOfTraces(query: string): string | undefined;
  /** The host's links for a node or an edge. */
  readonly linksOf: ((id: string) => readonly RelatedLink[]) | undefined;
  onAround(id: string): void;
  onSelect(id: string): void;
}

/** Numbers of the selected node or edge, the calls around it, and the way to its traces. */
export function GraphDetail(props: GraphDetailProps): ReactElement | undefined {
  const { selected, graph, byId } = props;
  const node = selected === undefined ? undefined : byId.get(selected);
  if (node !== undefined) {
    return <NodeDetail {...props} node={node} />;
  }
  const edge = graph.edges.find((each) => edgeIdOf(each) === selected);
  const [source, target] = [byId.get(edge?.source ?? ''), byId.get(edge?.target ?? '')];
  return edge === undefined || source === undefined || target === undefined ? undefined : (
    <EdgeDetail {...props} edge={edge} source={source} target={target} />
  );
}

function NodeDetail(props: GraphDetailProps & { readonly node: ShownNode }): ReactElement {
  const { node, graph, byId, hrefOfTraces, linksOf, onAround, onSelect } = props;
  const calls = graph.edges.filter((each) => each.source === node.id || each.target === node.id);
  return (
    <section className={detail} aria-label="Selected service">
      <h2>
        {node.name} <small>{[node.kind, node.namespace].filter((part) => part !== '').join(' · ')}</small>
      </h2>
      <p>{statsSentence(node)}</p>
      <TracesLink href={hrefOfTraces(tracesOfNode(node))} text="Traces" />{' '}
      <Button small onClick={() => onAround(node.id)}>
        Show what is around it
      </Button>
      <RelatedLinks links={linksOf?.(node.id) ?? []} />
      <ul>
        {calls.map((each) => (
          <li key={edgeIdOf(each)}>
            <button type="button" className={nameButton} onClick={() => onSelect(edgeIdOf(each))}>
              {each.source === node.id ? `→ ${byId.get(each.target)?.name}` : `← ${byId.get(each.source)?.name}`}
            </button>{' '}
            {statsSentence({ ...each, requests: NaN })}
          </li>
        ))}
      </ul>
    </section>
  );
}

function EdgeDetail(
  props: GraphDetailProps & { readonly edge: ShownEdge; readonly source: ShownNode; readonly target: ShownNode }
): ReactElement {
  const { edge, source, target, hrefOfTraces, linksOf } = props;
  return (
    <section className={detail} aria-label="Selected call">
      <h2>
        {source.name} → {target.name} <small>{edge.kind}</small>
      </h2>
      <p>{statsSentence(edge)}</p>
      <TracesLink href={hrefOfTraces(tracesOfEdge(source, target, edge.kind))} text="Traces through this edge" />{' '}
      {edge.errorShare > 0 && (
        <TracesLink href={hrefOfTraces(tracesOfEdge(source, target, edge.kind, true))} text="Failed ones" />
      )}
      <RelatedLinks links={linksOf?.(edgeIdOf(edge)) ?? []} />
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
    <a className={link} href={href}>
      {text}
    </a>
  );
}

const detail = css({
  padding: '6px 12px 10px',
  borderBottom: '1px solid var(--v-line)',
  '& h2': { fontSize: 15, margin: '4px 0', overflowWrap: 'anywhere' },
  '& small': { color: 'var(--v-text-muted)', fontWeight: 400 },
  '& p': { margin: '4px 0' },
  '& ul': { margin: '6px 0 0', paddingLeft: 16 },
});
const link = css({ color: 'var(--v-accent)' });
