import { equalBytes } from '../../base/bytes.ts';
import { crc32c } from '../../base/crc32c.ts';
import { belongs, parseRecord, recordMarker, type WalRecord } from './record.ts';
import type { SeededBugs } from './wal.ts';

/**
 * The first 64 bytes of a segment file: magic (8), layout version (4), CRC-32C over version and bytes 16 … 64 (4), store id (16), segment
 * sequence (8), sequence of its first record (8), reserved. They fit one disk sector: whole or absent.
 */
export const segmentHeaderBytes = 64;

const magic = new TextEncoder().encode('VIVACEWL');
const layoutVersion = 0;

export interface SegmentHeader {
  /** 16 bytes. */
  readonly storeId: Uint8Array;
  readonly segmentSequence: number;
  readonly firstSequence: number;
}

/** Bytes of a segment that hold no record although they look as if one had been written there. */
export interface SegmentDamage {
  readonly offset: number;
  readonly length: number;
  /** The last good record before it in this segment; undefined at the front. */
  readonly previousSequence: number | undefined;
  /** The next good record behind it in this segment; undefined at the tail. */
  readonly nextSequence: number | undefined;
}

export interface SegmentScan {
  /** `foreign`: of another store. `newer`: a layout this build does not know. `absent`: unreadable or never written. */
  readonly state: 'ours' | 'foreign' | 'newer' | 'absent';
  readonly header: SegmentHeader | undefined;
  readonly records: readonly { readonly offset: number; readonly record: WalRecord }[];
  readonly damages: readonly SegmentDamage[];
}

export function encodeSegmentHeader(header: SegmentHeader): Uint8Array {
  const bytes = new Uint8Array(segmentHeaderBytes);
  const view = new DataView(bytes.buffer);
  bytes.set(magic);
  view.setUint32(8, layoutVersion, true);
  bytes.set(header.storeId, 16);
  view.setBigUint64(32, BigInt(header.segmentSequence), true);
  view.setBigUint64(40, BigInt(header.firstSequence), true);
  view.setUint32(12, headerSum(bytes), true);
  return bytes;
}

/** The first half of the store id as the number that every record carries. */
export function storeTagOf(storeId: Uint8Array): bigint {
  return new DataView(storeId.buffer, storeId.byteOffset, 16).getBigUint64(0, true);
}

/**
 * All sound records of a segment file, in file order. Behind damage the scan goes on at the next marker of a sound record. When the
 * header is unreadable, records of every life of the segment are returned: the older ones are covered by the manifest, else the
 * segment would not have been recycled.
 */
export function scanSegment(bytes: Uint8Array, storeId: Uint8Array, seededBugs: SeededBugs = {}): SegmentScan {
  const front = readHeader(bytes);
  if (front.state === 'newer' || (front.header !== undefined && !equalBytes(front.header.storeId, storeId))) {
    return { state: front.state === 'newer' ? 'newer' : 'foreign', header: front.header, records: [], damages: [] };
  }
  const storeTag = storeTagOf(storeId);
  const checksums = seededBugs.ignoreChecksums !== true;
  const segmentSequence = seededBugs.keepStaleRecords === true ? undefined : front.header?.segmentSequence;
  const records: { offset: number; record: WalRecord }[] = [];
  const damages: SegmentDamage[] = [];
  let offset = segmentHeaderBytes;
  for (;;) {
    const parse = parseRecord(bytes, offset, storeTag, segmentSequence, checksums);
    if (parse.kind === 'record') {
      records.push({ offset, record: parse.record });
      offset += parse.record.sizeBytes;
      continue;
    }
    const next = findRecord(bytes, offset + 1, storeTag, segmentSequence, checksums);
    const previousSequence = records.at(-1)?.record.sequence;
    if (next !== undefined) {
      damages.push({ offset, length: next.offset - offset, previousSequence, nextSequence: next.record.sequence });
      records.push(next);
      offset = next.offset + next.record.sizeBytes;
      continue;
    }
    if (parse.kind === 'damaged') {
      damages.push({ offset, length: tailLength(bytes, offset), previousSequence, nextSequence: undefined });
    }
    return { state: front.header === undefined ? 'absent' : 'ours', header: front.header, records, damages };
  }
}

/** Finds the next sound record at or behind `from`. */
function findRecord(
  bytes: Uint8Array,
  from: number,
  storeTag: bigint,
  segmentSequence: number | undefined,
  checksums: boolean
): { offset: number; record: WalRecord } | undefined {
  for (
    let offset = bytes.indexOf(recordMarker[0], from);
    offset >= 0;
    offset = bytes.indexOf(recordMarker[0], offset + 1)
  ) {
    // The cheap signs first: a body full of markers with lying lengths must not cost a checksum each.
    if (bytes[offset + 7] === recordMarker[7] && belongs(bytes, offset, storeTag, segmentSequence)) {
      const parse = parseRecord(bytes, offset, storeTag, segmentSequence, checksums);
      if (parse.kind === 'record') {
        return { offset, record: parse.record };
      }
    }
  }
  return undefined;
}

/** Up to the last byte that is not zero, at most 1 MiB: what goes to quarantine of an unfinished write. */
function tailLength(bytes: Uint8Array, offset: number): number {
  let end = Math.min(bytes.length, offset + 1_048_576);
  while (end > offset + 1 && bytes[end - 1] === 0) {
    end--;
  }
  return end - offset;
}

function readHeader(bytes: Uint8Array): { state: 'known' | 'newer'; header: SegmentHeader | undefined } {
  if (bytes.length < segmentHeaderBytes || !equalBytes(bytes.subarray(0, 8), magic)) {
    return { state: 'known', header: undefined };
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, segmentHeaderBytes);
  if (view.getUint32(12, true) !== headerSum(bytes)) {
    return { state: 'known', header: undefined };
  }
  if (view.getUint32(8, true) > layoutVersion) {
    return { state: 'newer', header: undefined };
  }
  return {
    state: 'known',
    header: {
      storeId: bytes.slice(16, 32),
      segmentSequence: Number(view.getBigUint64(32, true)),
      firstSequence: Number(view.getBigUint64(40, true)),
    },
  };
}

function headerSum(bytes: Uint8Array): number {
  return crc32c(bytes, 16, segmentHeaderBytes, crc32c(bytes, 8, 12));
}
