import assert from 'node:assert/strict';
import { test } from 'node:test';
import '../../../tests/support/grafana-data.ts';
import type { MetricsBody } from '../tempo-json.ts';

const { DataFrameType, DataTopic } = await import('@grafana/data');
const { metricsFrames } = await import('./metrics-frame.ts');

const options = { refId: 'A', instant: false, instantAtMs: 42, target: { uid: 'viv', name: 'Vivace' } };
const body: MetricsBody = {
  series: [
    {
      labels: [
        { key: '__name__', value: { stringValue: 'rate' } },
        { key: 'resource.service.name', value: { stringValue: 'shop' } },
      ],
      samples: [{ timestampMs: '1000', value: 1.5 }, { timestampMs: '2000' }],
      exemplars: [
        {
          timestampMs: '1500',
          value: 0.2,
          labels: [
            { key: 'trace:id', value: { stringValue: 'ab'.repeat(16) } },
            { key: 'name', value: { stringValue: 'GET /' } },
          ],
        },
      ],
    },
  ],
};

test('a range query: one frame a series, exemplars as annotations that open their trace', () => {
  const [series, exemplars, ...rest] = metricsFrames(body, options);
  assert.equal(rest.length, 0);
  assert.equal(series.refId, 'A');
  assert.equal(series.meta?.type, DataFrameType.TimeSeriesMulti);
  assert.equal(series.meta?.preferredVisualisationType, 'graph');
  assert.deepEqual(
    series.fields.map((field) => field.values),
    [
      [1000, 2000],
      [1.5, 0],
    ]
  );
  assert.equal(series.fields[1].config.displayNameFromDS, 'shop');
  assert.deepEqual(series.fields[1].labels, { __name__: 'rate', 'resource.service.name': 'shop' });
  assert.equal(exemplars.name, 'exemplar');
  assert.equal(exemplars.meta?.dataTopic, DataTopic.Annotations);
  assert.deepEqual(
    exemplars.fields.map((field) => field.name),
    ['Time', 'Value', 'traceId', 'resource.service.name', 'name']
  );
  assert.equal(exemplars.fields[2].config.links?.[0].internal?.datasourceUid, 'viv');
});

test('an instant query is a table; a histogram is a heatmap; a partial answer says so', () => {
  const instant = metricsFrames(
    { series: [{ labels: [{ key: 'a', value: { stringValue: 'x' } }], value: 7 }] },
    { ...options, instant: true }
  );
  assert.deepEqual(
    instant.map((frame) => frame.fields.map((field) => [field.name, field.values])),
    [
      [
        ['time', [42]],
        ['a', ['x']],
        ['Value', [7]],
      ],
    ]
  );
  const bucket = { key: '__bucket', value: { doubleValue: 0.5 } };
  const [heatmap] = metricsFrames(
    { series: [{ labels: [bucket], samples: [] }], status: 'PARTIAL', message: 'cut' },
    options
  );
  assert.equal(heatmap.meta?.preferredVisualisationPluginId, 'heatmap');
  assert.deepEqual(heatmap.meta?.notices, [{ severity: 'warning', text: 'cut' }]);
});

test('a heatmap: buckets in the order of their size; steps and units stand in the configuration', () => {
  const bucket = (value: number) => ({
    labels: [{ key: '__bucket', value: { doubleValue: value } }],
    samples: [{ timestampMs: '1000', value: 1 }],
  });
  const frames = metricsFrames({ series: [16, 0.5, 2].map(bucket) }, { ...options, stepMs: 15_000, unit: 's' });
  assert.deepEqual(
    frames.map((frame) => frame.name),
    ['0.5', '2', '16']
  );
  assert.equal(frames[0].fields[0].config.interval, 15_000);
  assert.equal(frames[0].fields[1].config.unit, 's');
});

test('an exemplar of a heatmap names the bucket whose row it stands in', () => {
  const series = [0.5, 2].map((value) => ({
    labels: [{ key: '__bucket', value: { doubleValue: value } }],
    samples: [{ timestampMs: '1000', value: 1 }],
    exemplars: [{ timestampMs: '1000', value: value / 2, labels: [{ key: 'trace:id', value: { stringValue: 'ab' } }] }],
  }));
  const frames = metricsFrames({ series }, options);
  const buckets = frames[2].fields.find(({ name }) => name === '__bucket');
  assert.deepEqual(buckets?.values, ['0.5', '2']);
  assert.deepEqual(
    frames.slice(0, 2).map(({ fields }) => fields[1].labels?.__bucket),
    ['0.5', '2']
  );
});

test('exemplars are marked as Prometheus marks them; a partial answer without series still says so', () => {
  assert.deepEqual(metricsFrames(body, options)[1].meta?.custom, { resultType: 'exemplar' });
  const [only] = metricsFrames({ series: [], status: 'PARTIAL', message: 'cut' }, options);
  assert.deepEqual([only.length, only.refId, only.meta?.notices], [0, 'A', [{ severity: 'warning', text: 'cut' }]]);
});
