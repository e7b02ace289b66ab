import assert from 'node:assert/strict';
import { test } from 'node:test';

import { generate, shapeNames } from '../../scripts/traces/generate.ts';
import { damaged } from '../../tests/fixtures/damage.ts';
import { CodedError } from '../base/coded-error.ts';
import { seededRandom } from '../base/random.ts';
import { canonicalSpan } from '../trace/canonical.ts';
import { attributeOf, serviceNameOf } from '../trace/model.ts';
import { decodeJaegerJson, encodeJaegerJson } from './jaeger-json.ts';
import { decodeUtf8, encodeUtf8 } from './utf8.ts';

/** As Jaeger's UI downloads it, with the oddities that occur: short ids, 64-bit numbers, warnings, a span of another process. */
const jaegerFile = `{"data":[{"traceID":"1234567890abcdef","spans":[
  {"traceID":"1234567890abcdef","spanID":"a1","flags":1,"operationName":"GET /","references":[],"startTime":1700000000123456,"duration":2500,
   "tags":[{"key":"span.kind","type":"string","value":"server"},{"key":"http.status_code","type":"int64","value":9007199254740993},
     {"key":"ratio","type":"float64","value":1},{"key":"ok","type":"bool","value":true},{"key":"raw","type":"binary","value":"AQID"},
     {"key":"error","type":"bool","value":true},{"key":"otel.library.name","type":"string","value":"lib"}],
   "logs":[{"timestamp":1700000000123500,"fields":[{"key":"event","type":"string","value":"retry"},{"key":"n","type":"int64","value":2}]}],
   "processID":"p1","warnings":["clock skew"]},
  {"traceID":"1234567890abcdef","spanID":"b2","operationName":"select","references":[{"refType":"CHILD_OF","traceID":"1234567890abcdef","spanID":"a1"},
     {"refType":"FOLLOWS_FROM","traceID":"feed","spanID":"beef"},{"refType":"CHILD_OF","traceID":"1234567890abcdef","spanID":"c3"}],
   "startTime":1700000000124000,"duration":0,
   "tags":[{"key":"otel.status_code","type":"string","value":"ERROR"},{"key":"error","type":"bool","value":true},
     {"key":"otel.status_description","type":"string","value":"boom"},{"key":"w3c.tracestate","type":"string","value":"a=b"}],
   "logs":[],"processID":"p2","warnings":null},
  {"traceID":"1234567890abcdef","spanID":"d4","operationName":"later","references":[{"refType":"FOLLOWS_FROM","traceID":"1234567890abcdef","spanID":"a1"}],
   "startTime":1700000000125000,"duration":1,"tags":[],"logs":null,"processID":"missing"}],
 "processes":{"p1":{"serviceName":"front","tags":[{"key":"hostname","type":"string","value":"h1"}]},"p2":{"serviceName":"db","tags":[]}},"warnings":null}],
 "total":0,"limit":0,"offset":0,"errors":null}`;

test("a file of Jaeger's UI", () => {
  const [front, select, later] = decodeJaegerJson(encodeUtf8(jaegerFile));
  assert.equal(front.traceId, '00000000000000001234567890abcdef');
  assert.equal(front.spanId, '00000000000000a1');
  assert.equal(front.kind, 2);
  assert.equal(front.startUnixNanos, 1_700_000_000_123_456_000n);
  assert.equal(front.endUnixNanos - front.startUnixNanos, 2_500_000n);
  assert.equal(serviceNameOf(front.resource), 'front');
  assert.deepEqual(attributeOf(front.resource.attributes, 'hostname'), { type: 'string', value: 'h1' });
  assert.deepEqual(attributeOf(front.attributes, 'http.status_code'), { type: 'int', value: 9_007_199_254_740_993n });
  assert.deepEqual(attributeOf(front.attributes, 'ratio'), { type: 'double', value: 1 });
  assert.deepEqual(attributeOf(front.attributes, 'raw'), { type: 'bytes', value: new Uint8Array([1, 2, 3]) });
  assert.equal(front.statusCode, 2);
  assert.equal(front.scope.name, 'lib');
  assert.equal(front.events[0].name, 'retry');
  assert.deepEqual(front.events[0].attributes, [{ key: 'n', value: { type: 'int', value: 2n } }]);
  assert.equal(select.parentSpanId, '00000000000000a1');
  assert.deepEqual(
    select.links.map(({ spanId, attributes }) => [spanId, attributes.length]),
    [
      ['000000000000beef', 0],
      ['00000000000000c3', 1],
    ]
  );
  assert.equal(select.statusMessage, 'boom');
  assert.equal(select.traceState, 'a=b');
  assert.deepEqual(select.attributes, []);
  assert.equal(later.parentSpanId, '00000000000000a1');
  assert.equal(serviceNameOf(later.resource), '');
});

