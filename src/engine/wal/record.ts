import { crc32c } from '../../base/crc32c.ts';

/**
 * One WAL record: a header of 72 bytes, then the tenant, notes as JSON and the body, in this order. Little endian.
 *
 * ```
 *  0  8  marker            finds the next record behind damage
 *  8  4  CRC-32C           over bytes 12 … end of the body
 * 12  1  type              1 ingest, 2 notice
 * 13  1  body encoding     index into bodyEncodings
 * 14  1  body compression  index into bodyCompressions
 * 15  1  layout version    0
 * 16  4  body length
 * 20  2  tenant length
 * 22  2  notes length
 * 24  8  store tag         first half of the store id: nobody outside can forge a record inside a body
 * 32  8  segment sequence  old bytes of a recycled segment carry an older one
 * 40  8  sequence          of the record, without gaps over all tenants
 * 48  8  durable sequence  the newest record known to be durable when this one was written
 * 56  8  received          unix nanoseconds
 * 64  8  reserved          zero
 * ```
 */
export const recordHeaderBytes = 72;

/** A byte above 0x7f first, so that text never holds it. */
export const recordMarker = Uint8Array.of(0x8d, 0x56, 0x56, 0x52, 0x0d, 0x0a, 0x1a, 0xf1);

/** Only ever appended to: the index stands in logs on disk. */
export const bodyEncodings = [
  'otlp-protobuf',
  'otlp-json',
  'zipkin-json',
  'jaeger-json',
  'jaeger-thrift',
  'jaeger-protobuf',
] as const;
export const bodyCompressions = ['identity', 'gzip', 'zstd'] as const;
export const recordTypes = { 1: 'ingest', 2: 'notice' } as const;

/** What ingest decided; replay compares, and never decides anew. */
export interface RecordNotes {
  readonly acceptedSpans: number;
  readonly rejectedSpans: number;
  readonly walkerVersion: number;
  /** Which head of its tenant took the rows: replay cuts heads where they were cut, so that the same rows meet. */
  readonly head: number;
  /** The limits the verdict was reached with. */
  readonly limits: Readonly<Record<string, number>>;
}

/** What an open found missing for good, so that the next open does not report it again: inclusive ranges of sequences. */
export interface NoticeNotes {
  readonly absent: readonly (readonly [number, number])[];
}

export interface WalEntry {
  readonly tenant: string;
  readonly encoding: (typeof bodyEncodings)[number];
  readonly compression: (typeof bodyCompressions)[number];
  readonly receivedUnixNanos: bigint;
  /** As received, still compressed. */
  readonly body: Uint8Array;
  readonly notes: RecordNotes | NoticeNotes;
}

/** Where a record stands in the log. */
export interface RecordPlace {
  readonly type: 'ingest' | 'notice';
  readonly storeTag: bigint;
  readonly segmentSequence: number;
  readonly sequence: number;
  readonly durableSequence: number;
}

export interface WalRecord extends WalEntry, RecordPlace {
  readonly sizeBytes: number;
}

export interface EncodedEntry {
  readonly tenant: Uint8Array;
  readonly notes: Uint8Array;
  readonly sizeBytes: number;
}

/** The parts of an entry that do not depend on its place; computed once, also when the record is written a second time. */
export function encodeEntry(entry: WalEntry): EncodedEntry {
  const encoder = new TextEncoder();
  const tenant = encoder.encode(entry.tenant);
  const notes = encoder.encode(JSON.stringify(entry.notes));
  return { tenant, notes, sizeBytes: recordHeaderBytes + tenant.length + notes.length + entry.body.length };
}

/** The buffers of a record in file order; the body is not copied. */
export function encodeRecord(entry: WalEntry, encoded: EncodedEntry, place: RecordPlace): Uint8Array[] {
  const { tenant, notes } = encoded;
  const head = new Uint8Array(recordHeaderBytes + tenant.length + notes.length);
  const view = new DataView(head.buffer);
  head.set(recordMarker);
  head[12] = place.type === 'ingest' ? 1 : 2;
  head[13] = bodyEncodings.indexOf(entry.encoding);
  head[14] = bodyCompressions.indexOf(entry.compression);
  view.setUint32(16, entry.body.length, true);
  view.setUint16(20, tenant.length, true);
  view.setUint16(22, notes.length, true);
  view.setBigUint64(24, place.storeTag, true);
  view.setBigUint64(32, BigInt(place.segmentSequence), true);
  view.setBigUint64(40, BigInt(place.sequence), true);
  view.setBigUint64(48, BigInt(place.durableSequence), true);
  view.setBigUint64(56, entry.receivedUnixNanos, true);
  head.set(tenant, recordHeaderBytes);
  head.set(notes, recordHeaderBytes + tenant.length);
  view.setUint32(8, crc32c(entry.body, 0, entry.body.length, crc32c(head, 12)), true);
  return [head, entry.body];
}

