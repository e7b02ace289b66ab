import { hashWords } from '../../base/hash.ts';
import { noRow, rowColumns, type RowColumns } from './rows.ts';

/**
 * Rows by (trace ordinal, span id): finds what may be a duplicate. The writer's alone. A slot holds row + 1 of the newest row of its
 * key; older rows with the same ids (rare) hang behind it.
 */
export class SpanIndex {
  private slots = new Int32Array(16);
  private count = 0;
  private readonly olderRow = new Map<number, number>();
  private readonly rows: RowColumns;

  constructor(rows: RowColumns) {
    this.rows = rows;
  }

  get tableBytes(): number {
    return this.slots.byteLength;
  }

  /** Newest row with these ids, or {@link noRow}. */
  find(ordinal: number, low: number, high: number): number {
    return this.slots[this.slotOf(ordinal, low, high)] - 1;
  }

  /** The row before `row` with the same ids, or {@link noRow}. */
  older(row: number): number {
    return this.olderRow.size === 0 ? noRow : (this.olderRow.get(row) ?? noRow);
  }

  add(row: number, ordinal: number, low: number, high: number): void {
    let slot = this.slotOf(ordinal, low, high);
    if (this.slots[slot] !== 0) {
      this.olderRow.set(row, this.slots[slot] - 1);
    } else if (++this.count * 2 > this.slots.length) {
      this.grow();
      slot = this.slotOf(ordinal, low, high);
    }
    this.slots[slot] = row + 1;
  }

  /** Takes back the newest row of all. */
  remove(row: number): void {
    const slots = this.slots;
    const mask = slots.length - 1;
    let hole = this.slotOfRow(row);
    const older = this.olderRow.get(row);
    if (older !== undefined) {
      slots[hole] = older + 1;
      this.olderRow.delete(row);
      return;
    }
    this.count--;
    // Backward-shift deletion (Knuth, TAOCP 3, 6.4 algorithm R).
    for (let slot = (hole + 1) & mask; slots[slot] !== 0; slot = (slot + 1) & mask) {
      const home = this.homeOfRow(slots[slot] - 1, mask);
      if (((slot - home) & mask) >= ((slot - hole) & mask)) {
        slots[hole] = slots[slot];
        hole = slot;
      }
    }
    slots[hole] = 0;
  }

  private slotOf(ordinal: number, low: number, high: number): number {
    const { slots, rows } = this;
    const mask = slots.length - 1;
    for (let slot = home(ordinal, low, high, mask); ; slot = (slot + 1) & mask) {
      const row = slots[slot] - 1;
      if (
        row < 0 ||
        (rows.wordAt(row, rowColumns.spanId) === low &&
          rows.wordAt(row, rowColumns.spanId, 1) === high &&
          rows.wordAt(row, rowColumns.trace) === ordinal)
      ) {
        return slot;
      }
    }
  }

  private slotOfRow(row: number): number {
    const { rows } = this;
    return this.slotOf(
      rows.wordAt(row, rowColumns.trace),
      rows.wordAt(row, rowColumns.spanId),
      rows.wordAt(row, rowColumns.spanId, 1)
    );
  }

  private homeOfRow(row: number, mask: number): number {
    const { rows } = this;
    return home(
      rows.wordAt(row, rowColumns.trace),
      rows.wordAt(row, rowColumns.spanId),
      rows.wordAt(row, rowColumns.spanId, 1),
      mask
    );
  }

  private grow(): void {
    const old = this.slots;
    const slots = new Int32Array(old.length * 2);
    const mask = slots.length - 1;
    for (let i = 0; i < old.length; i++) {
      if (old[i] !== 0) {
        let slot = this.homeOfRow(old[i] - 1, mask);
        while (slots[slot] !== 0) {
          slot = (slot + 1) & mask;
        }
        slots[slot] = old[i];
      }
    }
    this.slots = slots;
  }
}

function home(ordinal: number, low: number, high: number, mask: number): number {
  return hashWords(low ^ Math.imul(ordinal, 0x27d4eb2f), high) & mask;
}