test('Jaeger in, Jaeger out: nothing is lost', () => {
  const once = decodeJaegerJson(encodeUtf8(jaegerFile));
  const twice = decodeJaegerJson(encodeJaegerJson(once));
  assert.deepEqual(twice.map(canonicalSpan), once.map(canonicalSpan));
  assert.match(decodeUtf8(encodeJaegerJson(once)), /"value":9007199254740993\}/);
});

test('every shape survives once it is in Jaeger form', () => {
  for (const shape of shapeNames.filter((name) => name !== 'huge-attribute')) {
    const spans = generate(shape, { seed: 5, spans: 60, startUnixNanos: 1_700_000_000_123_456_789n });
    const once = decodeJaegerJson(encodeJaegerJson(spans));
    assert.equal(once.length, spans.length, shape);
    assert.deepEqual(once.map(({ spanId }) => spanId).sort(), spans.map(({ spanId }) => spanId).sort(), shape);
    assert.deepEqual(decodeJaegerJson(encodeJaegerJson(once)).map(canonicalSpan), once.map(canonicalSpan), shape);
  }
});

test('OTLP spans with whole microseconds and plain attributes come back equal', () => {
  for (const shape of ['shop', 'retries', 'n-plus-one', 'many-keys'] as const) {
    const micros = (time: bigint): bigint => (time / 1000n) * 1000n;
    const spans = generate(shape, { seed: 6, spans: 200, startUnixNanos: 1_700_000_000_000_000_000n }).map((span) => ({
      ...span,
      startUnixNanos: micros(span.startUnixNanos),
      endUnixNanos: micros(span.endUnixNanos),
      events: span.events.map((event) => ({ ...event, timeUnixNanos: micros(event.timeUnixNanos) })),
      resource: { ...span.resource, schemaUrl: '' },
    }));
    assert.deepEqual(
      decodeJaegerJson(encodeJaegerJson(spans)).map(canonicalSpan).sort(),
      spans.map(canonicalSpan).sort(),
      shape
    );
  }
});

test('one trace alone, a list of traces, a trace with nothing in it', () => {
  const trace = JSON.stringify((JSON.parse(jaegerFile) as { data: unknown[] }).data[0]);
  assert.equal(decodeJaegerJson(encodeUtf8(trace)).length, 3);
  assert.equal(decodeJaegerJson(encodeUtf8(`[${trace},${trace}]`)).length, 6);
  assert.deepEqual(decodeJaegerJson(encodeUtf8('{"data":[]}')), []);
});

test('what is malformed is refused; damage never ends in anything else', () => {
  const refused = (json: string, message: RegExp): void => {
    assert.throws(() => decodeJaegerJson(encodeUtf8(json)), { code: 'invalid_argument', message });
  };
  refused('{"data":[3]}', /data: expected a trace, found 3/);
  refused('{"data":[{"spans":[{"traceID":"xyz"}]}]}', /traceID: expected a trace id in hex, found "xyz"/);
  const seed = Number(process.env.FUZZ_SEED ?? 20_261_121);
  const random = seededRandom(seed);
  for (let round = 0; round < 1500; round++) {
    try {
      encodeJaegerJson(decodeJaegerJson(damaged(encodeUtf8(jaegerFile), random)));
    } catch (error) {
      assert.ok(
        error instanceof CodedError && error.code === 'invalid_argument',
        `seed ${seed}, round ${round}: ${String(error)}`
      );
    }
  }
});
