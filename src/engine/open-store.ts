import { CodedError } from '../base/coded-error.ts';
import type { Random } from '../base/random.ts';
import { bytesFromHex, hexFromBytes } from '../trace/ids.ts';
import type { Disk } from './disk.ts';
import type { ManifestStore } from './manifest-store.ts';
import { emptyManifest, type Manifest } from './manifest.ts';
import { quarantineDirectory, quarantineFile, quarantineSentences } from './quarantine.ts';
import { slotNumber, walDirectory } from './wal/slots.ts';

export const tenantsDirectory = 'tenants';

const unlistedReason =
  'a block that the manifest does not list, as a crash in the middle of a flush leaves it; its spans are in the log or in another block';

/** Ten thousand tenants one by one would take a second. */
const listingsAtOnce = 16;

export interface OpenedStore {
  readonly manifest: Manifest;
  /** 16 bytes. */
  readonly storeId: Uint8Array;
  readonly problems: readonly string[];
  /** Files that are gone for good: the next version need not name them. */
  readonly removed: readonly string[];
}

/**
 * Reads the manifest, or makes a new store in an empty folder. Files of dropped blocks are removed; block files that the manifest does
 * not list (a flush that a crash cut short) move to `quarantine/`.
 *
 * Errors: `corrupt` for a damaged or lost manifest, `unsupported` for a newer one; nothing is changed then.
 */
export async function openStore(disk: Disk, random: Random, manifests: ManifestStore): Promise<OpenedStore> {
  const found = await manifests.open();
  if (found === undefined) {
    await refuseLostManifest(disk, manifests.name);
  }
  for (const directory of [walDirectory, tenantsDirectory, quarantineDirectory]) {
    await disk.makeDirectory(directory);
  }
  const manifest = found ?? emptyManifest(hexFromBytes(random.fill(new Uint8Array(16))));
  if (found === undefined) {
    await manifests.create(manifest);
  }
  const storeId = bytesFromHex(manifest.storeId);
  if (storeId?.length !== 16) {
    throw new CodedError('corrupt', `${manifests.name}: store id ${manifest.storeId} is not 16 bytes`);
  }
  const problems = await settleBlocks(disk, manifest);
  // Only now: what the manifest no longer names must be gone for good.
  await eachOf([...new Set(manifest.removals.map(folderOf))], listingsAtOnce, (folder) => disk.syncDirectory(folder));
  problems.push(...(await quarantineSentences(disk)));
  return { manifest, storeId, problems, removed: manifest.removals };
}

/** A new store writes its manifest before anything else: files without one mean that it was lost. */
async function refuseLostManifest(disk: Disk, name: string): Promise<void> {
  const segments = (await disk.list(walDirectory)).filter((name) => slotNumber(name) !== undefined);
  const tenants = await disk.list(tenantsDirectory);
  if (segments.length > 0 || tenants.length > 0) {
    throw new CodedError(
      'corrupt',
      `${name} is gone, but there are ${segments.length} WAL segments and ${tenants.length} tenants; nothing was changed. ` +
        'Restore it from a backup, or move the folder away to start anew'
    );
  }
}

/** Makes the tenants' folders hold what the manifest lists, and nothing else. Sizes are compared when a block is opened. */
async function settleBlocks(disk: Disk, manifest: Manifest): Promise<string[]> {
  const removals = new Set(manifest.removals);
  const missing = new Set([...manifest.tenants.values()].flatMap(({ blocks }) => blocks.map(({ meta }) => meta.path)));
  const folders = await disk.list(tenantsDirectory);
  await eachOf(folders, listingsAtOnce, async (folder) => {
    for (const name of await disk.list(`${tenantsDirectory}/${folder}`)) {
      const path = `${tenantsDirectory}/${folder}/${name}`;
      if (removals.has(path)) {
        await disk.remove(path);
      } else if (!missing.delete(path)) {
        await quarantineFile(disk, path, unlistedReason);
      }
    }
  });
  return [...missing].map((path) => `block ${path} is listed in the manifest and is gone: answers are partial`);
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}

/** Runs `visit` for every entry, so many at once. */
async function eachOf<T>(entries: readonly T[], atOnce: number, visit: (entry: T) => Promise<void>): Promise<void> {
  const rest = entries.values();
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (const entry of rest) {
        await visit(entry);
      }
    })
  );
}
