import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { manifestPath, manifestTemporaryPath } from '../../src/engine/disk-manifest.ts';
import { messageOf } from '../../src/engine/os-error.ts';
import type { DiskOp } from '../../src/engine/sim-disk.ts';
import { runCrashes, type CrashRunOptions } from './crash.ts';
import { compactionViolations, type Compact } from './compaction-oracle.ts';
import {
  forgettingAnInput,
  losingTheLastRowGroup,
  mixingTenants,
  shiftingValues,
  withDuplicates,
} from './lying-compactions.ts';
import { withoutDatasync, withoutDirectorySync, withoutRename } from './lying-disks.ts';
import { commitInTheBackground, removingDropped, withOtherChanges } from './lying-manifests.ts';
import type { WorkloadOptions } from './workload.ts';

/** Flushes and compacts more than usual. */
const compacting: Partial<WorkloadOptions> = { flushShare: 0.25, compactShare: 0.25, lateReadShare: 0.15 };

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
  'a manifest is taken for durable before it is': { wrapManifests: commitInTheBackground },
  'old blocks go before the manifest says so': { wrapManifests: removingDropped('before'), workload: compacting },
  'a file goes while a query has it pinned': { wrapManifests: removingDropped('after'), workload: compacting },
  'the covered floor is one too high': {
    wrapManifests: withOtherChanges((change) => ({
      ...change,
      coveredFloor: change.coveredFloor === undefined ? undefined : change.coveredFloor + 1,
    })),
  },
  'the covered floor is that of one tenant': {
    wrapManifests: withOtherChanges((change) => ({
      ...change,
      coveredFloor: Math.max(
        ...(change.tenants ?? []).map((tenant) => tenant.coveredThrough ?? 0),
        change.coveredFloor ?? 0
      ),
    })),
  },
  'a tenant is covered further than it is': {
    wrapManifests: withOtherChanges((change) => ({
      ...change,
      tenants: change.tenants?.map((tenant) => ({ ...tenant, coveredThrough: (tenant.coveredThrough ?? 0) + 5 })),
    })),
  },
  'the manifest forgets a new block': {
    wrapManifests: withOtherChanges((change, { version }) => ({
      ...change,
      tenants: change.tenants?.map((tenant) => (version % 5 === 0 ? { ...tenant, added: [] } : tenant)),
    })),
  },
  'retention counts in the wrong unit': { limits: { retentionMs: 60 } },
  'compaction forgets an input': { compact: forgettingAnInput, workload: compacting },
  'compaction mixes tenants': { compact: mixingTenants(), workload: compacting },
  'compaction copies what it should merge': { compact: withDuplicates(() => false), workload: compacting },
};

/** Found by comparing the new block with what it was made of: no crash is needed. */
const compactionBugs: Readonly<Record<string, Compact>> = {
  'compaction keeps duplicates': withDuplicates(() => false),
  'compaction takes the same ids for duplicates': withDuplicates(() => true),
  'compaction loses the last row group': losingTheLastRowGroup,
  'compaction moves values to other spans': shiftingValues,
};

const table: { bug: string; after: string; by: string }[] = [];
after(() => {
  table.forEach(({ bug, after: when, by }) => console.log(`${bug.padEnd(48)}${when.padEnd(20)}${by}`));
  assert.ok(table.length >= 28, `${table.length} bugs were found`);
});

for (const [name, options] of Object.entries(bugs)) {
  test(`found: ${name}`, async () => {
    let points = 0;
    for (let seed = 1; seed <= 20; seed++) {
      const result = await violationsOf({ seed, pointsMax: 400, ...options });
      points += result.points;
      if (result.violations.length > 0) {
        table.push({ bug: name, after: `${points} crash points`, by: result.violations[0].slice(0, 70) });
        return;
      }
    }
    assert.fail(`20 seeds of 400 crash points did not find it`);
  });
}

for (const [name, compact] of Object.entries(compactionBugs)) {
  test(`found: ${name}`, async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const violations = await compactionViolations(seed, compact);
      if (violations.length > 0) {
        table.push({ bug: name, after: `${seed} compactions`, by: violations[0].slice(0, 70) });
        return;
      }
    }
    assert.fail(`20 compactions did not find it`);
  });
}

/** What the workload itself stumbles over is found too: a query that cannot read what it pinned, say. */
async function violationsOf(options: CrashRunOptions): Promise<{ points: number; violations: readonly string[] }> {
  try {
    return await runCrashes(options);
  } catch (error) {
    return { points: 0, violations: [messageOf(error)] };
  }
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
