/** `vivace verify`: whether everything a stopped server has on its disk is as it was written. */
import { Command } from 'commander';
import { CodedError, CorruptionError } from '../../base/coded-error.ts';
import { checkBlock } from '../../engine/block/check-block.ts';
import { DiskManifestStore, manifestPath } from '../../engine/disk-manifest.ts';
import type { Disk } from '../../engine/disk.ts';
import type { Manifest } from '../../engine/manifest.ts';
import { tenantsDirectory } from '../../engine/open-store.ts';
import { quarantineDirectory } from '../../engine/quarantine.ts';
import { scanSegment } from '../../engine/wal/segment.ts';
import { slotNumber, walDirectory } from '../../engine/wal/slots.ts';
import { bytesFromHex } from '../../trace/ids.ts';
import { lockDataFolder } from '../data-lock.ts';
import { nodeCodecs } from '../node-codecs.ts';
import { NodeDisk } from '../node-disk.ts';
import {
  action,
  dataDirOption,
  formatBytes,
  progressOf,
  requireStore,
  type CommandWorld,
  type ExitCode,
} from './command.ts';

interface VerifyOptions {
  readonly dataDir: string;
  readonly json?: boolean;
}

/** One place that is not as it was written. */
export interface Finding {
  readonly file: string;
  readonly offset: number;
  readonly expected: string;
  readonly found: string;
}

export interface Verification {
  readonly findings: readonly Finding[];
  /** Sentences about what is no damage. */
  readonly notes: readonly string[];
  readonly blocks: number;
  readonly spans: number;
  readonly walRecords: number;
  readonly checkedBytes: number;
}

export function verifyCommand(world: CommandWorld): Command {
  const command = new Command('verify')
    .summary('check every checksum of a stopped server')
    .description(
      'Reads everything that a stopped server has on its disk and compares it with its checksums: manifest, write-ahead log, blocks with ' +
        'their order of rows, parents and counts. Changes nothing. Ends with 1 when something is damaged.'
    );
  return dataDirOption(command, world)
    .option('--json', 'findings as JSON')
    .action(action(world, 'verify', (options: VerifyOptions) => runVerify(options, world)));
}

async function runVerify({ dataDir, json }: VerifyOptions, world: CommandWorld): Promise<ExitCode> {
  await requireStore(dataDir);
  const unlock = await lockDataFolder(dataDir);
  const disk = new NodeDisk(dataDir);
  let doing = 'manifest';
  const stopTicking = progressOf(world, () => `checking ${doing}`);
  try {
    const result = await verifyStore(disk, (what) => {
      doing = what;
    });
    report(result, json === true, world);
    return result.findings.length === 0 ? 0 : 1;
  } finally {
    stopTicking();
    await disk.close();
    await unlock();
  }
}

/** Errors: `unsupported` for a newer format; the disk's. Damage is a finding. */
export async function verifyStore(disk: Disk, onProgress: (what: string) => void): Promise<Verification> {
  const findings: Finding[] = [];
  const notes: string[] = [];
  const manifest = await readManifest(disk, findings);
  const storeId = manifest === undefined ? undefined : bytesFromHex(manifest.storeId);
  const wal = await verifyWal(disk, storeId, findings, notes, onProgress);
  const listed = [...(manifest?.tenants.values() ?? [])].flatMap(({ blocks }) => blocks);
  let [spans, checkedBytes] = [0, wal.bytes];
  for (const [i, { meta }] of listed.entries()) {
    onProgress(`block ${i + 1} of ${listed.length}: ${meta.path}`);
    const size = await disk.sizeOf(meta.path);
    if (size !== meta.sizeBytes) {
      const found = size === undefined ? 'no such file' : `${size} bytes`;
      findings.push({ file: meta.path, offset: 0, expected: `${meta.sizeBytes} bytes (manifest)`, found });
      continue;
    }
    const check = await checkBlock(disk, meta, nodeCodecs);
    findings.push(...check.errors.map(findingOf));
    checkedBytes += check.checkedBytes;
    spans += meta.spans;
  }
  notes.push(...(await unlistedFiles(disk, new Set(listed.map(({ meta }) => meta.path)))));
  return { findings, notes, blocks: listed.length, spans, walRecords: wal.records, checkedBytes };
}

