import { CodedError, CorruptionError } from '../base/coded-error.ts';
import { crc32c } from '../base/crc32c.ts';
import type { Disk, WritableFile } from './disk.ts';
import { encodeBegin, encodeChange, encodeMark, readLog } from './manifest-log.ts';
import type { ManifestStore } from './manifest-store.ts';
import {
  manifestOfPlain,
  plainOfManifest,
  type Manifest,
  type ManifestChange,
  type PlainManifest,
} from './manifest.ts';

export const manifestPath = 'manifest.json';
export const manifestTemporaryPath = 'manifest.json.tmp';
/** 0: a snapshot alone; 1: a snapshot and the log that goes on from it. */
const formatVersion = 1;
/** A shorter log is not worth a new snapshot: it is read in a millisecond. */
const logBytesMin = 256 * 1024;
/** Each change costs a copy of a tenant's list when it is read again. */
const logChangesMax = 1000;

interface OpenLog {
  readonly file: WritableFile;
  readonly path: string;
  sizeBytes: number;
  changes: number;
}

/**
 * The manifest on the store's disk: a snapshot (`manifest.json`) and a log of changes (`manifest-<n>.log`), so that a flush writes some
 * hundred bytes however many blocks there are. The snapshot is replaced (write, sync, rename, sync directory) when the log has
 * grown as long as half of it, after every start and after every failed write: nothing is ever appended behind bytes of
 * unknown fate.
 *
 * The snapshot's layout: one line `vivace-manifest <format> <crc32c in hex> <bytes of the rest>`, then JSON.
 */
export class DiskManifestStore implements ManifestStore {
  readonly name = manifestPath;
  private readonly disk: Disk;
  /** Number of the newest log that may be in use. */
  private logNumber = 0;
  private log: OpenLog | undefined;
  private snapshotBytes = 0;

  constructor(disk: Disk) {
    this.disk = disk;
  }

  async open(): Promise<Manifest | undefined> {
    const { disk } = this;
    const snapshot = await readSnapshot(disk);
    if (snapshot === undefined) {
      return undefined;
    }
    // A snapshot that a killed process renamed, but did not sync, must not be found now and be gone after the next crash.
    await disk.syncDirectory('');
    this.logNumber = snapshot.logNumber ?? 0;
    const manifest =
      snapshot.logNumber === undefined
        ? snapshot.manifest
        : await readSyncedLog(disk, logPath(snapshot.logNumber), snapshot.manifest);
    await this.removeOtherLogs();
    return manifest;
  }

  async create(manifest: Manifest): Promise<void> {
    await this.replaceSnapshot(manifest);
  }

  async commit(next: Manifest, change: ManifestChange): Promise<void> {
    const { log } = this;
    const isLong =
      log === undefined ||
      log.changes >= logChangesMax ||
      log.sizeBytes > Math.max(logBytesMin, this.snapshotBytes / 2);
    await (isLong ? this.replaceSnapshot(next) : this.append(log, next.version, change));
  }

  async close(): Promise<void> {
    const { log } = this;
    this.log = undefined;
    await log?.file.close();
  }

  private async append(log: OpenLog, version: number, change: ManifestChange): Promise<void> {
    const record = encodeChange(version, change);
    // Until all is well the log is not to be trusted.
    this.log = undefined;
    try {
      await log.file.write(log.sizeBytes, [record]);
      await log.file.datasync();
    } catch (error) {
      await log.file.close().catch(() => undefined);
      throw error;
    }
    log.sizeBytes += record.length;
    log.changes++;
    // Vouches for the change, so that damage to it later is told from a torn write. Durable with the next change, or never.
    const mark = encodeMark(version);
    try {
      await log.file.write(log.sizeBytes, [mark]);
      log.sizeBytes += mark.length;
      this.log = log;
    } catch {
      await log.file.close().catch(() => undefined);
    }
  }

  private async replaceSnapshot(manifest: Manifest): Promise<void> {
    const { disk } = this;
    const old = this.log;
    this.log = undefined;
    await old?.file.close().catch(() => undefined);
    // Never the number of a log that a snapshot on disk may name.
    const number = ++this.logNumber;
    const log = await openLog(disk, logPath(number), encodeBegin(manifest));
    try {
      const plain: PlainSnapshot = { ...plainOfManifest(manifest), logNumber: number };
      const json = new TextEncoder().encode(JSON.stringify(plain));
      await writeSynced(disk, manifestTemporaryPath, [headLine(json), json]);
      // The log's name first: a snapshot without its log is a damaged one.
      await disk.syncDirectory('');
      await disk.rename(manifestTemporaryPath, manifestPath);
      await disk.syncDirectory('');
      this.snapshotBytes = json.length;
    } catch (error) {
      await log.file.close().catch(() => undefined);
      throw error;
    }
    this.log = log;
    await this.removeOtherLogs();
  }

