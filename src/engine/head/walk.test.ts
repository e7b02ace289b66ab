import assert from 'node:assert/strict';
import { test } from 'node:test';
import { concatBytes, textFromUtf8, utf8FromText } from '../../base/bytes.ts';
import { attributeOf, type AnyValue, type Span } from '../../trace/model.ts';
import { encodeTraces } from '../../wire/otlp-protobuf.ts';
import { ProtobufWriter } from '../../wire/protobuf.ts';
import { spansOfRows } from '../rows-to-spans.ts';
import { Head } from './head.ts';
import { defaultHeadLimits, type HeadLimits } from './limits.ts';
import { openSnapshot } from './snapshot.ts';
import { baseUnixNanos } from './testing.ts';

const traceId = Uint8Array.from({ length: 16 }, (_, i) => i + 1);
const spanId = Uint8Array.from({ length: 8 }, (_, i) => i + 1);

/** One request with one span whose message `fill` writes. */
function requestOf(fill: (span: ProtobufWriter) => void): Uint8Array {
  return wrap((scopeSpans) => {
    const mark = scopeSpans.begin(2);
    fill(scopeSpans);
    scopeSpans.end(mark);
  });
}

function wrap(fillScopeSpans: (writer: ProtobufWriter) => void): Uint8Array {
  const writer = new ProtobufWriter();
  const resourceSpans = writer.begin(1);
  const scopeSpans = writer.begin(2);
  fillScopeSpans(writer);
  writer.end(scopeSpans);
  writer.end(resourceSpans);
  return writer.finish();
}

function ids(writer: ProtobufWriter): void {
  writer.byteArray(1, traceId);
  writer.byteArray(2, spanId);
}

function attribute(writer: ProtobufWriter, key: Uint8Array, fillValue: (value: ProtobufWriter) => void): void {
  const mark = writer.begin(9);
  writer.byteArray(1, key);
  const value = writer.begin(2);
  fillValue(writer);
  writer.end(value);
  writer.end(mark);
}

function published(request: Uint8Array, limits: Partial<HeadLimits> = {}): Span[] {
  const head = new Head({ ...defaultHeadLimits, ...limits });
  head.append(request);
  head.commit(head.rowCount);
  const rowSet = openSnapshot(head.snapshot());
  return spansOfRows(
    rowSet,
    Uint32Array.from({ length: rowSet.rowCount }, (_, row) => row)
  );
}

test('a span without a usable id is rejected alone, with the reason of the first', () => {
  const head = new Head();
  const request = wrap((writer) => {
    for (const [trace, span, parent] of [
      [traceId, spanId, new Uint8Array(0)],
      [traceId.subarray(1), spanId, new Uint8Array(0)],
      [new Uint8Array(16), spanId, new Uint8Array(0)],
      [traceId, new Uint8Array(8), new Uint8Array(0)],
      [traceId, new Uint8Array(0), new Uint8Array(0)],
      [traceId, spanId, new Uint8Array(3)],
    ]) {
      const mark = writer.begin(2);
      writer.byteArray(1, trace);
      writer.byteArray(2, span);
      writer.byteArray(4, parent);
      attribute(writer, utf8FromText('k'), (value) => value.string(1, 'v'));
      writer.end(mark);
    }
  });
  const verdict = head.append(request);
  assert.deepEqual([verdict.acceptedSpans, verdict.rejectedSpans], [1, 5]);
  assert.equal(verdict.reason, '5 spans rejected, the first because of its trace id: need 16 bytes, have 15');
  assert.equal(head.rowCount, 1);
});

test('a parent id of zeros is a root', () => {
  const [span] = published(requestOf((writer) => (ids(writer), writer.byteArray(4, new Uint8Array(8)))));
  assert.equal(span.parentSpanId, '');
});

test('a rejected span must be well-formed all the same', () => {
  const request = requestOf((writer) => {
    writer.byteArray(1, traceId.subarray(2));
    writer.byteArray(9, Uint8Array.of(0x0a, 0x7f));
  });
  assert.throws(() => new Head().append(request), { code: 'invalid_argument' });
});

