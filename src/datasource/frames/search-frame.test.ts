import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DataFrame, Field } from '@grafana/data';
import '../../../tests/support/grafana-data.ts';
import type { FoundTrace, SearchBody } from '../tempo-json.ts';

const { createTheme, FieldType } = await import('@grafana/data');
const { searchFrames } = await import('./search-frame.ts');

const theme = createTheme();
const target = { uid: 'viv', name: 'Vivace' };
const older: FoundTrace = {
  traceID: 'aa'.repeat(16),
  rootServiceName: 'shop',
  startTimeUnixNano: '1700000000000000000',
};
const newer: FoundTrace = {
  traceID: 'bb'.repeat(16),
  rootServiceName: 'shop',
  rootTraceName: 'GET /',
  startTimeUnixNano: '1700000001500000000',
  durationMs: 12,
  spanSets: [
    {
      matched: 3,
      attributes: [{ key: 'count()', value: { intValue: '3' } }],
      spans: [
        {
          spanID: '0000000000000001',
          name: 'a',
          startTimeUnixNano: '1700000001500000250',
          durationNanos: '1500',
          attributes: [{ key: 'http.status', value: { intValue: '500' } }],
        },
        { spanID: '0000000000000002', startTimeUnixNano: '1700000001600000000' },
      ],
    },
    {
      matched: 1,
      spans: [{ spanID: '0000000000000003', attributes: [{ key: 'user', value: { stringValue: 'u1' } }] }],
    },
  ],
};
const body: SearchBody = { traces: [older, newer] };

const frames = (tableType: 'traces' | 'spans' | 'raw', of = body) =>
  searchFrames(of, { refId: 'A', tableType, target, theme });
const field = (frame: DataFrame, name: string): Field => {
  const found = frame.fields.find((one) => one.name === name);
  assert.ok(found, `no field ${name}`);
  return found;
};

test('traces: newest first, links to the same data source, spansets as nested frames of one schema', () => {
  const [frame, ...rest] = frames('traces');
  assert.equal(rest.length, 0);
  assert.equal(frame.name, 'Traces');
  assert.equal(frame.refId, 'A');
  assert.equal(frame.length, 2);
  assert.deepEqual(frame.meta, { preferredVisualisationType: 'table', uniqueRowIdFields: [0] });
  assert.deepEqual(field(frame, 'traceID').values, [newer.traceID, older.traceID]);
  assert.deepEqual(field(frame, 'startTime').values, [1_700_000_001_500, 1_700_000_000_000]);
  assert.deepEqual(field(frame, 'traceDuration').values, [12, undefined]);
  assert.equal(field(frame, 'traceDuration').config.noValue, '<1ms');
  const [link] = field(frame, 'traceID').config.links ?? [];
  assert.deepEqual(link.internal, {
    datasourceUid: 'viv',
    datasourceName: 'Vivace',
    query: { query: '${__value.raw}', queryType: 'traceql' },
  });
  assert.equal(frame.fields.at(-1)?.type, FieldType.nestedFrames);
  const nested = field(frame, 'nested').values as DataFrame[][];
  assert.deepEqual(
    nested.map((one) => one.length),
    [2, 0]
  );
  const [first, second] = nested[0];
  const names = ['traceIdHidden', 'spanID', 'time', 'name', 'count()', 'http.status', 'user', 'duration'];
  assert.deepEqual(
    first.fields.map((one) => one.name),
    names
  );
  assert.equal(first.length, 2);
  assert.ok(first.fields.every((one) => one.display !== undefined));
  assert.equal(field(first, 'traceIdHidden').config.custom?.hidden, true);
  assert.deepEqual(field(first, 'http.status').values, [500, undefined]);
  assert.deepEqual(field(first, 'count()').values, [3, 3]);
  assert.deepEqual(field(first, 'duration').values, [1500, 0]);
  assert.equal(field(second, 'spanID').values[0], '0000000000000003');
  assert.deepEqual(
    second.fields.map((one) => one.name),
    names
  );
});

test('the spans link opens the trace with the span in focus', () => {
  const [frame] = frames('spans');
  assert.equal(frame.length, 3);
  assert.deepEqual(field(frame, 'spanID').config.links?.[0].internal, {
    datasourceUid: 'viv',
    datasourceName: 'Vivace',
    query: { query: '${__data.fields.traceIdHidden}', queryType: 'traceql' },
    panelsState: { trace: { spanId: '${__value.raw}' } },
  });
  assert.deepEqual(field(frame, 'traceService').values, ['shop', 'shop', 'shop']);
});

test('raw answers and empty answers', () => {
  assert.deepEqual(JSON.parse(frames('raw')[0].fields[0].values[0]), body);
  const [empty] = frames('traces', {});
  assert.equal(empty.length, 0);
  assert.deepEqual(
    empty.fields.map((one) => one.name),
    ['traceID', 'startTime', 'traceService', 'traceName', 'traceDuration']
  );
});

test('a partial answer says so', () => {
  const [frame] = frames('traces', { ...body, status: 'PARTIAL', message: 'one block is damaged' });
  assert.deepEqual(frame.meta?.notices, [{ severity: 'warning', text: 'one block is damaged' }]);
});

test('an answer as long as the limit says that there may be more; cells can be filtered by', () => {
  const asked = (limit: number) => searchFrames(body, { refId: 'A', tableType: 'spans', target, theme, limit })[0];
  assert.equal(asked(20).meta?.notices, undefined);
  assert.match(asked(2).meta?.notices?.[0].text ?? '', /newest 2 traces/);
  assert.equal(asked(2).meta?.notices?.[0].severity, 'info');
  assert.ok(['traceService', 'http.status', 'user'].every((name) => field(asked(2), name).config.filterable));
});
