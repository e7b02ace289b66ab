/** `vivace salvage`: a manifest for a store that has lost its own, from what its files say of themselves. Deletes nothing. */
import { Command } from 'commander';
import { CodedError } from '../../base/coded-error.ts';
import { checkBlock } from '../../engine/block/check-block.ts';
import type { BlockMeta } from '../../engine/block/format.ts';
import { readBlockMeta } from '../../engine/block/read-meta.ts';
import { DiskManifestStore } from '../../engine/disk-manifest.ts';
import type { Disk } from '../../engine/disk.ts';
import type { Manifest, StoredBlock, TenantManifest } from '../../engine/manifest.ts';
import { tenantsDirectory } from '../../engine/open-store.ts';
import { messageOf } from '../../engine/os-error.ts';
import { quarantineDirectory } from '../../engine/quarantine.ts';
import { tenantFolder, tenantOfFolder } from '../../engine/tenant-folder.ts';
import { scanSegment } from '../../engine/wal/segment.ts';
import { slotNumber, walDirectory } from '../../engine/wal/slots.ts';
import { hexFromBytes } from '../../trace/ids.ts';
import { lockDataFolder } from '../data-lock.ts';
import { nodeCodecs } from '../node-codecs.ts';
import { NodeDisk } from '../node-disk.ts';
import { nodeRandom } from '../node-engine.ts';
import { action, dataDirOption, progressOf, requireStore, type CommandWorld, type ExitCode } from './command.ts';

interface SalvageOptions {
  readonly dataDir: string;
  readonly apply?: boolean;
  readonly withQuarantine?: boolean;
  readonly json?: boolean;
}

/** What a salvage would write, and move. */
export interface SalvagePlan {
  readonly manifest: Manifest;
  /** Quarantined blocks that go back to their tenant: from, to. */
  readonly moves: readonly (readonly [from: string, to: string])[];
  /** Sentences: what is left out or damaged. */
  readonly warnings: readonly string[];
}

export function salvageCommand(world: CommandWorld): Command {
  const command = new Command('salvage')
    .summary('a new manifest from the block files, when the old one is lost')
    .description(
      'Makes a new manifest from what the block files and the write-ahead log say of themselves, when the old one is lost or damaged. ' +
        'Without --apply it only says what it would do. Deletes nothing: an old manifest moves to quarantine/.'
    );
  return dataDirOption(command, world)
    .option('--apply', 'write the manifest')
    .option('--with-quarantine', 'take blocks in quarantine/ back as well; what is there twice counts once')
    .option('--json', 'the plan as JSON')
    .action(action(world, 'salvage', (options: SalvageOptions) => runSalvage(options, world)));
}

async function runSalvage(options: SalvageOptions, world: CommandWorld): Promise<ExitCode> {
  await requireStore(options.dataDir);
  const unlock = await lockDataFolder(options.dataDir);
  const disk = new NodeDisk(options.dataDir);
  let doing = 'the manifest';
  const stopTicking = progressOf(world, () => `reading ${doing}`);
  try {
    if (await isSound(disk)) {
      world.print('the manifest is sound: there is nothing to salvage');
      return 0;
    }
    const plan = await planSalvage(disk, options.withQuarantine === true, (what) => {
      doing = what;
    });
    report(plan, options, world);
    if (options.apply === true) {
      await applySalvage(disk, plan);
      world.note('written; start the server, or look with vivace verify');
    } else {
      world.note('nothing was changed: --apply writes this manifest');
    }
    return 0;
  } finally {
    stopTicking();
    await disk.close();
    await unlock();
  }
}

/** Errors: `unsupported` for a manifest of a newer build, which is not ours to replace. */
async function isSound(disk: Disk): Promise<boolean> {
  try {
    return (await new DiskManifestStore(disk).open()) !== undefined;
  } catch (error) {
    if (error instanceof CodedError && error.code === 'corrupt') {
      return false;
    }
    throw error;
  }
}

/** Reads every block whole. Errors: the disk's. */
export async function planSalvage(
  disk: Disk,
  withQuarantine: boolean,
  onProgress: (what: string) => void
): Promise<SalvagePlan> {
  const warnings: string[] = [];
  const wal = await readWal(disk);
  const folderOfName = new Map([...wal.tenants].map((tenant) => [tenantFolder(tenant, new Set()), tenant]));
  const tenants = new Map<string, TenantManifest & { blocks: StoredBlock[] }>();
  const moves: [string, string][] = [];
  for (const { from, path, folder } of await blockFiles(disk, withQuarantine)) {
    onProgress(from);
    const tenant = tenantOfFolder(folder) ?? folderOfName.get(folder);
    if (tenant === undefined) {
      warnings.push(`${from} is left out: ${folder} is no tenant's folder`);
      continue;
    }
    const meta = await metaOf(disk, from, warnings);
    const known = tenants.get(tenant)?.blocks ?? [];
    if (meta === undefined || known.some((block) => block.meta.blockId === meta.blockId)) {
      continue;
    }
    if (from !== path) {
      moves.push([from, path]);
    }
    tenants.set(tenant, { folder, coveredThrough: 0, blocks: [...known, storedBlock({ ...meta, path })] });
  }
  return {
    manifest: {
      storeId: wal.storeId ?? hexFromBytes(nodeRandom().fill(new Uint8Array(16))),
      version: 1,
      // What the log still holds is replayed, blocks hold it or not: the same span twice counts once.
      coveredFloor: wal.sequenceFirst === undefined ? 0 : wal.sequenceFirst - 1,
      tenants,
      removals: [],
    },
    moves,
    warnings,
  };
}

