import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Clock } from '../base/clock.ts';
import { seededRandom } from '../base/random.ts';
import { nodeCodecs } from '../server/node-codecs.ts';
import type { IngestBatch } from '../store/trace-store.ts';
import { emptyResource, emptyScope, type Span } from '../trace/model.ts';
import { encodeTraces } from '../wire/otlp-protobuf.ts';
import { openEngine, type Engine } from './engine.ts';
import { federatedTenant } from '../store/tenants.ts';
import { defaultLimits, type EngineLimits, type TenantLimitsOf } from './limits.ts';
import { SimDisk } from './sim-disk.ts';
import { inPlaceWorkers } from './tasks.ts';

const startUnixNanos = 1_767_225_600_000_000_000n;
const clock: Clock = { unixNanos: () => startUnixNanos, monotonicMs: () => 0, schedule: () => () => undefined };

async function open(disk: SimDisk, limits: Partial<EngineLimits> = {}, time: Clock = clock): Promise<Engine> {
  const workers = inPlaceWorkers({ disk, codecs: nodeCodecs });
  const engine = await openEngine({
    disk,
    clock: time,
    random: seededRandom(1),
    codecs: nodeCodecs,
    workers,
    limits: { walSegmentBytes: 16_384, ...limits },
  });
  await engine.whenReady();
  return engine;
}

function spanOf(trace: number, span: number): Span {
  return {
    traceId: trace.toString(16).padStart(32, '0'),
    spanId: (span + 1).toString(16).padStart(16, '0'),
    parentSpanId: '',
    traceState: '',
    flags: 0,
    name: `GET /${trace}`,
    kind: 2,
    startUnixNanos: startUnixNanos + BigInt(span),
    endUnixNanos: startUnixNanos + 1_000_000n,
    attributes: [{ key: 'trace', value: { type: 'int', value: BigInt(trace) } }],
    droppedAttributesCount: 0,
    events: [],
    droppedEventsCount: 0,
    links: [],
    droppedLinksCount: 0,
    statusCode: 0,
    statusMessage: '',
    resource: emptyResource,
    scope: emptyScope,
  };
}

function batchOf(spans: readonly Span[], tenant = 'single-tenant'): IngestBatch {
  const body = encodeTraces(spans);
  return { tenant, encoding: 'otlp-protobuf', compression: 'identity', body, decoded: body };
}

const idOf = (trace: number) => ({ tenant: 'single-tenant', traceId: trace.toString(16).padStart(32, '0') });

test('a trace split over two blocks and a head comes back whole, its duplicates once', async () => {
  const engine = await open(new SimDisk());
  for (let span = 0; span < 3; span++) {
    await engine.ingest(batchOf([spanOf(1, span), spanOf(1, 0), spanOf(2 + span, 0)]));
    if (span < 2) {
      await engine.flush();
    }
  }
  const { data, partial } = await engine.trace(idOf(1));
  assert.deepEqual(data?.spans, [spanOf(1, 0), spanOf(1, 1), spanOf(1, 2)]);
  assert.equal(partial, false);
});

test('a tenant does not see another, and there are only so many', async () => {
  const engine = await open(new SimDisk(), { tenantsMax: 2 });
  await engine.ingest(batchOf([spanOf(1, 0)], 'a'));
  await engine.ingest(batchOf([spanOf(2, 0)], 'b'));
  assert.equal((await engine.trace({ ...idOf(1), tenant: 'b' })).data, undefined);
  assert.equal((await engine.trace({ ...idOf(1), tenant: 'a' })).data?.spans.length, 1);
  await assert.rejects(engine.ingest(batchOf([spanOf(3, 0)], 'c')), { code: 'resource_exhausted' });
});

test('a query over several tenants sees them as one: traces whole, duplicates once', async () => {
  const engine = await open(new SimDisk());
  await engine.ingest(batchOf([spanOf(1, 0), spanOf(1, 1)], 'a'));
  await engine.flush();
  await engine.ingest(batchOf([spanOf(1, 1), spanOf(1, 2), spanOf(2, 0)], 'b'));
  await engine.ingest(batchOf([spanOf(1, 3)], 'c'));
  const { data } = await engine.trace({ ...idOf(1), tenant: federatedTenant(['b', 'a', 'b']) });
  assert.deepEqual(data?.spans, [spanOf(1, 0), spanOf(1, 1), spanOf(1, 2)]);
  assert.equal((await engine.trace({ ...idOf(2), tenant: 'a|b' })).data?.spans.length, 1);
  assert.equal((await engine.trace({ ...idOf(2), tenant: 'a|c' })).data, undefined);
});

