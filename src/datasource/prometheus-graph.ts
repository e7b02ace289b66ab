/**
 * The service graph as a Prometheus has it: `traces_service_graph_*` metrics, which Tempo's metrics generator, the OpenTelemetry
 * collector's connector and others write, and the span metrics of the busiest operations.
 */
import type { DataFrame } from '@grafana/data';
import type { GraphEdgeBody, GraphNodeBody, GraphStatsBody, ServiceGraphBody } from '../api/vivace/graph.ts';
import type { OperationRow } from './frames/operations-frame.ts';

export interface PrometheusGraphRequest {
  /** Label matchers in braces, `{client="shop"}`; of several any has to hold. */
  readonly selectors: readonly string[];
  /** Tells services of one name in several namespaces apart. */
  readonly byNamespace: boolean;
  /** Of the rates: the whole time range. */
  readonly rangeSeconds: number;
}

export interface PrometheusQuery {
  readonly refId: string;
  readonly expr: string;
}

const quantiles = [
  ['p50Ms', 0.5],
  ['p95Ms', 0.95],
  ['p99Ms', 0.99],
] as const;
const operationsShown = 5;

/** Instant queries: of edges, of nodes, of operations. */
export function prometheusQueries({ selectors, byNamespace, rangeSeconds }: PrometheusGraphRequest): PrometheusQuery[] {
  const rate = (metric: string, own: readonly string[]): string =>
    own.map((selector) => `rate(${metric}${selector}[${rangeSeconds}s])`).join(' or ');
  const namespaces = byNamespace ? ['client_service_namespace', 'server_service_namespace'] : [];
  const edge = ['client', 'server', 'connection_type', ...namespaces].join(', ');
  const node = ['server', ...namespaces.slice(1)].join(', ');
  const all = selectors.length === 0 ? [''] : selectors;
  // Of classic histograms, else of native ones: a store has the one or the other.
  const quantile = (share: number, by: string, metric: string, own: readonly string[], rest = ''): string =>
    `histogram_quantile(${share}, sum by (le, ${by}) (${rate(`${metric}_bucket`, own)})${rest}) or ` +
    `histogram_quantile(${share}, sum by (${by}) (${rate(metric, own)})${rest})`;

  const service = all.map(serviceSelector);
  const calls = 'traces_spanmetrics_calls_total';
  const busiest = `topk(${operationsShown}, sum by (span_name) (${rate(calls, service)}))`;
  const failed = service.map((selector) => withMatcher(selector, 'status_code="STATUS_CODE_ERROR"'));
  const latency = 'traces_spanmetrics_latency';
  return [
    { refId: 'edge.rate', expr: `sum by (${edge}) (${rate('traces_service_graph_request_total', all)})` },
    { refId: 'edge.failed', expr: `sum by (${edge}) (${rate('traces_service_graph_request_failed_total', all)})` },
    ...quantiles.flatMap(([name, share]) => [
      { refId: `edge.${name}`, expr: quantile(share, edge, 'traces_service_graph_request_server_seconds', all) },
      { refId: `node.${name}`, expr: quantile(share, node, 'traces_service_graph_request_server_seconds', all) },
    ]),
    { refId: 'operation.rate', expr: busiest },
    {
      refId: 'operation.failed',
      expr: `sum by (span_name) (${rate(calls, failed)}) and on (span_name) ${busiest}`,
    },
    {
      refId: 'operation.p90',
      expr: quantile(0.9, 'span_name', latency, service, ` and on (span_name) ${busiest}`),
    },
  ];
}

/** Span metrics know services, not clients and servers. By default the requests that a service answers. */
function serviceSelector(selector: string): string {
  const matchers = selector.replace(/\b(client|server)\b(?=\s*(=|!=|=~|!~))/g, 'service');
  return withMatcher(matchers, 'span_kind="SPAN_KIND_SERVER"');
}

function withMatcher(selector: string, matcher: string): string {
  const inside = selector
    .trim()
    .replace(/^\{|\}$/g, '')
    .trim()
    .replace(/,$/, '');
  return `{${inside === '' ? '' : `${inside}, `}${matcher}}`;
}

/** The label matchers of a service graph query, as Tempo's data source writes them: one text or several. */
export function selectorsOf(serviceMapQuery: string | readonly string[] | undefined): string[] {
  return [serviceMapQuery ?? []]
    .flat()
    .map((selector) => selector.trim())
    .filter((selector) => selector !== '' && selector !== '{}')
    .map((selector) => (selector.startsWith('{') ? selector : `{${selector}}`));
}

