import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../../base/random.ts';
import type { BlockMeta } from '../block/format.ts';
import { applyChange, emptyManifest, plainOfManifest, type Manifest, type ManifestChange } from '../manifest.ts';
import { BucketManifestStore } from './bucket-manifest.ts';
import { WriterLease } from './lease.ts';
import { manifestFolder } from './manifest-object.ts';
import { SimBucket, SimObjects, type SimBucketOptions } from './sim-bucket.ts';
import { ManualClock } from './testing.ts';

const storeId = '0'.repeat(32);
const ttlMs = 15_000;

interface World {
  readonly objects: SimObjects;
  readonly clock: ManualClock;
}

interface Opened {
  readonly store: BucketManifestStore;
  readonly bucket: SimBucket;
  readonly published: string[];
  readonly shelved: string[];
}

function storeOf(
  { objects, clock }: World,
  owner = 'a',
  options: SimBucketOptions & { logIsGone?: boolean; seed?: number } = {}
): Opened {
  const bucket = new SimBucket(objects, { unixMs: () => Number(clock.unixNanos() / 1_000_000n), ...options });
  const lease = new WriterLease({ bucket, clock, owner, holder: owner, ttlMs, unfenced: false });
  const published: string[] = [];
  const shelved: string[] = [];
  const shelf = {
    publish: ({ path }: BlockMeta) => Promise.resolve(void published.push(path)),
    shelve: (metas: readonly BlockMeta[]) => void shelved.push(...metas.map(({ path }) => path)),
  };
  const random = seededRandom(options.seed ?? 1);
  const logIsGone = (): Promise<boolean> => Promise.resolve(options.logIsGone === true);
  const store = new BucketManifestStore({ bucket, lease, shelf, clock, random, unfenced: false, logIsGone });
  return { store, bucket, published, shelved };
}

function changeOf(n: number): ManifestChange {
  const meta = { blockId: `b${n}`, path: `tenants/t/b${n}.parquet`, sizeBytes: n } as BlockMeta;
  const block = { meta, walSequenceFirst: n, walSequenceLast: n, receivedUnixNanosMax: '1' };
  return { tenants: [{ tenant: 't', folder: 't', coveredThrough: n, added: [block] }] };
}

async function commit(store: BucketManifestStore, manifest: Manifest, n: number): Promise<Manifest> {
  const change = changeOf(n);
  const next = applyChange(manifest, change);
  await store.commit(next, change);
  return next;
}

test('what was committed is found again, in few objects read, whatever their number', async () => {
  const world = { objects: new SimObjects(), clock: new ManualClock() };
  const { store, published } = storeOf(world);
  assert.equal(await store.open(), undefined);
  let manifest = emptyManifest(storeId);
  await store.create(manifest);
  for (let n = 1; n <= 300; n++) {
    manifest = await commit(store, manifest, n);
  }
  assert.equal(published.length, 300);
  const next = storeOf(world);
  assert.deepEqual(plainOfManifest((await next.store.open()) ?? emptyManifest('')), plainOfManifest(manifest));
  assert.equal(next.shelved.length, 300);
  assert.ok(next.bucket.log.filter(({ kind }) => kind === 'get').length <= 64 + 3);
  await world.clock.advance(3_600_001);
  await commitMany(next.store, manifest, 130);
  for (let i = 0; i < 20; i++) {
    await world.clock.advance(1);
  }
  assert.ok([...world.objects.objects.keys()].filter((key) => key.startsWith(manifestFolder)).length < 140);
});

async function commitMany(store: BucketManifestStore, from: Manifest, count: number): Promise<void> {
  let manifest = from;
  for (let n = 1000; n < 1000 + count; n++) {
    manifest = await commit(store, manifest, n);
  }
}

