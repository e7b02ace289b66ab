import assert from 'node:assert/strict';
import { test } from 'node:test';

import { generate } from '../../scripts/traces/generate.ts';
import { damaged } from '../../tests/fixtures/damage.ts';
import { CodedError } from '../base/coded-error.ts';
import { seededRandom } from '../base/random.ts';
import { hexFromBytes } from '../trace/ids.ts';
import { tempoV2JsonOptions, tracesToJson } from './otlp-json.ts';
import { encodeTraces } from './otlp-protobuf.ts';
import type { Message } from './protobuf-schema.ts';
import {
  decodeMessage,
  decodeTraceByIdResponse,
  encodeMessage,
  encodeTraceByIdResponse,
  messageToJson,
  queryInstantRequest,
  queryInstantResponse,
  queryRangeRequest,
  queryRangeResponse,
  searchRequest,
  searchResponse,
  searchTagsRequest,
  searchTagsResponse,
  searchTagsV2Response,
  searchTagValuesRequest,
  searchTagValuesResponse,
  searchTagValuesV2Response,
  traceByIdResponseToJson,
} from './tempo.ts';
import type { QueryRangeResponse, SearchResponse } from './tempo.ts';

const metadata = {
  inspectedBytes: '12345678901234567890',
  totalJobs: 3,
  additionalMetrics: { engineBytes: '-5', __proto: '1' },
};
const search: SearchResponse = {
  traces: [
    {
      traceID: '2f3e0cee77ae5dc9c17ade3689eb2e54',
      rootServiceName: 'shop',
      rootTraceName: 'GET /',
      startTimeUnixNano: '1684778327699392724',
      durationMs: 557,
      spanSet: { matched: 1 },
      spanSets: [
        {
          spans: [
            {
              spanID: '563d623c76514f8e',
              durationNanos: '446979497',
              attributes: [{ key: 'status', value: { stringValue: 'error' } }],
            },
          ],
          matched: 7,
          attributes: [{ key: 'count()', value: { intValue: '9007199254740993' } }],
        },
      ],
      serviceStats: { shop: { spanCount: 3, errorCount: 1 }, idle: {} },
    },
  ],
  metrics: { inspectedTraces: 1, inspectedSpans: '9007199254740993', additionalMetrics: { rowGroupsInspected: '4' } },
};
const range: QueryRangeResponse = {
  series: [
    {
      labels: [{ key: '__name__', value: { stringValue: 'rate' } }],
      samples: [{ timestampMs: '1700000000000', value: 1.5 }, { timestampMs: '1700000001000' }],
      exemplars: [{ labels: [{ key: 'trace:id', value: { stringValue: 'ab' } }], value: 0.25, timestampMs: '1' }],
    },
  ],
  metrics: { completedJobs: 2 },
  status: 'PARTIAL',
  message: 'cut',
};

const examples: ReadonlyArray<readonly [Message<object>, object]> = [
  [
    searchRequest,
    {
      tags: { 'service.name': 'a' },
      minDurationMs: 1,
      limit: 20,
      start: 1,
      end: 4_294_967_295,
      query: '{}',
      spansPerSpanSet: 3,
    },
  ],
  [searchResponse, search],
  [searchTagsRequest, { scope: 'span', query: '{}', start: 1, end: 2, maxTagsPerScope: 3, staleValuesThreshold: 4 }],
  [searchTagsResponse, { tagNames: ['a', '', 'b'], metrics: metadata }],
  [searchTagsV2Response, { scopes: [{ name: 'resource', tags: ['a'] }, { name: 'span' }], metrics: metadata }],
  [searchTagValuesRequest, { tagName: '.a', query: '{}', start: 1, end: 2, maxTagValues: 3, staleValueThreshold: 4 }],
  [searchTagValuesResponse, { tagValues: ['x', 'y'], metrics: {} }],
  [searchTagValuesV2Response, { tagValues: [{ type: 'string', value: 'a' }, { type: 'string' }], metrics: metadata }],
  [
    queryRangeRequest,
    {
      query: '{} | rate()',
      start: '1700000000000000000',
      end: '18446744073709551615',
      step: '1',
      exemplars: 1,
      maxSeries: 2,
      instant: true,
    },
  ],
  [queryRangeResponse, range],
  [queryInstantRequest, { query: '{} | rate()', start: '1', end: '2' }],
  [
    queryInstantResponse,
    {
      series: [{ labels: [{ key: 'p', value: { doubleValue: 0.5 } }], value: 2 }],
      metrics: {},
      status: 'PARTIAL',
      message: 'm',
    },
  ],
];

