import assert from 'node:assert/strict';
import { test } from 'node:test';

import { generate } from '../../scripts/traces/generate.ts';
import { damaged } from '../../tests/fixtures/damage.ts';
import { CodedError } from '../base/coded-error.ts';
import { seededRandom } from '../base/random.ts';
import { canonicalSpan } from '../trace/canonical.ts';
import { decodeTraceFile } from './detect.ts';
import type { TraceFileFormat } from './detect.ts';
import { encodeJaegerJson } from './jaeger-json.ts';
import { stringifyJson } from './json.ts';
import { withoutFlags } from '../../tests/fixtures/without-flags.ts';
import { encodeTracesJson, tempoV1JsonOptions, tempoV2JsonOptions } from './otlp-json.ts';
import { encodeTraces } from './otlp-protobuf.ts';
import { encodeTraceByIdResponse } from './tempo.ts';
import { toOtlpProtobuf } from './transcode.ts';
import { decodeUtf8, encodeUtf8 } from './utf8.ts';
import { encodeZipkinJson } from './zipkin-json.ts';

const spans = generate('every-type', { seed: 2, spans: 40, startUnixNanos: 1_700_000_000_000_000_000n });
const ids = (list: ReadonlyArray<{ spanId: string }>): string[] => list.map(({ spanId }) => spanId).sort();
const half = encodeTracesJson(spans.slice(0, 20));
const rest = encodeTracesJson(spans.slice(20));
const joined = (...parts: ReadonlyArray<Uint8Array | string>): Uint8Array =>
  encodeUtf8(parts.map((part) => (typeof part === 'string' ? part : decodeUtf8(part))).join(''));

const files: Readonly<Record<string, readonly [TraceFileFormat, Uint8Array]>> = {
  'OTLP JSON': ['otlp-json', encodeTracesJson(spans)],
  'OTLP JSON with a byte order mark and blanks': ['otlp-json', joined('\ufeff\n  ', encodeTracesJson(spans), '\n')],
  'OTLP JSON, a list': ['otlp-json', joined('[', half, ',', rest, ']')],
  'OTLP JSON, a line each': ['otlp-json', joined(half, '\r\n\n', rest, '\n')],
  'OTLP protobuf': ['otlp-protobuf', encodeTraces(spans)],
  'Tempo v1 JSON': ['tempo-json', encodeTracesJson(spans, tempoV1JsonOptions)],
  'Tempo v2 JSON': ['tempo-json', encodeTracesJson(spans, tempoV2JsonOptions)],
  'Tempo v2 protobuf': ['tempo-protobuf', encodeTraceByIdResponse({ trace: spans, metrics: { inspectedBytes: '1' } })],
  'Jaeger JSON': ['jaeger-json', encodeJaegerJson(spans)],
  'Zipkin JSON': ['zipkin-json', encodeZipkinJson(spans)],
};

for (const [name, [format, bytes]] of Object.entries(files)) {
  test(`${name} is told by its content`, () => {
    const file = decodeTraceFile(bytes);
    assert.equal(file.format, format);
    assert.deepEqual(ids(file.spans), ids(spans));
    if (format.startsWith('otlp') || format.startsWith('tempo')) {
      const said = format === 'tempo-json' ? spans.map(withoutFlags) : spans;
      assert.deepEqual(file.spans.map(canonicalSpan).sort(), said.map(canonicalSpan).sort());
    }
  });
}

test('a message whose length is that of an opening brace is not taken for JSON', () => {
  // 0x0a 0x7b: ResourceSpans of 123 bytes, which begins like a line break and a brace.
  const [span] = generate('chain', { seed: 1, spans: 1, startUnixNanos: 1n });
  for (let length = 1; length < 200; length++) {
    const bytes = encodeTraces([
      { ...span, attributes: [], resource: { ...span.resource, attributes: [] }, name: 'x'.repeat(length) },
    ]);
    assert.equal(decodeTraceFile(bytes).format, 'otlp-protobuf', `first bytes ${bytes[0]} ${bytes[1]}`);
  }
});

test('a file of no known format says what was found', () => {
  const refused = (content: string | Uint8Array, message: RegExp): void => {
    const bytes = typeof content === 'string' ? encodeUtf8(content) : content;
    assert.throws(() => decodeTraceFile(bytes), { name: 'CodedError', code: 'invalid_argument', message });
  };
  refused('', /empty/);
  refused('{"name":"vivace","version":1}', /an object with the fields name, version/);
  refused('[1,2]', /found 1/);
  refused('{"resourceSpans":[', /not JSON/);
  refused('{"resourceSpans":[]}\n{"other":1}', /followed by something else/);
  refused('hello, world', /none of OTLP/);
  refused(new Uint8Array([0x89, 0x50, 0x4e, 0x47, 1, 2, 3]), /none of OTLP/);
});

test('damaged files end in spans or in invalid_argument', () => {
  const seed = Number(process.env.FUZZ_SEED ?? 20_261_121);
  const random = seededRandom(seed);
  const small = generate('shop', { seed: 2, spans: 4, startUnixNanos: 1n });
  const samples = [encodeTraces(small), encodeTracesJson(small), encodeJaegerJson(small), encodeZipkinJson(small)];
  for (let round = 0; round < 1200; round++) {
    try {
      decodeTraceFile(damaged(samples[round % samples.length], random));
    } catch (error) {
      assert.ok(
        error instanceof CodedError && error.code === 'invalid_argument',
        `seed ${seed}, round ${round}: ${String(error)}`
      );
    }
  }
});

test('every ingest encoding becomes OTLP protobuf', () => {
  const otlp = encodeTraces(spans);
  assert.equal(toOtlpProtobuf('otlp-protobuf', otlp), otlp);
  assert.deepEqual(toOtlpProtobuf('otlp-json', encodeTracesJson(spans)), otlp);
  for (const [encoding, body] of [
    ['jaeger-json', encodeJaegerJson(spans)],
    ['zipkin-json', encodeZipkinJson(spans)],
  ] as const) {
    assert.deepEqual(ids(decodeTraceFile(toOtlpProtobuf(encoding, body)).spans), ids(spans));
  }
  assert.throws(() => toOtlpProtobuf('otlp-json', stringifyJson(4)), { code: 'invalid_argument' });
});
