import { constants } from 'node:fs';
import { lstat, mkdir, open, readdir, rename, rm, statfs, type FileHandle } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { CodedError } from '../base/coded-error.ts';
import type { ByteRange, Disk, WritableFile } from '../engine/disk.ts';
import { osErrorCode } from '../engine/os-error.ts';

/** Files of the store are nobody else's business: spans hold secrets. */
const fileMode = 0o600;
const directoryMode = 0o700;
/** Symbolic links are not followed: nobody can make the store write elsewhere. */
const noFollow = constants.O_NOFOLLOW;
/** Ranges closer than this are read as one: 64 KiB cost less than a second call. */
const gapBytesMax = 64 * 1024;
const readBytesMax = 16 * 1024 * 1024;
const openFilesMax = 64;
const zeros = 4 * 1024 * 1024;

/** The folder `root` as the engine's disk. */
export class NodeDisk implements Disk {
  private readonly root: string;
  private readonly handles = new HandleCache();

  constructor(root: string) {
    this.root = root;
  }

  async readRanges(path: string, ranges: readonly ByteRange[]): Promise<Uint8Array[]> {
    const handle = await this.handles.acquire(this.resolve(path));
    try {
      const results: Uint8Array[] = new Array<Uint8Array>(ranges.length);
      await Promise.all(
        coalesce(ranges).map(async ({ start, end, members }) => {
          const bytes = await readFully(handle.file, path, start, end);
          for (const i of members) {
            results[i] = bytes.subarray(ranges[i].offset - start, ranges[i].offset - start + ranges[i].length);
          }
        })
      );
      return results;
    } finally {
      this.handles.release(handle);
    }
  }

  async sizeOf(path: string): Promise<number | undefined> {
    return absent(async () => (await lstat(this.resolve(path))).size, undefined);
  }

  async list(directory: string): Promise<string[]> {
    const names = await absent(() => readdir(this.resolve(directory)), []);
    return names.sort();
  }

