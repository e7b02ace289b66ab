import type { Disk } from '../disk.ts';
import { quarantineBytes } from '../quarantine.ts';
import { parseRecord, type NoticeNotes, type WalRecord } from './record.ts';
import { scanSegment, storeTagOf, type SegmentDamage, type SegmentScan } from './segment.ts';
import { slotNumber, slotPath, walDirectory, type Slot } from './slots.ts';
import type { LiveSegment, SeededBugs } from './wal.ts';

/** Where an uncovered record lies, to be read when its turn comes. */
export interface RecordAddress {
  readonly path: string;
  readonly offset: number;
  readonly sizeBytes: number;
  readonly segmentSequence: number;
  readonly sequence: number;
}

export interface WalRecovery {
  /** Uncovered ingest records by ascending sequence, each sequence once. */
  readonly addresses: readonly RecordAddress[];
  /** Segments that hold uncovered records, and all behind the first of them, oldest first. */
  readonly segments: readonly LiveSegment[];
  readonly freeSlots: readonly Slot[];
  readonly nextSlotNumber: number;
  /** The newest of everything seen. */
  readonly sequence: number;
  readonly segmentSequence: number;
  /** Sentences: what was cut, lost or left alone. */
  readonly problems: readonly string[];
  /** Sequences that are missing and were not known to be: to be noted in the log, so that they are reported once. */
  readonly absent: readonly (readonly [number, number])[];
}

export interface RecoverOptions {
  readonly disk: Disk;
  readonly storeId: Uint8Array;
  /** Every record up to here is covered, whatever its tenant. */
  readonly coveredFloor: number;
  /** Notices, whose tenant is empty, are covered up to the floor. */
  isCovered(tenant: string, sequence: number): boolean;
  readonly seededBugs?: SeededBugs;
}

interface ScannedSlot {
  readonly slot: Slot;
  readonly scan: SegmentScan;
  readonly places: readonly ScannedRecord[];
  readonly segmentSequence: number;
}

/** A record without its body: the log may be far larger than memory. */
interface ScannedRecord extends RecordAddress {
  readonly type: WalRecord['type'];
  readonly tenant: string;
  readonly durableSequence: number;
  readonly absent: NoticeNotes['absent'];
}

/**
 * Reads the whole log once and decides what is to be replayed. What it saw is made durable: a record that a killed process left in
 * the page cache must not be found today and be gone tomorrow. Changes nothing but that and `quarantine/`; may be repeated.
 *
 * Errors: the disk's.
 */
export async function recoverWal(options: RecoverOptions): Promise<WalRecovery> {
  const { disk } = options;
  const numbers = (await disk.list(walDirectory)).map(slotNumber).filter((number) => number !== undefined);
  const scanned: ScannedSlot[] = [];
  const problems: string[] = [];
  const free: Slot[] = [];
  for (const number of numbers) {
    const path = slotPath(number);
    const sizeBytes = (await disk.sizeOf(path)) ?? 0;
    const [bytes] = await disk.readRanges(path, [{ offset: 0, length: sizeBytes }]);
    const scan = scanSegment(bytes, options.storeId, options.seededBugs);
    if (scan.state === 'foreign' || scan.state === 'newer') {
      problems.push(
        `wal: ${path} ${scan.state === 'foreign' ? 'belongs to another store' : 'has a newer layout'}; left alone`
      );
      continue;
    }
    const places = placesOf(path, scan);
    const segmentSequence = places.reduce(
      (max, place) => Math.max(max, place.segmentSequence),
      scan.header?.segmentSequence ?? 0
    );
    scanned.push({ slot: { path, sizeBytes }, scan, places, segmentSequence });
  }
  scanned.sort((a, b) => a.segmentSequence - b.segmentSequence);

  const winners = winnersOf(scanned, options);
  const floor = options.coveredFloor;
  const segments: LiveSegment[] = [];
  for (const { slot, places, segmentSequence } of scanned) {
    const live = places.some((place) => winners.get(place.sequence) === place && isLive(place, options));
    if (live || segments.length > 0) {
      await syncFile(disk, slot.path);
      const lastSequenceOf = new Map<string, number>();
      places
        .filter(({ type }) => type === 'ingest')
        .forEach(({ tenant, sequence }) => lastSequenceOf.set(tenant, sequence));
      segments.push({ slot, segmentSequence, lastSequenceOf, suspect: false });
    } else if (slot.sizeBytes > 0) {
      free.push(slot);
    }
  }

  const seen = [...winners.values()];
  const watermark = seen.reduce((max, { durableSequence }) => Math.max(max, durableSequence), floor);
  const known = new Set(winners.keys());
  seen.flatMap(({ absent }) => absent).forEach(([first, last]) => addRange(known, first, last));
  const sequence = seen.reduce((max, place) => Math.max(max, place.sequence), watermark);
  const missing = rangesMissing(known, floor, sequence);
  problems.push(...lossesIn(missing, watermark));
  for (const slot of scanned) {
    for (const damage of slot.scan.damages) {
      problems.push(...(await reportDamage(options, slot, damage, known)));
    }
  }
  return {
    addresses: seen
      .filter((place) => place.type === 'ingest' && isLive(place, options))
      .sort((a, b) => a.sequence - b.sequence),
    segments,
    freeSlots: free,
    nextSlotNumber: numbers.reduce((next, number) => Math.max(next, number + 1), 0),
    sequence,
    segmentSequence: scanned.at(-1)?.segmentSequence ?? 0,
    problems,
    absent: missing,
  };
}

