import type { Random } from '../base/random.ts';
import type { ByteRange, Disk, WritableFile } from './disk.ts';
import { applyName, crashImage, overwritten, type CrashMode } from './sim-crash.ts';

export type DiskOpKind =
  'open' | 'write' | 'datasync' | 'rename' | 'remove' | 'makeDirectory' | 'syncDirectory' | 'read';

export interface DiskOp {
  /** Counts from 0 over the life of the disk. */
  readonly index: number;
  readonly kind: DiskOpKind;
  readonly path: string;
  readonly sizeBytes: number;
}

/** What an operation does instead of succeeding. `short` writes half of the bytes and then fails with ENOSPC. */
export type DiskFault = 'EIO' | 'ENOSPC' | 'EMFILE' | 'short';

export interface SimDiskOptions {
  /** Asked before every operation takes effect. */
  readonly fault?: (op: DiskOp) => DiskFault | undefined;
  /** Told before every operation takes effect: the place to take a crash image. */
  readonly beforeOp?: (op: DiskOp) => void;
  readonly freeBytes?: number;
  /** How many turns of the microtask queue an operation waits before it takes effect: varies what overlaps with what. */
  readonly latency?: (kind: DiskOpKind) => number;
}

/** A write that the page cache holds; `datasync` makes it durable, a crash may keep any 512-byte sector of it. */
export interface PendingWrite {
  readonly offset: number;
  readonly bytes: Uint8Array;
  /** A `datasync` failed after it: the cache calls it clean, later syncs do not write it (as Linux does). */
  doomed: boolean;
}

export interface Inode {
  durable: Uint8Array;
  /** What a reader sees while the machine runs. */
  current: Uint8Array;
  pending: PendingWrite[];
}

/** A change of names that is not durable yet; `openDirectories` still wait for their `syncDirectory`. */
export interface PendingName {
  readonly kind: 'create' | 'rename' | 'remove';
  readonly from: string;
  readonly to: string;
  readonly inode: Inode;
  readonly openDirectories: Set<string>;
}

export class DiskError extends Error {
  override readonly name = 'DiskError';
  readonly code: string;

  constructor(code: string, path: string, kind: string) {
    super(`${code}: ${kind} ${path}`);
    this.code = code;
  }
}

/** What a crash leaves: names and contents, all durable. */
export type DiskImage = ReadonlyMap<string, Uint8Array>;

/**
 * A disk in memory that keeps what is durable and what only the page cache knows apart, so that a crash can lose, tear (at 512 bytes)
 * and reorder everything that was not synced, directory entries included. Folders themselves always survive. A truncating open is
 * durable at once: callers truncate only files that nobody reads after a crash.
 */
export class SimDisk implements Disk {
  readonly log: DiskOp[] = [];
  private readonly options: SimDiskOptions;
  private readonly names = new Map<string, Inode>();
  private readonly durableNames = new Map<string, Inode>();
  private pendingNames: PendingName[] = [];
  private opCount = 0;
  private halted = false;

  constructor(options: SimDiskOptions = {}, image: DiskImage = new Map()) {
    this.options = options;
    for (const [path, bytes] of image) {
      const inode: Inode = { durable: bytes, current: bytes, pending: [] };
      this.names.set(path, inode);
      this.durableNames.set(path, inode);
    }
  }

  /** Number of operations so far. */
  get operations(): number {
    return this.opCount;
  }

  /** What survives if the power fails now; the disk itself goes on. */
  crash(random: Random, mode: CrashMode = 'any'): DiskImage {
    return crashImage(this.durableNames, this.pendingNames, random, mode);
  }

  /** What the page cache holds: the disk as a killed process leaves it to the next one. */
  killImage(): DiskImage {
    return new Map([...this.names].map(([path, inode]) => [path, inode.current.slice()]));
  }

  /** From now on nothing answers any more, as for a process that is gone. */
  halt(): void {
    this.halted = true;
  }

  async readRanges(path: string, ranges: readonly ByteRange[]): Promise<Uint8Array[]> {
    await this.begin('read', path, 0);
    const inode = this.inodeAt(path, 'read');
    return ranges.map(({ offset, length }) => {
      if (offset < 0 || offset + length > inode.current.length) {
        throw new DiskError(
          'ERANGE',
          path,
          `read [${offset}, ${offset + length}) of ${inode.current.length} bytes from`
        );
      }
      return inode.current.slice(offset, offset + length);
    });
  }

  async sizeOf(path: string): Promise<number | undefined> {
    await this.begin('read', path, 0);
    return this.names.get(path)?.current.length;
  }

  async list(directory: string): Promise<string[]> {
    await this.begin('read', directory, 0);
    const prefix = directory === '' ? '' : `${directory}/`;
    const found = new Set<string>();
    for (const path of this.names.keys()) {
      if (path.startsWith(prefix)) {
        found.add(path.slice(prefix.length).split('/')[0]);
      }
    }
    return [...found].sort();
  }

