import { CodedError } from '../base/coded-error.ts';
import type { Random } from '../base/random.ts';
import { bytesFromHex, hexFromBytes } from '../trace/ids.ts';
import type { Disk } from './disk.ts';
import { emptyManifest, manifestPath, readManifest, writeManifest, type Manifest } from './manifest.ts';
import { quarantineDirectory, quarantineFile } from './quarantine.ts';
import { slotNumber, walDirectory } from './wal/slots.ts';

export const tenantsDirectory = 'tenants';

export interface OpenedStore {
  readonly manifest: Manifest;
  /** 16 bytes. */
  readonly storeId: Uint8Array;
  readonly problems: readonly string[];
}

/**
 * Reads the manifest, or makes a new store in an empty folder. Files of dropped blocks are removed; block files that the manifest does
 * not list (a flush that a crash cut short) move to `quarantine/`.
 *
 * Errors: `corrupt` for a damaged or lost manifest, `unsupported` for a newer one; nothing is changed then.
 */
export async function openStore(disk: Disk, random: Random): Promise<OpenedStore> {
  const found = await readManifest(disk);
  if (found === undefined) {
    await refuseLostManifest(disk);
  }
  for (const directory of [walDirectory, tenantsDirectory, quarantineDirectory]) {
    await disk.makeDirectory(directory);
  }
  const manifest = found ?? emptyManifest(hexFromBytes(random.fill(new Uint8Array(16))));
  if (found === undefined) {
    await writeManifest(disk, manifest);
  } else {
    // A manifest that a killed process renamed, but did not sync, must not be found now and be gone after the next crash.
    await disk.syncDirectory('');
  }
  const problems = await settleBlocks(disk, manifest);
  const kept = await disk.list(quarantineDirectory);
  if (kept.length > 0) {
    problems.push(`${quarantineDirectory}/ holds ${kept.length} files to look at, then to remove by hand`);
  }
  const storeId = bytesFromHex(manifest.storeId);
  if (storeId?.length !== 16) {
    throw new CodedError('corrupt', `${manifestPath}: store id ${manifest.storeId} is not 16 bytes`);
  }
  return { manifest: { ...manifest, removals: [] }, storeId, problems };
}

/** A new store writes its manifest before anything else: files without one mean that it was lost. */
async function refuseLostManifest(disk: Disk): Promise<void> {
  const segments = (await disk.list(walDirectory)).filter((name) => slotNumber(name) !== undefined);
  const tenants = await disk.list(tenantsDirectory);
  if (segments.length > 0 || tenants.length > 0) {
    throw new CodedError(
      'corrupt',
      `${manifestPath} is gone, but there are ${segments.length} WAL segments and ${tenants.length} tenants; nothing was changed. ` +
        'Restore it from a backup, or move the folder away to start anew'
    );
  }
}

/** Makes the tenants' folders hold what the manifest lists, and nothing else. */
async function settleBlocks(disk: Disk, manifest: Manifest): Promise<string[]> {
  const problems: string[] = [];
  const removals = new Set(manifest.removals);
  const sizeOf = new Map<string, number>();
  for (const { blocks } of manifest.tenants.values()) {
    blocks.forEach(({ meta }) => sizeOf.set(meta.path, meta.sizeBytes));
  }
  for (const folder of await disk.list(tenantsDirectory)) {
    for (const name of await disk.list(`${tenantsDirectory}/${folder}`)) {
      const path = `${tenantsDirectory}/${folder}/${name}`;
      if (removals.has(path)) {
        await disk.remove(path);
      } else if (!sizeOf.has(path)) {
        await quarantineFile(disk, path);
      }
    }
  }
  for (const [path, sizeBytes] of sizeOf) {
    const found = await disk.sizeOf(path);
    if (found !== sizeBytes) {
      problems.push(`block ${path} has ${found ?? 'no'} bytes, the manifest says ${sizeBytes}: answers are partial`);
    }
  }
  return problems;
}
