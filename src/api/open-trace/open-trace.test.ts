import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { arbitrarySpans } from '../../../tests/fixtures/arbitrary-spans.ts';
import { drawnSpans } from '../../analysis/testing.ts';
import { seededRandom } from '../../base/random.ts';
import { compareSpans, mergeTrace } from '../../trace/merge.ts';
import { attributeOf } from '../../trace/model.ts';
import type { Span } from '../../trace/model.ts';
import { spanTableOf } from '../../trace/span-table.ts';
import type { WholeSpanTable } from '../../trace/span-table.ts';
import { evaluateTrace } from '../../traceql/evaluate.ts';
import { parseQuery } from '../../traceql/parser.ts';
import { printQuery } from '../../traceql/printer.ts';
import { randomQuery, randomTraces } from '../../traceql/testing.ts';
import { encodeAnyValue } from '../../wire/otlp-protobuf.ts';
import { decodeSpanRows, encodeSpanRows } from '../vivace/span-rows.ts';
import { OpenTrace, openTraceOf } from './open-trace.ts';

const seedStart = Number(process.env['VIVACE_SEED'] ?? 1);

/** In parts of `size` rows, as they come from a server. */
function inParts(table: WholeSpanTable, size: number): OpenTrace {
  const open = new OpenTrace(table);
  for (let row = 0; row < table.rowCount; row += size) {
    open.add(decodeSpanRows(encodeSpanRows(table, '', row, row + size)));
  }
  return open;
}

/** Rows of every span of every spanset, by the reference evaluator over whole spans. */
function slowFilter(spans: readonly Span[], table: WholeSpanTable, text: string): number[] {
  const trace = { traceId: spans[0].traceId, spans: [...spans].sort(compareSpans) };
  const found = new Set(
    evaluateTrace(parseQuery(text), trace).flatMap((spanset) => spanset.spans.map((index) => trace.spans[index]))
  );
  return table.spans.map((span) => (found.has(span) ? 1 : 0));
}

test('a filter selects what the reference evaluator does, on random traces and queries', () => {
  let some = 0;
  for (let seed = seedStart; seed < seedStart + 150; seed++) {
    const random = seededRandom(seed);
    const [trace] = randomTraces(random, { traceCount: 1, spanCountMax: 14 });
    const spans = mergeTrace(trace.traceId, [trace.spans]).spans;
    const table = spanTableOf({ traceId: trace.traceId, spans });
    const open = inParts(table, 1 + random.below(14));
    for (let i = 0; i < 20; i++) {
      const text = printQuery(randomQuery(random, { kind: 'search' }));
      const { matches, count } = open.filter(text);
      const expected = slowFilter(spans, table, text);
      assert.deepEqual([...matches], expected, `seed ${seed}: ${text}`);
      assert.equal(count, expected.filter((match) => match === 1).length);
      some += count > 0 && count < table.rowCount ? 1 : 0;
    }
  }
  assert.ok(some > 300, `only ${some} filters selected some spans and not all`);
});

test('filters of one field each, of every kind of field', () => {
  const random = seededRandom(seedStart);
  const [trace] = randomTraces(random, { traceCount: 1, spanCountMax: 60 });
  const spans = mergeTrace(trace.traceId, [trace.spans]).spans;
  const table = spanTableOf({ traceId: trace.traceId, spans });
  const open = inParts(table, 7);
  const { span } = { span: spans[spans.length >> 1] };
  for (const text of [
    '{ }',
    '{ true }',
    '{ false || duration > 1us && !(kind = server) }',
    `{ duration >= ${span.endUnixNanos - span.startUnixNanos}ns }`,
    '{ status = error || name =~ ".*a.*" }',
    `{ statusMessage != "" }`,
    `{ span:id = "${span.spanId}" }`,
    `{ trace:id = "${span.traceId}" }`,
    '{ instrumentation:name != "x" && resource.service.name != nil }',
    '{ event:name != nil && name != "x" }',
    '{ .service.name != nil }',
    '{ duration > 1ns } | count() > 2',
    '{ parent:name != nil } && { kind = client }',
  ]) {
    assert.deepEqual([...open.filter(text).matches], slowFilter(spans, table, text), text);
  }
});

test('a query that is none, or selects no spans, is an error with a code', () => {
  const open = openTraceOf(drawnSpans([{ parent: -1, start: 0, end: 9 }]));
  assert.throws(() => open.filter('{ .a = '), { code: 'query_invalid' });
  assert.throws(() => open.filter('{ } | rate()'), { code: 'invalid_argument' });
});

