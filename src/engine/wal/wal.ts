import { CodedError } from '../../base/coded-error.ts';
import type { Disk, WritableFile } from '../disk.ts';
import { isNoRoomError, messageOf } from '../os-error.ts';
import { encodeEntry, encodeRecord, type EncodedEntry, type WalEntry } from './record.ts';
import { encodeSegmentHeader, segmentHeaderBytes, storeTagOf } from './segment.ts';
import { SlotPool, type Slot } from './slots.ts';

/** Told about one entry, synchronously and in the order of `append`. */
export interface AppendOutcome {
  /** The record is on the disk for good. */
  durable(sequence: number): void;
  /** It is not, and everything appended after it failed with it. It may still turn up after a crash. */
  failed(error: CodedError): void;
}

/** A segment that was written to, and the newest acknowledged record of each tenant (of notices: the empty one) in it. */
export interface LiveSegment {
  readonly slot: Slot;
  readonly segmentSequence: number;
  readonly lastSequenceOf: Map<string, number>;
  /** A write or sync failed in it: it is not written to again. */
  suspect: boolean;
}

interface ActiveSegment extends LiveSegment {
  readonly file: WritableFile;
  writtenBytes: number;
}

interface Pending {
  readonly type: 'ingest' | 'notice';
  readonly entry: WalEntry;
  readonly encoded: EncodedEntry;
  readonly outcome: AppendOutcome;
}

/** Bugs that the tests plant to prove that they would be caught. Never set elsewhere. */
export interface SeededBugs {
  readonly ackBeforeSync?: boolean;
  readonly ignoreChecksums?: boolean;
  readonly freeWalBeforeManifest?: boolean;
  readonly retrySyncOnSameFile?: boolean;
  readonly keepStaleRecords?: boolean;
}

export interface WalOptions {
  readonly disk: Disk;
  /** 16 bytes. */
  readonly storeId: Uint8Array;
  readonly segmentBytes: number;
  readonly batchBytesMax: number;
  /** Segments that still hold uncovered records, oldest first. */
  readonly segments: readonly LiveSegment[];
  readonly slots: SlotPool;
  readonly durableSequence: number;
  readonly segmentSequence: number;
  readonly seededBugs?: SeededBugs;
}

/**
 * The write-ahead log: one for all tenants. Group commit: while one sync runs, the next batch collects; a batch is one write and one
 * `datasync`.
 *
 * A failed write or sync seals its segment (a sync that failed once may "succeed" the next time without having written anything).
 * Lack of room fails the batch and everything behind it, and the next append tries again. Any other failure is tried once more in a
 * new segment; a second one makes the log read-only until the process restarts.
 */
export class Wal {
  private readonly options: WalOptions;
  private readonly storeTag: bigint;
  private readonly slots: SlotPool;
  private readonly sealed: LiveSegment[];
  private active: ActiveSegment | undefined;
  private segmentSequence: number;
  private lastDurable: number;
  private queue: Pending[] = [];
  private queuedBytesTotal = 0;
  private running: Promise<void> | undefined;
  private preparing: Promise<void> | undefined;
  private readOnly: string | undefined;

  constructor(options: WalOptions) {
    this.options = options;
    this.storeTag = storeTagOf(options.storeId);
    this.slots = options.slots;
    this.sealed = [...options.segments];
    this.segmentSequence = options.segmentSequence;
    this.lastDurable = options.durableSequence;
  }

  /** Sequence of the newest durable record. */
  get durableSequence(): number {
    return this.lastDurable;
  }

  /** Bytes waiting for their sync. */
  get queuedBytes(): number {
    return this.queuedBytesTotal;
  }

  /** Why nothing can be appended any more; `undefined` while it can. */
  get readOnlyReason(): string | undefined {
    return this.readOnly;
  }

  /** Bytes of the files that a restart would replay from. */
  get liveBytes(): number {
    return this.sealed.reduce((sum, segment) => sum + segment.slot.sizeBytes, this.active?.writtenBytes ?? 0);
  }

  append(entry: WalEntry, outcome: AppendOutcome, type: 'ingest' | 'notice' = 'ingest'): void {
    const encoded = encodeEntry(entry);
    this.queue.push({ type, entry, encoded, outcome });
    this.queuedBytesTotal += encoded.sizeBytes;
    this.running ??= this.drain();
  }

  /**
   * Frees segments, oldest first, up to the first that holds an uncovered record. Call only when the manifest that covers the
   * records is durable. Freeing in order is what lets a restart know that no sequence above the oldest uncovered one may be missing.
   */
  async free(isCovered: (tenant: string, sequence: number) => boolean): Promise<void> {
    while (this.sealed.length > 0 && allCovered(this.sealed[0], isCovered)) {
      const segment = this.sealed[0];
      this.sealed.shift();
      const usual = segment.slot.sizeBytes === this.options.segmentBytes;
      await this.slots.giveBack(segment.slot, usual && !segment.suspect);
    }
  }

  /** Tenants whose uncovered records keep the oldest segment from being freed. */
  pinningOldest(isCovered: (tenant: string, sequence: number) => boolean): string[] {
    const oldest = this.sealed[0] ?? this.active;
    return oldest === undefined
      ? []
      : [...oldest.lastSequenceOf]
          .filter(([tenant, sequence]) => !isCovered(tenant, sequence))
          .map(([tenant]) => tenant);
  }

  /** Waits until everything appended has been answered and closes the files. */
  async close(): Promise<void> {
    await this.running;
    await this.preparing;
    await this.active?.file.close();
    this.active = undefined;
  }