test('limits of a tenant: what it keeps is cut as they say, also after a restart under others; its blocks expire by them', async () => {
  const disk = new SimDisk();
  let nowUnixNanos = startUnixNanos;
  const time: Clock = { ...clock, unixNanos: () => nowUnixNanos };
  const openWith = async (tenantLimits: TenantLimitsOf): Promise<Engine> => {
    const workers = inPlaceWorkers({ disk, codecs: nodeCodecs });
    const random = seededRandom(1);
    const engine = await openEngine({ disk, clock: time, random, codecs: nodeCodecs, workers, tenantLimits });
    await engine.whenReady();
    return engine;
  };
  const short = {
    retentionMs: 3_600_000,
    liveTracesMax: 2,
    head: { ...defaultLimits.head, attributeValueBytesMax: 4 },
  };
  let engine = await openWith((tenant) => (tenant === 'small' ? short : {}));
  for (const tenant of ['small', 'big']) {
    await engine.ingest(
      batchOf([{ ...spanOf(1, 0), attributes: [{ key: 'k', value: textValue }] }, spanOf(2, 0)], tenant)
    );
  }
  await assert.rejects(engine.ingest(batchOf([spanOf(3, 0)], 'small')), {
    code: 'resource_exhausted',
    message: /2 traces/,
  });
  await engine.ingest(batchOf([spanOf(3, 0)], 'big'));
  const cut = async (tenant: string): Promise<unknown> =>
    (await engine.trace({ ...idOf(1), tenant })).data?.spans[0].attributes[0].value;
  assert.deepEqual([await cut('small'), await cut('big')], [{ type: 'string', value: 'long…' }, textValue]);
  engine = await openWith(() => ({}));
  assert.deepEqual(
    [await cut('small'), await cut('big')],
    [{ type: 'string', value: 'long…' }, textValue],
    'replay decides nothing anew'
  );
  assert.deepEqual(engine.status().problems, []);
  await engine.flush();
  await engine.close();
  nowUnixNanos += 7_200_000_000_000n;
  engine = await openWith((tenant) => (tenant === 'small' ? short : {}));
  await engine.maintain();
  assert.equal((await engine.trace({ ...idOf(1), tenant: 'small' })).data, undefined);
  assert.equal((await engine.trace({ ...idOf(1), tenant: 'big' })).data?.spans.length, 1);
});

const textValue = { type: 'string', value: 'long text' } as const;

test('a query keeps what it pinned while the head becomes a block and the block is dropped', async () => {
  const disk = new SimDisk();
  let nowUnixNanos = startUnixNanos;
  const engine = await open(disk, { retentionMs: 3_600_000 }, { ...clock, unixNanos: () => nowUnixNanos });
  await engine.ingest(batchOf([spanOf(1, 0)]));
  const before = await engine.pin('single-tenant');
  await engine.flush();
  const after = await engine.pin('single-tenant');
  assert.deepEqual([before.heads.length, before.blocks.length], [1, 0]);
  assert.deepEqual([after.heads.length, after.blocks.length], [0, 1]);
  assert.equal(before.heads[0].rowCount, 1);
  before.release();
  nowUnixNanos += 7_200_000_000_000n;
  await engine.maintain();
  assert.equal(engine.status().blocks, 0);
  assert.equal((await engine.trace(idOf(1))).data, undefined);
  assert.ok(await disk.sizeOf(after.blocks[0].path));
  after.release();
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(await disk.sizeOf(after.blocks[0].path), undefined);
});

test('damage anywhere in a block: the right answer, or a partial one that names the block', async () => {
  const disk = new SimDisk();
  const engine = await open(disk);
  await engine.ingest(batchOf([spanOf(1, 0), spanOf(1, 1)]));
  await engine.flush();
  await engine.ingest(batchOf([spanOf(1, 2)]));
  const image = disk.killImage();
  const [path, bytes] = [...image].find(([name]) => name.endsWith('.parquet')) ?? ['', new Uint8Array()];
  let partials = 0;
  for (let at = 0; at < bytes.length; at += 7) {
    const damaged = bytes.slice();
    damaged[at] ^= 0x10;
    const reopened = await open(new SimDisk({}, new Map([...image, [path, damaged]])));
    const { data, partial, warnings } = await reopened.trace(idOf(1));
    if (partial) {
      partials++;
      assert.deepEqual(data?.spans, [spanOf(1, 2)], `byte ${at}`);
      assert.match(warnings.join(), /\.parquet is left out/);
    } else {
      assert.deepEqual(data?.spans, [spanOf(1, 0), spanOf(1, 1), spanOf(1, 2)], `byte ${at}`);
    }
  }
  assert.ok(partials > 0);
});

test('until the log is replayed requests are refused, and the status says why', async () => {
  const disk = new SimDisk();
  await (await open(disk)).ingest(batchOf([spanOf(1, 0)]));
  const workers = inPlaceWorkers({ disk, codecs: nodeCodecs });
  const engine = await openEngine({ disk, clock, random: seededRandom(2), codecs: nodeCodecs, workers });
  assert.equal(engine.status().ready, false);
  await assert.rejects(engine.ingest(batchOf([spanOf(2, 0)])), { code: 'unavailable' });
  await engine.whenReady();
  assert.equal((await engine.trace(idOf(1))).data?.spans.length, 1);
  await engine.close();
  await assert.rejects(engine.ingest(batchOf([spanOf(2, 0)])), { code: 'unavailable', message: /shutting down/ });
});

test('too little free space: nothing is taken in until there is room', async () => {
  const engine = await open(new SimDisk({ freeBytes: 1000 }));
  await engine.maintain();
  await assert.rejects(engine.ingest(batchOf([spanOf(1, 0)])), { code: 'unavailable', message: /free bytes/ });
  assert.match(engine.status().problems.join(), /1000 free bytes/);
});
