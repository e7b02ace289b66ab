/**
 * What Grafana asks of frames and queries, restated as rules: the query objects that links into a tracing data source carry, the fields of
 * a trace frame, of node graphs and of search tables. Every frame that the data source makes passes them.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import '../../tests/support/grafana-data.ts';
import type { DataFrame, Field } from '@grafana/data';
import { drawnSpans } from '../analysis/testing.ts';
import type { ServiceGraphBody } from '../api/vivace/graph.ts';
import { planQuery, type VivaceQuery } from './query.ts';

const { FieldType, createTheme } = await import('@grafana/data');
const { traceFrame, emptyTraceFrame } = await import('./frames/trace-frame.ts');
const { nodeGraphFrames } = await import('./frames/node-graph-frames.ts');
const { serviceGraphFrames } = await import('./frames/service-graph-frames.ts');
const { searchFrames } = await import('./frames/search-frame.ts');
const { metricsFrames } = await import('./frames/metrics-frame.ts');
const { progressFrame } = await import('./frames/progress-frame.ts');
const { readSavedGraph } = await import('./saved-graph.ts');

const hex = '4bf92f3577b34da6a3ce929d0e0e4736';
const target = { uid: 'viv', name: 'Vivace' };
const spans = drawnSpans([
  { parent: -1, start: 0, end: 100 },
  { parent: 0, start: 10, end: 60 },
  { parent: 0, start: 70, end: 70 },
]);
const field = (frame: DataFrame, name: string): Field | undefined =>
  frame.fields.find((one) => one.name.toLowerCase() === name.toLowerCase());
const values = (frame: DataFrame, name: string): unknown[] => [...(field(frame, name)?.values ?? [])];

/** Fields of one length, of known types, and the refId of the query. */
function checkFrame(frame: DataFrame, refId = 'A'): void {
  assert.equal(frame.refId, refId, frame.name);
  for (const { name, type, values: cells, config } of frame.fields) {
    assert.equal(cells.length, frame.length, `${frame.name}.${name}`);
    assert.ok((Object.values(FieldType) as string[]).includes(type), `${frame.name}.${name}: ${type}`);
    assert.equal(typeof config, 'object');
  }
}

test('jumps into the data source: each query object opens the trace', () => {
  const trace = { kind: 'trace', traceId: hex };
  const asked: Record<string, Partial<VivaceQuery>> = {
    'Loki derived field': { query: hex, queryType: undefined },
    'Elasticsearch data link': { query: ` ${hex.toUpperCase()}\n` },
    'Prometheus exemplar': { query: hex, queryType: 'traceql' },
    'Tempo search table': { query: hex, queryType: 'traceql', refId: 'A', limit: 20, tableType: 'traces' },
    'X-Ray derived field': { query: hex, queryType: 'getTrace' },
    'correlation on a builder query': { query: hex, queryType: 'traceqlSearch', filters: [{ id: 'service-name' }] },
    'hand-made URL': { query: hex, queryType: 'traceId' },
  };
  for (const [from, query] of Object.entries(asked)) {
    assert.deepEqual(planQuery({ refId: 'A', ...query }), trace, from);
  }
  assert.deepEqual(planQuery({ refId: 'A', query: '00ab' }), { kind: 'trace', traceId: '00ab'.padStart(32, '0') });
});

test('links out of tables: query objects as the Tempo data source writes them', () => {
  const found = { traceID: hex, spanSets: [{ spans: [{ spanID: '0000000000000001' }] }] };
  const options = { refId: 'A', target, theme: createTheme() };
  const [traces] = searchFrames({ traces: [found] }, { ...options, tableType: 'traces' });
  const internal = (one: Field | undefined) => one?.config.links?.[0].internal;
  const own = { datasourceUid: 'viv', datasourceName: 'Vivace' };
  assert.deepEqual(internal(field(traces, 'traceID')), {
    ...own,
    query: { query: '${__value.raw}', queryType: 'traceql' },
  });
  const [[nested]] = values(traces, 'nested') as DataFrame[][];
  assert.deepEqual(internal(field(nested, 'spanID')), {
    ...own,
    query: { query: '${__data.fields.traceIdHidden}', queryType: 'traceql' },
    panelsState: { trace: { spanId: '${__value.raw}' } },
  });
});

test('trace frames: fields, types and values that the trace view and the Traces panel read', () => {
  const types: Record<string, string> = {
    traceID: 'string',
    spanID: 'string',
    parentSpanID: 'string',
    operationName: 'string',
    serviceName: 'string',
    serviceTags: 'other',
    startTime: 'number',
    duration: 'number',
    tags: 'other',
    logs: 'other',
    references: 'other',
    kind: 'string',
    statusCode: 'number',
    statusMessage: 'string',
    instrumentationLibraryName: 'string',
    instrumentationLibraryVersion: 'string',
    traceState: 'string',
    warnings: 'other',
  };
  const frame = traceFrame(spans, { refId: 'A' });
  checkFrame(frame);
  assert.equal(frame.meta?.preferredVisualisationType, 'trace');
  for (const [name, type] of Object.entries(types)) {
    assert.equal(field(frame, name)?.type, type, name);
  }
  assert.ok(values(frame, 'spanID').every((id) => typeof id === 'string' && id !== ''));
  assert.ok(values(frame, 'statusCode').every((code) => [0, 1, 2].includes(code as number)));
  assert.ok(values(frame, 'duration').every((ms) => (ms as number) >= 0));
  const kinds = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'];
  assert.ok(values(frame, 'kind').every((kind) => kinds.includes(kind as string)));
  for (const name of ['serviceTags', 'tags']) {
    for (const tag of (values(frame, name) as { key: unknown; value: unknown }[][]).flat()) {
      assert.equal(typeof tag.key, 'string');
      assert.ok(['string', 'number', 'boolean'].includes(typeof tag.value), `${name}: ${typeof tag.value}`);
    }
  }
  const empty = emptyTraceFrame('A');
  assert.deepEqual(
    empty.fields.map(({ name, type, values: cells }) => [name, type, cells.length]),
    [['trace', 'trace', 0]]
  );
});

