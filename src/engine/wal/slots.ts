import type { Disk, WritableFile } from '../disk.ts';

/** Where segment files and their damaged pieces live. */
export const walDirectory = 'wal';

/** A preallocated file that one segment after the other lives in. */
export interface Slot {
  readonly path: string;
  readonly sizeBytes: number;
}

export function slotPath(number: number): string {
  return `${walDirectory}/${String(number).padStart(8, '0')}.wal`;
}

/** The number in a segment file's name; `undefined` for any other name. */
export function slotNumber(name: string): number | undefined {
  return /^\d{8}\.wal$/.test(name) ? Number(name.slice(0, 8)) : undefined;
}

/**
 * The files of the log: hands out recycled ones first. A new file's name is durable before it is handed out.
 */
export class SlotPool {
  private readonly disk: Disk;
  private readonly freeSlots: Slot[];
  private readonly freeSlotsMax: number;
  private nextNumber: number;

  constructor(disk: Disk, options: { free: readonly Slot[]; nextNumber: number; freeSlotsMax: number }) {
    this.disk = disk;
    this.freeSlots = [...options.free];
    this.freeSlotsMax = options.freeSlotsMax;
    this.nextNumber = options.nextNumber;
  }

  get freeCount(): number {
    return this.freeSlots.length;
  }

  /** A file of at least `sizeBytesMin`, opened. Errors: the disk's. */
  async take(sizeBytesMin: number, sizeBytesUsual: number): Promise<{ slot: Slot; file: WritableFile }> {
    const at = this.freeSlots.findIndex((slot) => slot.sizeBytes >= sizeBytesMin);
    if (at >= 0) {
      const slot = this.freeSlots[at];
      const file = await this.disk.openForWrite(slot.path);
      this.freeSlots.splice(at, 1);
      return { slot, file };
    }
    return this.create(Math.max(sizeBytesMin, sizeBytesUsual));
  }

  /** Makes one spare file ahead of need, so that no acknowledgment waits for its allocation. */
  async prepare(sizeBytes: number): Promise<void> {
    const { slot, file } = await this.create(sizeBytes);
    await file.close();
    this.freeSlots.push(slot);
  }

  /** Takes a file back; removes it when there are enough, or when the disk failed under it. */
  async giveBack(slot: Slot, reusable: boolean): Promise<void> {
    if (reusable && this.freeSlots.length < this.freeSlotsMax) {
      this.freeSlots.push(slot);
    } else {
      // Should the name come back after a crash: all its records are covered.
      await this.disk.remove(slot.path);
    }
  }

  private async create(sizeBytes: number): Promise<{ slot: Slot; file: WritableFile }> {
    const slot: Slot = { path: slotPath(this.nextNumber++), sizeBytes };
    const file = await this.disk.openForWrite(slot.path, { preallocateBytes: sizeBytes });
    try {
      await this.disk.syncDirectory(walDirectory);
      return { slot, file };
    } catch (error) {
      await file.close().catch(() => undefined);
      await this.disk.remove(slot.path).catch(() => undefined);
      throw error;
    }
  }
}
