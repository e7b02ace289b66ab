/**
 * The engine's queries equal the reference evaluator's: random traces in random layouts (several heads, blocks cut by time window, traces
 * split over them, duplicates) and random queries, against the plain in-memory store that holds every span once or twice.
 *
 * VIVACE_PAIRS sets the number of (layout, query) pairs, VIVACE_SEED the first seed.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../../src/base/random.ts';
import { openBlock } from '../../src/engine/block/block-reader.ts';
import type { BlockMeta } from '../../src/engine/block/format.ts';
import { compactBlocks } from '../../src/engine/compaction/compact.ts';
import { flushHead } from '../../src/engine/flush.ts';
import { Head } from '../../src/engine/head/head.ts';
import { openSnapshot } from '../../src/engine/head/snapshot.ts';
import {
  attributeNamesView,
  attributeValuesView,
  metricsView,
  searchView,
  traceView,
} from '../../src/engine/query/index.ts';
import type { StoreView } from '../../src/engine/query/index.ts';
import type { RowSet } from '../../src/engine/row-set.ts';
import { SimDisk } from '../../src/engine/sim-disk.ts';
import { nodeCodecs } from '../../src/server/node-codecs.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import type { TimeRange } from '../../src/store/trace-store.ts';
import type { Span, Trace } from '../../src/trace/model.ts';
import type { Query } from '../../src/traceql/ast.ts';
import { QueryError } from '../../src/traceql/errors.ts';
import { isMetricsQuery } from '../../src/traceql/metrics.ts';
import type { MetricSeries } from '../../src/traceql/metrics.ts';
import { printQuery } from '../../src/traceql/printer.ts';
import { randomBaseUnixNanos, randomQuery, randomTraces } from '../../src/traceql/testing.ts';
import type { SeededRandom } from '../../src/traceql/testing.ts';
import { encodeTraces } from '../../src/wire/otlp-protobuf.ts';

const pairs = Number(process.env.VIVACE_PAIRS ?? 4000);
const firstSeed = Number(process.env.VIVACE_SEED ?? 1);
const queriesPerLayout = 40;
const tenant = 'single-tenant';

interface World {
  readonly view: StoreView;
  readonly reference: MemoryStore;
  readonly traces: readonly Trace[];
}

async function randomWorld(random: SeededRandom): Promise<World> {
  const traces = randomTraces(random, { traceCount: 3 + random.below(8) });
  const places = 1 + random.below(4);
  const shares: Span[][] = Array.from({ length: places }, () => []);
  const all: Span[] = [];
  for (const trace of traces) {
    // Most traces lie in one place, some are scattered.
    const home = random.below(places);
    const scattered = random.below(3) === 0;
    for (const span of trace.spans) {
      const copies = random.below(12) === 0 ? 2 : 1;
      for (let copy = 0; copy < copies; copy++) {
        shares[scattered || copy > 0 ? random.below(places) : home].push(span);
        all.push(span);
      }
    }
  }
  const reference = new MemoryStore();
  const body = encodeTraces(all);
  await reference.ingest({ tenant, encoding: 'otlp-protobuf', compression: 'identity', body, decoded: body });

  const disk = new SimDisk();
  const heads: RowSet[] = [];
  const metas: BlockMeta[] = [];
  for (const [place, spans] of shares.entries()) {
    if (spans.length === 0) {
      continue;
    }
    const head = new Head();
    head.append(encodeTraces(spans));
    head.commit(head.rowCount);
    if (random.below(2) === 0) {
      heads.push(openSnapshot(head.snapshot()));
      continue;
    }
    const flushed = await flushHead(
      {
        snapshot: head.snapshot(),
        folder: 'blocks',
        blockIdPrefix: `b${place}`,
        nowUnixNanos: randomBaseUnixNanos + 60_000_000_000n,
        windowNanos: random.pick([4_000_000_000n, 3_600_000_000_000n]),
        slackNanos: 1_000_000_000n,
      },
      disk,
      nodeCodecs
    );
    metas.push(...flushed.map(({ meta }) => meta));
  }
  const listed = await compactSome(disk, metas, random);
  const blocks = await Promise.all(listed.map((meta) => openBlock(disk, meta, nodeCodecs)));
  return { view: { heads, blocks }, reference, traces };
}

/** In every third layout two or more of the blocks have become one. */
async function compactSome(disk: SimDisk, metas: readonly BlockMeta[], random: SeededRandom): Promise<BlockMeta[]> {
  const inputs = random.below(3) === 0 ? metas.slice(0, 2 + random.below(3)) : [];
  if (inputs.length < 2) {
    return [...metas];
  }
  const payload = { inputs, blockId: 'merged', path: 'blocks/merged.parquet', zstdLevel: 1 };
  const groups = { rowGroupRowsMin: 1 + random.below(20), rowGroupRowsMax: 40 };
  const { meta } = await compactBlocks(payload, disk, nodeCodecs, groups);
  assert.ok(meta !== undefined);
  return [meta, ...metas.filter((other) => !inputs.includes(other))];
}