/** Grafana's node graph throws on edges without their nodes and draws rings of shares that sum up to one. */
function checkGraph([nodes, edges]: readonly DataFrame[]): void {
  for (const frame of [nodes, edges]) {
    checkFrame(frame);
    assert.equal(frame.meta?.preferredVisualisationType, 'nodeGraph');
    const ids = values(frame, 'id');
    assert.equal(new Set(ids).size, frame.length, `${frame.name}: ids`);
  }
  const known = new Set(values(nodes, 'id'));
  for (const side of ['source', 'target']) {
    assert.ok(
      values(edges, side).every((id) => known.has(id)),
      side
    );
  }
  const arcs = nodes.fields.filter(({ name }) => name.startsWith('arc__'));
  for (let row = 0; arcs.length > 0 && row < nodes.length; row++) {
    const sum = arcs.reduce((total, { values: shares }) => total + (shares[row] as number), 0);
    assert.ok(Math.abs(sum - 1) < 1e-9 || sum === 0, `row ${row}: arcs sum up to ${sum}`);
  }
  for (const name of ['isinstrumented', 'highlighted']) {
    assert.ok(
      values(nodes, name).every((value) => typeof value === 'boolean'),
      name
    );
  }
}

test('node graphs: of a trace, of services (server, Prometheus), and saved ones', () => {
  checkGraph(nodeGraphFrames(spans, 'A'));
  const stats = { requests: 3, errors: 1, ratePerSecond: 0.5, errorShare: 1 / 3, p50Ms: 1, p95Ms: 2, p99Ms: 3 };
  const node = (name: string, kind: 'service' | 'external') => ({ id: name, kind, name, namespace: '', ...stats });
  const graph: ServiceGraphBody = {
    startSeconds: 0,
    endSeconds: 6,
    nodes: [node('web', 'service'), { ...node('peer', 'external'), requests: 0, errorShare: 0 }],
    edges: [
      { source: 'web', target: 'peer', kind: 'call', ...stats },
      { source: 'web', target: 'peer', kind: 'messaging', ...stats },
      { source: 'web', target: 'not there', kind: 'call', ...stats },
    ],
    partial: false,
    warnings: [],
    inspectedTraces: 1,
    inspectedSpans: 1,
  };
  checkGraph(serviceGraphFrames(graph, 'A', target));
  const frames = serviceGraphFrames(graph, 'A', target, { uid: 'p', name: 'Prometheus' });
  checkGraph(frames);
  const saved = frames.map(({ name, fields }) => ({ name, fields }));
  const read = readSavedGraph(new TextEncoder().encode(JSON.stringify(saved)))!;
  checkGraph(read.map((frame) => ({ ...frame, refId: 'A' })));
});

test('tables, metrics and progress: hints that keep Explore from merging frames; nested frames of one schema', () => {
  const traces = ['aa', 'bb'].map((id, index) => ({
    traceID: id.repeat(16),
    spanSets: [{ spans: [{ spanID: '01', attributes: [{ key: `k${index}`, value: { stringValue: 'v' } }] }] }],
  }));
  for (const tableType of ['traces', 'spans', 'raw'] as const) {
    const [frame] = searchFrames({ traces }, { refId: 'A', target, theme: createTheme(), tableType });
    checkFrame(frame);
    assert.equal(frame.meta?.preferredVisualisationType, 'table');
    const nested = (values(frame, 'nested') as DataFrame[][]).flat();
    assert.equal(
      new Set(nested.map(({ fields }) => fields.map(({ name }) => name).join())).size,
      nested.length ? 1 : 0
    );
    assert.ok(nested.every(({ fields, length }) => length === 1 && fields.every(({ display }) => display)));
    assert.ok(nested.length === 0 || frame.fields.at(-1)?.type === FieldType.nestedFrames);
  }
  const labels = [{ key: 'name', value: { stringValue: 'a' } }];
  const samples = [{ timestampMs: '1000', value: 2 }];
  const exemplars = [{ timestampMs: '1000', value: 2, labels: [{ key: 'trace:id', value: { stringValue: hex } }] }];
  const options = { refId: 'A', instant: false, instantAtMs: 0, target };
  const [series, exemplar] = metricsFrames({ series: [{ labels, samples, exemplars }] }, options);
  checkFrame(series);
  assert.equal(series.meta?.type, 'timeseries-multi');
  assert.deepEqual(
    series.fields.map(({ type }) => type),
    [FieldType.time, FieldType.number]
  );
  assert.equal(exemplar.meta?.dataTopic, 'annotations');
  const progress = { completedJobs: 3, totalJobs: 4, inspectedTraces: 1, inspectedBytes: 1 };
  const row = progressFrame('A', progress, 12);
  checkFrame(row, 'streaming-progress-A');
  assert.deepEqual(values(row, 'Progress'), [75]);
});
