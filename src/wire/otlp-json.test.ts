import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { generate } from '../../scripts/traces/generate.ts';
import { arbitrarySpans } from '../../tests/fixtures/arbitrary-spans.ts';
import { damaged } from '../../tests/fixtures/damage.ts';
import { CodedError } from '../base/coded-error.ts';
import { seededRandom } from '../base/random.ts';
import type { Span } from '../trace/model.ts';
import {
  decodeTracesJson,
  encodeTracesJson,
  otlpJsonOptions,
  tempoV1JsonOptions,
  tempoV2JsonOptions,
} from './otlp-json.ts';
import { withoutFlags } from '../../tests/fixtures/without-flags.ts';
import { groupSpans } from './span-groups.ts';
import { decodeUtf8, encodeUtf8 } from './utf8.ts';

const decode = (json: string): Span[] => decodeTracesJson(encodeUtf8(json));
const spanJson = (fields: string): string =>
  `{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"000102030405060708090A0B0C0D0E0F","spanId":"0001020304050607"${fields}}]}]}]}`;
const attributeJson = (value: string): string => spanJson(`,"attributes":[{"key":"k","value":${value}}]`);

/** Of the first attribute of the only span. */
function valueOf(json: string): unknown {
  const [{ value }] = decode(json)[0].attributes;
  return value.type === 'empty' ? undefined : value.value;
}

test('spans come back exactly in every form', () => {
  fc.assert(
    fc.property(
      arbitrarySpans,
      fc.constantFrom(otlpJsonOptions, tempoV1JsonOptions, tempoV2JsonOptions),
      (spans, options) => {
        const grouped = groupSpans(spans).flatMap(({ scopes }) => scopes.flatMap((scope) => scope.spans));
        const said = options.withoutFlags ? grouped.map(withoutFlags) : grouped;
        assert.deepStrictEqual(decodeTracesJson(encodeTracesJson(spans, options)), said);
      }
    ),
    { numRuns: 200 }
  );
});

test('integers keep their digits as numbers and as strings', () => {
  const intOf = (json: string): unknown => valueOf(attributeJson(json));
  assert.equal(intOf('{"intValue":9007199254740993}'), 9_007_199_254_740_993n);
  assert.equal(intOf('{"intValue":"9223372036854775807"}'), 9_223_372_036_854_775_807n);
  assert.equal(intOf('{"intValue":-9223372036854775808}'), -9_223_372_036_854_775_808n);
  assert.equal(intOf('{"intValue":1e3}'), 1000n);
  assert.equal(
    decode(spanJson(',"startTimeUnixNano":1700000000123456789'))[0].startUnixNanos,
    1_700_000_000_123_456_789n
  );
  assert.equal(decode(spanJson(',"startTimeUnixNano":"18446744073709551615"'))[0].startUnixNanos, 2n ** 64n - 1n);
});

test('doubles that JSON has no number for', () => {
  const doubleOf = (json: string): unknown => valueOf(attributeJson(`{"doubleValue":${json}}`));
  assert.ok(Object.is(doubleOf('"NaN"'), Number.NaN));
  assert.equal(doubleOf('"-Infinity"'), Number.NEGATIVE_INFINITY);
  assert.ok(Object.is(doubleOf('-0'), -0));
  assert.equal(doubleOf('12345678901234567890'), 12_345_678_901_234_567_890);
});

test('enums as names or numbers, unknown fields and nulls ignored, ids in upper case', () => {
  const [span] = decode(
    spanJson(
      ',"kind":"SPAN_KIND_SERVER","status":{"code":"STATUS_CODE_ERROR","new":[1]},"parentSpanId":null,"future":{"a":[]},"name":null'
    )
  );
  assert.equal(span.traceId, '000102030405060708090a0b0c0d0e0f');
  assert.equal(span.kind, 2);
  assert.equal(span.statusCode, 2);
  assert.equal(span.parentSpanId, '');
  assert.equal(span.name, '');
  assert.equal(decode(spanJson(',"kind":3,"status":{"code":1}'))[0].kind, 3);
});

