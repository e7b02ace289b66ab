import { hashWords } from '../../base/hash.ts';
import {
  chunkCapacity,
  chunkOfEntry,
  chunkStart,
  slabOf,
  wordOf,
  type Address,
  type Arena,
  type ChunkShape,
} from './arena.ts';
import { noRow } from './rows.ts';

/** A trace is seven words: the id (four), the row it came with, its newest row (atomic), its number of spans. */
export const traceShape: ChunkShape = { firstBits: 3, lastBits: 12, entryWords: 7 };
export const traceFields = { firstRow: 4, lastRow: 5, spanCount: 6 } as const;

/** Slot of the shared hash table where the search for a trace id begins; `mask` is the number of slots − 1. */
export function traceSlot(w0: number, w1: number, w2: number, w3: number, mask: number): number {
  return hashWords(w0 ^ w2, w1 ^ w3) & mask;
}

/**
 * Traces of a head by id. The hash table (ordinal + 1 per slot, 0 free) is shared with readers: entries are only added, and taken
 * back newest first, so that what a reader looks for is never out of reach; a bigger table is a new one.
 */
export class Traces {
  count = 0;
  readonly chunks: Address[] = [];
  slots: Int32Array<SharedArrayBuffer> = new Int32Array(new SharedArrayBuffer(16 * 4));
  private readonly arena: Arena;
  /** The trace found or added last: its spans often come together. */
  private current = -1;
  private words: Int32Array = new Int32Array(0);
  private word = 0;

  constructor(arena: Arena) {
    this.arena = arena;
  }

  /** Ordinal of a trace id, or −1. */
  find(w0: number, w1: number, w2: number, w3: number): number {
    if (this.current >= 0 && this.isCurrent(w0, w1, w2, w3)) {
      return this.current;
    }
    const { slots } = this;
    const mask = slots.length - 1;
    for (let slot = traceSlot(w0, w1, w2, w3, mask); ; slot = (slot + 1) & mask) {
      const ordinal = slots[slot] - 1;
      if (ordinal < 0) {
        return -1;
      }
      this.enter(ordinal);
      if (this.isCurrent(w0, w1, w2, w3)) {
        return ordinal;
      }
    }
  }

  add(w0: number, w1: number, w2: number, w3: number, row: number): number {
    const chunk = chunkOfEntry(traceShape, this.count);
    if (chunk === this.chunks.length) {
      this.chunks.push(this.arena.allocate(traceShape.entryWords * chunkCapacity(traceShape, chunk)));
    }
    const ordinal = this.count++;
    this.enter(ordinal);
    const { words, word } = this;
    words[word] = w0;
    words[word + 1] = w1;
    words[word + 2] = w2;
    words[word + 3] = w3;
    words[word + traceFields.firstRow] = row;
    words[word + traceFields.lastRow] = noRow;
    words[word + traceFields.spanCount] = 0;
    if (this.count * 2 > this.slots.length) {
      this.growSlots();
    } else {
      this.insert(this.slots, ordinal);
    }
    return ordinal;
  }

  at(ordinal: number): Address {
    const chunk = chunkOfEntry(traceShape, ordinal);
    return this.chunks[chunk] + traceShape.entryWords * (ordinal - chunkStart(traceShape, chunk));
  }

  lastRow(ordinal: number): number {
    return this.field(ordinal, traceFields.lastRow);
  }

  spanCount(ordinal: number): number {
    return this.field(ordinal, traceFields.spanCount);
  }

  private field(ordinal: number, field: number): number {
    if (ordinal !== this.current) {
      this.enter(ordinal);
    }
    return this.words[this.word + field];
  }

  private enter(ordinal: number): void {
    const at = this.at(ordinal);
    this.words = this.arena.words[slabOf(at)];
    this.word = wordOf(at);
    this.current = ordinal;
  }

  private isCurrent(w0: number, w1: number, w2: number, w3: number): boolean {
    const { words, word } = this;
    return words[word] === w0 && words[word + 1] === w1 && words[word + 2] === w2 && words[word + 3] === w3;
  }

  /** The trace gains (or loses, on the way back) a row; what readers follow is published last. */
  setLastRow(ordinal: number, row: number, spanCountChange: 1 | -1): void {
    if (ordinal !== this.current) {
      this.enter(ordinal);
    }
    this.words[this.word + traceFields.spanCount] += spanCountChange;
    Atomics.store(this.words, this.word + traceFields.lastRow, row);
  }

  /** Traces that came before `row`. */
  countBefore(row: number): number {
    if (this.count === 0 || this.field(this.count - 1, traceFields.firstRow) < row) {
      return this.count;
    }
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.field(middle, traceFields.firstRow) < row) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  /** Forgets the traces that came at `row` or later. */
  truncate(row: number): void {
    const count = this.countBefore(row);
    const mask = this.slots.length - 1;
    this.current = -1;
    while (this.count > count) {
      const at = this.at(--this.count);
      const words = this.arena.words[slabOf(at)];
      const word = wordOf(at);
      let slot = traceSlot(words[word], words[word + 1], words[word + 2], words[word + 3], mask);
      while (this.slots[slot] !== this.count + 1) {
        slot = (slot + 1) & mask;
      }
      this.slots[slot] = 0;
    }
    this.chunks.length = count === 0 ? 0 : chunkOfEntry(traceShape, count - 1) + 1;
  }

  private insert(slots: Int32Array, ordinal: number): void {
    const at = this.at(ordinal);
    const words = this.arena.words[slabOf(at)];
    const word = wordOf(at);
    const mask = slots.length - 1;
    let slot = traceSlot(words[word], words[word + 1], words[word + 2], words[word + 3], mask);
    while (slots[slot] !== 0) {
      slot = (slot + 1) & mask;
    }
    slots[slot] = ordinal + 1;
  }

  /** In ascending order of ordinals: taking back newest first stays right. */
  private growSlots(): void {
    const slots = new Int32Array(new SharedArrayBuffer(this.slots.byteLength * 2));
    for (let ordinal = 0; ordinal < this.count; ordinal++) {
      this.insert(slots, ordinal);
    }
    this.slots = slots;
  }
}