test('long values are cut at a character and marked, long arrays dropped, both counted', () => {
  const head = new Head({ ...defaultHeadLimits, attributeValueBytesMax: 10 });
  const request = requestOf((writer) => {
    ids(writer);
    attribute(writer, utf8FromText('ascii'), (value) => value.string(1, '0123456789abc'));
    attribute(writer, utf8FromText('wide'), (value) => value.string(1, 'ééééééé'));
    attribute(writer, utf8FromText('whole'), (value) => value.string(1, '0123456789'));
    attribute(writer, utf8FromText('bytes'), (value) => value.byteArray(7, new Uint8Array(20)));
    writer.uint32(10, 2);
  });
  const verdict = head.append(request);
  assert.deepEqual([verdict.acceptedSpans, verdict.cutValues, verdict.droppedAttributes], [1, 3, 1]);
  const [span] = published(request, { attributeValueBytesMax: 10 });
  assert.deepEqual(span.attributes, [
    { key: 'ascii', value: { type: 'string', value: '0123456789…' } },
    { key: 'wide', value: { type: 'string', value: 'ééééé…' } },
    { key: 'whole', value: { type: 'string', value: '0123456789' } },
  ]);
  assert.equal(span.droppedAttributesCount, 3);
});

test('attributes above the limit are dropped and counted', () => {
  const request = requestOf((writer) => {
    ids(writer);
    for (let i = 0; i < 9; i++) {
      attribute(writer, utf8FromText(`k${i}`), (value) => value.int64(3, BigInt(i)));
    }
  });
  const [span] = published(request, { attributesMax: 4 });
  assert.deepEqual([span.attributes.length, span.droppedAttributesCount], [4, 5]);
});

test('spans of one trace above the limit are rejected', () => {
  const head = new Head({ ...defaultHeadLimits, spansPerTraceMax: 3 });
  const request = wrap((writer) => {
    for (let i = 1; i <= 5; i++) {
      const mark = writer.begin(2);
      writer.byteArray(1, traceId);
      writer.byteArray(2, new Uint8Array(8).fill(i));
      writer.end(mark);
    }
  });
  const verdict = head.append(request);
  assert.deepEqual([verdict.acceptedSpans, verdict.rejectedSpans], [3, 2]);
  assert.match(verdict.reason, /it has 3 spans already/);
});

test('keys above the limit of columns keep their values', () => {
  const request = requestOf((writer) => {
    ids(writer);
    for (let i = 0; i < 9; i++) {
      attribute(writer, utf8FromText(`k${i}`), (value) => value.int64(3, BigInt(i)));
    }
  });
  const [span] = published(request, { columnsMax: 4 });
  assert.deepEqual(
    span.attributes.map(({ key, value }) => [key, value.type === 'int' ? value.value : undefined]),
    Array.from({ length: 9 }, (_, i) => [`k${i}`, BigInt(i)])
  );
});

test('of a key sent twice the first value stays the first, in whatever types', () => {
  const request = requestOf((writer) => {
    ids(writer);
    attribute(writer, utf8FromText('k'), (value) => value.string(1, 'first'));
    attribute(writer, utf8FromText('k'), (value) => value.int64(3, 2n));
    attribute(writer, utf8FromText('k'), (value) => value.string(1, 'third'));
  });
  const [span] = published(request);
  assert.deepEqual(attributeOf(span.attributes, 'k'), { type: 'string', value: 'first' });
  assert.equal(span.attributes.length, 3);
});

test('what is not UTF-8 becomes U+FFFD, in keys and values, always the same', () => {
  const broken = Uint8Array.of(0x61, 0xff, 0xc3, 0x62, 0xed, 0xa0, 0x80);
  const expected = textFromUtf8(broken);
  const request = requestOf((writer) => {
    ids(writer);
    writer.byteArray(5, broken);
    attribute(writer, broken, (value) => value.byteArray(1, broken));
    attribute(writer, broken, (value) => value.byteArray(1, broken));
  });
  const [span] = published(request);
  assert.equal(span.name, expected);
  assert.deepEqual(
    span.attributes,
    Array.from({ length: 2 }, () => ({ key: expected, value: { type: 'string', value: expected } }))
  );
});

