import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'node:test';
import { checkTempoJson, checkTempoProtobuf } from '../support/strict-tempo.ts';
import { encodeTempo } from '../fixtures/tempo-schema.ts';

const span = {
  traceId: 'AAAAAAAAAAAAAAAAAAAKvA==',
  spanId: 'qqqqqqqqqqo=',
  name: 'charge',
  kind: 'SPAN_KIND_CLIENT',
  startTimeUnixNano: '1700000000000000000',
  attributes: [{ key: 'n', value: { intValue: '0' } }],
  status: { code: 'STATUS_CODE_ERROR' },
};
const batches = (over: object): unknown => ({ batches: [{ scopeSpans: [{ spans: [{ ...span, ...over }] }] }] });
const search = (over: object): unknown => ({
  traces: [{ traceID: 'abc', durationMs: 3, spanSets: [{ matched: 1 }], ...over }],
});

test('the strict decoder takes what is right', () => {
  checkTempoJson('TraceV1', batches({}));
  checkTempoJson('TraceV1', batches({ attributes: [{ key: 'd', value: { doubleValue: 'NaN' } }] }));
  checkTempoJson('SearchResponse', search({ serviceStats: { shop: {} } }));
  checkTempoJson('SearchResponse', { traces: [] });
  checkTempoProtobuf('SearchRequest', encodeTempo('SearchRequest', { Query: '{}', Tags: { a: 'b' }, Limit: 3 }));
});

test('the strict decoder refuses what is wrong, and says where', () => {
  const refused: [string, unknown, RegExp][] = [
    ['TraceV1', batches({ colour: 1 }), /spans\[0\]\.colour: unknown field/],
    ['TraceV1', batches({ flags: 1 }), /flags: unknown field/],
    ['TraceV1', batches({ startTimeUnixNano: 17 }), /startTimeUnixNano: not fixed64/],
    ['TraceV1', batches({ startTimeUnixNano: '007' }), /not fixed64/],
    ['TraceV1', batches({ traceId: '00000000000000000000000000000abc0' }), /traceId: not bytes/],
    ['TraceV1', batches({ traceId: '' }), /default/],
    ['TraceV1', batches({ name: '' }), /default/],
    ['TraceV1', batches({ name: null }), /name: not string/],
    ['TraceV1', batches({ kind: 3 }), /kind: no name/],
    ['TraceV1', batches({ kind: 'SPAN_KIND_UNSPECIFIED' }), /default/],
    ['TraceV1', batches({ attributes: [] }), /empty list/],
    ['TraceV1', batches({ attributes: [{ key: 'a', value: { intValue: 1 } }] }), /intValue: not int64/],
    ['TraceV1', batches({ attributes: [{ value: { intValue: '1', boolValue: true } }] }), /more than one/],
    ['TraceByIDResponse', { trace: { batches: [] } }, /batches: unknown field/],
    ['TraceByIDResponse', { status: 'COMPLETE' }, /default/],
    ['SearchResponse', search({ durationMs: 0 }), /default/],
    ['SearchResponse', search({ durationMs: '3' }), /not uint32/],
    ['SearchResponse', search({ serviceStats: {} }), /map with entries/],
    ['SearchResponse', search({ startTimeUnixNano: '-1' }), /not uint64/],
    ['QueryRangeResponse', { series: [{ promLabels: 'x' }] }, /unknown field/],
    ['QueryRangeResponse', { series: [{ samples: [{ timestamp_ms: '1' }] }] }, /unknown field/],
    ['SearchResponse', [], /expected an object/],
  ];
  for (const [type, body, pattern] of refused) {
    assert.throws(() => checkTempoJson(type, body), pattern, JSON.stringify(body));
  }
});

test('the strict decoder refuses protobuf with unknown or mistyped fields', () => {
  assert.throws(() => checkTempoProtobuf('SearchTagsResponse', Buffer.from([0x1a, 0])), /unknown field number 3/);
  assert.throws(() => checkTempoProtobuf('SearchTagsResponse', Buffer.from([0x08, 1])), /wire type/);
  const deep = encodeTempo('SearchResponse', { traces: [{ traceID: 'a', spanSets: [{ matched: 1 }] }] });
  checkTempoProtobuf('SearchResponse', deep);
  assert.throws(() => checkTempoProtobuf('SearchTagsV2Response', deep), /SearchTagsV2Response/);
});

test('every API test fetches through it', async () => {
  for (const name of await readdir(import.meta.dirname)) {
    const text = await readFile(path.join(import.meta.dirname, name), 'utf8');
    if (name.endsWith('.test.ts') && /\bfetch\(/.test(text)) {
      assert.match(text, /import \{ fetch \} from '\.\/strict-fetch\.ts';/, name);
    }
  }
});
