import assert from 'node:assert/strict';
import { test } from 'node:test';

import { generate, shapeNames } from '../../scripts/traces/generate.ts';
import { damaged } from '../../tests/fixtures/damage.ts';
import { CodedError } from '../base/coded-error.ts';
import { seededRandom } from '../base/random.ts';
import { canonicalSpan } from '../trace/canonical.ts';
import { attributeOf, serviceNameOf } from '../trace/model.ts';
import { encodeUtf8 } from './utf8.ts';
import { decodeZipkinJson, encodeZipkinJson } from './zipkin-json.ts';

/** A shared span: client and server of one call under one id. */
const zipkinFile = `[
  {"traceId":"5982fe77008310cc80f1da5e10147517","parentId":"90394f6bcffb5d13","id":"67fae42571535f60","kind":"SERVER","name":"/m/n/2.6.1",
   "timestamp":1516781775726000,"duration":26000,"shared":true,
   "localEndpoint":{"serviceName":"apache","ipv4":"10.0.0.1","port":8080},"remoteEndpoint":{"serviceName":"squid","ipv4":"172.17.0.13","ipv6":"2001:db8::1","port":4242},
   "annotations":[{"timestamp":1516781775726100,"value":"start-up"},{"timestamp":1516781775726200,"value":"{\\"retry\\":{\\"n\\":2,\\"why\\":\\"slow\\"}}"}],
   "tags":{"http.path":"/m","error":"timed out","otel.scope.name":"brave","w3c.tracestate":"a=b"}},
  {"traceId":"5982fe77008310cc80f1da5e10147517","id":"67fae42571535f60","parentId":"90394f6bcffb5d13","kind":"CLIENT","name":"get","debug":true,
   "timestamp":1516781775720000,"duration":40000,"localEndpoint":{"serviceName":"squid"},"tags":{"otel.status_code":"ERROR","error":"refused"}},
  {"traceId":"10cc80f1da5e10147","id":"1","name":"no time"}]`;

test('a file of Zipkin', () => {
  const [server, client, bare] = decodeZipkinJson(encodeUtf8(zipkinFile));
  assert.equal(server.kind, 2);
  assert.equal(server.parentSpanId, '90394f6bcffb5d13');
  assert.equal(server.startUnixNanos, 1_516_781_775_726_000_000n);
  assert.equal(server.endUnixNanos - server.startUnixNanos, 26_000_000n);
  assert.equal(serviceNameOf(server.resource), 'apache');
  assert.deepEqual(attributeOf(server.attributes, 'peer.service'), { type: 'string', value: 'squid' });
  assert.deepEqual(attributeOf(server.attributes, 'network.peer.port'), { type: 'int', value: 4242n });
  assert.deepEqual(attributeOf(server.attributes, 'zipkin.shared'), { type: 'bool', value: true });
  assert.deepEqual(attributeOf(server.attributes, 'error'), { type: 'string', value: 'timed out' });
  assert.equal(server.statusCode, 2);
  assert.equal(server.scope.name, 'brave');
  assert.equal(server.traceState, 'a=b');
  assert.deepEqual(
    server.events.map(({ name, attributes }) => [name, attributes.length]),
    [
      ['start-up', 0],
      ['retry', 2],
    ]
  );
  assert.equal(client.spanId, server.spanId);
  assert.equal(client.statusMessage, 'refused');
  assert.equal(attributeOf(client.attributes, 'error'), undefined);
  assert.equal(bare.traceId, '10cc80f1da5e10147'.padStart(32, '0'));
  assert.equal(bare.spanId, '0000000000000001');
  assert.equal(bare.startUnixNanos, 0n);
});

test('Zipkin in, Zipkin out: nothing is lost', () => {
  const once = decodeZipkinJson(encodeUtf8(zipkinFile));
  assert.deepEqual(decodeZipkinJson(encodeZipkinJson(once)).map(canonicalSpan), once.map(canonicalSpan));
  const [server, client] = JSON.parse(new TextDecoder().decode(encodeZipkinJson(once))) as Array<
    Record<string, unknown>
  >;
  const [serverBefore, clientBefore] = JSON.parse(zipkinFile) as Array<Record<string, unknown>>;
  assert.deepEqual(server, serverBefore);
  assert.deepEqual({ ...client, annotations: undefined }, { ...clientBefore, annotations: undefined });
});

test('every shape survives once it is in Zipkin form', () => {
  for (const shape of shapeNames.filter((name) => name !== 'huge-attribute')) {
    const spans = generate(shape, { seed: 5, spans: 60, startUnixNanos: 1_700_000_000_123_456_789n });
    const once = decodeZipkinJson(encodeZipkinJson(spans));
    assert.deepEqual(
      once.map(({ spanId }) => spanId),
      spans.map(({ spanId }) => spanId),
      shape
    );
    assert.deepEqual(
      once.map(({ links }) => links.length),
      spans.map(({ links }) => links.length),
      shape
    );
    assert.deepEqual(decodeZipkinJson(encodeZipkinJson(once)).map(canonicalSpan), once.map(canonicalSpan), shape);
  }
});

test('what is malformed is refused; damage never ends in anything else', () => {
  const refused = (json: string, message: RegExp): void => {
    assert.throws(() => decodeZipkinJson(encodeUtf8(json)), { code: 'invalid_argument', message });
  };
  refused('{}', /body: expected an array, found an object/);
  refused('[4]', /body: expected a list of spans, found 4/);
  refused('[{"traceId":"1","id":"xyz"}]', /id: expected a span id in hex, found "xyz"/);
  refused('[{"traceId":"1","id":"1","timestamp":"soon"}]', /timestamp: expected a whole number/);
  const seed = Number(process.env.FUZZ_SEED ?? 20_261_121);
  const random = seededRandom(seed);
  for (let round = 0; round < 1500; round++) {
    try {
      encodeZipkinJson(decodeZipkinJson(damaged(encodeUtf8(zipkinFile), random)));
    } catch (error) {
      assert.ok(
        error instanceof CodedError && error.code === 'invalid_argument',
        `seed ${seed}, round ${round}: ${String(error)}`
      );
    }
  }
});

test('a tag that only looks like a link stays a tag', () => {
  const tags = { 'otlp.link.0': 'abc|12|state|{}|0', 'otlp.link.1': 'ab|12|state|{}|0' };
  const [span] = decodeZipkinJson(encodeUtf8(JSON.stringify([{ traceId: 'a', id: '1', tags }])));
  assert.deepEqual(attributeOf(span.attributes, 'otlp.link.0'), { type: 'string', value: 'abc|12|state|{}|0' });
  assert.deepEqual(
    span.links.map(({ traceId, spanId }) => [traceId, spanId]),
    [['ab', '12']]
  );
});
