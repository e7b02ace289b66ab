import { utf8FromText, isUtf8, textFromUtf8 } from '../../base/bytes.ts';
import { hashRange, hashWords, tailMask } from '../../base/hash.ts';
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

/**
 * An entry is three words: for byte values the address and length of the bytes, for 64-bit values low and high word; then the row at
 * which it came. Byte values begin on a word and their last word is padded with zeros: they compare word by word.
 */
export const dictionaryShape: ChunkShape = { firstBits: 1, lastBits: 13, entryWords: 3 };

const tablelessSizeMax = 1; // a small head has many dictionaries of one value, which need no hash table
const noTable = new Int32Array(0);

/**
 * Distinct values of one column, the writer's side. Codes count from 1 in order of arrival. Only entries live in the arena; the hash
 * table belongs to the writer alone.
 */
export class Dictionary {
  size = 0;
  /** Replaced, not pushed to, as those of a column. */
  chunks: Address[] = [];
  private readonly arena: Arena;
  private readonly holdsBytes: boolean;
  /** Slots of four words: hash, code (0 is free), and both words of the entry: one cache line says yes or no. */
  private table: Int32Array = noTable;
  // Last value first: neighbours in time are often equal.
  private lastCode = 0;
  private lastWords: Int32Array = noTable;
  private lastStart = 0;
  private lastLength = -1;
  private lastLow = 0;
  private lastHigh = 0;
  /** Where the next entry goes: words of its chunk, its first word, and where the chunk ends. */
  private words: Int32Array = noTable;
  private at = 0;
  private end = 0;

  /** `holdsBytes`: values are byte strings; else 64-bit words. */
  constructor(arena: Arena, holdsBytes: boolean) {
    this.arena = arena;
    this.holdsBytes = holdsBytes;
  }

  /**
   * Code of `length` bytes at `start` behind `view` (three readable bytes after the range), added when new.
   * `text`: the value is UTF-8; ill-formed sequences become U+FFFD.
   */
  internBytes(view: DataView, start: number, length: number, row: number, text: boolean): number {
    if (length === this.lastLength && equalStored(view, start, length, this.lastWords, this.lastStart)) {
      return this.lastCode;
    }
    let hash = 0;
    if (this.table.length > 0) {
      hash = hashRange(view, start, length);
      const known = this.findBytes(hash, view, start, length);
      if (known !== 0) {
        return known;
      }
    } else if (this.size > 0 && this.equalsBytes(1, view, start, length)) {
      this.rememberBytes(1);
      return 1;
    }
    if (text && !isWellFormed(view, start, length)) {
      return this.internRepaired(view, start, length, row);
    }
    const address = this.storeBytes(view, start, length);
    const code = this.add(address, length, row, hash);
    this.lastCode = code;
    this.lastLength = length;
    this.lastWords = this.arena.words[slabOf(address)];
    this.lastStart = wordOf(address);
    return code;
  }

  /** Code of bytes behind `view`, 0 when they are not an entry. */
  find(view: DataView, start: number, length: number): number {
    if (this.table.length > 0) {
      return this.findBytes(hashRange(view, start, length), view, start, length);
    }
    for (let code = this.size; code > 0; code--) {
      if (this.equalsBytes(code, view, start, length)) {
        return code;
      }
    }
    return 0;
  }

  /** Code of a 64-bit value, added when new. */
  internWords(low: number, high: number, row: number): number {
    if (low === this.lastLow && high === this.lastHigh && this.lastCode !== 0) {
      return this.lastCode;
    }
    let hash = 0;
    let code = 0;
    if (this.table.length > 0) {
      hash = hashWords(low, high);
      code = this.findWords(hash, low, high);
    } else if (this.size > 0 && this.equalsWords(1, low, high)) {
      code = 1;
    }
    if (code === 0) {
      code = this.add(low, high, row, hash);
    }
    this.lastCode = code;
    this.lastLow = low;
    this.lastHigh = high;
    return code;
  }

  /** Entries that came before `row`. */
  countBefore(row: number): number {
    let low = 0;
    let high = this.size;
    // The whole dictionary is the common answer.
    if (high === 0 || this.rowOf(high) < row) {
      return high;
    }
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.rowOf(middle + 1) < row) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  /** Forgets the entries that came at `row` or later. */
  truncate(row: number): void {
    while (this.size > 0) {
      if (this.rowOf(this.size) < row) {
        break;
      }
      if (this.table.length > 0) {
        this.removeFromTable(this.hashOfEntry(this.size), this.size);
      }
      this.size--;
    }
    if (this.size <= tablelessSizeMax) {
      this.setTable(noTable);
    }
    this.chunks.length = this.size === 0 ? 0 : chunkOfEntry(dictionaryShape, this.size - 1) + 1;
    this.openLastChunk();
    this.lastCode = 0;
    this.lastLength = -1;
  }

