import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { canonicalSpan } from '../trace/canonical.ts';
import type { Span } from '../trace/model.ts';
import { emptyScope } from '../trace/model.ts';
import { arbitrarySpans } from '../../tests/fixtures/arbitrary-spans.ts';
import { decodeTraceFile } from './detect.ts';
import { exportFormats, exportTrace, lossesOf } from './export.ts';

/** Of one trace, each id once. */
const traces = arbitrarySpans.map((spans) =>
  [...new Map(spans.map((span) => [span.spanId, span])).values()].map((span): Span => ({
    ...span,
    traceId: spans[0].traceId,
  }))
);
/** As most traces are: nothing that only OTLP can say. */
const plain = traces.map((spans) =>
  spans.map((span, index): Span => {
    const start = (span.startUnixNanos % 1_000_000_000_000n) * 1_000n + 1_000_000n;
    const text = (key: string, value: string) => ({ key, value: { type: 'string' as const, value } });
    return {
      ...span,
      name: `span ${index}`,
      kind: 2 + (index % 4),
      startUnixNanos: start,
      endUnixNanos: start + 5_000n * BigInt(index + 1),
      attributes: [text('http.route', `/r/${index}`)],
      events: [{ timeUnixNanos: start + 2_000n, name: 'tick', attributes: [], droppedAttributesCount: 0 }],
      links: [],
      flags: 0,
      traceState: '',
      statusCode: index % 3 === 0 ? 2 : 0,
      statusMessage: '',
      resource: { attributes: [text('service.name', 'shop')], droppedAttributesCount: 0, schemaUrl: '' },
      scope: emptyScope,
      droppedAttributesCount: 0,
      droppedEventsCount: 0,
      droppedLinksCount: 0,
    };
  })
);

const contents = (spans: readonly Span[]): string[] => spans.map(canonicalSpan).sort();

test('OTLP holds everything, as JSON and as protobuf', () => {
  fc.assert(
    fc.property(
      traces.filter((spans) => spans.length > 0),
      (spans) => {
        for (const format of ['otlp-json', 'otlp-protobuf'] as const) {
          const exported = exportTrace(format, spans);
          assert.deepEqual(contents(decodeTraceFile(exported.bytes).spans), contents(spans), format);
          assert.deepEqual(lossesOf(spans, exported), []);
        }
      }
    ),
    { numRuns: 200 }
  );
});

test('every format holds an ordinary trace whole', () => {
  fc.assert(
    fc.property(
      plain.filter((spans) => spans.length > 0),
      (spans) => {
        for (const format of exportFormats) {
          const exported = exportTrace(format, spans);
          assert.deepEqual(lossesOf(spans, exported), [], format);
          assert.deepEqual(contents(decodeTraceFile(exported.bytes).spans), contents(spans), format);
        }
      }
    ),
    { numRuns: 200 }
  );
});

test('what a format cannot hold is named, and ids, names and parents are always there', () => {
  let lossy = 0;
  fc.assert(
    fc.property(
      traces.filter((spans) => spans.length > 0),
      (spans) => {
        for (const format of ['jaeger-json', 'zipkin-json'] as const) {
          const exported = exportTrace(format, spans);
          const back = decodeTraceFile(exported.bytes).spans;
          const isEqual = JSON.stringify(contents(back)) === JSON.stringify(contents(spans));
          const losses = lossesOf(spans, exported);
          assert.equal(losses.length === 0, isEqual, format);
          lossy += losses.length > 0 ? 1 : 0;
          assert.ok(losses.every(({ spanCount }) => spanCount > 0 && spanCount <= spans.length));
          assert.deepEqual(back.map(({ spanId }) => spanId).sort(), spans.map(({ spanId }) => spanId).sort());
        }
      }
    ),
    { numRuns: 200 }
  );
  assert.ok(lossy > 50);
});

test('a second export of what was read loses nothing more', () => {
  fc.assert(
    fc.property(
      plain.filter((spans) => spans.length > 0),
      (spans) => {
        for (const format of exportFormats) {
          const once = decodeTraceFile(exportTrace(format, spans).bytes).spans;
          const twice = decodeTraceFile(exportTrace(format, once).bytes).spans;
          assert.deepEqual(contents(twice), contents(once), format);
        }
      }
    ),
    { numRuns: 100 }
  );
});
