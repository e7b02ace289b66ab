import assert from 'node:assert/strict';
import { test } from 'node:test';
import { manifestPath, manifestTemporaryPath } from '../../src/engine/disk-manifest.ts';
import type { DiskOp } from '../../src/engine/sim-disk.ts';
import { runCrashes, type CrashRunOptions } from './crash.ts';
import { withoutDatasync, withoutDirectorySync, withoutRename } from './lying-disks.ts';

/** A suite that finds nothing proves nothing: each of these must be found. */
const bugs: Readonly<Record<string, Partial<CrashRunOptions>>> = {
  'the log is not synced': { wrapDisk: (disk) => withoutDatasync(disk, (path) => path.endsWith('.wal')) },
  'blocks are not synced': { wrapDisk: (disk) => withoutDatasync(disk, (path) => path.endsWith('.parquet')) },
  'the manifest is not synced': { wrapDisk: (disk) => withoutDatasync(disk, (path) => path === manifestTemporaryPath) },
  'new segments: folder not synced': { wrapDisk: (disk) => withoutDirectorySync(disk, (path) => path === 'wal') },
  'new blocks: folder not synced': {
    wrapDisk: (disk) => withoutDirectorySync(disk, (path) => path.startsWith('tenants/')),
  },
  'the manifest: folder not synced': { wrapDisk: (disk) => withoutDirectorySync(disk, (path) => path === '') },
  'the manifest is written in place': {
    wrapDisk: (disk) => withoutRename(disk, manifestTemporaryPath, manifestPath),
  },
  'the manifest log is not synced': {
    wrapDisk: (disk) => withoutDatasync(disk, (path) => /^manifest-\d+\.log$/.test(path)),
  },
  'acknowledged before the sync': { seededBugs: { ackBeforeSync: true } },
  'segments freed before the manifest': { seededBugs: { freeWalBeforeManifest: true } },
  'checksums ignored': { seededBugs: { ignoreChecksums: true } },
  'a failed sync is tried again on the same file': {
    seededBugs: { retrySyncOnSameFile: true },
    fault: everyTenthSyncOf('.wal'),
  },
  'duplicates are not merged': { dedupe: false },
};

for (const [name, options] of Object.entries(bugs)) {
  test(`found: ${name}`, async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const { violations } = await runCrashes({ seed, pointsMax: 400, ...options });
      if (violations.length > 0) {
        return;
      }
    }
    assert.fail(`20 seeds of 400 crash points did not find it`);
  });
}

test('not found: the same failing syncs without the bug', async () => {
  for (let seed = 1; seed <= 3; seed++) {
    const { violations } = await runCrashes({ seed, pointsMax: 300, fault: everyTenthSyncOf('.wal') });
    assert.deepEqual(violations, [], `seed ${seed}`);
  }
});

function everyTenthSyncOf(suffix: string): (op: DiskOp) => 'EIO' | undefined {
  return ({ index, kind, path }) =>
    kind === 'datasync' && path.endsWith(suffix) && index % 10 === 0 ? 'EIO' : undefined;
}
