import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';
import protobuf from 'protobufjs';

import { generate } from '../../scripts/traces/generate.ts';
import { arbitraryAnyValue, arbitraryAttributes, arbitrarySpans } from '../../tests/fixtures/arbitrary-spans.ts';
import { damaged } from '../../tests/fixtures/damage.ts';
import { otlpSchema } from '../../tests/fixtures/otlp-schema.ts';
import { CodedError } from '../base/coded-error.ts';
import { seededRandom } from '../base/random.ts';
import { bytesFromHex, hexFromBytes } from '../trace/ids.ts';
import type { AnyValue, Span } from '../trace/model.ts';
import { tracesFromJson } from './otlp-json.ts';
import {
  anyValueDepthMax,
  decodeAnyValue,
  decodeEvents,
  decodeKeyValues,
  decodeLinks,
  decodeTraces,
  encodeAnyValue,
  encodeEvents,
  encodeExportResponse,
  encodeKeyValues,
  encodeLinks,
  encodeStatus,
  encodeTraces,
} from './otlp-protobuf.ts';
import { groupSpans } from './span-groups.ts';

const oracle = protobuf.Root.fromJSON(otlpSchema).lookupType('TracesData');

/** The order in which spans come back. */
const grouped = (spans: readonly Span[]): Span[] =>
  groupSpans(spans).flatMap(({ scopes }) => scopes.flatMap((scope) => scope.spans));

test('spans come back exactly, to the order of attributes and the sign of zero', () => {
  fc.assert(
    fc.property(arbitrarySpans, (spans) => {
      assert.deepStrictEqual(decodeTraces(encodeTraces(spans)), grouped(spans));
    }),
    { numRuns: 200 }
  );
});

test('protobufjs reads what we write', () => {
  fc.assert(
    fc.property(arbitrarySpans, (spans) => {
      const message = oracle.toObject(oracle.decode(encodeTraces(spans)), { longs: String, bytes: String });
      assert.deepStrictEqual(tracesFromJson(message), grouped(spans));
    }),
    { numRuns: 100 }
  );
});

test('we read what protobufjs writes', () => {
  fc.assert(
    fc.property(arbitrarySpans, (spans) => {
      const bytes = oracle.encode(oracle.decode(encodeTraces(spans))).finish();
      assert.deepStrictEqual(decodeTraces(Uint8Array.from(bytes)), grouped(spans));
    }),
    { numRuns: 100 }
  );
});

test('parts of spans come back: values, attributes, events, links', () => {
  fc.assert(
    fc.property(arbitraryAnyValue, arbitraryAttributes, arbitrarySpans, (value, attributes, spans) => {
      assert.deepStrictEqual(decodeAnyValue(encodeAnyValue(value)), value);
      assert.deepStrictEqual(decodeKeyValues(encodeKeyValues(attributes)), attributes);
      for (const { events, links } of spans) {
        assert.deepStrictEqual(decodeEvents(encodeEvents(events)), events);
        assert.deepStrictEqual(decodeLinks(encodeLinks(links)), links);
      }
    }),
    { numRuns: 100 }
  );
});

test('spans of one resource and scope share the objects', () => {
  const [a, b] = decodeTraces(encodeTraces(generate('retries', { seed: 1, spans: 10, startUnixNanos: 1n }))).filter(
    ({ resource }, _, all) => resource === all[0].resource
  );
  assert.ok(b !== undefined);
  assert.equal(a.resource, b.resource);
  assert.equal(a.scope, b.scope);
});

test('equal resources are written once, whether or not the object is shared', () => {
  const [span] = generate('chain', { seed: 1, spans: 1, startUnixNanos: 1n });
  const copy = { ...span, resource: structuredClone(span.resource), scope: structuredClone(span.scope) };
  assert.equal(groupSpans([span, copy]).length, 1);
  const reordered = { ...span, resource: { ...span.resource, droppedAttributesCount: 1 } };
  assert.equal(groupSpans([span, reordered]).length, 2);
});

const span = (fields: string): Uint8Array => {
  const hex = fields.replaceAll(' ', '');
  const wrap = (content: string, tag: string): string =>
    tag + (content.length / 2).toString(16).padStart(2, '0') + content;
  return bytesFromHex(wrap(wrap(wrap(hex, '12'), '12'), '0a')) ?? assert.fail();
};
const ids = '0a10 000102030405060708090a0b0c0d0e0f 1208 0001020304050607';

