import { crc32c } from '../../base/crc32c.ts';
import type { Disk } from '../disk.ts';
import type { CacheRoom } from './cache-room.ts';

export const cacheDirectory = 'cache';

/** 64 KiB: at 100 MB/s it takes less than a millisecond, of the thirty that a request takes anyway. */
export const pageBytes = 64 * 1024;

const magic = 0x3147_5056;
const headerBytes = 16;
/** Pages being written at the same time; more are not kept. */
const writesMax = 64;

export interface PageCacheCounts {
  hits: number;
  misses: number;
  /** Damaged files that were found and removed. */
  damaged: number;
}

/**
 * Pages of remote objects on the local disk, one file each. Nothing here needs to survive: files are not synced, every one carries a sum over
 * its bytes and its name, and one that is not as it was is a miss.
 *
 * File: "VPG1", CRC-32C of name and payload, length of the payload, 0 (32 bits each, little-endian), payload.
 */
export class PageCache {
  readonly counts: PageCacheCounts = { hits: 0, misses: 0, damaged: 0 };
  private readonly disk: Disk;
  private readonly room: CacheRoom;
  private readonly pagesOf = new Map<string, Set<number>>();
  private writes = 0;
  private temporaryNumber = 0;

  constructor(disk: Disk, room: CacheRoom) {
    this.disk = disk;
    this.room = room;
  }

  /** Finds what an earlier process left. */
  async open(): Promise<void> {
    await this.disk.makeDirectory(cacheDirectory);
    for (const name of await this.disk.list(cacheDirectory)) {
      const [, objectName, page] = /^(.*)~(\d+)$/.exec(name) ?? [];
      if (objectName === undefined) {
        await this.disk.remove(`${cacheDirectory}/${name}`);
      } else {
        this.note(objectName, Number(page), pageBytes);
      }
    }
  }

  async read(object: string, page: number): Promise<Uint8Array | undefined> {
    const objectName = nameOf(object);
    if (this.pagesOf.get(objectName)?.has(page) !== true) {
      this.counts.misses++;
      return undefined;
    }
    const name = `${objectName}~${page}`;
    const path = `${cacheDirectory}/${name}`;
    try {
      const sizeBytes = (await this.disk.sizeOf(path)) ?? 0;
      const [bytes] = await this.disk.readRanges(path, [{ offset: 0, length: sizeBytes }]);
      const payload = payloadOf(name, bytes);
      if (payload !== undefined) {
        this.counts.hits++;
        this.room.touch(path);
        return payload;
      }
    } catch {
      // A file that cannot be read is a miss.
    }
    this.counts.damaged++;
    this.counts.misses++;
    this.drop(objectName, page);
    return undefined;
  }

  /** Kept when there is time for it; resolves when it is known. */
  async write(object: string, page: number, bytes: Uint8Array): Promise<void> {
    if (this.writes < writesMax) {
      this.writes++;
      try {
        await this.writeFile(nameOf(object), page, bytes);
      } catch {
        // Without room on the disk it is fetched again.
      } finally {
        this.writes--;
      }
    }
  }

  forget(object: string): void {
    const objectName = nameOf(object);
    for (const page of this.pagesOf.get(objectName) ?? []) {
      this.drop(objectName, page);
    }
  }

  private async writeFile(objectName: string, page: number, bytes: Uint8Array): Promise<void> {
    const name = `${objectName}~${page}`;
    const temporary = `${cacheDirectory}/${this.temporaryNumber++}.tmp`;
    const header = new Uint8Array(headerBytes);
    const view = new DataView(header.buffer);
    view.setUint32(0, magic, true);
    view.setUint32(4, sumOf(name, bytes), true);
    view.setUint32(8, bytes.length, true);
    try {
      const file = await this.disk.openForWrite(temporary, { truncate: true });
      try {
        await file.write(0, [header, bytes]);
      } finally {
        await file.close();
      }
      await this.disk.rename(temporary, `${cacheDirectory}/${name}`);
      this.note(objectName, page, headerBytes + bytes.length);
    } catch (error) {
      await this.disk.remove(temporary).catch(() => undefined);
      throw error;
    }
  }

  private note(objectName: string, page: number, sizeBytes: number): void {
    const pages = this.pagesOf.get(objectName) ?? new Set();
    pages.add(page);
    this.pagesOf.set(objectName, pages);
    this.room.add(`${cacheDirectory}/${objectName}~${page}`, sizeBytes, () => this.drop(objectName, page));
  }

  private drop(objectName: string, page: number): void {
    const pages = this.pagesOf.get(objectName);
    pages?.delete(page);
    if (pages?.size === 0) {
      this.pagesOf.delete(objectName);
    }
    const path = `${cacheDirectory}/${objectName}~${page}`;
    this.room.forget(path);
    this.disk.remove(path).catch(() => undefined);
  }
}

/** Blocks have names that no other block has, whatever their folder. */
function nameOf(object: string): string {
  return object.slice(object.lastIndexOf('/') + 1);
}

function sumOf(name: string, payload: Uint8Array): number {
  return crc32c(payload, 0, payload.length, crc32c(new TextEncoder().encode(name)));
}

function payloadOf(name: string, bytes: Uint8Array): Uint8Array | undefined {
  if (bytes.length < headerBytes) {
    return undefined;
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, headerBytes);
  const payload = bytes.subarray(headerBytes);
  return view.getUint32(0, true) === magic &&
    view.getUint32(8, true) === payload.length &&
    view.getUint32(4, true) === sumOf(name, payload)
    ? payload
    : undefined;
}