test('fields in any order, split messages, unusual lengths, unknown fields and groups', () => {
  const writer = new ProtobufWriter();
  const resourceSpans = writer.begin(1);
  const scopeSpans = writer.begin(2);
  const span = writer.begin(2);
  writer.fixed32(16, 1);
  writer.string(5, 'replaced');
  writer.string(5, 'late ids');
  writer.raw(Uint8Array.of(0x9b, 0x06, 0x08, 0x01, 0x9c, 0x06)); // group 99 with one field
  attribute(writer, utf8FromText('k'), (value) => {
    value.string(1, 'overruled');
    value.bool(2, true);
  });
  writer.raw(concatBytes([Uint8Array.of(0x4a, 0x85, 0x80, 0x00), Uint8Array.of(0x0a, 0x03, 0x6e, 0x6f, 0x76)])); // a key alone
  ids(writer);
  writer.uint32(999, 5);
  writer.end(span);
  writer.string(3, 'scope url');
  const scope = writer.begin(1);
  writer.string(1, 'scope name');
  writer.end(scope);
  writer.end(scopeSpans);
  for (const service of ['one', 'two']) {
    const resource = writer.begin(1);
    const keyValue = writer.begin(1);
    writer.string(1, service);
    writer.end(keyValue);
    writer.end(resource);
  }
  writer.string(3, 'resource url');
  writer.end(resourceSpans);
  const [decoded] = published(writer.finish());
  assert.equal(decoded.name, 'late ids');
  assert.equal(decoded.flags, 1);
  assert.deepEqual(decoded.attributes, [
    { key: 'k', value: { type: 'bool', value: true } },
    { key: 'nov', value: { type: 'empty' } },
  ]);
  assert.deepEqual(decoded.scope, {
    name: 'scope name',
    version: '',
    attributes: [],
    droppedAttributesCount: 0,
    schemaUrl: 'scope url',
  });
  assert.deepEqual(
    decoded.resource.attributes.map(({ key }) => key),
    ['one', 'two']
  );
  assert.equal(decoded.resource.schemaUrl, 'resource url');
});

test('values nest 64 deep and no deeper; in events too', () => {
  const nested = (depth: number): AnyValue =>
    depth === 1 ? { type: 'bool', value: true } : { type: 'array', value: [nested(depth - 1)] };
  const spanWith = (value: AnyValue): Span => ({
    traceId: '01'.repeat(16),
    spanId: '02'.repeat(8),
    parentSpanId: '',
    traceState: '',
    flags: 0,
    name: '',
    kind: 0,
    startUnixNanos: baseUnixNanos,
    endUnixNanos: baseUnixNanos,
    attributes: [{ key: 'a', value }],
    droppedAttributesCount: 0,
    events: [{ timeUnixNanos: 0n, name: '', attributes: [{ key: 'a', value }], droppedAttributesCount: 0 }],
    droppedEventsCount: 0,
    links: [],
    droppedLinksCount: 0,
    statusCode: 0,
    statusMessage: '',
    resource: { attributes: [], droppedAttributesCount: 0, schemaUrl: '' },
    scope: { name: '', version: '', attributes: [], droppedAttributesCount: 0, schemaUrl: '' },
  });
  const [span] = published(encodeTraces([spanWith(nested(64))]));
  assert.deepEqual(span.attributes[0].value, nested(64));
  assert.deepEqual(span.events[0].attributes[0].value, nested(64));
  assert.throws(() => published(encodeTraces([spanWith(nested(65))])), /deeper than 64/);
});

test('an empty request is accepted and adds nothing', () => {
  assert.deepEqual(published(new Uint8Array(0)), []);
});

test('attributes that repeat are the same attributes: after a duplicate, a cut value, a second occurrence, in a body with bytes behind it', () => {
  const key = utf8FromText('k');
  const values = ['same', 'same', 'x'.repeat(40), 'x'.repeat(40), 'same', 'y'.repeat(40)];
  const request = wrap((scopeSpans) => {
    // Each span twice, and each with its attribute twice.
    for (const [i, value] of values.flatMap((text, at) => [[at, text] as const, [at, text] as const])) {
      const mark = scopeSpans.begin(2);
      scopeSpans.byteArray(1, traceId);
      scopeSpans.byteArray(2, Uint8Array.of(1, 2, 3, 4, 5, 6, 7, i));
      attribute(scopeSpans, key, (any) => any.string(1, value));
      attribute(scopeSpans, key, (any) => any.string(1, value));
      attribute(scopeSpans, utf8FromText('n'), (any) => any.uint32(3, 7));
      scopeSpans.end(mark);
    }
  });
  const padded = new Uint8Array(request.length + 8).fill(0xff);
  padded.set(request);
  for (const body of [request, padded.subarray(0, request.length)]) {
    const head = new Head({ ...defaultHeadLimits, attributeValueBytesMax: 32 });
    const verdict = head.append(body);
    head.commit(head.rowCount);
    assert.equal(verdict.duplicateSpans, values.length);
    // The long values of each copy; their second occurrences are kept as they came.
    assert.equal(verdict.cutValues, 2 * 3);
    const rowSet = openSnapshot(head.snapshot());
    const spans = spansOfRows(
      rowSet,
      Uint32Array.from({ length: rowSet.rowCount }, (_, row) => row)
    );
    assert.deepEqual(
      spans.map((span) => attributeOf(span.attributes, 'k')),
      values.map((text) => ({ type: 'string', value: text.length > 32 ? `${text.slice(0, 32)}…` : text }))
    );
    assert.ok(spans.every((span) => span.attributes.length === 3));
  }
});