interface BlockFile {
  readonly from: string;
  /** Where it belongs; the same but for a file in quarantine. */
  readonly path: string;
  readonly folder: string;
}

async function blockFiles(disk: Disk, withQuarantine: boolean): Promise<BlockFile[]> {
  const files: BlockFile[] = [];
  for (const folder of await disk.list(tenantsDirectory)) {
    for (const name of await disk.list(`${tenantsDirectory}/${folder}`)) {
      const path = `${tenantsDirectory}/${folder}/${name}`;
      files.push({ from: path, path, folder });
    }
  }
  for (const name of withQuarantine ? await disk.list(quarantineDirectory) : []) {
    // A quarantined file's name is its path with `~` for `/`; folders have `~` of their own, block names none.
    const match = /^tenants~(.+)~([^~]+\.parquet)$/.exec(name);
    if (match !== null) {
      const [, folder, file] = match;
      files.push({ from: `${quarantineDirectory}/${name}`, path: `${tenantsDirectory}/${folder}/${file}`, folder });
    }
  }
  return files;
}

/** A block with a sound footer is listed, though parts of it may be damaged: queries leave those out and say so. */
async function metaOf(disk: Disk, path: string, warnings: string[]): Promise<BlockMeta | undefined> {
  try {
    const meta = await readBlockMeta(disk, path);
    const { errors } = await checkBlock(disk, meta, nodeCodecs);
    warnings.push(...errors.map((error) => `damaged, but listed: ${error.message}`));
    return meta;
  } catch (error) {
    if (!(error instanceof CodedError)) {
      throw error;
    }
    warnings.push(`${path} is left out: ${messageOf(error)}`);
    return undefined;
  }
}

/** A block's id begins with the time at which it was written: its spans arrived before. */
function storedBlock(meta: BlockMeta): StoredBlock {
  const writtenMs = parseInt(meta.blockId.slice(0, 12), 16);
  const received = Number.isNaN(writtenMs) ? meta.endUnixNanos : String(BigInt(writtenMs) * 1_000_000n);
  return { meta, walSequenceFirst: 0, walSequenceLast: 0, receivedUnixNanosMax: received };
}

interface WalFacts {
  readonly storeId: string | undefined;
  /** Of all sound records. */
  readonly sequenceFirst: number | undefined;
  readonly tenants: ReadonlySet<string>;
}

async function readWal(disk: Disk): Promise<WalFacts> {
  let storeId: Uint8Array | undefined;
  let sequenceFirst: number | undefined;
  const tenants = new Set<string>();
  const segments = (await disk.list(walDirectory)).filter((name) => slotNumber(name) !== undefined);
  // First whose they are: a segment whose header is damaged still has records of the same store.
  for (const wantsRecords of [false, true]) {
    for (const name of segments) {
      const file = `${walDirectory}/${name}`;
      const [bytes] = await disk.readRanges(file, [{ offset: 0, length: (await disk.sizeOf(file)) ?? 0 }]);
      if (!wantsRecords) {
        storeId ??= scanSegment(bytes, new Uint8Array(16)).header?.storeId;
        continue;
      }
      for (const { record } of scanSegment(bytes, storeId ?? new Uint8Array(16)).records) {
        sequenceFirst = Math.min(record.sequence, sequenceFirst ?? record.sequence);
        tenants.add(record.tenant);
      }
    }
  }
  return { storeId: storeId && hexFromBytes(storeId), sequenceFirst, tenants };
}

/** Errors: the disk's; nothing is lost then, and the salvage can be run again. */
async function applySalvage(disk: Disk, { manifest, moves }: SalvagePlan): Promise<void> {
  await disk.makeDirectory(quarantineDirectory);
  const kept = new Set(await disk.list(quarantineDirectory));
  for (const name of await disk.list('')) {
    if (/^manifest(-\d+)?\.(json|json\.tmp|log)$/.test(name)) {
      let to = `salvaged-${name}`;
      for (let i = 2; kept.has(to); i++) {
        to = `salvaged-${i}-${name}`;
      }
      await disk.rename(name, `${quarantineDirectory}/${to}`);
    }
  }
  for (const [from, to] of moves) {
    const folder = to.slice(0, to.lastIndexOf('/'));
    await disk.makeDirectory(folder);
    await disk.rename(from, to);
    await disk.syncDirectory(folder);
  }
  await disk.syncDirectory(quarantineDirectory);
  await disk.syncDirectory('');
  const store = new DiskManifestStore(disk);
  await store.create(manifest);
  await store.close();
}

function report({ manifest, moves, warnings }: SalvagePlan, options: SalvageOptions, world: CommandWorld): void {
  const tenants = [...manifest.tenants].map(([tenant, { folder, blocks }]) => ({
    tenant,
    folder,
    blocks: blocks.length,
    spans: blocks.reduce((sum, { meta }) => sum + meta.spans, 0),
  }));
  if (options.json === true) {
    const { storeId, coveredFloor } = manifest;
    world.print(JSON.stringify({ storeId, coveredFloor, tenants, moves, warnings, applied: options.apply === true }));
    return;
  }
  tenants.forEach(({ tenant, blocks, spans }) => world.print(`${tenant}: ${blocks} blocks with ${spans} spans`));
  moves.forEach(([from, to]) => world.print(`${from} goes back to ${to}`));
  warnings.forEach((warning) => world.note(`warning: ${warning}`));
  world.print(`the write-ahead log is replayed from request ${manifest.coveredFloor + 1} on`);
}