test("Tempo's base64 ids and both of its top keys", () => {
  const body = (key: string): string =>
    `{"${key}":[{"resource":{},"scopeSpans":[{"spans":[{"traceId":"AAECAwQFBgcICQoLDA0ODw==","spanId":"AAECAwQFBgc="}]}]}]}`;
  for (const json of [body('batches'), body('resourceSpans'), `{"trace":${body('resourceSpans')}}`]) {
    assert.equal(decode(json)[0].traceId, '000102030405060708090a0b0c0d0e0f');
    assert.equal(decode(json)[0].spanId, '0001020304050607');
  }
});

test('instrumentation libraries of old exporters are scopes', () => {
  const json = spanJson('').replace(
    '"scopeSpans":[{',
    '"instrumentationLibrarySpans":[{"instrumentationLibrary":{"name":"old","version":"1"},'
  );
  assert.deepEqual([decode(json)[0].scope.name, decode(json)[0].scope.version], ['old', '1']);
});

test('default values are left out of what Tempo sends', () => {
  const [first] = generate('chain', { seed: 3, spans: 1, startUnixNanos: 5n });
  const span = {
    ...first,
    traceId: '00'.repeat(15) + '01',
    spanId: '00'.repeat(7) + '02',
    endUnixNanos: 0n,
    name: '',
    attributes: [],
    kind: 2,
  };
  assert.equal(
    decodeUtf8(encodeTracesJson([span], tempoV1JsonOptions)),
    '{"batches":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"edge"}}]},"scopeSpans":[{"scope":{"name":"shapes","version":"1.0.0"},' +
      '"spans":[{"traceId":"AAAAAAAAAAAAAAAAAAAAAQ==","spanId":"AAAAAAAAAAI=","kind":"SPAN_KIND_SERVER","startTimeUnixNano":"5"}]}]}]}'
  );
  assert.equal(decodeUtf8(encodeTracesJson([], tempoV2JsonOptions)), '{"trace":{}}');
});

test('what is malformed is refused with the field and what was found', () => {
  const refused = (json: string, message: RegExp): void => {
    assert.throws(() => decode(json), { name: 'CodedError', code: 'invalid_argument', message });
  };
  refused('', /not JSON/);
  refused('[]', /body: expected an object, found an array/);
  refused('{"resourceSpans":{}}', /resourceSpans: expected an array, found an object/);
  refused(spanJson(',"startTimeUnixNano":"soon"'), /startTimeUnixNano: expected a whole number, found "soon"/);
  refused(
    spanJson(',"startTimeUnixNano":-1'),
    /startTimeUnixNano: expected a number from 0 to 18446744073709551615, found -1/
  );
  refused(spanJson(',"parentSpanId":"xyz!"'), /parentSpanId: expected an id in hex or base64/);
  refused(spanJson('').replace('0001020304050607"', '00"'), /spanId: expected an id of 8 bytes/);
  refused(attributeJson('{"intValue":"9223372036854775808"}'), /intValue: expected a number from/);
  refused(attributeJson('{"arrayValue":{"values":['.repeat(80) + '{}' + ']}}'.repeat(80)), /nests deeper than 64/);
  refused('['.repeat(200_000) + '12345678901234567890' + ']'.repeat(200_000), /json|JSON/);
});

test('damaged text ends in spans or in invalid_argument, never in anything else', () => {
  const seed = Number(process.env.FUZZ_SEED ?? 20_261_121);
  const random = seededRandom(seed);
  const sample = encodeTracesJson(
    generate('every-type', { seed: 1, spans: 2, startUnixNanos: 1_700_000_000_000_000_000n })
  );
  for (let round = 0; round < 1500; round++) {
    try {
      decodeTracesJson(damaged(sample, random));
    } catch (error) {
      assert.ok(
        error instanceof CodedError && error.code === 'invalid_argument',
        `seed ${seed}, round ${round}: ${String(error)}`
      );
    }
  }
});
