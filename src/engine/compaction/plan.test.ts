import assert from 'node:assert/strict';
import { test } from 'node:test';
import { oddWindow, type StoredBlock } from '../manifest.ts';
import { planCompaction } from './plan.ts';

const hourNanos = 3_600_000_000_000n;
const windowStart = 500_000n * hourNanos;
const limits = {
  windowNanos: hourNanos,
  windowSlackNanos: hourNanos,
  compactionFanIn: 4,
  compactedSpansMax: 1_000_000,
};
const during = windowStart + hourNanos / 2n;
const longAfter = windowStart + 10n * hourNanos;

let blocks = 0;
function block(spans: number, more: { window?: string | undefined; receivedUnixNanos?: bigint } = {}): StoredBlock {
  const blockId = `b${blocks++}`;
  return {
    meta: {
      blockId,
      path: `tenants/a/${blockId}.parquet`,
      formatVersion: 0,
      sizeBytes: 50 * spans,
      footerOffset: 0,
      footerLength: 0,
      footerCrc32c: 0,
      spans,
      traces: 1,
      startUnixNanos: String(windowStart + 1n),
      endUnixNanos: String(windowStart + 2n),
      minTraceId: '0'.repeat(32),
      maxTraceId: 'f'.repeat(32),
    },
    window: 'window' in more ? more.window : String(windowStart),
    walSequenceFirst: 1,
    walSequenceLast: 1,
    receivedUnixNanosMax: String(more.receivedUnixNanos ?? during),
  };
}

/** Spans of each block that the plan merges. */
function planned(given: readonly StoredBlock[], nowUnixNanos: bigint): number[] | undefined {
  return planCompaction(given, nowUnixNanos, limits)?.inputs.map(({ meta }) => meta.spans);
}

test('while a window grows, enough blocks of one tier make one of the next', () => {
  assert.equal(planned([block(100_000), block(110_000), block(120_000)], during), undefined);
  assert.deepEqual(
    planned([block(100_000), block(110_000), block(120_000), block(130_000)], during),
    [100_000, 110_000, 120_000, 130_000]
  );
  assert.equal(planned([block(10), block(110_000), block(120_000), block(900_000)], during), undefined);
});

test('small blocks are merged first, whatever waits in higher tiers', () => {
  const small = [block(10), block(9_000), block(30), block(40)];
  const large = [block(100_000), block(100_000), block(100_000), block(100_000)];
  assert.deepEqual(planned([...large, ...small], during), [10, 30, 40, 9_000]);
});

test('a window that is over becomes as few blocks as their size allows', () => {
  assert.deepEqual(planned([block(100_000), block(300_000)], longAfter), [100_000, 300_000]);
  assert.equal(planned([block(700_000), block(600_000)], longAfter), undefined);
  assert.deepEqual(planned([block(200_000), block(300_000), block(900_000)], longAfter), [200_000, 300_000]);
});

test('a little that comes late does not have a large block written again', () => {
  assert.equal(planned([block(10), block(900_000)], longAfter), undefined);
  const late = block(100_000, { receivedUnixNanos: longAfter - 1n });
  assert.equal(planned([block(100_000), late], longAfter), undefined, 'more may be on its way');
});

test('windows keep apart, odd times too, and so do blocks that expire at other times', () => {
  const next = String(windowStart + hourNanos);
  assert.equal(planned([block(10), block(10, { window: next })], longAfter), undefined);
  assert.equal(planned([block(10), block(10, { window: oddWindow })], longAfter), undefined);
  assert.equal(
    planned([block(10, { window: oddWindow }), block(10, { window: oddWindow })], longAfter),
    undefined,
    'odd times are never over'
  );
  const later = block(10, { receivedUnixNanos: during + 100n * hourNanos });
  assert.equal(planned([block(10), later], longAfter + 1000n * hourNanos), undefined);
});

test('blocks of manifests without windows are placed by their times', () => {
  assert.deepEqual(planned([block(10, { window: undefined }), block(20)], longAfter), [10, 20]);
});

test('merging goes on until nothing is to be gained, and writes a span a few times only', () => {
  let listed: StoredBlock[] = [];
  let written = 0;
  const arrivals = 64;
  for (let i = 0; i < arrivals; i++) {
    listed.push(block(10_000));
    for (let job = planCompaction(listed, during, limits); job !== undefined;) {
      const { inputs } = job;
      const spans = inputs.reduce((sum, { meta }) => sum + meta.spans, 0);
      written += spans;
      listed = [...listed.filter((other) => !inputs.includes(other)), block(spans)];
      job = planCompaction(listed, during, limits);
    }
  }
  assert.ok(listed.length <= 8, `${listed.length} blocks are left of ${arrivals}`);
  assert.ok(written <= 3 * arrivals * 10_000, `every span was written ${written / arrivals / 10_000} times`);
});
