import {
  createDataFrame,
  DataFrameType,
  DataTopic,
  FieldType,
  type DataFrame,
  type DataLink,
  type Labels,
} from '@grafana/data';
import { cellOf, type JsonSeries, type MetricsBody } from '../tempo-json.ts';
import { traceLink, type LinkTarget } from './search-frame.ts';

export interface MetricsFrameOptions {
  readonly refId: string;
  readonly instant: boolean;
  /** Milliseconds since the epoch at which an instant value stands: the end of the range. */
  readonly instantAtMs: number;
  readonly target: LinkTarget;
  /** Of a range query: how far samples are apart. Grafana sees gaps by it, and the width of a heatmap's cells. */
  readonly stepMs?: number;
  /** Of the values, where the query says it: `s` for durations. */
  readonly unit?: string;
}

/** A metrics answer as frames: one per series for the graph, one table for an instant query, exemplars as annotations. */
export function metricsFrames(body: MetricsBody, options: MetricsFrameOptions): DataFrame[] {
  const series = [...(body.series ?? [])].sort(byBucket);
  const frames = options.instant ? [instantFrame(series, options)] : series.map((one) => seriesFrame(one, options));
  const exemplars = exemplarFrame(series, options);
  const all = exemplars === undefined ? frames : [...frames, exemplars];
  if (body.status !== 'PARTIAL') {
    return all;
  }
  const [first = createDataFrame({ refId: options.refId, fields: [] }), ...rest] = all;
  const text = body.message || 'The answer is partial.';
  first.meta = { ...first.meta, notices: [{ severity: 'warning', text }] };
  return [first, ...rest];
}

/** Rows of a heatmap stand in the order of the frames: buckets by size, all else as it came. */
function byBucket(a: JsonSeries, b: JsonSeries): number {
  const [left, right] = [a, b].map((series) => Number(labelsOf(series).__bucket ?? Number.NaN));
  return Number.isNaN(left) || Number.isNaN(right) ? 0 : left - right;
}

function seriesFrame(series: JsonSeries, options: MetricsFrameOptions): DataFrame {
  const labels = labelsOf(series);
  const displayNameFromDS = seriesName(series);
  const samples = series.samples ?? [];
  return createDataFrame({
    refId: options.refId,
    name: displayNameFromDS,
    meta: {
      preferredVisualisationType: 'graph',
      type: DataFrameType.TimeSeriesMulti,
      // The bucket label of `histogram_over_time`: the series are rows of a heatmap.
      ...(labels.__bucket === undefined ? {} : { preferredVisualisationPluginId: 'heatmap' }),
    },
    fields: [
      {
        name: 'time',
        type: FieldType.time,
        config: options.stepMs === undefined ? {} : { interval: options.stepMs },
        values: samples.map((sample) => Number(sample.timestampMs ?? 0)),
      },
      {
        name: displayNameFromDS,
        type: FieldType.number,
        config: { displayNameFromDS, ...unitOf(options) },
        labels,
        values: samples.map((sample) => Number(sample.value ?? 0)),
      },
    ],
  });
}

/** One row a series: its labels, then the value. */
function instantFrame(series: readonly JsonSeries[], options: MetricsFrameOptions): DataFrame {
  const names = [...new Set(series.flatMap((one) => Object.keys(labelsOf(one))))].sort();
  const rows = series.map(labelsOf);
  return createDataFrame({
    refId: options.refId,
    name: 'Metrics',
    meta: { preferredVisualisationType: 'table' },
    fields: [
      { name: 'time', type: FieldType.time, config: {}, values: series.map(() => options.instantAtMs) },
      ...names.map((name) => ({
        name,
        type: FieldType.string,
        config: {},
        values: rows.map((labels) => labels[name] ?? ''),
      })),
      {
        name: 'Value',
        type: FieldType.number,
        config: unitOf(options),
        values: series.map((one) => Number(one.value ?? 0)),
      },
    ],
  });
}

/** The labels of its series stand beside those of the exemplar; Grafana's heatmap finds the row of an exemplar by its bucket. */
function exemplarFrame(series: readonly JsonSeries[], options: MetricsFrameOptions): DataFrame | undefined {
  const exemplars = series.flatMap((one) =>
    (one.exemplars ?? []).map((exemplar) => ({
      time: Number(exemplar.timestampMs ?? 0),
      value: Number(exemplar.value ?? 0),
      labels: new Map(
        [...(one.labels ?? []), ...(exemplar.labels ?? [])].map((label) => [label.key, String(cellOf(label.value))])
      ),
    }))
  );
  if (exemplars.length === 0) {
    return undefined;
  }
  const names = [...new Set(exemplars.flatMap((one) => [...one.labels.keys()]))].filter(
    (name) => name !== 'trace:id' && name !== '__name__'
  );
  const links: DataLink[] = [traceLink(options.target)];
  return createDataFrame({
    refId: options.refId,
    name: 'exemplar',
    meta: { dataTopic: DataTopic.Annotations, custom: { resultType: 'exemplar' } },
    fields: [
      { name: 'Time', type: FieldType.time, config: {}, values: exemplars.map((one) => one.time) },
      { name: 'Value', type: FieldType.number, config: unitOf(options), values: exemplars.map((one) => one.value) },
      {
        name: 'traceId',
        type: FieldType.string,
        config: { links },
        values: exemplars.map((one) => one.labels.get('trace:id') ?? ''),
      },
      ...names.map((name) => ({
        name,
        type: FieldType.string,
        config: {},
        values: exemplars.map((one) => one.labels.get(name) ?? ''),
      })),
    ],
  });
}

function unitOf({ unit }: MetricsFrameOptions): { unit?: string } {
  return unit === undefined ? {} : { unit };
}

function labelsOf(series: JsonSeries): Labels {
  return Object.fromEntries((series.labels ?? []).map((label) => [label.key, String(cellOf(label.value))]));
}

/** The legend: the one label's value, or all labels; the metric's own name when there are no others. */
function seriesName(series: JsonSeries): string {
  const labels = series.labels ?? [];
  const own = labels.filter((label) => label.key !== '__name__');
  if (own.length === 0) {
    return labels.length === 0 ? 'value' : String(cellOf(labels[0].value));
  }
  return own.length === 1
    ? String(cellOf(own[0].value))
    : `{${own.map((label) => `${label.key}=${JSON.stringify(cellOf(label.value))}`).join(', ')}}`;
}