test('keys and columns are those of the spans, whatever the parts', () => {
  fc.assert(
    fc.property(
      arbitrarySpans.filter(({ length }) => length > 0),
      fc.integer({ min: 1, max: 9 }),
      (given, size) => {
        const spans = given.map((span) => ({ ...span, traceId: given[0].traceId }));
        const table = spanTableOf({ traceId: spans[0].traceId, spans });
        const open = inParts(table, size);
        const listsOf = (span: Span) =>
          [
            ['span', span.attributes],
            ['resource', span.resource.attributes],
            ['instrumentation', span.scope.attributes],
          ] as const;
        const counts = new Map<string, number>();
        for (const span of table.spans) {
          for (const [scope, attributes] of listsOf(span)) {
            for (const key of new Set(attributes.map((attribute) => attribute.key))) {
              const id = JSON.stringify([scope, key, attributeOf(attributes, key)!.type]);
              counts.set(id, (counts.get(id) ?? 0) + 1);
            }
          }
        }
        const keys = open.keys();
        assert.deepEqual(
          new Map(keys.map(({ scope, key, type, count }) => [JSON.stringify([scope, key, type]), count])),
          counts
        );
        for (const key of keys) {
          const { values, codes } = open.column(key);
          assert.equal(values.length, new Set(codes).size - (codes.includes(-1) ? 1 : 0), 'each value is of some row');
          assert.ok(values.length <= key.distinctCount);
          table.spans.forEach((span, row) => {
            const value = attributeOf(listsOf(span).find(([scope]) => scope === key.scope)![1], key.key);
            const expected = value?.type === key.type ? [...encodeAnyValue(value)] : undefined;
            const found = codes[row] < 0 ? undefined : [...encodeAnyValue(values[codes[row]])];
            assert.deepEqual(found, expected);
          });
        }
      }
    ),
    { numRuns: 60 }
  );
});

test('text is found in names, services, ids, messages, attributes and events, and nowhere else', () => {
  const [root, ...rest] = drawnSpans([
    { parent: -1, start: 0, end: 9, service: 'Front' },
    { parent: 0, start: 1, end: 2 },
    { parent: 0, start: 3, end: 4 },
    { parent: 0, start: 5, end: 6 },
  ]);
  const attribute = (key: string, value: string) => ({ key, value: { type: 'string', value } }) as const;
  const event = {
    timeUnixNanos: 0n,
    name: 'retry',
    attributes: [attribute('why', 'Timed Out')],
    droppedAttributesCount: 0,
  };
  const spans = [
    root,
    { ...rest[0], attributes: [attribute('http.url', '/Cart/42'), attribute('note', 'end')] },
    { ...rest[1], events: [event] },
    { ...rest[2], statusMessage: 'declined', attributes: [attribute('a', ''), attribute('b', 'x'.repeat(9_000))] },
  ];
  const table = spanTableOf({ traceId: root.traceId, spans });
  for (const size of [1, 2, 4]) {
    const open = inParts(table, size);
    const rowsWith = (text: string): number[] =>
      [...open.find(text).matches].flatMap((match, row) => (match ? [row] : []));
    assert.deepEqual(rowsWith('FRONT'), [0]);
    assert.deepEqual(rowsWith('service.name=a'), [1, 2, 3]);
    assert.deepEqual(rowsWith('/cart/'), [1]);
    assert.deepEqual(rowsWith('http.url=/cart'), [1]);
    assert.deepEqual(rowsWith('42note'), [], 'not across two values');
    assert.deepEqual(rowsWith('retry'), [2]);
    assert.deepEqual(rowsWith('why=timed'), [2]);
    assert.deepEqual(rowsWith('declined'), [3]);
    assert.deepEqual(rowsWith(root.spanId), [0]);
    assert.deepEqual(rowsWith('span 2'), [2]);
    assert.deepEqual(rowsWith('nothing'), []);
    assert.equal(open.find('  ').count, 4);
  }
});

test('what has not come yet is not searched, and the answer says so', () => {
  const spans = drawnSpans([0, 1, 2, 3].map((start) => ({ parent: start - 1, start, end: 9 })));
  const table = spanTableOf({ traceId: spans[0].traceId, spans });
  const open = new OpenTrace(table);
  assert.equal(open.span(0), undefined);
  open.add(decodeSpanRows(encodeSpanRows(table, '', 0, 2)));
  assert.equal(open.span(1)?.spanId, spans[1].spanId);
  assert.equal(open.span(2), undefined);
  const found = open.find('service.name=a');
  assert.deepEqual([found.count, found.isPartial], [2, true]);
  assert.match(found.searched, /attributes of 2 of 4/);
  assert.throws(() => open.add(decodeSpanRows(encodeSpanRows(table, '', 3, 4))), /rows from 3, but 2 are here/);
});
