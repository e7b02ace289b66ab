import { dataFrameFromJSON, toDataFrame, type DataFrame, type DataFrameDTO, type DataFrameJSON } from '@grafana/data';
import { CodedError } from '../base/coded-error.ts';

/**
 * The frames of a saved service graph: JSON as Grafana's inspector and its Tempo data source save it, a list of frames or an object with
 * one. `undefined` when the bytes are no such JSON: a trace file, maybe. Errors: CodedError when they are, but not a graph.
 */
export function readSavedGraph(bytes: Uint8Array): DataFrame[] | undefined {
  const list = frameListOf(bytes);
  if (list === undefined) {
    return undefined;
  }
  const frames = list.map((one) =>
    'schema' in one ? dataFrameFromJSON(one as DataFrameJSON) : toDataFrame(one as DataFrameDTO)
  );
  const nodes = frames.find((frame) => has(frame, 'id') && !has(frame, 'source'));
  const edges = frames.find((frame) => has(frame, 'source') && has(frame, 'target'));
  if (nodes === undefined && edges === undefined) {
    const found = frames.map((frame) => frame.name ?? 'unnamed').join(', ');
    throw new CodedError(
      'invalid_argument',
      `Frames, but no service graph: it has nodes with a field "id" and edges with "source" and "target"; found ${found || 'none'}.`
    );
  }
  const known = nodes && new Set(fieldOf(nodes, 'id')!.values.map(String));
  return [
    ...(nodes === undefined ? [] : [asGraph(nodes, 'Nodes')]),
    // Grafana's panel throws on an edge without both its nodes.
    ...(edges === undefined ? [] : [asGraph(known === undefined ? edges : edgesBetween(edges, known), 'Edges')]),
  ];
}

function frameListOf(bytes: Uint8Array): object[] | undefined {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
  const object = (typeof json === 'object' && json !== null ? json : {}) as Readonly<Record<string, unknown>>;
  const list = Array.isArray(json) ? json : (object.frames ?? object.series ?? object.data);
  return Array.isArray(list) && list.length > 0 && list.every(isFrame) ? (list as object[]) : undefined;
}

function isFrame(value: unknown): boolean {
  const frame = (typeof value === 'object' && value !== null ? value : {}) as Readonly<Record<string, unknown>>;
  return Array.isArray(frame.fields) || (typeof frame.schema === 'object' && frame.schema !== null);
}

function edgesBetween(edges: DataFrame, nodes: ReadonlySet<string>): DataFrame {
  const [sources, targets] = ['source', 'target'].map((name) => fieldOf(edges, name)!.values);
  const rows = [...Array(edges.length).keys()].filter(
    (row) => nodes.has(String(sources[row])) && nodes.has(String(targets[row]))
  );
  const fields = edges.fields.map((field) => ({ ...field, values: rows.map((row) => field.values[row] as unknown) }));
  return { ...edges, fields, length: rows.length };
}

function asGraph(frame: DataFrame, name: string): DataFrame {
  return { ...frame, name, meta: { ...frame.meta, preferredVisualisationType: 'nodeGraph' } };
}

/** Names count whatever their case. */
function fieldOf(frame: DataFrame, name: string) {
  return frame.fields.find((field) => field.name.toLowerCase() === name);
}

function has(frame: DataFrame, name: string): boolean {
  return fieldOf(frame, name) !== undefined;
}
