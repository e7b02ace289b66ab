/**
 * The bytes of the manifest's change log.
 *
 * ```
 * record  ┌──────────┬────────┬───────────┬──────────┬──────────┬─────────┐   little-endian
 *         │ "VMCL" 4 │ kind 4 │ version 8 │ length 4 │ crc32c 4 │ payload │   the sum covers kind, version, length, payload
 *         └──────────┴────────┴───────────┴──────────┴──────────┴─────────┘
 * ```
 *
 * `begin` comes first: version of the snapshot that the log goes on from, JSON with the store's id. `change`: JSON of a
 * `ManifestChange` that makes this version. `mark`, without payload: this version had been durable. A change without a mark behind it may
 * be one that a crash tore; one that a mark or a later change vouches for must be readable.
 */
import { concatBytes } from '../base/bytes.ts';
import { CorruptionError } from '../base/coded-error.ts';
import { crc32c } from '../base/crc32c.ts';
import { applyChange, type Manifest, type ManifestChange } from './manifest.ts';

const magic = 0x4c43_4d56;
const headerBytes = 24;

const kinds = ['begin', 'change', 'mark'] as const;
type RecordKind = (typeof kinds)[number];

interface LogRecord {
  readonly kind: RecordKind;
  readonly version: number;
  readonly payload: Uint8Array;
  readonly sizeBytes: number;
}

export function encodeBegin(snapshot: Manifest): Uint8Array {
  return encodeRecord('begin', snapshot.version, { storeId: snapshot.storeId });
}

export function encodeChange(version: number, change: ManifestChange): Uint8Array {
  return encodeRecord('change', version, change);
}

export function encodeMark(version: number): Uint8Array {
  return encodeRecord('mark', version, undefined);
}

/**
 * The manifest after all changes of a log. A last change that is torn is left out.
 *
 * Errors: {@link CorruptionError} when a change is missing or damaged that had been durable, or the log belongs to another snapshot.
 */
export function readLog(file: string, bytes: Uint8Array, snapshot: Manifest): Manifest {
  const changes = new Map<number, LogRecord>();
  let begun = false;
  let newest = snapshot.version;
  let offset = 0;
  while (offset < bytes.length) {
    const record = recordAt(bytes, offset);
    if (record === undefined) {
      offset++;
      continue;
    }
    offset += record.sizeBytes;
    newest = Math.max(newest, record.version);
    if (record.kind === 'begin') {
      begun = record.version === snapshot.version && storeIdOf(record) === snapshot.storeId;
    } else if (record.kind === 'change') {
      changes.set(record.version, record);
    }
  }
  if (!begun) {
    throw new CorruptionError(
      file,
      0,
      `the log behind version ${snapshot.version} of store ${snapshot.storeId}`,
      'none'
    );
  }
  let manifest = snapshot;
  while (manifest.version < newest) {
    const record = changes.get(manifest.version + 1);
    if (record === undefined) {
      throw new CorruptionError(file, 0, `version ${manifest.version + 1} of ${newest}`, 'damaged bytes');
    }
    // The sum holds, so this is what encodeChange wrote.
    manifest = applyChange(manifest, JSON.parse(new TextDecoder().decode(record.payload)) as ManifestChange);
  }
  return manifest;
}

function encodeRecord(kind: RecordKind, version: number, content: unknown): Uint8Array {
  const payload = content === undefined ? new Uint8Array(0) : new TextEncoder().encode(JSON.stringify(content));
  const header = new Uint8Array(headerBytes);
  const view = new DataView(header.buffer);
  view.setUint32(0, magic, true);
  view.setUint32(4, kinds.indexOf(kind), true);
  view.setBigUint64(8, BigInt(version), true);
  view.setUint32(16, payload.length, true);
  view.setUint32(20, sumOf(header, payload), true);
  return concatBytes([header, payload]);
}

/** `undefined` when no whole and sound record begins there. */
function recordAt(bytes: Uint8Array, offset: number): LogRecord | undefined {
  if (bytes.length - offset < headerBytes) {
    return undefined;
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset);
  const kind = kinds[view.getUint32(4, true)] as RecordKind | undefined;
  const length = view.getUint32(16, true);
  if (view.getUint32(0, true) !== magic || kind === undefined || length > bytes.length - offset - headerBytes) {
    return undefined;
  }
  const start = offset + headerBytes;
  const payload = bytes.subarray(start, start + length);
  return view.getUint32(20, true) === sumOf(bytes.subarray(offset, start), payload)
    ? { kind, version: Number(view.getBigUint64(8, true)), payload, sizeBytes: headerBytes + length }
    : undefined;
}

function sumOf(header: Uint8Array, payload: Uint8Array): number {
  return crc32c(payload, 0, payload.length, crc32c(header, 4, 20));
}

function storeIdOf({ payload }: LogRecord): unknown {
  return (JSON.parse(new TextDecoder().decode(payload)) as { storeId?: unknown }).storeId;
}
