import assert from 'node:assert/strict';
import { test } from 'node:test';

import { canonicalSpan } from '../../src/trace/canonical.ts';
import { durationNanosOf } from '../../src/trace/model.ts';
import type { Span } from '../../src/trace/model.ts';
import { generate, shapeNames } from './generate.ts';
import type { ShapeName } from './generate.ts';

const startUnixNanos = 1_700_000_000_000_000_000n;
const make = (shape: ShapeName, spans = 200, seed = 1): Span[] => generate(shape, { seed, spans, startUnixNanos });
const parentsOf = (spans: readonly Span[]): Array<Span | undefined> => {
  const byId = new Map(spans.map((span) => [span.traceId + span.spanId, span]));
  return spans.map(({ traceId, parentSpanId }) => byId.get(traceId + parentSpanId));
};

test('a seed gives the same spans again, another seed others; the number of spans is exact', () => {
  for (const shape of shapeNames) {
    const count = shape === 'huge-attribute' ? 23 : 203;
    const contents = (seed: number): string[] => make(shape, count, seed).map(canonicalSpan);
    assert.equal(contents(1).length, count, shape);
    assert.deepEqual(contents(1), contents(1), shape);
    assert.notDeepEqual(contents(1), contents(2), shape);
    assert.equal(make(shape, 1).length, 1, shape);
    assert.equal(make(shape, 0).length, 0, shape);
  }
});

test('trees: children lie within their parents', () => {
  for (const shape of ['chain', 'wide', 'deep', 'n-plus-one', 'retries'] as const) {
    const spans = make(shape);
    parentsOf(spans).forEach((parent, i) => {
      assert.equal(parent === undefined, spans[i].parentSpanId === '', shape);
      assert.ok(
        parent === undefined ||
          (parent.startUnixNanos <= spans[i].startUnixNanos && spans[i].endUnixNanos <= parent.endUnixNanos),
        shape
      );
    });
  }
});

test('each shape is what its name says', () => {
  const chain = make('chain');
  parentsOf(chain).forEach((parent, i) => assert.equal(parent, chain[i - 1]));
  const wide = make('wide');
  assert.ok(parentsOf(wide).every((parent, i) => parent === (i === 0 ? undefined : wide[0])));
  const lost = make('orphans').filter((span, i, all) => span.parentSpanId !== '' && parentsOf(all)[i] === undefined);
  assert.ok(lost.length > 20);
  const cycles = make('cycles');
  assert.ok(cycles.some(({ spanId, parentSpanId }) => spanId === parentSpanId));
  assert.ok(cycles.every(({ parentSpanId }) => parentSpanId !== ''));
  const twice = make('duplicate-ids');
  assert.ok(new Set(twice.map(canonicalSpan)).size < twice.length);
  assert.ok(new Set(twice.map(({ spanId }) => spanId)).size < new Set(twice.map(canonicalSpan)).size);
  const skewed = make('skew');
  assert.ok(
    parentsOf(skewed).some((parent, i) => parent !== undefined && skewed[i].startUnixNanos < parent.startUnixNanos)
  );
  assert.ok(make('negative-duration').some((span) => durationNanosOf(span) < 0n));
  assert.ok(make('retries').filter(({ statusCode }) => statusCode === 2).length > 40);
  assert.ok(new Set(make('many-keys').flatMap(({ attributes }) => attributes.map(({ key }) => key))).size > 3000);
  const [huge] = make('huge-attribute', 10).flatMap(({ attributes }) =>
    attributes.filter(({ key }) => key === 'app.body')
  );
  assert.equal(huge.value.type === 'string' && huge.value.value.length, 1024 * 1024);
});

test('a chain of 100,000 spans is made without recursion', () => {
  assert.equal(make('chain', 100_000).length, 100_000);
});