/** How the bytes at an offset relate to a record of this segment. */
export type RecordParse =
  | { readonly kind: 'record'; readonly record: WalRecord }
  /** A whole record of an earlier life of the segment, or of another store. */
  | { readonly kind: 'stale' }
  /** Looks like a record of this segment, but its length or sum does not hold. */
  | { readonly kind: 'damaged' }
  | { readonly kind: 'none' };

/**
 * Reads the record at `offset`. `segmentSequence` undefined accepts every life of the segment (its header was unreadable).
 * `checksums` false is a seeded bug of the tests.
 */
export function parseRecord(
  bytes: Uint8Array,
  offset: number,
  storeTag: bigint,
  segmentSequence: number | undefined,
  checksums: boolean
): RecordParse {
  if (offset + recordHeaderBytes > bytes.length) {
    return { kind: 'none' };
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, recordHeaderBytes);
  const marked = hasMarker(bytes, offset);
  const ours = view.getBigUint64(24, true) === storeTag;
  const segment = view.getBigUint64(32, true);
  const current = segmentSequence === undefined || segment === BigInt(segmentSequence);
  const [tenantBytes, notesBytes, bodyBytes] = [
    view.getUint16(20, true),
    view.getUint16(22, true),
    view.getUint32(16, true),
  ];
  const sizeBytes = recordHeaderBytes + tenantBytes + notesBytes + bodyBytes;
  const fits = offset + sizeBytes <= bytes.length;
  const sound =
    marked && fits && (!checksums || view.getUint32(8, true) === crc32c(bytes, offset + 12, offset + sizeBytes));
  if (!sound) {
    // Any one flipped bit spoils at most one of the three signs.
    const signs = (marked ? 1 : 0) + (ours ? 1 : 0) + (current && segmentSequence !== undefined ? 1 : 0);
    return { kind: signs >= 2 ? 'damaged' : 'none' };
  }
  const type = recordTypes[bytes[offset + 12] as 1 | 2];
  if (!ours || !current || type === undefined) {
    return { kind: 'stale' };
  }
  return {
    kind: 'record',
    record: {
      ...readEntry(bytes, offset, view, tenantBytes, notesBytes, bodyBytes),
      ...readPlace(view, type),
      sizeBytes,
    },
  };
}

/** Whether the header at `offset`, taken at its word, is of this store and of this life of the segment. */
export function belongs(
  bytes: Uint8Array,
  offset: number,
  storeTag: bigint,
  segmentSequence: number | undefined
): boolean {
  if (offset + recordHeaderBytes > bytes.length) {
    return false;
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, recordHeaderBytes);
  const segment = view.getBigUint64(32, true);
  return (
    view.getBigUint64(24, true) === storeTag && (segmentSequence === undefined || segment === BigInt(segmentSequence))
  );
}

function readPlace(view: DataView, type: RecordPlace['type']): RecordPlace {
  return {
    type,
    storeTag: view.getBigUint64(24, true),
    segmentSequence: Number(view.getBigUint64(32, true)),
    sequence: Number(view.getBigUint64(40, true)),
    durableSequence: Number(view.getBigUint64(48, true)),
  };
}

function readEntry(
  bytes: Uint8Array,
  offset: number,
  view: DataView,
  tenantBytes: number,
  notesBytes: number,
  bodyBytes: number
): WalEntry {
  const decoder = new TextDecoder();
  const tenantStart = offset + recordHeaderBytes;
  const notesStart = tenantStart + tenantBytes;
  const bodyStart = notesStart + notesBytes;
  return {
    tenant: decoder.decode(bytes.subarray(tenantStart, notesStart)),
    // The sum holds, so these are the notes we wrote.
    notes: JSON.parse(decoder.decode(bytes.subarray(notesStart, bodyStart))) as RecordNotes | NoticeNotes,
    encoding: bodyEncodings[bytes[offset + 13]],
    compression: bodyCompressions[bytes[offset + 14]],
    receivedUnixNanos: view.getBigUint64(56, true),
    body: bytes.subarray(bodyStart, bodyStart + bodyBytes),
  };
}

function hasMarker(bytes: Uint8Array, offset: number): boolean {
  for (let i = 0; i < recordMarker.length; i++) {
    if (bytes[offset + i] !== recordMarker[i]) {
      return false;
    }
  }
  return true;
}
