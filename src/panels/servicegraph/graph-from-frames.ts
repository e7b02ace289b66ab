import type { DataFrame, Field } from '@grafana/data';
import type { GraphNodeKind } from '../../analysis/service-graph/model.ts';
import { edgeIdOf } from '../../ui/graph/draw.ts';
import type { ShownEdge, ShownNode, ShownStats } from '../../ui/graph/graph-stats.ts';

/** A row that a node or an edge came from. */
export interface GraphRow {
  readonly frame: DataFrame;
  readonly row: number;
}

export interface FrameGraph {
  readonly nodes: readonly ShownNode[];
  readonly edges: readonly ShownEdge[];
  /** By id of a node, or of an edge as `edgeIdOf`. */
  readonly rows: ReadonlyMap<string, GraphRow>;
  readonly notices: readonly string[];
}

/**
 * The graph of node graph frames, of whatever data source. Field names are matched without regard to case; edges without nodes make
 * them up; edges that name a node that is not there are left out with a notice. Source: Grafana's node graph frame contract.
 */
export function graphFromFrames(frames: readonly DataFrame[]): FrameGraph {
  const rows = new Map<string, GraphRow>();
  const nodes = new Map<string, ShownNode>();
  const edges: ShownEdge[] = [];
  const edgeFrames = frames.filter((frame) => columnOf(frame, 'source') && columnOf(frame, 'target'));
  const nodeFrames = frames.filter((frame) => columnOf(frame, 'id') && !edgeFrames.includes(frame));
  for (const frame of nodeFrames.filter(isGraphFrame)) {
    eachRow(frame, (row) => {
      const node = nodeOf(frame, row);
      nodes.set(node.id, node);
      rows.set(node.id, { frame, row });
    });
  }
  const areNodesGiven = nodes.size > 0;
  let left = 0;
  for (const frame of edgeFrames) {
    eachRow(frame, (row) => {
      const edge = edgeOf(frame, row);
      if (!areNodesGiven) {
        for (const id of [edge.source, edge.target]) {
          nodes.set(id, nodes.get(id) ?? { ...nameOfId(id), ...unknown });
        }
      }
      if (nodes.has(edge.source) && nodes.has(edge.target)) {
        edges.push(edge);
        rows.set(edgeIdOf(edge), { frame, row });
      } else {
        left++;
      }
    });
  }
  const notices = frames.flatMap((frame) => frame.meta?.notices ?? []).map((notice) => notice.text);
  const missing = left === 0 ? [] : [`${left} edges name a node that is not there.`];
  return { nodes: [...nodes.values()], edges, rows, notices: [...notices, ...missing] };
}

/** A table with a column `id` is no graph, unless its frame says so or it looks like one. */
function isGraphFrame(frame: DataFrame): boolean {
  return (
    frame.meta?.preferredVisualisationType === 'nodeGraph' ||
    frame.name?.toLowerCase() === 'nodes' ||
    columnOf(frame, 'title') !== undefined ||
    columnOf(frame, 'mainstat') !== undefined
  );
}

function eachRow(frame: DataFrame, visit: (row: number) => void): void {
  for (let row = 0; row < frame.length; row++) {
    visit(row);
  }
}

function nodeOf(frame: DataFrame, row: number): ShownNode {
  const id = textAt(frame, 'id', row);
  const named = nameOfId(id);
  const isOwn = named.name !== id;
  const title = textAt(frame, 'title', row);
  const subtitle = isOwn ? named.namespace : textAt(frame, 'subtitle', row);
  return { ...named, name: title === '' ? named.name : title, namespace: subtitle, ...statsOf(frame, row) };
}

function edgeOf(frame: DataFrame, row: number): ShownEdge {
  const isDashed = textAt(frame, 'strokedasharray', row) !== '';
  return {
    source: textAt(frame, 'source', row),
    target: textAt(frame, 'target', row),
    kind: isDashed ? 'messaging' : 'call',
    ...statsOf(frame, row),
  };
}

/** Ids of our own graph tell kind, namespace and name (`nodeIdOf`); anybody else's id is its name. */
function nameOfId(id: string): Pick<ShownNode, 'id' | 'kind' | 'name' | 'namespace'> {
  const own = /^(service|database|queue|external):(?:([^/]*)\/)?(.+)$/s.exec(id);
  return own === null
    ? { id, kind: 'service', name: id, namespace: '' }
    : { id, kind: own[1] as GraphNodeKind, name: own[3], namespace: own[2] ?? '' };
}

const unknown: ShownStats = {
  requests: NaN,
  errors: NaN,
  ratePerSecond: NaN,
  errorShare: NaN,
  p50Ms: NaN,
  p95Ms: NaN,
  p99Ms: NaN,
};

const millisecondsByUnit: Readonly<Record<string, number>> = {
  ms: 1,
  'ms/r': 1,
  s: 1000,
  µs: 0.001,
  us: 0.001,
  ns: 1e-6,
};
const ratesByUnit: Readonly<Record<string, number>> = { reqps: 1, ops: 1, rps: 1, cps: 1, 'r/sec': 1, reqpm: 1 / 60 };

/** A number is told by its unit and its title, because `mainstat` is whatever its data source takes for the main thing. */
function statsOf(frame: DataFrame, row: number): ShownStats {
  const stats: { -readonly [key in keyof ShownStats]: ShownStats[key] } = { ...unknown };
  for (const field of frame.fields) {
    const name = field.name.toLowerCase();
    const value: unknown = field.values[row];
    if (typeof value !== 'number' || !Number.isFinite(value)) {
      continue;
    }
    const unit = field.config.unit ?? '';
    const title = (field.config.displayName ?? '').toLowerCase();
    if (name === 'arc__failed' || name === 'arc__errors') {
      stats.errorShare = value;
    } else if (name !== 'mainstat' && name !== 'secondarystat' && !name.startsWith('detail__')) {
      continue;
    } else if (unit in ratesByUnit) {
      stats.ratePerSecond = value * ratesByUnit[unit];
    } else if (unit === 'percentunit') {
      stats.errorShare = value;
    } else if (unit in millisecondsByUnit) {
      const quantile = /p(50|95|99)/.exec(title)?.[1];
      stats[quantile === undefined ? 'meanMs' : (`p${quantile}Ms` as 'p50Ms')] = value * millisecondsByUnit[unit];
    }
  }
  return stats;
}

function columnOf(frame: DataFrame, name: string): Field | undefined {
  return frame.fields.find((field) => field.name.toLowerCase() === name);
}

function textAt(frame: DataFrame, name: string, row: number): string {
  const value: unknown = columnOf(frame, name)?.values[row];
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '';
}
