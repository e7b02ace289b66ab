import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../base/random.ts';
import { DiskManifestStore, manifestPath } from './disk-manifest.ts';
import { applyChange, emptyManifest, type StoredBlock } from './manifest.ts';
import { openStore } from './open-store.ts';
import { planRetention } from './retention.ts';
import { SimDisk } from './sim-disk.ts';
import { tenantFolder } from './tenant-folder.ts';

const dayNanos = 86_400_000_000_000n;
const limits = { retentionMs: 86_400_000, retentionDropShareMax: 0.2, retentionDropBlocksFree: 2 };

function blockOf(name: string, endUnixNanos: bigint, receivedUnixNanos: bigint): StoredBlock {
  return {
    meta: {
      blockId: name,
      path: `tenants/a/${name}.parquet`,
      formatVersion: 0,
      sizeBytes: 3,
      footerOffset: 0,
      footerLength: 0,
      footerCrc32c: 0,
      spans: 1,
      traces: 1,
      startUnixNanos: '0',
      endUnixNanos: String(endUnixNanos),
      minTraceId: '0'.repeat(32),
      maxTraceId: 'f'.repeat(32),
    },
    walSequenceFirst: 1,
    walSequenceLast: 2,
    receivedUnixNanosMax: String(receivedUnixNanos),
  };
}

test('a newer manifest is refused by name and left alone', async () => {
  const newer = new TextEncoder().encode('vivace-manifest 7 00000000 2\n{}');
  const disk = new SimDisk({}, new Map([[manifestPath, newer]]));
  await assert.rejects(openStore(disk, seededRandom(1), new DiskManifestStore(disk)), {
    code: 'unsupported',
    message: /version 7/,
  });
  assert.deepEqual(
    disk.log.filter(({ kind }) => kind !== 'read'),
    []
  );
});

test('a lost manifest stops the start and changes nothing; an empty folder is a new store', async () => {
  const left = new Map([['tenants/a/b.parquet', Uint8Array.of(1, 2, 3)]]);
  const open = (disk: SimDisk) => openStore(disk, seededRandom(1), new DiskManifestStore(disk));
  await assert.rejects(open(new SimDisk({}, left)), { code: 'corrupt', message: /is gone/ });
  assert.deepEqual((await open(new SimDisk())).problems, []);
});

test('unlisted blocks move to quarantine, dropped ones are removed, missing ones are reported', async () => {
  const disk = new SimDisk(
    {},
    new Map(['a', 'b', 'c'].map((name) => [`tenants/a/${name}.parquet`, new Uint8Array(3)]))
  );
  const listed = applyChange(emptyManifest('ab'.repeat(16)), {
    tenants: [{ tenant: 'a', folder: 'a', coveredThrough: 2, added: [blockOf('a', 1n, 1n), blockOf('lost', 1n, 1n)] }],
    removalsAdded: ['tenants/a/b.parquet'],
  });
  await new DiskManifestStore(disk).create(listed);
  const { problems } = await openStore(disk, seededRandom(1), new DiskManifestStore(disk));
  assert.deepEqual(await disk.list('tenants/a'), ['a.parquet']);
  assert.deepEqual(await disk.list('quarantine'), ['tenants~a~c.parquet', 'tenants~a~c.parquet.why']);
  assert.match(problems.join('\n'), /quarantine\/tenants~a~c\.parquet: a block that the manifest does not list/);
  const again = await openStore(disk, seededRandom(1), new DiskManifestStore(disk));
  assert.match(again.problems.join('\n'), /tenants~a~c\.parquet: a block/, 'also at later starts');
  assert.match(problems.join('\n'), /lost\.parquet is listed in the manifest and is gone/);
});

test('retention counts from arrival or span time, whichever is later, never from the future', () => {
  const now = 10n * dayNanos;
  const blocks = [
    blockOf('old', now - 3n * dayNanos, now - 2n * dayNanos),
    blockOf('late span', now - dayNanos / 2n, now - 2n * dayNanos),
    blockOf('just arrived', now - 5n * dayNanos, now),
    blockOf('clock ahead', now + 3650n * dayNanos, now - 2n * dayNanos),
  ];
  const { expired } = planRetention('a', blocks, now, limits);
  assert.deepEqual(
    expired.map(({ meta }) => meta.blockId),
    ['old', 'clock ahead']
  );
});

test('a pass that would drop more than its share drops nothing and says so', () => {
  const blocks = Array.from({ length: 20 }, (_, i) => blockOf(String(i), 1n, 1n));
  const { expired, refused } = planRetention('a', blocks, 10n * dayNanos, limits);
  assert.deepEqual(expired, []);
  assert.match(refused ?? '', /20 of 20 blocks .* is the clock right/);
});

test('tenant folders are safe, distinct and short', () => {
  const none = new Set<string>();
  assert.equal(tenantFolder('single-tenant', none), 'single-tenant');
  assert.equal(tenantFolder('../A', none), '~2e~2e~2f~41');
  assert.notEqual(tenantFolder('a', none), tenantFolder('A', none));
  assert.ok(tenantFolder('.'.repeat(150), none).length <= 255);
  assert.equal(tenantFolder('a', new Set(['a'])), 'a~~2');
});
