import { hashWords } from '../../base/hash.ts';
import { noRow, rowColumns, type RowColumns } from './rows.ts';

/**
 * Rows by (trace ordinal, span id): finds what may be a duplicate. The writer's alone. A slot is row + 1 (0 is free) and the hash of
 * its ids, so that a search seldom touches rows. The row is the newest of its ids; older ones (rare) hang behind it.
 */
export class SpanIndex {
  private slots = new Int32Array(32);
  private count = 0;
  private readonly olderRow = new Map<number, number>();
  private readonly rows: RowColumns;
  // What was looked for last: it is mostly added next.
  private soughtSlot = -1;
  private soughtOrdinal = 0;
  private soughtLow = 0;
  private soughtHigh = 0;
  private soughtHash = 0;

  constructor(rows: RowColumns) {
    this.rows = rows;
  }

  get tableBytes(): number {
    return this.slots.byteLength;
  }

  /** Newest row with these ids, or {@link noRow}. */
  find(ordinal: number, low: number, high: number): number {
    this.seek(ordinal, low, high);
    return this.slots[this.soughtSlot] - 1;
  }

  /** The row before `row` with the same ids, or {@link noRow}. */
  older(row: number): number {
    return this.olderRow.size === 0 ? noRow : (this.olderRow.get(row) ?? noRow);
  }

  add(row: number, ordinal: number, low: number, high: number): void {
    this.seek(ordinal, low, high);
    const hash = this.soughtHash;
    let slot = this.soughtSlot;
    this.soughtSlot = -1;
    if (this.slots[slot] !== 0) {
      this.olderRow.set(row, this.slots[slot] - 1);
    } else if (++this.count * 8 > this.slots.length * 3) {
      this.grow();
      slot = this.slotOf(hash, ordinal, low, high);
    }
    this.slots[slot] = row + 1;
    this.slots[slot + 1] = hash;
  }

  /** Takes back the newest row of all. */
  remove(row: number): void {
    this.soughtSlot = -1;
    const { slots, rows } = this;
    const mask = slots.length - 2;
    const ordinal = rows.wordAt(row, rowColumns.trace);
    const low = rows.wordAt(row, rowColumns.spanId);
    const high = rows.wordAt(row, rowColumns.spanId, 1);
    let hole = this.slotOf(hashOf(ordinal, low, high), ordinal, low, high);
    const older = this.olderRow.get(row);
    if (older !== undefined) {
      slots[hole] = older + 1;
      this.olderRow.delete(row);
      return;
    }
    this.count--;
    // Backward-shift deletion (Knuth, TAOCP 3, 6.4 algorithm R).
    for (let slot = (hole + 2) & mask; slots[slot] !== 0; slot = (slot + 2) & mask) {
      const home = (slots[slot + 1] << 1) & mask;
      if (((slot - home) & mask) >= ((slot - hole) & mask)) {
        slots[hole] = slots[slot];
        slots[hole + 1] = slots[slot + 1];
        hole = slot;
      }
    }
    slots[hole] = 0;
  }

  private seek(ordinal: number, low: number, high: number): void {
    if (this.soughtSlot < 0 || this.soughtLow !== low || this.soughtHigh !== high || this.soughtOrdinal !== ordinal) {
      this.soughtOrdinal = ordinal;
      this.soughtLow = low;
      this.soughtHigh = high;
      this.soughtHash = hashOf(ordinal, low, high);
      this.soughtSlot = this.slotOf(this.soughtHash, ordinal, low, high);
    }
  }

  /** The slot of these ids, or the free one where they belong. */
  private slotOf(hash: number, ordinal: number, low: number, high: number): number {
    const { slots, rows } = this;
    const mask = slots.length - 2;
    for (let slot = (hash << 1) & mask; ; slot = (slot + 2) & mask) {
      const row = slots[slot] - 1;
      if (
        row < 0 ||
        (slots[slot + 1] === hash &&
          rows.wordAt(row, rowColumns.spanId) === low &&
          rows.wordAt(row, rowColumns.spanId, 1) === high &&
          rows.wordAt(row, rowColumns.trace) === ordinal)
      ) {
        return slot;
      }
    }
  }

  private grow(): void {
    const old = this.slots;
    const slots = new Int32Array(old.length * 2);
    const mask = slots.length - 2;
    for (let i = 0; i < old.length; i += 2) {
      if (old[i] !== 0) {
        let slot = (old[i + 1] << 1) & mask;
        while (slots[slot] !== 0) {
          slot = (slot + 2) & mask;
        }
        slots[slot] = old[i];
        slots[slot + 1] = old[i + 1];
      }
    }
    this.slots = slots;
  }
}

function hashOf(ordinal: number, low: number, high: number): number {
  return hashWords(low ^ Math.imul(ordinal, 0x27d4eb2f), high);
}
