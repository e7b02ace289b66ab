import { CodedError, CorruptionError } from '../base/coded-error.ts';
import { crc32c } from '../base/crc32c.ts';
import type { BlockMeta } from './block/format.ts';
import type { Disk } from './disk.ts';

/** A block as the manifest lists it. */
export interface StoredBlock {
  readonly meta: BlockMeta;
  /** WAL sequences of the head it was cut from, inclusive. */
  readonly walSequenceFirst: number;
  readonly walSequenceLast: number;
  /** When its last request arrived, decimal: retention counts from here or from span time, whichever is later. */
  readonly receivedUnixNanosMax: string;
}

export interface TenantManifest {
  /** Folder below `tenants/`. */
  readonly folder: string;
  /** Every record of this tenant up to here is in a block, or was dropped by retention. */
  readonly coveredThrough: number;
  readonly blocks: readonly StoredBlock[];
}

/** The only truth about which blocks exist and which WAL records they cover. */
export interface Manifest {
  /** 32 hex digits; the WAL carries it too. */
  readonly storeId: string;
  /** Counts the versions written. */
  readonly version: number;
  /** Every WAL record up to here is covered, whatever its tenant. */
  readonly coveredFloor: number;
  readonly tenants: ReadonlyMap<string, TenantManifest>;
  /** Files of dropped blocks that may still be there: removed, not kept as evidence, at the next start. */
  readonly removals: readonly string[];
}

export const manifestPath = 'manifest.json';
const temporaryPath = 'manifest.json.tmp';
const formatVersion = 0;

/**
 * `undefined` when there is none. Errors: {@link CorruptionError}; `unsupported` for a newer format, which is left alone.
 *
 * Layout: one line `vivace-manifest <format> <crc32c in hex> <bytes of the rest>`, then JSON.
 */
export async function readManifest(disk: Disk): Promise<Manifest | undefined> {
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
  if (Number(match[1]) > formatVersion) {
    throw new CodedError(
      'unsupported',
      `${manifestPath} has format version ${match[1]}, this build reads up to ${formatVersion}; nothing was changed`
    );
  }
  const json = bytes.subarray(lineEnd + 1);
  if (json.length !== Number(match[3])) {
    throw new CorruptionError(manifestPath, lineEnd + 1, `${match[3]} bytes`, `${json.length} bytes`);
  }
  const sum = hex32(crc32c(json));
  if (sum !== match[2]) {
    throw new CorruptionError(manifestPath, lineEnd + 1, `CRC-32C ${match[2]}`, sum);
  }
  return manifestOfJson(new TextDecoder().decode(json));
}

/** Durable when it resolves. When it rejects, either version may be found after a crash: files that either lists must stay. */
export async function writeManifest(disk: Disk, manifest: Manifest): Promise<void> {
  const json = new TextEncoder().encode(jsonOfManifest(manifest));
  const line = new TextEncoder().encode(`vivace-manifest ${formatVersion} ${hex32(crc32c(json))} ${json.length}\n`);
  const file = await disk.openForWrite(temporaryPath, { truncate: true });
  try {
    await file.write(0, [line, json]);
    await file.datasync();
  } finally {
    await file.close();
  }
  await disk.rename(temporaryPath, manifestPath);
  await disk.syncDirectory('');
}

export function emptyManifest(storeId: string): Manifest {
  return { storeId, version: 0, coveredFloor: 0, tenants: new Map(), removals: [] };
}

/** The next version, with one tenant changed. */
export function withTenant(manifest: Manifest, name: string, tenant: TenantManifest): Manifest {
  return { ...manifest, version: manifest.version + 1, tenants: new Map(manifest.tenants).set(name, tenant) };
}

export function isCoveredBy(manifest: Manifest, tenant: string, sequence: number): boolean {
  return sequence <= manifest.coveredFloor || sequence <= (manifest.tenants.get(tenant)?.coveredThrough ?? 0);
}

function jsonOfManifest(manifest: Manifest): string {
  return JSON.stringify({ ...manifest, tenants: [...manifest.tenants] });
}

function manifestOfJson(json: string): Manifest {
  // The sum holds, so this is what jsonOfManifest wrote.
  const written = JSON.parse(json) as Omit<Manifest, 'tenants'> & { tenants: [string, TenantManifest][] };
  return { ...written, tenants: new Map(written.tenants) };
}

function hex32(sum: number): string {
  return sum.toString(16).padStart(8, '0');
}
