/**
 * The bytes of one object of the bucket's manifest.
 *
 * One line `vivace-bucket-manifest <format> <crc32c in hex> <bytes of the rest>`, then JSON. The sum covers format and JSON.
 */
import { CodedError, CorruptionError } from '../../base/coded-error.ts';
import { crc32c } from '../../base/crc32c.ts';
import type { ManifestChange, PlainManifest } from '../manifest.ts';

export const manifestFolder = 'manifest/';
const formatVersion = 1;
const sequenceDigits = 16;

export interface ManifestRecord {
  readonly storeId: string;
  /** Counts the objects, without gaps from a snapshot on. */
  readonly sequence: number;
  /** Of the writer's lease. */
  readonly epoch: number;
  /** Its owner: the data folder whose log the covered sequences count. */
  readonly owner: string;
  /** Random, one for each try to commit: tells our own bytes from another's. */
  readonly nonce: string;
  /** The object from which a reader goes on; this one when it is a snapshot itself. */
  readonly snapshotSequence: number;
  /** Exactly one of both. */
  readonly snapshot?: PlainManifest;
  readonly change?: ManifestChange;
}

/** Sorts by sequence. */
export function manifestKey(sequence: number): string {
  return `${manifestFolder}${String(sequence).padStart(sequenceDigits, '0')}`;
}

/** `undefined` for keys that are not ours. */
export function sequenceOfKey(key: string): number | undefined {
  const digits = key.slice(manifestFolder.length);
  return key.startsWith(manifestFolder) && /^\d{16}$/.test(digits) ? Number(digits) : undefined;
}

export function encodeManifestRecord(record: ManifestRecord): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify(record));
  const line = new TextEncoder().encode(
    `vivace-bucket-manifest ${formatVersion} ${sumOf(json, formatVersion)} ${json.length}\n`
  );
  const bytes = new Uint8Array(line.length + json.length);
  bytes.set(line);
  bytes.set(json, line.length);
  return bytes;
}

/** Errors: {@link CorruptionError}; `unsupported` for a newer format. */
export function decodeManifestRecord(name: string, bytes: Uint8Array): ManifestRecord {
  const lineEnd = Math.max(0, bytes.indexOf(0x0a));
  const line = new TextDecoder().decode(bytes.subarray(0, lineEnd));
  const match = /^vivace-bucket-manifest (\d+) ([0-9a-f]{8}) (\d+)$/.exec(line);
  if (match === null) {
    throw new CorruptionError(name, 0, 'a line "vivace-bucket-manifest …"', JSON.stringify(line.slice(0, 60)));
  }
  const format = Number(match[1]);
  const json = bytes.subarray(lineEnd + 1);
  const sum = sumOf(json, format);
  if (json.length !== Number(match[3]) || sum !== match[2]) {
    throw new CorruptionError(
      name,
      lineEnd + 1,
      `${match[3]} bytes with CRC-32C ${match[2]}`,
      `${json.length} bytes with ${sum}`
    );
  }
  if (format > formatVersion) {
    throw new CodedError(
      'unsupported',
      `${name} has format ${format}, this build reads up to ${formatVersion}; nothing was changed`
    );
  }
  // The sum holds, so this is what encodeManifestRecord wrote.
  return JSON.parse(new TextDecoder().decode(json)) as ManifestRecord;
}

function sumOf(json: Uint8Array, format: number): string {
  return crc32c(json, 0, json.length, format).toString(16).padStart(8, '0');
}