async function readManifest(disk: Disk, findings: Finding[]): Promise<Manifest | undefined> {
  try {
    const manifest = await new DiskManifestStore(disk).open();
    if (manifest === undefined) {
      findings.push({ file: manifestPath, offset: 0, expected: 'a manifest', found: 'no such file' });
    }
    return manifest;
  } catch (error) {
    if (error instanceof CodedError && error.code === 'corrupt') {
      findings.push(findingOf(error));
      return undefined;
    }
    throw error;
  }
}

async function verifyWal(
  disk: Disk,
  storeId: Uint8Array | undefined,
  findings: Finding[],
  notes: string[],
  onProgress: (what: string) => void
): Promise<{ records: number; bytes: number }> {
  let [records, checkedBytes] = [0, 0];
  for (const name of await disk.list(walDirectory)) {
    if (slotNumber(name) === undefined) {
      continue;
    }
    const file = `${walDirectory}/${name}`;
    onProgress(file);
    const [bytes] = await disk.readRanges(file, [{ offset: 0, length: (await disk.sizeOf(file)) ?? 0 }]);
    // Without the manifest the segment's own word is taken for the store's id.
    const own = scanSegment(bytes, storeId ?? new Uint8Array(16)).header?.storeId;
    const scan = scanSegment(bytes, storeId ?? own ?? new Uint8Array(16));
    if (scan.state === 'foreign' || scan.state === 'newer') {
      notes.push(`${file} ${scan.state === 'foreign' ? 'belongs to another store' : 'has a newer layout'}`);
      continue;
    }
    if (scan.state === 'absent' && bytes.subarray(0, 64).some((byte) => byte !== 0)) {
      findings.push({ file, offset: 0, expected: 'a segment header', found: 'something else' });
    }
    for (const { offset, length } of scan.damages) {
      findings.push({ file, offset, expected: 'a record that its CRC-32C proves', found: `${length} other bytes` });
    }
    records += scan.records.length;
    checkedBytes += scan.records.reduce((sum, { record }) => sum + record.sizeBytes, 0);
  }
  return { records, bytes: checkedBytes };
}

async function unlistedFiles(disk: Disk, listed: ReadonlySet<string>): Promise<string[]> {
  const notes: string[] = [];
  for (const folder of await disk.list(tenantsDirectory)) {
    for (const name of await disk.list(`${tenantsDirectory}/${folder}`)) {
      const file = `${tenantsDirectory}/${folder}/${name}`;
      if (!listed.has(file)) {
        notes.push(`${file} is not in the manifest: the next start moves it to ${quarantineDirectory}/`);
      }
    }
  }
  const kept = await disk.list(quarantineDirectory);
  if (kept.length > 0) {
    notes.push(`${quarantineDirectory}/ holds ${kept.length} files`);
  }
  return notes;
}

function findingOf(error: CodedError): Finding {
  if (error instanceof CorruptionError) {
    const { file, offset, expected, found } = error.details;
    return { file: String(file), offset: Number(offset), expected: String(expected), found: String(found) };
  }
  return { file: manifestPath, offset: 0, expected: 'a sound file', found: error.message };
}

function report(result: Verification, json: boolean, world: CommandWorld): void {
  if (json) {
    world.print(JSON.stringify(result));
    return;
  }
  result.findings.forEach(({ file, offset, expected, found }) =>
    world.print(`${file}: at byte ${offset}: expected ${expected}, found ${found}`)
  );
  result.notes.forEach((note) => world.note(`note: ${note}`));
  const { blocks, spans, walRecords, checkedBytes, findings } = result;
  const what = `${blocks} blocks with ${spans} spans, ${walRecords} WAL records, ${formatBytes(checkedBytes)}`;
  world.print(`${what}: ${findings.length === 0 ? 'all sound' : `${findings.length} places are damaged`}`);
}