  /** Of earlier snapshots. What cannot be removed now is at the next start. */
  private async removeOtherLogs(): Promise<void> {
    try {
      for (const name of await this.disk.list('')) {
        if (/^manifest-\d+\.log$/.test(name) && name !== logPath(this.logNumber)) {
          await this.disk.remove(name);
        }
      }
    } catch {
      // Tried again then.
    }
  }
}

async function openLog(disk: Disk, path: string, begin: Uint8Array): Promise<OpenLog> {
  const file = await disk.openForWrite(path, { truncate: true });
  try {
    await file.write(0, [begin]);
    await file.datasync();
    return { file, path, sizeBytes: begin.length, changes: 0 };
  } catch (error) {
    await file.close().catch(() => undefined);
    throw error;
  }
}

/** A change that a killed process left in the page cache is made durable before anything rests on it. */
async function readSyncedLog(disk: Disk, path: string, snapshot: Manifest): Promise<Manifest> {
  const sizeBytes = await disk.sizeOf(path);
  if (sizeBytes === undefined) {
    throw new CorruptionError(path, 0, `the log behind version ${snapshot.version}`, 'no file');
  }
  await withFile(disk, path, {}, (file) => file.datasync());
  const [bytes] = await disk.readRanges(path, [{ offset: 0, length: sizeBytes }]);
  return readLog(path, bytes, snapshot);
}

/** The snapshot's JSON. */
interface PlainSnapshot extends PlainManifest {
  /** Absent in format 0. */
  readonly logNumber?: number;
}

async function readSnapshot(disk: Disk): Promise<{ manifest: Manifest; logNumber: number | undefined } | undefined> {
  const sizeBytes = await disk.sizeOf(manifestPath);
  if (sizeBytes === undefined) {
    return undefined;
  }
  const [bytes] = await disk.readRanges(manifestPath, [{ offset: 0, length: sizeBytes }]);
  const lineEnd = bytes.indexOf(0x0a);
  const line = new TextDecoder().decode(bytes.subarray(0, Math.max(0, lineEnd)));
  const match = /^vivace-manifest (\d+) ([0-9a-f]{8}) (\d+)$/.exec(line);
  if (match === null) {
    throw new CorruptionError(manifestPath, 0, 'a line "vivace-manifest …"', JSON.stringify(line.slice(0, 60)));
  }
  const format = Number(match[1]);
  if (format > formatVersion) {
    throw new CodedError(
      'unsupported',
      `${manifestPath} has format version ${format}, this build reads up to ${formatVersion}; nothing was changed`
    );
  }
  const json = bytes.subarray(lineEnd + 1);
  if (json.length !== Number(match[3])) {
    throw new CorruptionError(manifestPath, lineEnd + 1, `${match[3]} bytes`, `${json.length} bytes`);
  }
  const sum = sumOf(json, format);
  if (sum !== match[2]) {
    throw new CorruptionError(manifestPath, lineEnd + 1, `CRC-32C ${match[2]}`, sum);
  }
  // The sum holds, so this is what replaceSnapshot wrote.
  const plain = JSON.parse(new TextDecoder().decode(json)) as PlainSnapshot;
  return { manifest: manifestOfPlain(plain), logNumber: plain.logNumber };
}

function headLine(json: Uint8Array): Uint8Array {
  return new TextEncoder().encode(`vivace-manifest ${formatVersion} ${sumOf(json, formatVersion)} ${json.length}\n`);
}

/** Hexadecimal. From format 1 on the format is summed too: a flipped bit must not make one format another. */
function sumOf(json: Uint8Array, format: number): string {
  return crc32c(json, 0, json.length, format).toString(16).padStart(8, '0');
}

function logPath(number: number): string {
  return `manifest-${number}.log`;
}

async function writeSynced(disk: Disk, path: string, buffers: readonly Uint8Array[]): Promise<void> {
  await withFile(disk, path, { truncate: true }, async (file) => {
    await file.write(0, buffers);
    await file.datasync();
  });
}

async function withFile(
  disk: Disk,
  path: string,
  options: { truncate?: boolean },
  task: (file: WritableFile) => Promise<void>
): Promise<void> {
  const file = await disk.openForWrite(path, options);
  try {
    await task(file);
  } finally {
    await file.close();
  }
}