  /** Address of the entry of a code. */
  entryAt(code: number): Address {
    const chunk = chunkOfEntry(dictionaryShape, code - 1);
    return this.chunks[chunk] + 3 * (code - 1 - chunkStart(dictionaryShape, chunk));
  }

  private rowOf(code: number): number {
    const at = this.entryAt(code);
    return this.arena.words[slabOf(at)][wordOf(at) + 2];
  }

  /** `hash` is read only while there is a table. */
  private add(first: number, second: number, row: number, hash: number): number {
    if (this.at === this.end) {
      const capacity = chunkCapacity(dictionaryShape, this.chunks.length);
      this.chunks = this.chunks.concat(this.arena.allocate(dictionaryShape.entryWords * capacity));
      this.openLastChunk();
    }
    const { words, at } = this;
    words[at] = first;
    words[at + 1] = second;
    words[at + 2] = row;
    this.at = at + 3;
    const code = ++this.size;
    if (this.table.length > 0) {
      // At most three of four slots are taken.
      if (code * 16 > this.table.length * 3) {
        this.growTable();
      }
      this.insertIntoTable(hash, code, first, second);
    } else if (code > tablelessSizeMax) {
      this.startTable();
    }
    return code;
  }

  private openLastChunk(): void {
    const chunk = this.chunks.length - 1;
    if (chunk < 0) {
      this.words = noTable;
      this.at = 0;
      this.end = 0;
      return;
    }
    const address = this.chunks[chunk];
    this.words = this.arena.words[slabOf(address)];
    this.at = wordOf(address) + dictionaryShape.entryWords * (this.size - chunkStart(dictionaryShape, chunk));
    this.end = wordOf(address) + dictionaryShape.entryWords * chunkCapacity(dictionaryShape, chunk);
  }

  private storeBytes(view: DataView, start: number, length: number): Address {
    const wordCount = (length + 3) >> 2;
    const address = this.arena.allocate(wordCount === 0 ? 1 : wordCount);
    const words = this.arena.words[slabOf(address)];
    let to = wordOf(address);
    const whole = length >> 2;
    if (whole > 64) {
      const from = new Uint8Array(view.buffer, view.byteOffset + start, whole << 2);
      this.arena.bytes[slabOf(address)].set(from, to << 2);
      to += whole;
    } else {
      for (let i = 0; i < whole; i++) {
        words[to++] = view.getInt32(start + (i << 2), true);
      }
    }
    const tail = length & 3;
    if (tail !== 0) {
      words[to] = view.getInt32(start + (whole << 2), true) & tailMask(tail);
    }
    return address;
  }

  private internRepaired(view: DataView, start: number, length: number, row: number): number {
    const repaired = utf8FromText(textFromUtf8(new Uint8Array(view.buffer, view.byteOffset + start, length)));
    const padded = new Uint8Array(repaired.length + 4);
    padded.set(repaired);
    return this.internBytes(new DataView(padded.buffer), 0, repaired.length, row, false);
  }

  private rememberBytes(code: number): void {
    const at = this.entryAt(code);
    const words = this.arena.words[slabOf(at)];
    const address = words[wordOf(at)];
    this.lastCode = code;
    this.lastLength = words[wordOf(at) + 1];
    this.lastWords = this.arena.words[slabOf(address)];
    this.lastStart = wordOf(address);
  }

  private equalsBytes(code: number, view: DataView, start: number, length: number): boolean {
    const at = this.entryAt(code);
    const words = this.arena.words[slabOf(at)];
    const word = wordOf(at);
    const address = words[word];
    return (
      words[word + 1] === length && equalStored(view, start, length, this.arena.words[slabOf(address)], wordOf(address))
    );
  }

  private equalsWords(code: number, low: number, high: number): boolean {
    const at = this.entryAt(code);
    const words = this.arena.words[slabOf(at)];
    return words[wordOf(at)] === low && words[wordOf(at) + 1] === high;
  }

  /** Remembers what it finds as the last value. */
  private findBytes(hash: number, view: DataView, start: number, length: number): number {
    const { table, arena } = this;
    const mask = table.length - 4;
    for (let slot = (hash << 2) & mask; ; slot = (slot + 4) & mask) {
      const code = table[slot + 1];
      if (code === 0) {
        return 0;
      }
      if (table[slot] === hash && table[slot + 3] === length) {
        const address = table[slot + 2];
        const words = arena.words[slabOf(address)];
        if (equalStored(view, start, length, words, wordOf(address))) {
          this.lastCode = code;
          this.lastLength = length;
          this.lastWords = words;
          this.lastStart = wordOf(address);
          return code;
        }
      }
    }
  }

