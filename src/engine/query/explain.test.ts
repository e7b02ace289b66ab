import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Clock } from '../../base/clock.ts';
import { seededRandom } from '../../base/random.ts';
import { nodeCodecs } from '../../server/node-codecs.ts';
import { emptyScope, type Span } from '../../trace/model.ts';
import { parseQuery } from '../../traceql/parser.ts';
import { encodeTraces } from '../../wire/otlp-protobuf.ts';
import { openEngine, type Engine } from '../engine.ts';
import { SimDisk } from '../sim-disk.ts';
import { inPlaceWorkers } from '../tasks.ts';

const tenant = 'single-tenant';
const startUnixNanos = 1_767_225_600_000_000_000n;
const clock: Clock = { unixNanos: () => startUnixNanos, monotonicMs: () => 0, schedule: () => () => undefined };
const always = { startUnixNanos: undefined, endUnixNanos: undefined };

function spanOf(trace: number, attributes: Readonly<Record<string, string>>): Span {
  return {
    traceId: trace.toString(16).padStart(32, '0'),
    spanId: '00000000000000aa',
    parentSpanId: '',
    traceState: '',
    flags: 0,
    name: 'GET /',
    kind: 2,
    startUnixNanos: startUnixNanos + BigInt(trace),
    endUnixNanos: startUnixNanos + BigInt(trace) + 1_000_000n,
    attributes: Object.entries(attributes).map(([key, value]) => ({ key, value: { type: 'string', value } })),
    droppedAttributesCount: 0,
    events: [],
    droppedEventsCount: 0,
    links: [],
    droppedLinksCount: 0,
    statusCode: 0,
    statusMessage: '',
    resource: { attributes: [], droppedAttributesCount: 0, schemaUrl: '' },
    scope: emptyScope,
  };
}

/** Two blocks and a head: traces 1–2, 3–4 and 4–5; of trace 4 a part is in each of the last two. */
async function threePlaces(): Promise<Engine> {
  const disk = new SimDisk();
  const workers = inPlaceWorkers({ disk, codecs: nodeCodecs });
  const engine = await openEngine({ disk, clock, random: seededRandom(1), codecs: nodeCodecs, workers });
  await engine.whenReady();
  const ingest = async (spans: readonly Span[]): Promise<void> => {
    const body = encodeTraces(spans);
    await engine.ingest({ tenant, encoding: 'otlp-protobuf', compression: 'identity', body, decoded: body });
  };
  await ingest([spanOf(1, { city: 'Graz', only: 'here' }), spanOf(2, { city: 'Wien' })]);
  await engine.flush();
  await ingest([spanOf(3, { city: 'Linz' }), spanOf(4, { city: 'Bregenz' })]);
  await engine.flush();
  await ingest([{ ...spanOf(4, { city: 'Bregenz' }), spanId: '00000000000000bb' }, spanOf(5, { city: 'Wien' })]);
  return engine;
}

async function reasonsOf(engine: Engine, query: string, range = always): Promise<(string | undefined)[]> {
  const { data } = await engine.explain({ tenant, query: parseQuery(query), range, analyze: undefined });
  return data.parts.map(({ pruned }) => pruned?.reason);
}

test('a part is left out by dictionary, by statistics, for want of a column, by time, or not at all', async () => {
  const engine = await threePlaces();
  const read = undefined;
  assert.deepEqual(await reasonsOf(engine, '{ }'), [read, read, read]);
  assert.deepEqual(await reasonsOf(engine, '{ duration > 1h }'), [read, read, read]);
  assert.deepEqual(await reasonsOf(engine, '{ span.city =~ "W.*" }'), [read, read, 'dictionary']);
  assert.deepEqual(await reasonsOf(engine, '{ span.city = "Aachen" }'), [read, 'statistics', 'statistics']);
  assert.deepEqual(await reasonsOf(engine, '{ span.only = "here" }'), [read, read, 'no column']);
  const later = { startUnixNanos: startUnixNanos + 7_300_000_000_000n, endUnixNanos: undefined } as unknown;
  assert.deepEqual(await reasonsOf(engine, '{ }', later as typeof always), [read, 'time', 'time']);
});

test('the plan says in words what it does, and counts traces in one place and in several', async () => {
  const engine = await threePlaces();
  const query = parseQuery('{ span.city = "Graz" || span.city = "Salzburg" } && { name = "GET /" }');
  const { data } = await engine.explain({ tenant, query, range: always, analyze: undefined });
  assert.equal(data.condition, '({ (span.city = "Graz" || span.city = "Salzburg") } && { name = "GET /" })');
  assert.ok(data.columnsToRate.includes('span.city (string)'));
  const all = await engine.explain({ tenant, query: parseQuery('{ }'), range: always, analyze: undefined });
  assert.deepEqual([all.data.soloTraces, all.data.splitTraces], [4, 2]);
});

test('the executor reads what the plan says it reads', async () => {
  const engine = await threePlaces();
  for (const text of ['{ }', '{ span.city = "Linz" }', '{ span.only = "here" }', '{ span.nothing = 1 }']) {
    const query = parseQuery(text);
    const { data } = await engine.explain({ tenant, query, range: always, analyze: { limit: 20 } });
    const read = data.parts.filter(({ pruned }) => pruned === undefined);
    assert.equal(data.analysis?.stats.blocksRead, read.filter(({ rowGroup }) => rowGroup !== undefined).length, text);
    assert.equal(
      data.analysis.results,
      (await engine.search({ tenant, query, range: always, limit: 20, spansPerSpanset: 3 })).data.length
    );
  }
});

test('a part is left out by the bloom filter of a column with many values', async () => {
  const disk = new SimDisk();
  const workers = inPlaceWorkers({ disk, codecs: nodeCodecs });
  const engine = await openEngine({ disk, clock, random: seededRandom(1), codecs: nodeCodecs, workers });
  await engine.whenReady();
  const spans = Array.from({ length: 5000 }, (_, n) => spanOf(n + 1, { order: `order ${n}` }));
  const body = encodeTraces(spans);
  await engine.ingest({ tenant, encoding: 'otlp-protobuf', compression: 'identity', body, decoded: body });
  await engine.flush();
  assert.deepEqual(await reasonsOf(engine, '{ span.order = "order 1234" }'), [undefined]);
  // Between the least and the greatest of them.
  assert.deepEqual(await reasonsOf(engine, '{ span.order = "order 12x" }'), ['bloom filter']);
});
