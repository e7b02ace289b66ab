import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { seededRandom } from '../../base/random.ts';
import type { BlockMeta } from '../block/format.ts';
import { SimDisk } from '../sim-disk.ts';
import { Attempts, defaultAttemptLimits } from './attempts.ts';
import { CacheRoom } from './cache-room.ts';
import { ObjectDisk } from './object-disk.ts';
import { cacheDirectory, PageCache, pageBytes } from './page-cache.ts';
import { planPages, planRuns } from './remote-reads.ts';
import { ResilientBucket } from './resilient-bucket.ts';
import { SimBucket, SimObjects, type BucketFault, type BucketOp } from './sim-bucket.ts';
import { ManualClock } from './testing.ts';

const sizeBytes = 10 * pageBytes + 17;
const path = 'tenants/t/block.parquet';
const content = seededRandom(5).fill(new Uint8Array(sizeBytes));
const meta = { path, sizeBytes, blockId: 'block' } as BlockMeta;

describe('a block in a bucket', () => {
  let objects: SimObjects;
  let local: SimDisk;
  let fault: (op: BucketOp) => BucketFault | undefined;

  beforeEach(() => {
    objects = new SimObjects();
    local = new SimDisk();
    fault = () => undefined;
  });

  async function open(cacheBytesMax = 1e9): Promise<{ disk: ObjectDisk; pages: PageCache; sim: SimBucket }> {
    const sim = new SimBucket(objects, { fault: (op) => fault(op) });
    const limits = { ...defaultAttemptLimits, triesMax: 1 };
    const bucket = new ResilientBucket(sim, new Attempts('sim', new ManualClock(), seededRandom(1), limits));
    const room = new CacheRoom(cacheBytesMax);
    const pages = new PageCache(local, room);
    await pages.open();
    const disk = new ObjectDisk({ local, bucket, pages, room });
    await disk.open();
    return { disk, pages, sim };
  }

  async function writeBlock(): Promise<void> {
    const file = await local.openForWrite(path, { truncate: true });
    await file.write(0, [content]);
    await file.datasync();
    await file.close();
  }

  /** On another machine, or after the disk was lost. */
  async function openElsewhere(): Promise<Awaited<ReturnType<typeof open>>> {
    await writeBlock();
    const first = await open();
    await first.disk.publish(meta);
    local = new SimDisk();
    const opened = await open();
    opened.disk.shelve([meta]);
    return opened;
  }

  async function check(disk: ObjectDisk, offset: number, length: number): Promise<void> {
    const [bytes] = await disk.readRanges(path, [{ offset, length }]);
    assert.ok(Buffer.from(bytes).equals(content.subarray(offset, offset + length)), `${length} bytes from ${offset}`);
  }

  test('is uploaded once, then listed; the local copy answers as long as it is there', async () => {
    await writeBlock();
    const { disk, sim } = await open();
    await Promise.all([disk.publish(meta), disk.publish(meta)]);
    await disk.publish(meta);
    disk.shelve([meta]);
    assert.equal(sim.log.filter(({ kind }) => kind === 'put').length, 1);
    await check(disk, 100, 200_000);
    assert.equal(sim.log.filter(({ kind }) => kind === 'getRange').length, 0);
    await local.remove(path);
    await check(disk, 100, 200_000);
    assert.deepEqual(await disk.list('tenants'), ['t']);
    assert.deepEqual(await disk.list('tenants/t'), ['block.parquet']);
    assert.equal(await disk.sizeOf(path), sizeBytes);
    await disk.remove(path);
    assert.equal(objects.objects.size, 0);
    assert.deepEqual(await disk.list('tenants/t'), []);
  });

  test('that was uploaded short, or not at all, is not taken for published', async () => {
    await writeBlock();
    const { disk } = await open();
    fault = ({ kind }) => (kind === 'head' ? 'fail' : undefined);
    await assert.rejects(disk.publish(meta), { code: 'unavailable' });
    fault = () => undefined;
    await assert.rejects(disk.publish({ ...meta, sizeBytes: sizeBytes + 1 }), { code: 'corrupt' });
    await disk.publish(meta);
    assert.equal(objects.objects.get(path)?.bytes.length, sizeBytes);
  });

  test('is read in ranges, pages shared by however many read at a time', async () => {
    const { disk, sim, pages } = await openElsewhere();
    const random = seededRandom(9);
    const ranges = Array.from({ length: 200 }, () => {
      const offset = random.below(sizeBytes);
      return { offset, length: random.below(sizeBytes - offset) };
    });
    await Promise.all(ranges.map(({ offset, length }) => check(disk, offset, length)));
    // A page between two that are missing may come twice.
    assert.ok(disk.reads.fetchedBytes <= 1.5 * sizeBytes, `${disk.reads.fetchedBytes} bytes`);
    await check(disk, 0, sizeBytes);
    // Pages are written behind the answer.
    await new Promise((resolve) => setImmediate(resolve));
    const before = { requests: sim.log.length, hits: pages.counts.hits };
    await check(disk, 0, sizeBytes);
    assert.deepEqual([sim.log.length, pages.counts.hits], [before.requests, before.hits + 11]);
    await assert.rejects(disk.readRanges(path, [{ offset: sizeBytes - 1, length: 2 }]), { code: 'corrupt' });
  });

  test('is found in the cache by the next process; damaged pages are fetched again', async () => {
    await (async () => check((await openElsewhere()).disk, 0, sizeBytes))();
    for (const name of await local.list(cacheDirectory)) {
      const file = await local.openForWrite(`${cacheDirectory}/${name}`);
      if (/~[3-5]$/.test(name)) {
        await file.write(1000, [new Uint8Array(50)]);
      }
    }
    const { disk, sim, pages } = await open();
    disk.shelve([meta]);
    await check(disk, 0, sizeBytes);
    assert.equal(pages.counts.damaged, 3);
    assert.equal(pages.counts.hits, 8);
    assert.equal(sim.log.filter(({ kind }) => kind === 'getRange').length, 1);
  });

  test('takes no more room here than allowed', async () => {
    const { disk } = await openElsewhere();
    const small = await open(4 * pageBytes);
    small.disk.shelve([meta]);
    await check(small.disk, 0, sizeBytes);
    await new Promise((resolve) => setImmediate(resolve));
    const kept = (await local.list(cacheDirectory)).filter((name) => !name.endsWith('.tmp'));
    assert.ok(kept.length <= 4 && kept.length > 0, kept.join());
    await check(disk, 0, sizeBytes);
  });

  test('that cannot be had names its file, and is had again later', async () => {
    const { disk } = await openElsewhere();
    fault = ({ kind }) => (kind === 'getRange' ? 'fail' : undefined);
    await assert.rejects(disk.readRanges(path, [{ offset: 0, length: 5 }]), {
      code: 'unavailable',
      details: { file: path },
    });
    fault = ({ kind }) => (kind === 'getRange' ? 'truncate' : undefined);
    await assert.rejects(disk.readRanges(path, [{ offset: 0, length: 5 }]), { code: 'unavailable' });
    fault = () => undefined;
    await check(disk, 0, 5);
    objects.objects.clear();
    await assert.rejects(disk.readRanges(path, [{ offset: 5 * pageBytes, length: 5 }]), { code: 'corrupt' });
  });

  test('whose local bytes are wrong is read from the bucket once they are distrusted', async () => {
    await writeBlock();
    const { disk } = await open();
    await disk.publish(meta);
    disk.shelve([meta]);
    const file = await local.openForWrite(path);
    await file.write(5000, [new Uint8Array(20)]);
    await assert.rejects(check(disk, 0, 10_000));
    assert.equal(await disk.distrust(path), true);
    await check(disk, 0, 10_000);
  });
});

test('a plan reads what is asked for, and the end of a block with its last page', () => {
  const size = 20 * pageBytes;
  assert.deepEqual(planPages([{ offset: pageBytes - 1, length: 2 }], size), [0, 1]);
  assert.deepEqual(planPages([{ offset: size - 10, length: 10 }], size), [18, 19]);
  assert.deepEqual(planPages([{ offset: 0, length: 1 }], 3 * pageBytes), [0, 1, 2]);
  assert.deepEqual(planPages([{ offset: 5, length: 0 }], size), [0]);
  assert.deepEqual(planRuns([0, 1, 4, 9]), [
    { start: 0, end: 5 },
    { start: 9, end: 10 },
  ]);
  const long = planRuns(Array.from({ length: 150 }, (_, i) => i));
  assert.deepEqual(
    long.map(({ start, end }) => end - start),
    [64, 64, 22]
  );
});