  async openForWrite(
    path: string,
    options: { truncate?: boolean; preallocateBytes?: number } = {}
  ): Promise<WritableFile> {
    const flags = constants.O_RDWR | constants.O_CREAT | noFollow | (options.truncate === true ? constants.O_TRUNC : 0);
    const file = await open(this.resolve(path), flags, fileMode);
    try {
      if (options.preallocateBytes !== undefined && (await file.stat()).size === 0) {
        await writeZeros(file, options.preallocateBytes);
      }
      return new NodeFile(file, path);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  async rename(from: string, to: string): Promise<void> {
    this.handles.forget(this.resolve(from));
    this.handles.forget(this.resolve(to));
    await rename(this.resolve(from), this.resolve(to));
  }

  async remove(path: string): Promise<void> {
    this.handles.forget(this.resolve(path));
    await rm(this.resolve(path), { force: true });
  }

  async makeDirectory(path: string): Promise<void> {
    await mkdir(this.resolve(path), { recursive: true, mode: directoryMode });
  }

  async syncDirectory(path: string): Promise<void> {
    const directory = await open(this.resolve(path), constants.O_RDONLY | constants.O_DIRECTORY | noFollow);
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
  }

  async freeBytes(): Promise<number> {
    const { bavail, bsize } = await statfs(this.root);
    return bavail * bsize;
  }

  /** Does not keep these files open: another thread removes them. */
  forget(paths: readonly string[]): void {
    paths.forEach((path) => this.handles.forget(this.resolve(path)));
  }

  /** Closes the files kept open for reading. */
  async close(): Promise<void> {
    await this.handles.close();
  }

  /** Paths come from the engine, never from a request; the check keeps it so. */
  private resolve(path: string): string {
    if (path.startsWith('/') || path.includes('\0') || path.split('/').includes('..')) {
      throw new CodedError('internal', `not a path inside the store: ${JSON.stringify(path)}`);
    }
    return join(this.root, path.replaceAll('/', sep));
  }
}

class NodeFile implements WritableFile {
  private readonly file: FileHandle;
  private readonly path: string;

  constructor(file: FileHandle, path: string) {
    this.file = file;
    this.path = path;
  }

  async write(offset: number, buffers: readonly Uint8Array[]): Promise<void> {
    let position = offset;
    // IOV_MAX is 1024 on Linux; a little less leaves room for other systems.
    for (let i = 0; i < buffers.length; i += 1000) {
      position = await this.writeSome(position, buffers.slice(i, i + 1000));
    }
  }

  async datasync(): Promise<void> {
    await this.file.datasync();
  }

  async close(): Promise<void> {
    await this.file.close();
  }

  /** The system may write less than asked: goes on until all is written or it says why not. Answers the position behind. */
  private async writeSome(offset: number, buffers: readonly Uint8Array[]): Promise<number> {
    let position = offset;
    let rest = buffers.filter(({ length }) => length > 0);
    while (rest.length > 0) {
      const { bytesWritten } = await this.file.writev(rest, position);
      if (bytesWritten === 0) {
        throw new CodedError('unavailable', `${this.path}: nothing could be written at byte ${position}`);
      }
      position += bytesWritten;
      rest = withoutFront(rest, bytesWritten);
    }
    return position;
  }
}

interface CachedHandle {
  readonly path: string;
  readonly file: FileHandle;
  users: number;
  forgotten: boolean;
}

/** Files open for reading, the least recently used closed first, none closed while it is read. */
class HandleCache {
  private readonly byPath = new Map<string, Promise<CachedHandle>>();

  async acquire(path: string): Promise<CachedHandle> {
    let opening = this.byPath.get(path);
    if (opening === undefined) {
      opening = open(path, constants.O_RDONLY | noFollow).then((file) => ({ path, file, users: 0, forgotten: false }));
      opening.catch(() => this.byPath.delete(path));
    } else {
      this.byPath.delete(path);
    }
    this.byPath.set(path, opening);
    const handle = await opening;
    handle.users++;
    await this.evict();
    return handle;
  }

  release(handle: CachedHandle): void {
    handle.users--;
    if (handle.users === 0 && handle.forgotten) {
      void handle.file.close().catch(() => undefined);
    }
  }

  /** The name now stands, or will stand, for another file. */
  forget(path: string): void {
    const opening = this.byPath.get(path);
    this.byPath.delete(path);
    void opening?.then(
      (handle) => {
        handle.forgotten = true;
        handle.users++;
        this.release(handle);
      },
      () => undefined
    );
  }

  async close(): Promise<void> {
    const all = [...this.byPath.values()];
    this.byPath.clear();
    for (const opening of await Promise.allSettled(all)) {
      if (opening.status === 'fulfilled') {
        await opening.value.file.close();
      }
    }
  }

  private async evict(): Promise<void> {
    for (const [path, opening] of this.byPath) {
      if (this.byPath.size <= openFilesMax) {
        return;
      }
      const handle = await opening;
      if (handle.users === 0) {
        this.forget(path);
      }
    }
  }
}

interface ReadRun {
  readonly start: number;
  end: number;
  /** Indices of the ranges it serves. */
  readonly members: number[];
}

/** Neighbouring ranges as few reads, none over `readBytesMax` unless one range is. */
function coalesce(ranges: readonly ByteRange[]): ReadRun[] {
  const order = ranges.map((_, i) => i).sort((a, b) => ranges[a].offset - ranges[b].offset);
  const runs: ReadRun[] = [];
  for (const i of order) {
    const { offset, length } = ranges[i];
    const run = runs.at(-1);
    const end = offset + length;
    if (run !== undefined && offset - run.end <= gapBytesMax && Math.max(run.end, end) - run.start <= readBytesMax) {
      run.end = Math.max(run.end, end);
      run.members.push(i);
    } else {
      runs.push({ start: offset, end, members: [i] });
    }
  }
  return runs;
}

async function readFully(file: FileHandle, path: string, start: number, end: number): Promise<Uint8Array> {
  // All of it is overwritten: it need not be zero first.
  const bytes = new Uint8Array(Buffer.allocUnsafeSlow(end - start).buffer);
  let filled = 0;
  while (filled < bytes.length) {
    const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, start + filled);
    if (bytesRead === 0) {
      throw new CodedError('corrupt', `${path}: need bytes ${start} to ${end}, the file ends at ${start + filled}`);
    }
    filled += bytesRead;
  }
  return bytes;
}

/** Written, not only reserved: a later `datasync` then has no metadata to write. */
async function writeZeros(file: FileHandle, sizeBytes: number): Promise<void> {
  const chunk = new Uint8Array(Math.min(zeros, sizeBytes));
  for (let offset = 0; offset < sizeBytes; offset += chunk.length) {
    await file.write(chunk, 0, Math.min(chunk.length, sizeBytes - offset), offset);
  }
  await file.sync();
}

function withoutFront(buffers: readonly Uint8Array[], count: number): Uint8Array[] {
  const rest: Uint8Array[] = [];
  let skip = count;
  for (const buffer of buffers) {
    if (skip < buffer.length) {
      rest.push(skip > 0 ? buffer.subarray(skip) : buffer);
    }
    skip = Math.max(0, skip - buffer.length);
  }
  return rest;
}

async function absent<T>(task: () => Promise<T>, otherwise: T): Promise<T> {
  try {
    return await task();
  } catch (error) {
    if (osErrorCode(error) === 'ENOENT') {
      return otherwise;
    }
    throw error;
  }
}
