import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DataFrame } from '@grafana/data';
import '../../../tests/support/grafana-data.ts';
import { emptyScope, type Attribute, type Span } from '../../trace/model.ts';

const { FieldType } = await import('@grafana/data');
const { emptyTraceFrame, traceFrame } = await import('./trace-frame.ts');
const { isTraceFrame, spansFromFrames } = await import('../../panels/waterfall/spans-from-frame.ts');

const string = (key: string, value: string): Attribute => ({ key, value: { type: 'string', value } });

const shop = { attributes: [string('service.name', 'checkout')], droppedAttributesCount: 0, schemaUrl: '' };

function span(part: Partial<Span>): Span {
  return {
    traceId: '0af7651916cd43dd8448eb211c80319c',
    spanId: 'b7ad6b7169203331',
    parentSpanId: '',
    traceState: '',
    flags: 1,
    name: 'POST /pay',
    kind: 2,
    startUnixNanos: 1_700_000_000_123_456_789n,
    endUnixNanos: 1_700_000_000_223_456_789n,
    attributes: [],
    droppedAttributesCount: 0,
    events: [],
    droppedEventsCount: 0,
    links: [],
    droppedLinksCount: 0,
    statusCode: 2,
    statusMessage: 'card refused',
    resource: shop,
    scope: { ...emptyScope, name: 'net/http', version: '1.2.0', attributes: [string('scope.key', 'x')] },
    ...part,
  };
}

const column = (frame: DataFrame, name: string) => frame.fields.find((field) => field.name === name);

test('a trace frame has the fields, types and values that core reads', () => {
  const frame = traceFrame(
    [
      span({
        attributes: [
          { key: 'http.status', value: { type: 'int', value: 402n } },
          { key: 'big', value: { type: 'int', value: 9_007_199_254_740_993n } },
          { key: 'list', value: { type: 'array', value: [{ type: 'string', value: 'a' }, { type: 'empty' }] } },
          { key: 'nan', value: { type: 'double', value: Number.NaN } },
        ],
        events: [
          {
            timeUnixNanos: 1_700_000_000_200_000_000n,
            name: 'exception',
            attributes: [string('exception.type', 'E')],
            droppedAttributesCount: 0,
          },
        ],
        links: [
          {
            traceId: 'ff'.repeat(16),
            spanId: 'ee'.repeat(8),
            traceState: '',
            attributes: [],
            droppedAttributesCount: 0,
            flags: 0,
          },
        ],
      }),
    ],
    { refId: 'A' }
  );
  assert.equal(frame.refId, 'A');
  assert.equal(frame.meta?.preferredVisualisationType, 'trace');
  assert.equal(frame.meta?.preferredVisualisationPluginId, undefined);
  const types = Object.fromEntries(frame.fields.map((field) => [field.name, field.type]));
  for (const name of [
    'traceID',
    'spanID',
    'parentSpanID',
    'operationName',
    'serviceName',
    'kind',
    'statusMessage',
    'traceState',
  ]) {
    assert.equal(types[name], FieldType.string, name);
  }
  for (const name of ['startTime', 'duration', 'statusCode']) {
    assert.equal(types[name], FieldType.number, name);
  }
  for (const name of ['serviceTags', 'tags', 'logs', 'references', 'warnings']) {
    assert.equal(types[name], FieldType.other, name);
  }
  assert.ok(Math.abs(column(frame, 'startTime')?.values[0] - 1_700_000_000_123.456789) < 0.0003);
  assert.equal(column(frame, 'duration')?.values[0], 100);
  assert.equal(column(frame, 'kind')?.values[0], 'server');
  assert.equal(column(frame, 'statusCode')?.values[0], 2);
  assert.deepEqual(column(frame, 'tags')?.values[0], [
    { key: 'http.status', value: 402, type: 'int64' },
    { key: 'big', value: '9007199254740993', type: 'int64' },
    { key: 'list', value: '["a",null]', type: 'json' },
    { key: 'nan', value: 'NaN', type: 'float64' },
  ]);
  assert.deepEqual(column(frame, 'logs')?.values[0], [
    {
      timestamp: 1_700_000_000_200,
      name: 'exception',
      fields: [{ key: 'exception.type', value: 'E', type: 'string' }],
    },
  ]);
  assert.deepEqual(column(frame, 'references')?.values[0], [
    { traceID: 'ff'.repeat(16), spanID: 'ee'.repeat(8), tags: [] },
  ]);
  assert.ok(
    !JSON.stringify(column(frame, 'tags')?.values).includes('scope.key'),
    'scope attributes are not span attributes'
  );
});

