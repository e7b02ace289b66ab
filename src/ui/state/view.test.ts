import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  agoText,
  parseRangeEnd,
  rangeEndText,
  rangeSeconds,
  shareable,
  startView,
  urlOfView,
  viewFromUrl,
  wholeTrace,
} from './view.ts';
import type { RangeEnd, TraceFocus, View } from './view.ts';

const rangeEnds: fc.Arbitrary<RangeEnd> = fc.oneof(
  fc.nat(1_000_000).map((seconds) => ({ kind: 'ago' as const, agoMs: seconds * 1_000 })),
  fc.nat(2_000_000_000_000).map((unixMs) => ({ kind: 'at' as const, unixMs }))
);
const hex = (length: number): fc.Arbitrary<string> =>
  fc
    .array(fc.constantFrom(...'0123456789abcdef'), { minLength: length, maxLength: length })
    .map((digits) => digits.join(''));
const focuses: fc.Arbitrary<TraceFocus> = fc.record(
  {
    filter: fc.string({ minLength: 1 }),
    view: fc.constantFrom('flame' as const, 'statistics' as const, 'graph' as const, 'events' as const),
    groupBy: fc.array(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 3 }),
    colorBy: fc.string({ minLength: 1 }),
    notes: fc.array(
      fc.oneof(
        fc.record({ text: fc.string({ minLength: 1 }), spanId: hex(16) }, { noNullPrototype: true }),
        fc.record(
          {
            text: fc.string({ minLength: 1 }),
            range: fc.record({ startNanos: fc.nat(1e12), endNanos: fc.nat(1e12) }, { noNullPrototype: true }),
          },
          { noNullPrototype: true }
        )
      ),
      { minLength: 1, maxLength: 4 }
    ),
    reduce: fc.constantFrom('story' as const, 'repeats' as const, 'all' as const),
    open: fc.uniqueArray(fc.nat(1e6), { minLength: 1, maxLength: 50 }).map((rows) => rows.sort((a, b) => a - b)),
    hide: fc.constant(true as const),
    sort: fc.constantFrom('-p99', 'count'),
    flame: fc.constant('time' as const),
    weigh: fc.constantFrom('self' as const, 'errors' as const),
    clip: fc.constant(true as const),
    spanId: fc.option(hex(16), { nil: undefined }),
    zoom: fc.option(
      fc
        .tuple(fc.nat(1e12), fc.integer({ min: 1, max: 1e12 }))
        .map(([startNanos, length]) => ({ startNanos, endNanos: startNanos + length })),
      { nil: undefined }
    ),
    foldDepth: fc.option(fc.nat(9_999), { nil: undefined }),
    foldToggles: fc.uniqueArray(fc.nat(1e6), { maxLength: 100 }).map((rows) => rows.sort((a, b) => a - b)),
    find: fc.string(),
  },
  { noNullPrototype: true, requiredKeys: ['spanId', 'zoom', 'foldDepth', 'foldToggles', 'find'] }
);
const sides = fc.oneof(
  fc.constantFrom('', 'file'),
  hex(32),
  hex(32).map((id) => `file:${id}`)
);
const views: fc.Arbitrary<View> = fc.oneof(
  fc.record(
    {
      page: fc.constant('search' as const),
      query: fc.string(),
      range: fc.record({ from: rangeEnds, to: rangeEnds }, { noNullPrototype: true }),
      limit: fc.integer({ min: 1, max: 10_000 }),
      editor: fc.constantFrom('form' as const, 'traceql' as const),
      live: fc.boolean(),
    },
    { noNullPrototype: true }
  ),
  fc.record(
    {
      page: fc.constant('trace' as const),
      traceId: hex(32),
      focus: focuses,
      trail: fc.array(fc.record({ traceId: hex(32), spanId: hex(16), name: fc.string() }, { noNullPrototype: true }), {
        minLength: 1,
        maxLength: 3,
      }),
    },
    { noNullPrototype: true, requiredKeys: ['page', 'traceId', 'focus'] }
  ),
  fc.record({ page: fc.constant('compare' as const), before: sides, after: sides }, { noNullPrototype: true }),
  fc.record(
    { page: fc.constant('file' as const), traceId: fc.option(hex(32), { nil: undefined }), focus: focuses },
    { noNullPrototype: true }
  )
);

test('every view comes back from its URL', () => {
  fc.assert(
    fc.property(views, (view) => {
      const { path, search } = urlOfView(view);
      assert.deepEqual(viewFromUrl(path, search), view);
    }),
    { numRuns: 300 }
  );
});

test('the start view has the shortest URL', () => {
  assert.deepEqual(urlOfView(startView), { path: '/search', search: '' });
});

test('a damaged link falls back to defaults instead of failing', () => {
  assert.deepEqual(viewFromUrl('/search', '?limit=-3&from=yesterday&to=&editor=x'), startView);
  const view = viewFromUrl('/a/some-app/trace/ABC', '?zoom=9-3&span=zz&fold=!!&depth=many');
  assert.deepEqual(view, { page: 'trace', traceId: 'abc'.padStart(32, '0'), focus: wholeTrace });
});

test('range ends read as people write them', () => {
  assert.equal(rangeEndText({ kind: 'ago', agoMs: 900_000 }), 'now-15m');
  assert.equal(agoText(7 * 86_400_000), '7d');
  assert.deepEqual(parseRangeEnd('now'), { kind: 'ago', agoMs: 0 });
  assert.equal(parseRangeEnd('soon'), undefined);
});

test('a range becomes whole seconds that contain the newest millisecond', () => {
  const now = 1_700_000_000_900;
  assert.deepEqual(rangeSeconds(startView.range, now), { startSeconds: 1_699_996_400, endSeconds: 1_700_000_002 });
});

test('a link is at most 2,000 characters, and what it leaves out is said', () => {
  const long: fc.Arbitrary<View> = fc.record(
    {
      page: fc.constant('trace' as const),
      traceId: hex(32),
      focus: fc
        .tuple(focuses, fc.string({ maxLength: 3_000 }), fc.string({ maxLength: 3_000 }))
        .map(([focus, filter, text]) => ({ ...focus, filter, notes: [{ text, spanId: '00000000000000a1' }] })),
    },
    { noNullPrototype: true }
  );
  fc.assert(
    fc.property(long, (view) => {
      const { view: shared, leftOut } = shareable(view, 40);
      const { path, search } = urlOfView(shared);
      assert.ok(shared.page === 'trace' && view.page === 'trace');
      // Names of attributes and a few notes cannot be left out; they are bounded elsewhere.
      const rest = JSON.stringify([shared.focus.groupBy, shared.focus.colorBy]).length * 9;
      assert.ok(40 + path.length + search.length <= 2_000 + rest);
      const before = urlOfView(view);
      assert.equal(leftOut.length === 0, 40 + before.path.length + before.search.length <= 2_000);
    })
  );
});
