import assert from 'node:assert/strict';
import { test } from 'node:test';

import { damaged } from '../../tests/fixtures/damage.ts';
import { encodeJaegerProtobuf, encodeJaegerThrift, type Batch } from '../../tests/fixtures/jaeger-bodies.ts';
import { CodedError } from '../base/coded-error.ts';
import { seededRandom } from '../base/random.ts';
import { canonicalSpan } from '../trace/canonical.ts';
import { attributeOf, serviceNameOf } from '../trace/model.ts';
import { decodeJaegerJson, encodeJaegerJson } from './jaeger-json.ts';
import { decodeJaegerProtobuf } from './jaeger-protobuf.ts';
import { decodeJaegerThrift } from './jaeger-thrift.ts';

const traceId = '0123456789abcdeffedcba9876543210';
const otherTrace = '0000000000000000ffffffffffffffff';

const batch: Batch = {
  serviceName: 'front',
  processTags: [
    ['hostname', 'h1'],
    ['pid', 42n],
  ],
  spans: [
    {
      traceId,
      spanId: 'f000000000000001',
      name: 'GET /é',
      flags: 3,
      startMicros: 1_700_000_000_123_456,
      durationMicros: 2_500,
      tags: [
        ['span.kind', 'server'],
        ['http.status_code', 9_007_199_254_740_993n],
        ['negative', -5n],
        ['ratio', 0.25],
        ['ok', true],
        ['raw', Uint8Array.of(1, 2, 255)],
        ['error', true],
        ['otel.scope.name', 'lib'],
      ],
      logs: [
        {
          timeMicros: 1_700_000_000_123_500,
          fields: [
            ['event', 'retry'],
            ['n', 2n],
          ],
        },
      ],
    },
    {
      traceId,
      spanId: '00000000000000b2',
      name: 'select',
      references: [
        { type: 'CHILD_OF', traceId, spanId: 'f000000000000001' },
        { type: 'FOLLOWS_FROM', traceId: otherTrace, spanId: '000000000000beef' },
      ],
      startMicros: 1_700_000_000_124_000,
      durationMicros: 0,
    },
  ],
};

const decoders = {
  thrift: [encodeJaegerThrift, decodeJaegerThrift],
  protobuf: [encodeJaegerProtobuf, decodeJaegerProtobuf],
} as const;

for (const [format, [encode, decode]] of Object.entries(decoders)) {
  test(`a batch in ${format}`, () => {
    const [front, select] = decode(encode(batch));
    assert.equal(front.traceId, traceId);
    assert.equal(front.spanId, 'f000000000000001');
    assert.equal(front.parentSpanId, '');
    assert.equal(front.name, 'GET /é');
    assert.equal(front.kind, 2);
    assert.equal(front.flags, 3);
    assert.equal(front.startUnixNanos, 1_700_000_000_123_456_000n);
    assert.equal(front.endUnixNanos - front.startUnixNanos, 2_500_000n);
    assert.equal(front.statusCode, 2);
    assert.equal(front.scope.name, 'lib');
    assert.equal(serviceNameOf(front.resource), 'front');
    assert.deepEqual(attributeOf(front.resource.attributes, 'pid'), { type: 'int', value: 42n });
    assert.deepEqual(attributeOf(front.attributes, 'http.status_code'), { type: 'int', value: 9_007_199_254_740_993n });
    assert.deepEqual(attributeOf(front.attributes, 'negative'), { type: 'int', value: -5n });
    assert.deepEqual(attributeOf(front.attributes, 'ratio'), { type: 'double', value: 0.25 });
    assert.deepEqual(attributeOf(front.attributes, 'ok'), { type: 'bool', value: true });
    const raw = attributeOf(front.attributes, 'raw');
    assert.deepEqual(raw?.type === 'bytes' && [...raw.value], [1, 2, 255]);
    assert.equal(front.events[0].name, 'retry');
    assert.equal(front.events[0].timeUnixNanos, 1_700_000_000_123_500_000n);
    assert.deepEqual(front.events[0].attributes, [{ key: 'n', value: { type: 'int', value: 2n } }]);
    assert.equal(select.parentSpanId, 'f000000000000001');
    assert.deepEqual(
      select.links.map((link) => [link.traceId, link.spanId]),
      [[otherTrace, '000000000000beef']]
    );
    assert.equal(select.resource, front.resource, 'spans of a batch share their process');
  });

  test(`${format} in, JSON out: nothing is lost`, () => {
    const spans = decode(encode(batch));
    assert.deepEqual(decodeJaegerJson(encodeJaegerJson(spans)).map(canonicalSpan), spans.map(canonicalSpan));
  });

  test(`damaged ${format} ends in spans or in invalid_argument, never in anything else`, () => {
    const seed = Number(process.env.FUZZ_SEED ?? 20_261_121);
    const random = seededRandom(seed);
    const bytes = encode(batch);
    for (let round = 0; round < 3_000; round++) {
      try {
        encodeJaegerJson(decode(damaged(bytes, random)));
      } catch (error) {
        assert.ok(
          error instanceof CodedError && error.code === 'invalid_argument',
          `seed ${seed}, round ${round}: ${String(error)}`
        );
      }
    }
  });
}