/** A sample of an instant query. */
interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** The graph and the busiest operations, from the frames that answered {@link prometheusQueries}. */
export function graphOfFrames(
  frames: readonly DataFrame[],
  { byNamespace, rangeSeconds }: PrometheusGraphRequest,
  range: { readonly startSeconds: number; readonly endSeconds: number }
): { readonly graph: ServiceGraphBody; readonly operations: readonly OperationRow[] } {
  const samples = (refId: string): Sample[] => frames.filter((frame) => frame.refId === refId).flatMap(samplesOf);
  const edgeKey = ({ labels }: Sample): string =>
    JSON.stringify([clientOf(labels, byNamespace), serverOf(labels, byNamespace), labels.connection_type ?? '']);
  const nodeKey = ({ labels }: Sample): string => serverOf(labels, byNamespace);
  const failed = indexed(samples('edge.failed'), edgeKey);
  const latencies = (of: 'edge' | 'node', keyOf: (sample: Sample) => string) =>
    quantiles.map(([name]) => [name, indexed(samples(`${of}.${name}`), keyOf)] as const);
  const ofEdges = latencies('edge', edgeKey);
  const ofNodes = latencies('node', nodeKey);

  const nodes = new Map<string, MutableNode>();
  const nodeOf = (id: string, name: string, namespace: string, kind: GraphNodeBody['kind']): MutableNode => {
    const node = nodes.get(id) ?? { id, name, namespace, kind, rate: 0, failedRate: 0 };
    // Whoever calls, or is called as a service anywhere, sends spans.
    node.kind = kind === 'service' ? 'service' : node.kind;
    nodes.set(id, node);
    return node;
  };
  const edges = samples('edge.rate').map((sample): GraphEdgeBody => {
    const { labels, value: rate } = sample;
    const type = labels.connection_type ?? '';
    const isUser = type === 'virtual_node' && labels.client === 'user';
    const [source, target] = [clientOf(labels, byNamespace), serverOf(labels, byNamespace)];
    const peerKind = type === 'database' ? 'database' : type === 'virtual_node' && !isUser ? 'external' : 'service';
    nodeOf(source, labels.client ?? '', namespaceOf(labels, 'client', byNamespace), isUser ? 'external' : 'service');
    const node = nodeOf(target, labels.server ?? '', namespaceOf(labels, 'server', byNamespace), peerKind);
    const failedRate = failed.get(edgeKey(sample)) ?? 0;
    node.rate += rate;
    node.failedRate += failedRate;
    const times = ofEdges.map(([name, values]) => [name, 1000 * (values.get(edgeKey(sample)) ?? 0)] as const);
    const stats = statsOf(rate, failedRate, rangeSeconds, times);
    return { source, target, kind: type === 'messaging_system' ? 'messaging' : 'call', ...stats };
  });
  const graph: ServiceGraphBody = {
    ...range,
    nodes: [...nodes.values()].map(({ rate, failedRate, ...node }) => {
      const times = ofNodes.map(([name, values]) => [name, 1000 * (values.get(node.id) ?? 0)] as const);
      return { ...node, ...statsOf(rate, failedRate, rangeSeconds, times) };
    }),
    edges,
    partial: false,
    warnings: [],
    inspectedTraces: 0,
    inspectedSpans: 0,
  };
  return { graph, operations: operationsOf(samples) };
}

interface MutableNode {
  readonly id: string;
  readonly name: string;
  readonly namespace: string;
  kind: GraphNodeBody['kind'];
  rate: number;
  failedRate: number;
}

function operationsOf(samples: (refId: string) => Sample[]): OperationRow[] {
  const nameOf = ({ labels }: Sample): string => labels.span_name ?? '';
  const failed = indexed(samples('operation.failed'), nameOf);
  const p90 = indexed(samples('operation.p90'), nameOf);
  return samples('operation.rate')
    .filter(({ value }) => value > 0)
    .sort((a, b) => b.value - a.value)
    .map((sample) => ({
      name: nameOf(sample),
      ratePerSecond: sample.value,
      errorShare: Math.min(1, (failed.get(nameOf(sample)) ?? 0) / sample.value),
      latencyMs: 1000 * (p90.get(nameOf(sample)) ?? 0),
      traces: `{ kind = server && name = ${JSON.stringify(nameOf(sample))} }`,
    }));
}

function statsOf(
  rate: number,
  failedRate: number,
  rangeSeconds: number,
  times: readonly (readonly ['p50Ms' | 'p95Ms' | 'p99Ms', number])[]
): GraphStatsBody {
  const latency = Object.fromEntries(times) as Pick<GraphStatsBody, 'p50Ms' | 'p95Ms' | 'p99Ms'>;
  return {
    requests: Math.round(rate * rangeSeconds),
    errors: Math.round(failedRate * rangeSeconds),
    ratePerSecond: rate,
    errorShare: rate === 0 ? 0 : Math.min(1, failedRate / rate),
    ...latency,
  };
}

function clientOf(labels: Sample['labels'], byNamespace: boolean): string {
  return idOf(labels.client ?? '', namespaceOf(labels, 'client', byNamespace));
}

function serverOf(labels: Sample['labels'], byNamespace: boolean): string {
  return idOf(labels.server ?? '', namespaceOf(labels, 'server', byNamespace));
}

function idOf(name: string, namespace: string): string {
  return namespace === '' ? name : `${namespace}/${name}`;
}

function namespaceOf(labels: Sample['labels'], side: 'client' | 'server', byNamespace: boolean): string {
  return byNamespace ? (labels[`${side}_service_namespace`] ?? '') : '';
}

/** NaN: a quantile of nothing. */
function indexed(samples: readonly Sample[], keyOf: (sample: Sample) => string): Map<string, number> {
  return new Map(samples.map((sample) => [keyOf(sample), Number.isFinite(sample.value) ? sample.value : 0]));
}

/** A table has its labels in columns, a series on its value field. */
function samplesOf(frame: DataFrame): Sample[] {
  const texts = frame.fields.filter(({ type }) => type === 'string');
  return frame.fields
    .filter(({ type }) => type === 'number')
    .flatMap((field) => {
      const rows =
        field.labels === undefined || texts.length > 0 ? [...Array(frame.length).keys()] : [frame.length - 1];
      return rows
        .filter((row) => row >= 0)
        .map((row) => ({
          labels: {
            ...field.labels,
            ...Object.fromEntries(texts.map(({ name, values }) => [name, String(values[row] ?? '')])),
          },
          value: Number(field.values[row]),
        }));
    });
}
