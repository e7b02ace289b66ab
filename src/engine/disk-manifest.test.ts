import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../base/random.ts';
import { DiskManifestStore, manifestPath } from './disk-manifest.ts';
import { applyChange, emptyManifest, type Manifest, type ManifestChange, type StoredBlock } from './manifest.ts';
import { SimDisk, type DiskImage } from './sim-disk.ts';

const storeId = 'ab'.repeat(16);

function blockOf(name: string): StoredBlock {
  const meta = {
    blockId: name,
    path: `tenants/a/${name}.parquet`,
    formatVersion: 0,
    sizeBytes: 3,
    footerOffset: 0,
    footerLength: 0,
    footerCrc32c: 0,
    spans: 1,
    traces: 1,
    startUnixNanos: '1700000000000000000',
    endUnixNanos: '1700000001000000000',
    minTraceId: '0'.repeat(32),
    maxTraceId: 'f'.repeat(32),
  };
  return { meta, walSequenceFirst: 1, walSequenceLast: 2, receivedUnixNanosMax: '5', window: 'odd' };
}

function adding(name: string, dropped: readonly string[] = []): ManifestChange {
  return {
    coveredFloor: 7,
    tenants: [{ tenant: 'team ä', folder: 'team', coveredThrough: 2, added: [blockOf(name)], dropped }],
    removalsAdded: dropped.map((id) => `tenants/a/${id}.parquet`),
  };
}

/** Creates a store and commits the changes; answers every version, the empty one first. */
async function commitAll(disk: SimDisk, changes: readonly ManifestChange[]): Promise<Manifest[]> {
  const store = new DiskManifestStore(disk);
  const versions = [emptyManifest(storeId)];
  await store.create(versions[0]);
  for (const change of changes) {
    const next = applyChange(versions.at(-1)!, change);
    await store.commit(next, change);
    versions.push(next);
  }
  await store.close();
  return versions;
}

function open(image: DiskImage): Promise<Manifest | undefined> {
  return new DiskManifestStore(new SimDisk({}, image)).open();
}

/** Some plain changes, with drops among them. */
function manyChanges(count: number): ManifestChange[] {
  return Array.from({ length: count }, (_, i) => adding(`b${i}`, i % 3 === 2 ? [`b${i - 1}`] : []));
}

test('what was committed survives a power failure, as a snapshot and as a log', async () => {
  for (const count of [0, 1, 5]) {
    const disk = new SimDisk();
    const versions = await commitAll(disk, manyChanges(count));
    assert.deepEqual(await open(disk.crash(seededRandom(1), 'none')), versions.at(-1), `${count} changes`);
  }
});

test('a long log becomes a snapshot, and the old log goes', async () => {
  const disk = new SimDisk();
  const versions = await commitAll(disk, manyChanges(1200));
  assert.deepEqual(await open(disk.killImage()), versions.at(-1));
  assert.equal((await disk.list('')).length, 2);
  assert.ok(disk.log.filter(({ kind }) => kind === 'rename').length <= 4, 'the whole is written rarely');
  const writes = disk.log.filter(({ kind, path }) => kind === 'write' && path.endsWith('.log'));
  assert.ok(
    writes.every(({ sizeBytes }) => sizeBytes < 1500),
    'a change costs its own bytes, however many blocks there are'
  );
});

test('power fails before each operation: the last version that was durable is found, or the one in the making', async () => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = seededRandom(seed);
    const images: { image: DiskImage; committed: number }[] = [];
    let committed = -1;
    const disk: SimDisk = new SimDisk({
      beforeOp: () => images.push({ image: disk.crash(random), committed }),
      // Once in a while a write or a sync fails, and the next commit must not build on it.
      fault: ({ kind }) =>
        committed >= 0 && (kind === 'write' || kind === 'datasync') && random.float() < 0.1 ? 'EIO' : undefined,
    });
    const store = new DiskManifestStore(disk);
    let manifest = emptyManifest(storeId);
    await store.create(manifest);
    committed = 0;
    const attempts = new Set(['']);
    for (let i = 0; i < 12; i++) {
      const change = adding(`b${i}`);
      attempts.add(`b${i}`);
      const next = applyChange(manifest, change);
      try {
        await store.commit(next, change);
        manifest = next;
        committed = next.version;
      } catch (error) {
        assert.equal((error as Error).name, 'DiskError');
      }
    }
    for (const { image, committed: least } of images) {
      const found = await open(image);
      assert.ok(least < 0 || (found !== undefined && found.version >= least), `seed ${seed}: version ${least} is lost`);
      assert.ok(found === undefined || found.version <= least + 1 || least < 0, `seed ${seed}: a version from nowhere`);
    }
  }
});

test('every flipped bit is found, or costs nothing', async () => {
  const disk = new SimDisk();
  const versions = await commitAll(disk, [adding('b')]);
  const image = disk.killImage();
  for (const [path, bytes] of image) {
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const damaged = bytes.slice();
      damaged[bit >> 3] ^= 1 << (bit & 7);
      const found = await open(new Map([...image, [path, damaged]])).catch((error: unknown) => error);
      if (!(found instanceof Error)) {
        assert.deepEqual(found, versions.at(-1), `bit ${bit} of ${path}`);
      }
    }
  }
});

test('a log cut anywhere behind its last mark costs the unfinished change alone', async () => {
  const disk = new SimDisk();
  const versions = await commitAll(disk, manyChanges(3));
  const image = disk.killImage();
  const log = image.get('manifest-1.log')!;
  for (let length = 0; length < log.length; length++) {
    const found = await open(new Map([...image, ['manifest-1.log', log.subarray(0, length)]])).catch(() => undefined);
    if (found !== undefined) {
      assert.deepEqual(found, versions[found.version]);
    }
  }
});

test('a snapshot whose log is gone, or is that of another store, is refused', async () => {
  const disk = new SimDisk();
  await commitAll(disk, manyChanges(2));
  const image = new Map(disk.killImage());
  const log = image.get('manifest-1.log')!;
  image.delete('manifest-1.log');
  await assert.rejects(open(image), { code: 'corrupt', message: /no file/ });
  const other = new SimDisk();
  await new DiskManifestStore(other).create(emptyManifest('cd'.repeat(16)));
  await assert.rejects(open(new Map([...other.killImage(), ['manifest-1.log', log]])), { code: 'corrupt' });
});

test('format 0, a snapshot alone, is read and goes on as format 1', async () => {
  const json = JSON.stringify({
    storeId,
    version: 3,
    coveredFloor: 9,
    tenants: [['a', { folder: 'a', coveredThrough: 9, blocks: [blockOf('b')] }]],
    removals: ['tenants/a/c.parquet'],
  });
  const bytes = new TextEncoder().encode(`vivace-manifest 0 ${format0Sum} ${json.length}\n${json}`);
  const disk = new SimDisk({}, new Map([[manifestPath, bytes]]));
  const store = new DiskManifestStore(disk);
  const found = await store.open();
  assert.equal(found?.version, 3);
  assert.deepEqual(found.tenants.get('a')?.blocks, [blockOf('b')]);
  const change = { coveredFloor: 10 };
  await store.commit(applyChange(found, change), change);
  assert.equal((await open(disk.crash(seededRandom(1), 'none')))?.coveredFloor, 10);
});

/** CRC-32C of the text above as a build of format 0 wrote it. */
const format0Sum = '53c395e1';
