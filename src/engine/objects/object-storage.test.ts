import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../../base/random.ts';
import { nodeCodecs } from '../../server/node-codecs.ts';
import type { BlockMeta } from '../block/format.ts';
import { openEngine } from '../engine.ts';
import { applyChange, emptyManifest, type StoredBlock } from '../manifest.ts';
import { SimDisk } from '../sim-disk.ts';
import { inPlaceWorkers } from '../tasks.ts';
import { openObjectStorage, type ObjectStorage } from './object-storage.ts';
import { SimBucket, SimObjects } from './sim-bucket.ts';
import { ManualClock } from './testing.ts';

const storeId = '1'.repeat(32);
/** As the clock begins. */
const nowText = '1800000000000000000';

interface World {
  readonly objects: SimObjects;
  readonly clock: ManualClock;
}

async function open(
  { objects, clock }: World,
  disk = new SimDisk()
): Promise<{ storage: ObjectStorage; bucket: SimBucket }> {
  const unixMs = (): number => Number(clock.unixNanos() / 1_000_000n);
  const bucket = new SimBucket(objects, { unixMs });
  const world = { bucket, disk, clock, random: seededRandom(3), holder: 'test' };
  // A lease that is not renewed every few seconds of two days.
  const leaseTtlMs = 48 * 3600_000;
  const storage = await openObjectStorage({ ...world, cacheBytesMax: 1e9, allowUnfenced: false, leaseTtlMs });
  return { storage, bucket };
}

function blockOf(n: number): StoredBlock {
  const blockId = `${String(n).padStart(12, '0')}-0`;
  const times = { startUnixNanos: nowText, endUnixNanos: nowText };
  const meta = { blockId, path: `tenants/t/${blockId}.parquet`, sizeBytes: 1000, spans: 1, ...times } as BlockMeta;
  return { meta, walSequenceFirst: n, walSequenceLast: n, receivedUnixNanosMax: nowText };
}

test('a start reads the manifest alone: ten requests for a thousand blocks', async () => {
  const world = { objects: new SimObjects(), clock: new ManualClock() };
  const first = await open(world);
  await first.storage.manifests.open();
  const added = Array.from({ length: 1000 }, (_, n) => blockOf(n));
  const manifest = applyChange(emptyManifest(storeId), { tenants: [{ tenant: 't', folder: 't', added }] });
  await first.storage.manifests.create(manifest);
  await first.storage.manifests.close();
  const disk = new SimDisk();
  const { storage, bucket } = await open(world, disk);
  const engine = await openEngine({
    disk: storage.disk,
    manifests: storage.manifests,
    clock: world.clock,
    random: seededRandom(4),
    codecs: nodeCodecs,
    workers: inPlaceWorkers({ disk: storage.disk, codecs: nodeCodecs }),
  });
  await engine.whenReady();
  assert.equal(engine.status().blocks, 1000);
  assert.deepEqual(engine.status().problems, []);
  assert.ok(bucket.log.length <= 10, bucket.log.map(({ kind, key }) => `${kind} ${key}`).join('\n'));
  await engine.close();
});

test('what no manifest lists goes when it is a day old, what is listed or young stays', async () => {
  const world = { objects: new SimObjects(), clock: new ManualClock() };
  const { storage, bucket } = await open(world);
  await storage.manifests.open();
  const listed = blockOf(1);
  for (const path of [listed.meta.path, 'tenants/t/orphan.parquet']) {
    await bucket.put(path, new Uint8Array(1000));
  }
  const manifest = applyChange(emptyManifest(storeId), { tenants: [{ tenant: 't', folder: 't', added: [listed] }] });
  await storage.manifests.create(manifest);
  await world.clock.advance(23 * 3600_000);
  await bucket.put('tenants/t/young.parquet', new Uint8Array(10));
  assert.equal(await storage.sweep(), 0);
  await world.clock.advance(2 * 3600_000);
  const left = [...world.objects.objects.keys()].filter((key) => key.startsWith('tenants/'));
  assert.deepEqual(left.sort(), [listed.meta.path, 'tenants/t/young.parquet']);
});

test('a bucket that ignores conditions is refused, or used and complained of', async () => {
  const options = {
    bucket: new SimBucket(new SimObjects(), { conditionalPut: false }),
    disk: new SimDisk(),
    clock: new ManualClock(),
    random: seededRandom(3),
    holder: 'test',
    cacheBytesMax: 1e9,
  };
  await assert.rejects(openObjectStorage({ ...options, allowUnfenced: false }), /storage_allow_unfenced/);
  const storage = await openObjectStorage({ ...options, allowUnfenced: true });
  assert.match(storage.problems().join(), /knows no conditional put/);
});