  private async drain(): Promise<void> {
    while (this.queue.length > 0) {
      try {
        await this.commitNext();
      } catch (error) {
        this.failQueue(error);
      }
    }
    // In the same turn as the last look at the queue: an append after it must start anew.
    this.running = undefined;
  }

  /** One batch: chosen, written, synced, answered. */
  private async commitNext(): Promise<void> {
    if (this.readOnly !== undefined) {
      throw new CodedError('unavailable', this.readOnly);
    }
    let segment = await this.segmentFor(this.queue[0].encoded.sizeBytes);
    const batch = takeBatch(this.queue, segment.slot.sizeBytes - segment.writtenBytes, this.options.batchBytesMax);
    try {
      await this.writeBatch(segment, batch);
    } catch (error) {
      await this.seal(true);
      if (isNoRoomError(error)) {
        throw error;
      }
      try {
        segment = await this.segmentFor(sizeOf(batch));
        await this.writeBatch(segment, batch);
      } catch (second) {
        await this.seal(true);
        if (!isNoRoomError(second)) {
          this.readOnly = `wal: read-only after two failures in a row: ${messageOf(error)}; ${messageOf(second)}`;
        }
        throw second;
      }
    }
    this.acknowledge(segment, batch);
  }

  private async writeBatch(segment: ActiveSegment, batch: readonly Pending[]): Promise<void> {
    const buffers: Uint8Array[] = [];
    let offset = segment.writtenBytes;
    if (offset === segmentHeaderBytes) {
      const { segmentSequence } = segment;
      offset = 0;
      buffers.push(
        encodeSegmentHeader({ storeId: this.options.storeId, segmentSequence, firstSequence: this.lastDurable + 1 })
      );
    }
    batch.forEach(({ type, entry, encoded }, i) => {
      const place = {
        type,
        storeTag: this.storeTag,
        segmentSequence: segment.segmentSequence,
        sequence: this.lastDurable + 1 + i,
        durableSequence: this.lastDurable,
      };
      buffers.push(...encodeRecord(entry, encoded, place));
    });
    await segment.file.write(offset, buffers);
    if (this.options.seededBugs?.ackBeforeSync === true) {
      void segment.file.datasync().catch(() => undefined);
    } else if (this.options.seededBugs?.retrySyncOnSameFile === true) {
      await segment.file.datasync().catch(() => segment.file.datasync());
    } else {
      await segment.file.datasync();
    }
    segment.writtenBytes += sizeOf(batch);
  }

  private acknowledge(segment: ActiveSegment, batch: readonly Pending[]): void {
    this.queue.splice(0, batch.length);
    for (const { entry, encoded, outcome } of batch) {
      this.lastDurable++;
      this.queuedBytesTotal -= encoded.sizeBytes;
      segment.lastSequenceOf.set(entry.tenant, this.lastDurable);
      outcome.durable(this.lastDurable);
    }
    if (segment.writtenBytes * 2 > segment.slot.sizeBytes && this.slots.freeCount === 0) {
      // Failing here costs nothing: the file is then made when it is needed, and that failure is reported.
      this.preparing ??= this.slots
        .prepare(this.options.segmentBytes)
        .catch(() => undefined)
        .finally(() => {
          this.preparing = undefined;
        });
    }
  }

  /** Everything that waits fails at once, so that the rows it added to heads can be rolled back together. */
  private failQueue(error: unknown): void {
    const failed = this.queue;
    this.queue = [];
    this.queuedBytesTotal = 0;
    const coded =
      error instanceof CodedError
        ? error
        : new CodedError(
            'unavailable',
            `the write-ahead log cannot be written: ${messageOf(error)}`,
            {},
            { cause: error }
          );
    for (const { outcome } of failed) {
      outcome.failed(coded);
    }
  }

  /** The active segment when `sizeBytes` more fit, else a new one. Errors: the disk's; there is then no active segment. */
  private async segmentFor(sizeBytes: number): Promise<ActiveSegment> {
    if (this.active !== undefined && this.active.writtenBytes + sizeBytes <= this.active.slot.sizeBytes) {
      return this.active;
    }
    await this.seal(false);
    await this.preparing;
    const { slot, file } = await this.slots.take(segmentHeaderBytes + sizeBytes, this.options.segmentBytes);
    this.active = {
      slot,
      file,
      segmentSequence: ++this.segmentSequence,
      lastSequenceOf: new Map(),
      suspect: false,
      writtenBytes: segmentHeaderBytes,
    };
    return this.active;
  }

  private async seal(suspect: boolean): Promise<void> {
    const segment = this.active;
    if (segment !== undefined) {
      this.active = undefined;
      const { slot, segmentSequence, lastSequenceOf } = segment;
      this.sealed.push({ slot, segmentSequence, lastSequenceOf, suspect });
      await segment.file.close().catch(() => undefined);
    }
  }
}

function allCovered(segment: LiveSegment, isCovered: (tenant: string, sequence: number) => boolean): boolean {
  return [...segment.lastSequenceOf].every(([tenant, sequence]) => isCovered(tenant, sequence));
}

function sizeOf(batch: readonly Pending[]): number {
  return batch.reduce((sum, { encoded }) => sum + encoded.sizeBytes, 0);
}

/** The longest front of the queue within `roomBytes` and `batchBytesMax`, at least one entry; the queue is not changed. */
function takeBatch(queue: readonly Pending[], roomBytes: number, batchBytesMax: number): Pending[] {
  let sizeBytes = 0;
  let count = 0;
  while (count < queue.length) {
    sizeBytes += queue[count].encoded.sizeBytes;
    if (count > 0 && (sizeBytes > roomBytes || sizeBytes > batchBytesMax)) {
      break;
    }
    count++;
  }
  return queue.slice(0, count);
}