test('what older trace views fail on is kept out, and said', () => {
  const frame = traceFrame([span({ statusCode: 7, kind: 42, endUnixNanos: 1_700_000_000_023_456_789n })], {
    refId: 'A',
  });
  assert.equal(column(frame, 'statusCode')?.values[0], 0);
  assert.equal(column(frame, 'kind')?.values[0], 'unspecified');
  assert.equal(column(frame, 'duration')?.values[0], 0);
  assert.deepEqual(column(frame, 'warnings')?.values[0], ['The span ends 100 ms before it starts.']);
});

test('no spans: one field named trace without values', () => {
  const frame = emptyTraceFrame('B');
  assert.deepEqual(
    frame.fields.map((field) => [field.name, field.type, field.values.length]),
    [['trace', FieldType.trace, 0]]
  );
  assert.equal(isTraceFrame(frame), false);
});

test('the waterfall panel reads back what the data source wrote, but for nanoseconds', () => {
  const original = [
    span({}),
    span({
      spanId: '00f067aa0ba902b7',
      parentSpanId: 'b7ad6b7169203331',
      kind: 3,
      statusCode: 0,
      attributes: [
        { key: 'rate', value: { type: 'double', value: 3 } },
        { key: 'big', value: { type: 'int', value: -9_007_199_254_740_993n } },
        { key: 'ok', value: { type: 'bool', value: false } },
      ],
      events: [{ timeUnixNanos: 1_700_000_000_200_000_000n, name: 'retry', attributes: [], droppedAttributesCount: 0 }],
    }),
  ];
  const spans = spansFromFrames([traceFrame(original, { refId: 'A' })]);
  assert.equal(spans.length, 2);
  spans.forEach((read, index) => {
    const wrote = original[index];
    const difference = read.startUnixNanos - wrote.startUnixNanos;
    assert.ok(difference > -300n && difference < 300n, `start differs by ${difference} ns`);
    const { startUnixNanos: _, endUnixNanos: __, flags: ___, ...rest } = read;
    const { startUnixNanos: a, endUnixNanos: b, flags: c, ...expected } = wrote;
    assert.deepEqual(rest, expected);
  });
});

test('frames of Jaeger and Zipkin data sources: JSON columns, error and kind as tags, ids as they come', () => {
  const values = {
    traceID: ['A1B2'],
    spanID: ['xyz'],
    parentSpanID: [undefined],
    operationName: ['op'],
    serviceName: ['svc'],
    serviceTags: ['[{"key":"host","value":"h1"}]'],
    startTime: [1_700_000_000_000.5],
    duration: [0.25],
    tags: ['[{"key":"error","value":true},{"key":"span.kind","value":"client"}]'],
    logs: ['[{"timestamp":1700000000000.75,"fields":[{"key":"event","value":"got it"}]}]'],
  };
  const frame = {
    length: 1,
    fields: Object.entries(values).map(([name, column]) => ({
      name,
      type: FieldType.other,
      config: {},
      values: column,
    })),
  } as unknown as DataFrame;
  const [read] = spansFromFrames([frame]);
  assert.equal(read.traceId, '0'.repeat(28) + 'a1b2');
  assert.equal(read.spanId, 'xyz');
  assert.equal(read.parentSpanId, '');
  assert.equal(read.kind, 3);
  assert.equal(read.statusCode, 2);
  assert.equal(read.startUnixNanos, 1_700_000_000_000_500_000n);
  assert.equal(read.endUnixNanos - read.startUnixNanos, 250_000n);
  assert.deepEqual(read.resource.attributes, [string('service.name', 'svc'), string('host', 'h1')]);
  assert.deepEqual(
    read.events.map((event) => [event.name, event.attributes]),
    [['got it', []]]
  );
});
