import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { printQuery } from '../traceql/printer.ts';
import { durationBounds, every, ofName, ofService, tagEquals, tagExists, traceQuery } from './span-filter.ts';

const printed = (...conditions: Parameters<typeof traceQuery>[0]): string => printQuery(traceQuery(conditions));

test('conditions as TraceQL', () => {
  assert.equal(printed(), '{ }');
  assert.equal(printed(ofService('a"b')), '{ resource.service.name = "a\\"b" }');
  assert.equal(
    printed(every([ofService('s'), ofName('n'), ...durationBounds(5n, 1_500_000_000n)])),
    '{ resource.service.name = "s" && name = "n" && duration >= 5ns && duration <= 1.5s }'
  );
  assert.equal(printed(ofName('a'), ofName('b')), '{ name = "a" } && { name = "b" }');
});

test('a tag is text, and whatever the text may have been before', () => {
  const rows: [key: string, value: string, traceql: string][] = [
    ['k', 'v', '{ .k = "v" }'],
    ['k', '42', '{ .k = "42" || .k = 42 }'],
    ['k', '-1.5', '{ .k = "-1.5" || .k = -1.5 }'],
    ['k', 'true', '{ .k = "true" || .k = true }'],
    ['k', '123456789012345678901', '{ .k = "123456789012345678901" }'],
    ['error', 'true', '{ .error = "true" || .error = true || status = error }'],
    ['error', 'gone', '{ .error = "gone" || statusMessage = "gone" }'],
    ['span.kind', 'server', '{ .span.kind = "server" || kind = server }'],
    ['otel.status_code', 'ERROR', '{ .otel.status_code = "ERROR" || status = error }'],
  ];
  for (const [key, value, traceql] of rows) {
    assert.equal(printed(tagEquals(key, value)), traceql, `${key}=${value}`);
  }
  assert.equal(printed(tagExists('k')), '{ .k != nil || event:name = "k" }');
});

test('whatever a client sends, the query is valid and holds it whole', () => {
  const seed = Date.now() % 2 ** 31;
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), fc.string({ unit: 'binary' }), (key, value) => {
      const condition = every([ofService(value), tagEquals(key, value), tagExists(key)]);
      const text = printed(condition);
      assert.equal(printQuery(traceQuery([condition])), text);
      assert.match(text, /^\{ resource\.service\.name = "/);
    }),
    { seed, numRuns: 500 }
  );
});