for (const fault of ['fail', 'lose-answer', 'late'] as const) {
  test(`${fault}: the next commit settles it, and nothing of a version that was given up comes back`, async () => {
    // Of a failed put with none behind it, either version may be found.
    for (let at = 0; at < 9; at++) {
      const world = { objects: new SimObjects(), clock: new ManualClock() };
      let puts = 0;
      const opened = storeOf(world, 'a', {
        fault: ({ kind, key }) =>
          kind === 'put' && key.startsWith(manifestFolder) && puts++ === at ? fault : undefined,
      });
      const { store, bucket } = opened;
      await store.open();
      let manifest = emptyManifest(storeId);
      await store.create(manifest).catch(() => store.create(manifest));
      for (let n = 1; n < 10; n++) {
        try {
          manifest = await commit(store, manifest, n);
        } catch {
          // Given up; what comes next is another change.
          bucket.arrive();
        }
      }
      bucket.halt();
      const found = await storeOf(world).store.open();
      assert.deepEqual(plainOfManifest(found ?? emptyManifest('')), plainOfManifest(manifest), `put ${at}`);
    }
  });
}

test('a writer that has been overtaken commits nothing, also when its last put arrives late', async () => {
  const world = { objects: new SimObjects(), clock: new ManualClock() };
  let fault: 'late' | undefined;
  const a = storeOf(world, 'a', { fault: ({ kind }) => (kind === 'put' ? fault : undefined) });
  await a.store.open();
  let manifest = emptyManifest(storeId);
  await a.store.create(manifest);
  manifest = await commit(a.store, manifest, 1);
  fault = 'late';
  await assert.rejects(commit(a.store, manifest, 2));
  const b = storeOf(world, 'b', { logIsGone: true });
  const opening = b.store.open();
  await world.clock.advance(2 * ttlMs);
  const found = (await opening) ?? emptyManifest('');
  assert.equal(found.tenants.get('t')?.blocks.length, 1);
  a.bucket.arrive();
  fault = undefined;
  await assert.rejects(commit(a.store, manifest, 3), { code: 'unavailable' });
  await world.clock.advance(ttlMs);
  assert.match(a.store.refusal() ?? '', /has taken over/);
  await commit(b.store, found, 4);
  const c = storeOf(world, 'b');
  const blocks = (await c.store.open())?.tenants.get('t')?.blocks ?? [];
  assert.deepEqual(
    blocks.map(({ meta }) => meta.blockId),
    ['b1', 'b4']
  );
});

test('two writers at once: one of them commits at each number, the other stops', async () => {
  const world = { objects: new SimObjects(), clock: new ManualClock() };
  const a = storeOf(world);
  await a.store.open();
  let manifest = emptyManifest(storeId);
  await a.store.create(manifest);
  manifest = await commit(a.store, manifest, 1);
  // The folder was copied: the same owner, so nobody waits.
  const b = storeOf(world, 'a', { seed: 2 });
  const found = (await b.store.open()) ?? emptyManifest('');
  await assert.rejects(commit(a.store, manifest, 2), /has taken over/);
  await assert.rejects(commit(a.store, manifest, 3), /has taken over/);
  await commit(b.store, found, 4);
});

test('without its log, new sequences begin behind all that are covered; the log of another folder is not mixed in', async () => {
  const world = { objects: new SimObjects(), clock: new ManualClock() };
  const a = storeOf(world);
  await a.store.open();
  const manifest = emptyManifest(storeId);
  await a.store.create(manifest);
  await commit(a.store, manifest, 77);
  await a.store.close();
  await assert.rejects(storeOf(world, 'b').store.open(), /written from another data folder since/);
  const wiped = storeOf(world, 'b', { logIsGone: true });
  assert.equal((await wiped.store.open())?.coveredFloor, 77);
});

test('damage of an object is found; on the way here it is read again', async () => {
  const world = { objects: new SimObjects(), clock: new ManualClock() };
  const a = storeOf(world);
  await a.store.open();
  await a.store.create(emptyManifest(storeId));
  await a.store.close();
  let gets = 0;
  const flipped = storeOf(world, 'a', {
    fault: ({ kind, key }) => (kind === 'get' && key.startsWith(manifestFolder) && gets++ === 0 ? 'flip' : undefined),
  });
  assert.ok(await flipped.store.open());
  assert.ok(gets > 1);
  await flipped.store.close();
  const [key, object] = [...world.objects.objects].filter(([name]) => name.startsWith(manifestFolder)).at(-1)!;
  for (let at = 0; at < object.bytes.length; at += 7) {
    const bytes = object.bytes.slice();
    bytes[at] ^= 4;
    world.objects.objects.set(key, { ...object, bytes });
    await assert.rejects(storeOf(world).store.open(), { code: 'corrupt' }, `byte ${at}`);
  }
});