test('a minimal span, field by field', () => {
  const [decoded] = decodeTraces(span(`${ids} 2201 61 `.replace('2201 61', '2a01 61') + ' 3002 39 00000000000000ff'));
  assert.equal(decoded.traceId, '000102030405060708090a0b0c0d0e0f');
  assert.equal(decoded.spanId, '0001020304050607');
  assert.equal(decoded.name, 'a');
  assert.equal(decoded.kind, 2);
  assert.equal(decoded.startUnixNanos, 0xff00_0000_0000_0000n);
  assert.equal(decoded.parentSpanId, '');
});

test('a parent of zeros is no parent; unknown fields, groups and old field numbers are skipped', () => {
  const [decoded] = decodeTraces(span(`${ids} 2208 0000000000000000 9a06 02 0000 a306 0801 a406`));
  assert.equal(decoded.parentSpanId, '');
});

test('a message that comes in two parts is merged', () => {
  const [decoded] = decodeTraces(span(`${ids} 7a03 12 01 61 7a02 18 02`));
  assert.equal(decoded.statusMessage, 'a');
  assert.equal(decoded.statusCode, 2);
});

test('ids of another length are refused', () => {
  const refused = (fields: string, message: RegExp): void => {
    assert.throws(() => decodeTraces(span(fields)), { code: 'invalid_argument', message });
  };
  refused('1208 0001020304050607', /trace id: need 16 bytes, have 0/);
  refused('0a08 0001020304050607 1208 0001020304050607', /trace id: need 16 bytes, have 8/);
  refused('0a10 000102030405060708090a0b0c0d0e0f', /span id: need 8 bytes, have 0/);
  refused(`${ids} 2204 00010203`, /parent span id: need 0 or 8 bytes, have 4/);
  refused('0801', /field 1 has wire type 0, expected 2/);
});

test('values nest 64 deep, not 65', () => {
  const nested = (depth: number): AnyValue =>
    depth === 1 ? { type: 'empty' } : { type: 'array', value: [nested(depth - 1)] };
  const deepest = nested(anyValueDepthMax);
  assert.deepStrictEqual(decodeAnyValue(encodeAnyValue(deepest)), deepest);
  assert.throws(() => decodeAnyValue(encodeAnyValue(nested(anyValueDepthMax + 1))), {
    code: 'invalid_argument',
    message: /deeper than 64/,
  });
  const list = (depth: number): AnyValue =>
    depth === 1 ? { type: 'empty' } : { type: 'kvlist', value: [{ key: '', value: list(depth - 1) }] };
  assert.throws(() => decodeAnyValue(encodeAnyValue(list(1000))), {
    code: 'invalid_argument',
    message: /deeper than 64/,
  });
});

test('damaged bytes end in spans or in invalid_argument, never in anything else', () => {
  const seed = Number(process.env.FUZZ_SEED ?? 20_261_121);
  const random = seededRandom(seed);
  const samples = [
    encodeTraces(generate('every-type', { seed: 1, spans: 3, startUnixNanos: 1_700_000_000_000_000_000n })),
    encodeTraces(generate('shop', { seed: 1, spans: 8, startUnixNanos: 1_700_000_000_000_000_000n })),
  ];
  let refusals = 0;
  for (let round = 0; round < 3000; round++) {
    const bytes = damaged(samples[round % samples.length], random);
    try {
      decodeTraces(bytes);
    } catch (error) {
      refusals++;
      assert.ok(
        error instanceof CodedError && error.code === 'invalid_argument',
        `seed ${seed}, round ${round}: ${String(error)}`
      );
    }
  }
  assert.ok(refusals > 500, `only ${refusals} refusals`);
});

test('answers of the ingest doors', () => {
  assert.equal(encodeExportResponse(0, '').length, 0);
  assert.equal(hexFromBytes(encodeExportResponse(3, 'no')), '0a06' + '0803' + '12026e6f');
  assert.equal(hexFromBytes(encodeExportResponse(0, 'no')), '0a04' + '12026e6f');
  assert.equal(hexFromBytes(encodeStatus(3, 'bad')), '0803' + '1203626164');
});
