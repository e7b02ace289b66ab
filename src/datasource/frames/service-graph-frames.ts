import { createDataFrame, FieldColorModeId, FieldType, type DataFrame, type DataLink, type Field } from '@grafana/data';
import { tracesOfEdge, tracesOfNode } from '../../analysis/service-graph/traces-query.ts';
import type { GraphNodeBody, GraphStatsBody, ServiceGraphBody } from '../../api/vivace/graph.ts';

export interface ServiceGraphTarget {
  readonly uid: string;
  readonly name: string;
}

const icons: Readonly<Record<GraphNodeBody['kind'], string>> = {
  service: '',
  database: 'database',
  queue: 'exchange-alt',
  external: 'cloud',
};

/**
 * The two frames of Grafana's node graph: latency and rate, a ring of good and failed requests, and a link from each node and edge to its
 * traces. Source: Grafana's node graph frame contract.
 */
export function serviceGraphFrames(
  graph: ServiceGraphBody,
  refId: string,
  target: ServiceGraphTarget,
  /** Where the numbers are from, if not from the server: nodes and edges lead there too. */
  prometheus?: ServiceGraphTarget
): DataFrame[] {
  const { nodes } = graph;
  const byId = new Map(nodes.map((node) => [node.id, node]));
  // Grafana's panel throws on an edge without both its nodes.
  const edges = graph.edges.flatMap((edge) => {
    const [from, to] = [byId.get(edge.source), byId.get(edge.target)];
    return from === undefined || to === undefined ? [] : [{ ...edge, from, to }];
  });
  const notices = graph.warnings.map((warning) => ({ severity: 'warning' as const, text: warning }));
  const links = (title: string, matchers: string): DataLink[] => [
    ...(prometheus === undefined ? [] : metricsLinks(prometheus, matchers)),
    {
      title,
      url: '',
      internal: {
        datasourceUid: target.uid,
        datasourceName: target.name,
        query: { refId: 'traces', queryType: 'traceql', query: '${__data.fields.traces}' },
      },
    },
  ];
  return [
    frame('Nodes', refId, notices, [
      text(
        'id',
        nodes.map(({ id }) => id),
        { links: links('View traces', 'server="${__data.fields.title}"') }
      ),
      text(
        'title',
        nodes.map(({ name }) => name),
        { displayName: 'Name' }
      ),
      text(
        'subtitle',
        nodes.map(({ kind, namespace }) => (namespace === '' ? kind : `${kind}, ${namespace}`))
      ),
      ...stats(nodes),
      share(
        'arc__success',
        'Success',
        'green',
        nodes.map(({ errorShare, requests }) => (requests === 0 ? 0 : 1 - errorShare))
      ),
      share(
        'arc__failed',
        'Failed',
        'red',
        nodes.map(({ errorShare }) => errorShare)
      ),
      text(
        'icon',
        nodes.map(({ kind }) => icons[kind])
      ),
      {
        name: 'isinstrumented',
        type: FieldType.boolean,
        config: {},
        values: nodes.map(({ kind }) => kind === 'service'),
      },
      hidden('traces', nodes.map(tracesOfNode)),
    ]),
    frame(
      'Edges',
      refId,
      [],
      [
        text(
          'id',
          edges.map(({ source, target: to, kind }) => `${source} → ${to} ${kind}`),
          {
            links: links('View traces', 'client="${__data.fields.sourceName}", server="${__data.fields.targetName}"'),
          }
        ),
        text(
          'source',
          edges.map(({ source }) => source)
        ),
        text(
          'target',
          edges.map((edge) => edge.target)
        ),
        text(
          'sourceName',
          edges.map(({ from }) => from.name)
        ),
        text(
          'sourceNamespace',
          edges.map(({ from }) => from.namespace)
        ),
        text(
          'targetName',
          edges.map(({ to }) => to.name)
        ),
        text(
          'targetNamespace',
          edges.map(({ to }) => to.namespace)
        ),
        ...stats(edges),
        text(
          'strokedasharray',
          edges.map(({ kind }) => (kind === 'messaging' ? '6 4' : ''))
        ),
        hidden(
          'traces',
          edges.map(({ from, to, kind }) => tracesOfEdge(from, to, kind))
        ),
      ]
    ),
  ];
}

/** What lies behind the numbers, as graphs over time. */
function metricsLinks({ uid, name }: ServiceGraphTarget, matchers: string): DataLink[] {
  const link = (title: string, expr: string): DataLink => ({
    title,
    url: '',
    internal: {
      datasourceUid: uid,
      datasourceName: name,
      query: { refId: 'A', expr, instant: false, range: true, exemplar: true },
    },
  });
  const rate = (metric: string) => `rate(traces_service_graph_request_${metric}{${matchers}}[$__rate_interval])`;
  return [
    link('Request rate', `sum(${rate('total')})`),
    link('Request histogram', `histogram_quantile(0.9, sum(${rate('server_seconds_bucket')}) by (le, client, server))`),
    link('Failed request rate', `sum(${rate('failed_total')})`),
  ];
}

function stats(rows: readonly GraphStatsBody[]): Field[] {
  const number = (name: string, displayName: string, unit: string, values: number[]): Field => {
    return { name, type: FieldType.number, config: { displayName, unit, decimals: 2 }, values };
  };
  return [
    number(
      'mainstat',
      'p95',
      'ms',
      rows.map(({ p95Ms }) => p95Ms)
    ),
    number(
      'secondarystat',
      'Requests',
      'reqps',
      rows.map(({ ratePerSecond }) => ratePerSecond)
    ),
    number(
      'detail__p50',
      'p50',
      'ms',
      rows.map(({ p50Ms }) => p50Ms)
    ),
    number(
      'detail__p99',
      'p99',
      'ms',
      rows.map(({ p99Ms }) => p99Ms)
    ),
    number(
      'detail__errors',
      'Failed',
      'percentunit',
      rows.map(({ errorShare }) => errorShare)
    ),
  ];
}

function frame(
  name: string,
  refId: string,
  notices: { readonly severity: 'warning'; readonly text: string }[],
  fields: Field[]
): DataFrame {
  return createDataFrame({ name, refId, fields, meta: { preferredVisualisationType: 'nodeGraph', notices } });
}

function text(name: string, values: string[], config: Field['config'] = {}): Field {
  return { name, type: FieldType.string, config, values };
}

/** Read by links only. */
function hidden(name: string, values: string[]): Field {
  return text(name, values, { custom: { hidden: true, hideFrom: { viz: true } } });
}

function share(name: string, displayName: string, fixedColor: string, values: number[]): Field {
  return {
    name,
    type: FieldType.number,
    config: { displayName, color: { mode: FieldColorModeId.Fixed, fixedColor } },
    values,
  };
}