  async openForWrite(
    path: string,
    options: { truncate?: boolean; preallocateBytes?: number } = {}
  ): Promise<WritableFile> {
    await this.begin('open', path, 0);
    let inode = this.names.get(path);
    if (inode === undefined) {
      inode = { durable: new Uint8Array(0), current: new Uint8Array(0), pending: [] };
      this.names.set(path, inode);
      this.pend('create', path, path, inode);
      if (options.preallocateBytes !== undefined) {
        pendWrite(inode, 0, new Uint8Array(options.preallocateBytes));
      }
    } else if (options.truncate === true) {
      inode.durable = new Uint8Array(0);
      inode.current = new Uint8Array(0);
      inode.pending = [];
    }
    return new SimFile(this, path, inode);
  }

  async rename(from: string, to: string): Promise<void> {
    await this.begin('rename', from, 0);
    const inode = this.inodeAt(from, 'rename');
    this.names.delete(from);
    this.names.set(to, inode);
    this.pend('rename', from, to, inode);
  }

  async remove(path: string): Promise<void> {
    await this.begin('remove', path, 0);
    const inode = this.names.get(path);
    if (inode !== undefined) {
      this.names.delete(path);
      this.pend('remove', path, path, inode);
    }
  }

  async makeDirectory(path: string): Promise<void> {
    await this.begin('makeDirectory', path, 0);
  }

  async syncDirectory(path: string): Promise<void> {
    await this.begin('syncDirectory', path, 0);
    for (const change of this.pendingNames) {
      change.openDirectories.delete(path);
      if (change.openDirectories.size === 0) {
        applyName(this.durableNames, change);
      }
    }
    this.pendingNames = this.pendingNames.filter((change) => change.openDirectories.size > 0);
  }

  async freeBytes(): Promise<number> {
    return this.options.freeBytes ?? 1e12;
  }

  /** Counts, reports and perhaps fails one operation. Answers `short` for the one fault that still does half of the work. */
  async begin(kind: DiskOpKind, path: string, sizeBytes: number): Promise<'short' | undefined> {
    for (let turns = this.options.latency?.(kind) ?? 0; turns >= 0; turns--) {
      await undefined;
    }
    if (this.halted) {
      return new Promise(() => undefined);
    }
    const op: DiskOp = { index: this.opCount++, kind, path, sizeBytes };
    this.log.push(op);
    this.options.beforeOp?.(op);
    const fault = this.options.fault?.(op);
    if (fault === 'short' && kind === 'write') {
      return 'short';
    }
    if (fault !== undefined) {
      throw new DiskError(fault === 'short' ? 'ENOSPC' : fault, path, kind);
    }
    return undefined;
  }

  private inodeAt(path: string, kind: string): Inode {
    const inode = this.names.get(path);
    if (inode === undefined) {
      throw new DiskError('ENOENT', path, kind);
    }
    return inode;
  }

  private pend(kind: PendingName['kind'], from: string, to: string, inode: Inode): void {
    const openDirectories = new Set([directoryOf(from), directoryOf(to)]);
    this.pendingNames.push({ kind, from, to, inode, openDirectories });
  }
}

class SimFile implements WritableFile {
  private readonly disk: SimDisk;
  private readonly path: string;
  private readonly inode: Inode;

  constructor(disk: SimDisk, path: string, inode: Inode) {
    this.disk = disk;
    this.path = path;
    this.inode = inode;
  }

  async write(offset: number, buffers: readonly Uint8Array[]): Promise<void> {
    const bytes = joined(buffers);
    const fault = await this.disk.begin('write', this.path, bytes.length);
    if (fault === 'short') {
      pendWrite(this.inode, offset, bytes.subarray(0, bytes.length >> 1));
      throw new DiskError('ENOSPC', this.path, 'short write');
    }
    pendWrite(this.inode, offset, bytes);
  }

  async datasync(): Promise<void> {
    try {
      await this.disk.begin('datasync', this.path, 0);
    } catch (error) {
      for (const write of this.inode.pending) {
        write.doomed = true;
      }
      throw error;
    }
    for (const write of this.inode.pending) {
      if (!write.doomed) {
        this.inode.durable = overwritten(this.inode.durable, write.offset, write.bytes);
      }
    }
    this.inode.pending = this.inode.pending.filter((write) => write.doomed);
  }

  async close(): Promise<void> {
    await undefined;
  }
}

function pendWrite(inode: Inode, offset: number, bytes: Uint8Array): void {
  inode.pending.push({ offset, bytes, doomed: false });
  inode.current = overwritten(inode.current, offset, bytes);
}

function directoryOf(path: string): string {
  return path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '';
}

function joined(buffers: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(buffers.reduce((sum, buffer) => sum + buffer.length, 0));
  let offset = 0;
  for (const buffer of buffers) {
    bytes.set(buffer, offset);
    offset += buffer.length;
  }
  return bytes;
}
