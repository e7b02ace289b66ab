import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../../base/random.ts';
import { nodeCodecs } from '../../server/node-codecs.ts';
import { randomBaseUnixNanos, randomTraces } from '../../traceql/testing.ts';
import { parseQuery } from '../../traceql/parser.ts';
import { encodeTraces } from '../../wire/otlp-protobuf.ts';
import { Head } from '../head/head.ts';
import { SimDisk } from '../sim-disk.ts';
import type { QueryLimits } from './control.ts';
import { QueryWorld } from './query-world.ts';
import { runQuery, type QueryRequest } from './run-query.ts';

const unbounded: QueryLimits = {
  queryTimeMsMax: 1e9,
  queryBytesMax: 1e15,
  querySpansMax: 1e15,
  queryMemoryBytesMax: 1e15,
};
const range = { startUnixNanos: undefined, endUnixNanos: undefined };
const search: QueryRequest = { kind: 'search', query: parseQuery('{ }'), range, limit: 1000, spansPerSpanset: 3 };
const metrics: QueryRequest = {
  kind: 'metrics',
  query: parseQuery('{ } | count_over_time()'),
  startUnixNanos: randomBaseUnixNanos - 1_000_000_000n,
  endUnixNanos: randomBaseUnixNanos + 3_600_000_000_000n,
  stepNanos: 3_601_000_000_000n,
  exemplars: 0,
};
const names: QueryRequest = { kind: 'attribute-names', range, filter: parseQuery('{ }') };

/** Three heads of 20 traces each. */
function heads() {
  const random = seededRandom(5);
  return [0, 1, 2].map((head) => {
    const built = new Head();
    built.append(encodeTraces(randomTraces(random, { traceCount: 20 }).flatMap(({ spans }) => spans)));
    built.commit(built.rowCount);
    return { key: `head ${head}`, snapshot: built.snapshot() };
  });
}

interface Run {
  readonly limits?: Partial<QueryLimits>;
  readonly stopAfter?: number;
  readonly memoryBytes?: number;
}

/** With a clock that counts how often it is asked. */
async function run(request: QueryRequest, { limits, stopAfter = Infinity, memoryBytes = 0 }: Run) {
  let nowMs = 0;
  let looks = 0;
  const disk = new SimDisk();
  const world = new QueryWorld({
    disk,
    codecs: nodeCodecs,
    nowMs: () => (nowMs += 25),
    memoryBytes: () => memoryBytes,
  });
  const payload = { heads: heads(), blocks: [], request, limits: { ...unbounded, ...limits }, reports: false };
  const context = { stopped: () => ++looks > stopAfter, report: () => undefined };
  return (await runQuery(payload, world, context)).answer;
}

const sizeOf = (data: unknown): number => (data instanceof Map ? data.size : (data as readonly unknown[]).length);

for (const request of [search, metrics, names]) {
  test(`${request.kind}: over a budget the answer is what was found, and says which limit it was`, async () => {
    const whole = await run(request, {});
    assert.deepEqual([whole.partial, whole.warnings], [false, []]);
    assert.ok(sizeOf(whole.data) > 0);
    const spans = await run(request, { limits: { querySpansMax: 1 } });
    assert.equal(spans.partial, true);
    assert.match(
      spans.warnings.join(),
      /has looked at \d+ spans, at most 1 \(limit querySpansMax\): the answer is what/
    );
    const time = await run(request, { limits: { queryTimeMsMax: 26 } });
    assert.match(time.warnings.join(), /has run for 26 ms \(limit queryTimeMsMax\)/);
    const memory = await run(request, { limits: { queryMemoryBytesMax: 1000 }, memoryBytes: 1001 });
    assert.match(memory.warnings.join(), /hold 1001 bytes of memory, at most 1000 \(limit queryMemoryBytesMax\)/);
    assert.ok(spans.stats.inspectedSpans <= whole.stats.inspectedSpans);
  });

  test(`${request.kind}: stops at the next look when nobody waits any more`, async () => {
    for (const stopAfter of [0, 1]) {
      await assert.rejects(run(request, { stopAfter }), { code: 'canceled' });
    }
  });
}

test('a search over its budget has the newest of what it looked at', async () => {
  const whole = await run(search, {});
  const cut = await run(search, { limits: { querySpansMax: 1 } });
  const ids = new Set((whole.data as readonly { traceId: string }[]).map(({ traceId }) => traceId));
  assert.ok((cut.data as readonly { traceId: string }[]).every(({ traceId }) => ids.has(traceId)));
});
