import type { Codecs } from '../base/codecs.ts';
import type { Disk } from './disk.ts';
import type { WalRecord } from './wal/record.ts';
import { readRecord, type RecordAddress } from './wal/recover.ts';

/** As they stand in the log, a few requests of a collector: decompressed they are some eight times as much. */
const aheadBytesMax = 1 << 20;

export interface ReadAgain {
  /** `undefined`: it was sound when the log was scanned, and is not any more. */
  readonly record: WalRecord | undefined;
  /** Its body, where it has been decompressed already. */
  readonly decoded: Uint8Array | undefined;
}

export interface ReplayReaderOptions {
  readonly disk: Disk;
  readonly codecs: Codecs;
  readonly storeId: Uint8Array;
  readonly bodyBytesMax: number;
}

/**
 * The records of the log one after the other. Where the codecs have a thread for it, the next ones are read and decompressed while the
 * caller fills columns with the last.
 */
export class ReplayReader {
  private readonly options: ReplayReaderOptions;
  private readonly addresses: readonly RecordAddress[];
  private readonly ahead: Promise<ReadAgain>[] = [];
  /** Of `addresses`: the first that is not asked for yet, and the first that was not taken yet. */
  private asked = 0;
  private taken = 0;
  private aheadBytes = 0;

  constructor(addresses: readonly RecordAddress[], options: ReplayReaderOptions) {
    this.addresses = addresses;
    this.options = options;
  }

  /** To be called once for each address. Errors: the disk's. */
  async next(): Promise<ReadAgain> {
    const { addresses, ahead } = this;
    const bytesMax = this.options.codecs.gunzipAside === undefined ? 0 : aheadBytesMax;
    while (this.asked < addresses.length && (this.asked === this.taken || this.aheadBytes < bytesMax)) {
      const address = addresses[this.asked++];
      this.aheadBytes += address.sizeBytes;
      const reading = this.read(address);
      // An error is told when its turn comes.
      reading.catch(() => undefined);
      ahead.push(reading);
    }
    this.aheadBytes -= addresses[this.taken++].sizeBytes;
    return ahead.shift()!;
  }

  private async read(address: RecordAddress): Promise<ReadAgain> {
    const { disk, codecs, storeId, bodyBytesMax } = this.options;
    const record = await readRecord(disk, address, storeId);
    // What cannot be decompressed is left to the replay, which has to tell why.
    const decoded =
      record?.compression === 'gzip'
        ? await codecs.gunzipAside?.(record.body, bodyBytesMax).catch(() => undefined)
        : undefined;
    return { record, decoded };
  }
}