function randomRange(random: SeededRandom): TimeRange {
  if (random.below(3) !== 0) {
    return { startUnixNanos: undefined, endUnixNanos: undefined };
  }
  const startUnixNanos = randomBaseUnixNanos + BigInt(random.below(9_000)) * 1_000_000n;
  return { startUnixNanos, endUnixNanos: startUnixNanos + BigInt(1 + random.below(4_000)) * 1_000_000n };
}

/** The answer, or the query error as text: a query that fails must fail in both. */
async function outcome<T>(run: () => Promise<{ data: T }>): Promise<T | string> {
  try {
    return (await run()).data;
  } catch (error) {
    if (error instanceof QueryError) {
      return error.message;
    }
    throw error;
  }
}

/** Sums and averages of doubles depend on the order of adding, within 1e-9; everything else is exact. */
function assertSameSeries(
  actual: readonly MetricSeries[] | string,
  expected: readonly MetricSeries[] | string,
  where: string
): void {
  const close = (series: readonly MetricSeries[] | string): unknown =>
    typeof series === 'string'
      ? series
      : series.map(({ labels, samples }) => ({
          labels,
          samples: samples.map(({ timestampUnixNanos, value }) => [timestampUnixNanos, Number(value.toPrecision(9))]),
        }));
  assert.deepEqual(close(actual), close(expected), where);
}

async function compare(
  world: World,
  query: Query,
  random: SeededRandom,
  where: string
): Promise<'empty' | 'some' | 'failed'> {
  const { view, reference } = world;
  if (isMetricsQuery(query)) {
    const startUnixNanos = randomBaseUnixNanos - 1_000_000_000n;
    const endUnixNanos = randomBaseUnixNanos + 30_000_000_000n;
    const stepNanos = random.pick([1_000_000_000n, 5_000_000_000n, endUnixNanos - startUnixNanos]);
    const request = { tenant, query, startUnixNanos, endUnixNanos, stepNanos, exemplars: 0 };
    const expected = await outcome(() => reference.metrics(request));
    assertSameSeries(await outcome(() => metricsView(view, request)), expected, where);
    return typeof expected === 'string' ? 'failed' : expected.length === 0 ? 'empty' : 'some';
  }
  const request = {
    tenant,
    query,
    range: randomRange(random),
    limit: 1 + random.below(6),
    spansPerSpanset: 1 + random.below(5),
  };
  const expected = await outcome(() => reference.search(request));
  assert.deepEqual(await outcome(() => searchView(view, request)), expected, where);
  return typeof expected === 'string' ? 'failed' : expected.length === 0 ? 'empty' : 'some';
}

test(`${pairs} random (layout, query) pairs: engine and reference give the same answer`, async () => {
  const counts = { empty: 0, some: 0, failed: 0 };
  for (let pair = 0, seed = firstSeed; pair < pairs; seed++) {
    const random = seededRandom(seed);
    const world = await randomWorld(random);
    for (let i = 0; i < queriesPerLayout && pair < pairs; i++, pair++) {
      const query = randomQuery(random);
      counts[await compare(world, query, random, `seed ${seed}, query ${i}: ${printQuery(query)}`)]++;
    }
  }
  assert.ok(counts.some >= pairs / 4, `too few answers say anything: ${JSON.stringify(counts)}`);
});

test('names, values and whole traces are the same in engine and reference', async () => {
  for (let seed = firstSeed; seed < firstSeed + 60; seed++) {
    const random = seededRandom(seed);
    const { view, reference, traces } = await randomWorld(random);
    const everything = { startUnixNanos: undefined, endUnixNanos: undefined };
    const filters = [undefined, randomQuery(random, { kind: 'search' })];
    for (const filter of filters) {
      const where = `seed ${seed}, filter ${filter === undefined ? 'none' : printQuery(filter)}`;
      const request = { tenant, range: everything, filter };
      const names = await outcome(() => reference.attributeNames(request));
      assert.deepEqual(await outcome(() => attributeNamesView(view, request)), names, where);
      for (const attribute of [
        '.x',
        'span.y',
        'resource.service.name',
        'event.x',
        'name',
        'status',
        'kind',
        'span:id',
        'event:name',
        'rootName',
      ]) {
        const values = { ...request, attribute, limit: 1000 };
        assert.deepEqual(
          await outcome(() => attributeValuesView(view, values)),
          await outcome(() => reference.attributeValues(values)),
          `${where}, values of ${attribute}`
        );
      }
    }
    for (const { traceId } of [...traces, { traceId: 'f'.repeat(32) }]) {
      const expected = await reference.trace({ tenant, traceId });
      const { data } = await traceView(view, { traceId });
      assert.deepEqual(normalised(data), normalised(expected.data), `seed ${seed}, trace ${traceId}`);
    }
  }
});

/** Attributes are a set: their order is not kept. */
function normalised(trace: Trace | undefined): unknown {
  const sorted = <T extends { readonly key: string }>(attributes: readonly T[]): T[] =>
    [...attributes].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  return trace?.spans.map((span) => ({
    ...span,
    attributes: sorted(span.attributes),
    resource: { ...span.resource, attributes: sorted(span.resource.attributes) },
    scope: { ...span.scope, attributes: sorted(span.scope.attributes) },
  }));
}