  private findWords(hash: number, low: number, high: number): number {
    const table = this.table;
    const mask = table.length - 4;
    for (let slot = (hash << 2) & mask; ; slot = (slot + 4) & mask) {
      const code = table[slot + 1];
      if (code === 0 || (table[slot + 2] === low && table[slot + 3] === high)) {
        return code;
      }
    }
  }

  private insertIntoTable(hash: number, code: number, first: number, second: number): void {
    const table = this.table;
    const mask = table.length - 4;
    let slot = (hash << 2) & mask;
    while (table[slot + 1] !== 0) {
      slot = (slot + 4) & mask;
    }
    table[slot] = hash;
    table[slot + 1] = code;
    table[slot + 2] = first;
    table[slot + 3] = second;
  }

  private setTable(table: Int32Array): void {
    this.arena.outsideBytes += table.byteLength - this.table.byteLength;
    this.table = table;
  }

  private growTable(): void {
    const old = this.table;
    this.setTable(new Int32Array(old.length * 2));
    for (let slot = 0; slot < old.length; slot += 4) {
      if (old[slot + 1] !== 0) {
        this.insertIntoTable(old[slot], old[slot + 1], old[slot + 2], old[slot + 3]);
      }
    }
  }

  private startTable(): void {
    this.setTable(new Int32Array(4 * 4));
    for (let code = 1; code <= this.size; code++) {
      const at = this.entryAt(code);
      const words = this.arena.words[slabOf(at)];
      this.insertIntoTable(this.hashOfEntry(code), code, words[wordOf(at)], words[wordOf(at) + 1]);
    }
  }

  /** Backward-shift deletion: right in whatever order the table was filled. Source: Knuth, TAOCP 3, 6.4 algorithm R. */
  private removeFromTable(hash: number, code: number): void {
    const table = this.table;
    const mask = table.length - 4;
    let hole = (hash << 2) & mask;
    while (table[hole + 1] !== code) {
      hole = (hole + 4) & mask;
    }
    for (let slot = (hole + 4) & mask; table[slot + 1] !== 0; slot = (slot + 4) & mask) {
      const home = (table[slot] << 2) & mask;
      if (((slot - home) & mask) >= ((slot - hole) & mask)) {
        table.copyWithin(hole, slot, slot + 4);
        hole = slot;
      }
    }
    table[hole + 1] = 0;
  }

  private hashOfEntry(code: number): number {
    const at = this.entryAt(code);
    const words = this.arena.words[slabOf(at)];
    const first = words[wordOf(at)];
    const second = words[wordOf(at) + 1];
    if (!this.holdsBytes) {
      return hashWords(first, second);
    }
    return hashRange(new DataView(this.arena.words[slabOf(first)].buffer), wordOf(first) * 4, second);
  }
}

/** Whether `length` bytes behind `view` equal the stored value at `word`. */
export function equalStored(view: DataView, start: number, length: number, words: Int32Array, word: number): boolean {
  let at = start;
  let w = word;
  for (const end = start + (length & ~7); at < end; at += 8) {
    if (((view.getInt32(at, true) ^ words[w]) | (view.getInt32(at + 4, true) ^ words[w + 1])) !== 0) {
      return false;
    }
    w += 2;
  }
  if ((length & 4) !== 0) {
    if (view.getInt32(at, true) !== words[w++]) {
      return false;
    }
    at += 4;
  }
  const tail = length & 3;
  return tail === 0 || ((view.getInt32(at, true) ^ words[w]) & tailMask(tail)) === 0;
}

/** Whether `length` bytes at `start` and at `other` are equal; `view` has seven readable bytes behind both. */
export function equalRanges(view: DataView, start: number, other: number, length: number): boolean {
  let at = start;
  let from = other;
  for (const end = start + (length & ~3); at < end; at += 4) {
    if (view.getInt32(at, true) !== view.getInt32(from, true)) {
      return false;
    }
    from += 4;
  }
  const tail = length & 3;
  return tail === 0 || ((view.getInt32(at, true) ^ view.getInt32(from, true)) & tailMask(tail)) === 0;
}

function isWellFormed(view: DataView, start: number, length: number): boolean {
  let seen = 0;
  let at = start;
  for (const end = start + (length & ~3); at < end; at += 4) {
    seen |= view.getInt32(at, true);
  }
  const tail = length & 3;
  if (tail !== 0) {
    seen |= view.getInt32(at, true) & tailMask(tail);
  }
  if ((seen & 0x80808080) === 0) {
    return true;
  }
  return isUtf8(new Uint8Array(view.buffer, view.byteOffset + start, length), 0, length);
}