test('every message comes back from protobuf, and is its own JSON', () => {
  for (const [type, value] of examples) {
    assert.deepEqual(decodeMessage(type, encodeMessage(type, value)), value, type.name);
    assert.deepEqual(JSON.parse(JSON.stringify(messageToJson(type, value))), value, type.name);
  }
});

test('fields stand where Tempo has them', () => {
  const hexOf = <T>(type: Message<T>, value: T): string => hexFromBytes(encodeMessage(type, value));
  assert.equal(
    hexOf(searchRequest, { query: '{}', limit: 2, start: 1, end: 300 }),
    '2002' + '2801' + '30ac02' + '42027b7d'
  );
  assert.equal(hexOf(searchRequest, { tags: { a: 'b' } }), '0a060a0161120162');
  assert.equal(
    hexOf(searchResponse, { metrics: { inspectedBytes: '300', additionalMetrics: { k: '-1' } } }),
    '1213' + '10ac02' + '520e' + '0a016b' + '10ffffffffffffffffff01'
  );
  assert.equal(
    hexOf(queryRangeResponse, { series: [{ samples: [{ value: 1.5, timestampMs: '2' }] }], status: 'PARTIAL' }),
    '0a0d120b09000000000000f83f1002' + '1801'
  );
  assert.equal(hexOf(searchTagValuesRequest, { tagName: 'a', start: 1 }), '0a01612001');
});

test('default values are left out, an empty message is not', () => {
  const value: SearchResponse = {
    traces: [{ traceID: 'ab', durationMs: 0, rootTraceName: '', spanSets: [] }],
    metrics: {},
  };
  assert.deepEqual(messageToJson(searchResponse, value), { traces: [{ traceID: 'ab' }], metrics: {} });
  assert.deepEqual(decodeMessage(searchResponse, encodeMessage(searchResponse, value)), {
    traces: [{ traceID: 'ab' }],
    metrics: {},
  });
  assert.equal(encodeMessage(queryRangeResponse, { status: 'COMPLETE', message: '' }).length, 0);
});

test('values that JSON has no number for are written by name', () => {
  const json = messageToJson(queryRangeResponse, { series: [{ samples: [{ value: Number.NaN, timestampMs: '1' }] }] });
  assert.equal(JSON.stringify(json), '{"series":[{"samples":[{"value":"NaN","timestampMs":"1"}]}]}');
});

test('a trace by id always has its trace', () => {
  const trace = generate('every-type', { seed: 1, spans: 10, startUnixNanos: 1n });
  const response = { trace, metrics: { inspectedBytes: '7' }, status: 'PARTIAL', message: 'cut' } as const;
  assert.deepEqual(decodeTraceByIdResponse(encodeTraceByIdResponse(response)), response);
  assert.equal(hexFromBytes(encodeTraceByIdResponse({ trace: [] })), '0a00');
  assert.deepEqual(traceByIdResponseToJson({ trace: [] }), { trace: { resourceSpans: undefined } });
  assert.deepEqual(traceByIdResponseToJson(response), {
    ...tracesToJson(trace, tempoV2JsonOptions),
    metrics: { inspectedBytes: '7' },
    status: 'PARTIAL',
    message: 'cut',
  });
  assert.equal(encodeTraceByIdResponse({ trace }).length, 1 + 3 + encodeTraces(trace).length);
});

test('a map key from outside is only a key', () => {
  const bytes = encodeMessage(searchRequest, {
    tags: Object.fromEntries([
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ]),
  });
  const { tags } = decodeMessage(searchRequest, bytes);
  assert.deepEqual(Object.entries(tags ?? {}), [
    ['__proto__', 'x'],
    ['constructor', 'y'],
  ]);
  assert.equal(Object.getPrototypeOf(tags), Object.prototype);
});

test('damaged messages end in invalid_argument, never in anything else', () => {
  const seed = Number(process.env.FUZZ_SEED ?? 20_261_121);
  const random = seededRandom(seed);
  for (let round = 0; round < 3000; round++) {
    const [type, value] = examples[round % examples.length];
    try {
      decodeMessage(type, damaged(encodeMessage(type, value), random));
    } catch (error) {
      assert.ok(
        error instanceof CodedError && error.code === 'invalid_argument',
        `seed ${seed}, round ${round}: ${String(error)}`
      );
    }
  }
});
