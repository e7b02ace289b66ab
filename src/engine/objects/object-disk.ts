import type { BlockMeta } from '../block/format.ts';
import type { ByteRange, Disk, WritableFile } from '../disk.ts';
import { osErrorCode } from '../os-error.ts';
import { tenantsDirectory } from '../open-store.ts';
import type { Bucket } from './bucket.ts';
import type { BlockShelf } from './bucket-manifest.ts';
import type { CacheRoom } from './cache-room.ts';
import type { PageCache } from './page-cache.ts';
import { RemoteReads } from './remote-reads.ts';
import { uploadFile } from './upload.ts';

export interface ObjectDiskCounts {
  uploads: number;
  uploadedBytes: number;
}

/** As many requests as are sent at once. */
export const blockReadsAhead = 64;

/**
 * The engine's disk when blocks live in a bucket. Blocks (`tenants/**`) are written here first, go into the bucket before the manifest lists
 * them, and stay here as long as there is room; everything else (the write-ahead log, quarantine) is local. What the manifest lists is there
 * for the engine, whether or not this machine has ever seen it.
 */
export class ObjectDisk implements Disk, BlockShelf {
  readonly counts: ObjectDiskCounts = { uploads: 0, uploadedBytes: 0 };
  readonly reads: RemoteReads;
  readonly readsAhead = blockReadsAhead;
  private readonly local: Disk;
  private readonly bucket: Bucket;
  private readonly pages: PageCache;
  private readonly room: CacheRoom;
  /** Listed blocks, and dropped ones that are not removed yet: path → size. */
  private readonly listed = new Map<string, number>();
  /** Their names by folder. */
  private readonly listedIn = new Map<string, Set<string>>();
  /** In the bucket, but in no manifest yet. */
  private readonly published = new Set<string>();
  private readonly publishing = new Map<string, Promise<void>>();
  /** Listed blocks that are here too; `false` until their size has been looked at. */
  private readonly copies = new Map<string, boolean>();

  constructor(parts: { local: Disk; bucket: Bucket; pages: PageCache; room: CacheRoom }) {
    this.local = parts.local;
    this.bucket = parts.bucket;
    this.pages = parts.pages;
    this.room = parts.room;
    this.reads = new RemoteReads(parts.bucket, parts.pages);
  }

  /** Finds the copies that an earlier process left. */
  async open(): Promise<void> {
    for (const folder of await this.local.list(tenantsDirectory)) {
      for (const name of await this.local.list(`${tenantsDirectory}/${folder}`)) {
        this.copies.set(`${tenantsDirectory}/${folder}/${name}`, false);
      }
    }
  }

  publish({ path, sizeBytes }: BlockMeta): Promise<void> {
    let publishing = this.published.has(path) ? Promise.resolve() : this.publishing.get(path);
    if (publishing === undefined) {
      publishing = this.upload(path, sizeBytes).finally(() => this.publishing.delete(path));
      this.publishing.set(path, publishing);
    }
    return publishing;
  }

  shelve(metas: readonly BlockMeta[]): void {
    for (const { path, sizeBytes } of metas) {
      const [folder, name] = splitPath(path);
      this.listed.set(path, sizeBytes);
      this.listedIn.set(folder, (this.listedIn.get(folder) ?? new Set()).add(name));
      if (this.published.delete(path) || this.copies.has(path)) {
        this.copies.set(path, this.copies.get(path) ?? true);
        this.room.add(path, sizeBytes, () => this.dropCopy(path));
      }
    }
  }

  /** Names of local files and of listed blocks. */
  async list(directory: string): Promise<string[]> {
    const names = new Set(await this.local.list(directory));
    if (directory === tenantsDirectory) {
      for (const folder of this.listedIn.keys()) {
        names.add(splitPath(folder)[1]);
      }
    }
    this.listedIn.get(directory)?.forEach((name) => names.add(name));
    return [...names].sort();
  }

  /** Whether somebody may still want the object. */
  knows(path: string): boolean {
    return this.listed.has(path) || this.published.has(path) || this.publishing.has(path);
  }

  async readRanges(path: string, ranges: readonly ByteRange[]): Promise<Uint8Array[]> {
    const sizeBytes = this.listed.get(path);
    if (sizeBytes === undefined) {
      return this.local.readRanges(path, ranges);
    }
    if (await this.hasCopy(path, sizeBytes)) {
      try {
        const bytes = await this.local.readRanges(path, ranges);
        this.room.touch(path);
        return bytes;
      } catch {
        // Gone, or the local disk is at fault: the bucket has it.
        this.dropCopy(path);
      }
    }
    return this.reads.read(path, sizeBytes, ranges);
  }

  sizeOf(path: string): Promise<number | undefined> {
    const sizeBytes = this.listed.get(path);
    return sizeBytes === undefined ? this.local.sizeOf(path) : Promise.resolve(sizeBytes);
  }

  /** Local bytes of a block may be what is wrong: answers whether the next read brings others. */
  distrust(path: string): Promise<boolean> {
    if (!this.listed.has(path)) {
      return Promise.resolve(false);
    }
    this.dropCopy(path);
    this.pages.forget(path);
    return Promise.resolve(true);
  }

  openForWrite(path: string, options?: { truncate?: boolean; preallocateBytes?: number }): Promise<WritableFile> {
    return this.local.openForWrite(path, options);
  }

  rename(from: string, to: string): Promise<void> {
    return this.local.rename(from, to);
  }

  async remove(path: string): Promise<void> {
    this.room.forget(path);
    this.copies.delete(path);
    this.pages.forget(path);
    await this.local.remove(path);
    if (this.listed.has(path) || this.published.has(path)) {
      await this.bucket.delete(path);
      const [folder, name] = splitPath(path);
      this.listed.delete(path);
      this.listedIn.get(folder)?.delete(name);
      this.published.delete(path);
    }
  }

  makeDirectory(path: string): Promise<void> {
    return this.local.makeDirectory(path);
  }

  async syncDirectory(path: string): Promise<void> {
    try {
      await this.local.syncDirectory(path);
    } catch (error) {
      // A tenant of whom this machine has no file.
      if (osErrorCode(error) !== 'ENOENT' || !path.startsWith(`${tenantsDirectory}/`)) {
        throw error;
      }
    }
  }

  freeBytes(): Promise<number> {
    return this.local.freeBytes();
  }

  private async upload(path: string, sizeBytes: number): Promise<void> {
    await uploadFile(this.local, path, sizeBytes, this.bucket);
    this.published.add(path);
    this.counts.uploads++;
    this.counts.uploadedBytes += sizeBytes;
  }

  private async hasCopy(path: string, sizeBytes: number): Promise<boolean> {
    const isChecked = this.copies.get(path);
    if (isChecked === false) {
      const holds = (await this.local.sizeOf(path).catch(() => undefined)) === sizeBytes;
      if (!holds) {
        this.dropCopy(path);
      } else if (this.copies.has(path)) {
        this.copies.set(path, true);
      }
      return holds;
    }
    return isChecked === true;
  }

  private dropCopy(path: string): void {
    if (this.copies.delete(path)) {
      this.room.forget(path);
      this.local.remove(path).catch(() => undefined);
    }
  }
}

/** Folder and name. */
function splitPath(path: string): [string, string] {
  const slash = path.lastIndexOf('/');
  return [path.slice(0, slash), path.slice(slash + 1)];
}
