import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';

import { attributeOf, serviceNameOf } from '../../src/trace/model.ts';
import type { Attribute, Span } from '../../src/trace/model.ts';
import { decodeTraces } from '../../src/wire/otlp-protobuf.ts';
import { shopBatches, shopBodies } from './generate.ts';

/** The entropy that the benches' figures rest on. Whoever changes a number here renews every figure in `bench/`. */
const startUnixNanos = 1_700_000_000_000_000_000n;
const spans: Span[] = [...shopBatches({ seed: 42, spans: 20_000, startUnixNanos })].flat();
const traces = Map.groupBy(spans, ({ traceId }) => traceId);

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const textOf = (span: Span, key: string): string | undefined => {
  const value = attributeOf(span.attributes, key);
  return value?.type === 'string' ? value.value : undefined;
};
const distinct = (values: Iterable<string | undefined>): number =>
  new Set([...values].filter((value) => value !== undefined)).size;
const share = (predicate: (span: Span) => boolean): number => spans.filter(predicate).length / spans.length;
const within = (value: number, low: number, high: number): void =>
  assert.ok(value >= low && value <= high, `${value} is not within ${low} and ${high}`);

test('sizes: 8 spans a trace, 14 attributes a span, 15 a resource', () => {
  assert.equal(spans.length, 20_000);
  within(spans.length / traces.size, 7, 9);
  within(spans.reduce((sum, { attributes }) => sum + attributes.length, 0) / spans.length, 13, 15);
  within(Math.max(...spans.map(({ resource }) => resource.attributes.length)), 14, 16);
});

test('ids are random', () => {
  assert.equal(distinct(spans.map(({ spanId }) => spanId)), spans.length);
  // Every byte of an id takes nearly all values.
  for (let at = 0; at < 16; at += 2) {
    assert.equal(distinct(spans.map(({ spanId }) => spanId.slice(at, at + 2))), 256);
  }
});

test('times have nanoseconds', () => {
  for (const time of ['startUnixNanos', 'endUnixNanos'] as const) {
    within(
      share((span) => span[time] % 1000n === 0n),
      0,
      0.003
    );
    within(distinct(spans.map((span) => String(span[time] % 1000n))), 990, 1000);
  }
  assert.ok(spans.every(({ startUnixNanos: start, endUnixNanos: end }) => end > start && start >= startUnixNanos));
});

test('each trace has a UUID of its own, and so have 15 % of spans and more', () => {
  const requests = [...traces.values()].map((trace) =>
    trace.map((span) => textOf(span, 'app.request.id')).find((id) => id !== undefined)
  );
  // The last trace may have lost its root to the limit.
  assert.ok(requests.filter((id) => id !== undefined && uuid.test(id)).length >= traces.size - 1);
  assert.equal(distinct(requests), requests.filter((id) => id !== undefined).length);
  const others = spans
    .map((span) => textOf(span, 'app.query.id') ?? textOf(span, 'messaging.message.id'))
    .filter((id) => id !== undefined);
  assert.ok(others.every((id) => uuid.test(id)));
  assert.equal(distinct(others), others.length);
  within(others.length / spans.length, 0.15, 0.3);
});

test('users, clients and paths are many and skewed', () => {
  const users = [...traces.values()].map(([span]) => textOf(span, 'user.id'));
  within(distinct(users) / traces.size, 0.8, 0.999);
  const low = users.filter((user) => Number(user?.slice('user-'.length)) < 12_500).length;
  within(low / users.length, 0.45, 0.55);
  const clients = spans.map((span) => textOf(span, 'client.address')).filter((address) => address !== undefined);
  within(distinct(clients) / clients.length, 0.7, 0.99);
  const paths = spans
    .filter((span) => textOf(span, 'http.route')?.includes('{id}'))
    .map((span) => textOf(span, 'url.path'));
  assert.equal(distinct(paths), paths.length);
});

function stackTraceOf(attributes: readonly Attribute[]): string {
  const value = attributeOf(attributes, 'exception.stacktrace');
  return value?.type === 'string' ? value.value : assert.fail('an event without a stack trace');
}

test('2 % errors, 2 % exceptions, and stack traces that vary', () => {
  within(
    share(({ statusCode }) => statusCode === 2),
    0.015,
    0.026
  );
  const stacks = spans.flatMap(({ events }) => events.map(({ attributes }) => stackTraceOf(attributes)));
  within(stacks.length / spans.length, 0.015, 0.027);
  assert.equal(new Set(stacks).size, stacks.length);
});

test('8 services of 5 pods, several scopes, every kind', () => {
  assert.equal(distinct(spans.map(({ resource }) => serviceNameOf(resource))), 8);
  assert.equal(new Set(spans.map(({ resource }) => resource)).size, 40);
  within(distinct(spans.map(({ scope }) => scope.name)), 6, 12);
  assert.deepEqual([...new Set(spans.map(({ kind }) => kind))].sort(), [1, 2, 3, 4, 5]);
});

test('a body cannot be squeezed below its entropy', () => {
  const body = [...shopBodies({ seed: 7, spans: 5000, startUnixNanos, spansPerBody: 5000 })];
  const bytesPerSpan = gzipSync(body[0], { level: 9 }).length / 5000;
  within(bytesPerSpan, 50, 160);
});

test('bodies are as a collector sends them: of one size, ordered by end, traces mixed and spread', () => {
  const bodies = [...shopBodies({ seed: 9, spans: 5500, startUnixNanos })].map((body) => decodeTraces(body));
  assert.deepEqual(
    bodies.map((body) => body.length),
    [1000, 1000, 1000, 1000, 1000, 500]
  );
  within(distinct(bodies[0].map(({ traceId }) => traceId)), 100, 1000);
  const bodiesOfTrace = Map.groupBy(
    bodies.flatMap((body, index) => body.map(({ traceId }) => ({ traceId, index }))),
    ({ traceId }) => traceId
  );
  const spread = [...bodiesOfTrace.values()].filter((places) => new Set(places.map(({ index }) => index)).size > 1);
  assert.ok(spread.length > 10, `${spread.length} traces lie in more than one body`);
  assert.equal(distinct(bodies.flat().map(({ spanId }) => spanId)), 5500);
});