test('both formats mean the same', () => {
  const [thrift, protobuf] = [
    decodeJaegerThrift(encodeJaegerThrift(batch)),
    decodeJaegerProtobuf(encodeJaegerProtobuf(batch)),
  ];
  assert.deepEqual(thrift.map(canonicalSpan), protobuf.map(canonicalSpan));
});

test('a parent named beside the references is the parent', () => {
  const child = {
    traceId,
    spanId: '0000000000000002',
    parentSpanId: '00000000000000aa',
    name: 'c',
    startMicros: 1,
    durationMicros: 1,
  };
  const follows = [{ type: 'FOLLOWS_FROM' as const, traceId, spanId: '00000000000000bb' }];
  const [alone, beside] = decodeJaegerThrift(
    encodeJaegerThrift({ serviceName: 's', spans: [child, { ...child, references: follows }] })
  );
  assert.equal(alone.parentSpanId, '00000000000000aa');
  assert.equal(alone.links.length, 0);
  assert.equal(beside.parentSpanId, '00000000000000aa');
  assert.deepEqual(
    beside.links.map((link) => link.spanId),
    ['00000000000000bb']
  );
});

test('Thrift that lies about sizes, or nests without end, is refused at once', () => {
  const refused = (bytes: number[], message: RegExp): void => {
    assert.throws(() => decodeJaegerThrift(Uint8Array.from(bytes)), { code: 'invalid_argument', message });
  };
  refused([], /need 1 bytes, have 0/);
  refused([0], /Batch\.process is missing/);
  refused([15, 0, 2, 12, 0x7f, 0xff, 0xff, 0xff], /2147483647 elements in 0 bytes/);
  refused([15, 0, 2, 12, 0xff, 0xff, 0xff, 0xff], /-1 elements/);
  refused([15, 0, 2, 11, 0, 0, 0, 1, 0], /expected a list of structs, found elements of type 11/);
  refused([11, 0, 9, 0x7f, 0, 0, 0], /need 2130706432 bytes/);
  refused([11, 0, 9, 0xff, 0, 0, 0], /a length of -/);
  refused([99, 0, 9], /unknown type 99/);
  refused([15, 0, 2, 12, 0, 0, 0, 1, 0, 0], /Span\.traceIdHigh is missing/);
  refused([...new Array<number[]>(100_000).fill([12, 0, 1])].flat(), /nested deeper than 64|is missing/);
  refused([...new Array<number[]>(100_000).fill([12, 0, 9])].flat(), /nested deeper than 64/);
  const whole = encodeJaegerThrift(batch);
  refused([...whole, 0], /1 bytes behind the batch/);
});

test('protobuf with ids of another length is refused', () => {
  const short: Batch = { ...batch, spans: [{ ...batch.spans[0], traceId: 'abcd' }] };
  assert.throws(() => decodeJaegerProtobuf(encodeJaegerProtobuf(short)), {
    code: 'invalid_argument',
    message: /an id of 2 bytes, expected 16/,
  });
  assert.deepEqual(decodeJaegerProtobuf(new Uint8Array()), []);
});