/** Reads one record again, whole. Errors: the disk's; it was sound a moment ago, so damage now is one. */
export async function readRecord(
  disk: Disk,
  address: RecordAddress,
  storeId: Uint8Array
): Promise<WalRecord | undefined> {
  const [bytes] = await disk.readRanges(address.path, [{ offset: address.offset, length: address.sizeBytes }]);
  const parse = parseRecord(bytes, 0, storeTagOf(storeId), address.segmentSequence, true);
  return parse.kind === 'record' ? parse.record : undefined;
}

function placesOf(path: string, scan: SegmentScan): ScannedRecord[] {
  return scan.records.map(({ record, offset }) => ({
    path,
    offset,
    sizeBytes: record.sizeBytes,
    segmentSequence: record.segmentSequence,
    sequence: record.sequence,
    type: record.type,
    tenant: record.tenant,
    durableSequence: record.durableSequence,
    absent: 'absent' in record.notes ? record.notes.absent : [],
  }));
}

function isLive(place: ScannedRecord, options: RecoverOptions): boolean {
  return !options.isCovered(place.tenant, place.sequence);
}

/**
 * One record per sequence above the floor. A sequence occurs twice when a batch was written again in a new segment, or when a refused
 * request's sequence was given to the next one: the newest segment tells.
 */
function winnersOf(scanned: readonly ScannedSlot[], options: RecoverOptions): Map<number, ScannedRecord> {
  const winners = new Map<number, ScannedRecord>();
  for (const place of scanned.flatMap(({ places }) => places)) {
    const other = winners.get(place.sequence);
    if (
      place.sequence > options.coveredFloor &&
      (other === undefined || other.segmentSequence < place.segmentSequence)
    ) {
      winners.set(place.sequence, place);
    }
  }
  return winners;
}

async function syncFile(disk: Disk, path: string): Promise<void> {
  const file = await disk.openForWrite(path);
  try {
    await file.datasync();
  } finally {
    await file.close();
  }
}

function addRange(set: Set<number>, first: number, last: number): void {
  for (let sequence = first; sequence <= last; sequence++) {
    set.add(sequence);
  }
}

function rangesMissing(known: ReadonlySet<number>, floor: number, last: number): [number, number][] {
  const ranges: [number, number][] = [];
  for (let sequence = floor + 1; sequence <= last; sequence++) {
    if (!known.has(sequence)) {
      const open = ranges.at(-1);
      if (open !== undefined && open[1] === sequence - 1) {
        open[1] = sequence;
      } else {
        ranges.push([sequence, sequence]);
      }
    }
  }
  return ranges;
}

/** Missing records that a later record vouches for had been acknowledged. Others belong to a batch that the crash interrupted. */
function lossesIn(missing: readonly (readonly [number, number])[], watermark: number): string[] {
  return missing
    .filter(([first]) => first <= watermark)
    .map(
      ([first, last]) =>
        `wal: acknowledged requests ${first} to ${Math.min(last, watermark)} are damaged or missing and could not be replayed`
    );
}

/** Keeps the bytes for a person to look at, unless all that may have stood there was found elsewhere. */
async function reportDamage(
  options: RecoverOptions,
  { slot, segmentSequence }: ScannedSlot,
  damage: SegmentDamage,
  known: ReadonlySet<number>
): Promise<string[]> {
  const first = (damage.previousSequence ?? options.coveredFloor) + 1;
  const covered = damage.nextSequence !== undefined && damage.nextSequence <= options.coveredFloor + 1;
  const end = damage.nextSequence ?? first + 1;
  let found = first < end;
  for (let sequence = first; sequence < end && found; sequence++) {
    found = known.has(sequence) || sequence <= options.coveredFloor;
  }
  if (covered || found) {
    return [];
  }
  const [bytes] = await options.disk.readRanges(slot.path, [{ offset: damage.offset, length: damage.length }]);
  const what =
    damage.nextSequence === undefined ? 'an unfinished or damaged last record' : 'damaged bytes between records';
  const name = `wal-${segmentSequence}-${damage.offset}.bin`;
  const kept = await quarantineBytes(options.disk, name, bytes, `${what} of ${slot.path} at byte ${damage.offset}`);
  return [`wal: ${slot.path} at byte ${damage.offset}: skipped ${what} (${damage.length} bytes, kept as ${kept})`];
}
