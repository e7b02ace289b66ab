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
import { Dictionary } from './dictionary.ts';
import type { ColumnKey, ColumnScope, ColumnType } from '../row-set.ts';

/** A posting is two words: row (or resource or scope ordinal) and code. A value that is absent costs nothing. */
export const postingShape: ChunkShape = { firstBits: 2, lastBits: 14, entryWords: 2 };

/** What the postings of a column number: span rows, or ordinals of interned resources or instrumentation scopes. */
export type ColumnUnit = 'row' | 'resource' | 'scope';

/** All columns of one attribute key, by type. */
export interface KeyFamily {
  readonly keyWords: Int32Array;
  readonly keyStart: number;
  keyLength: number;
  readonly key: string;
  /** The unit that had this key last: the key's second occurrence on one span is not a column's. */
  lastUnit: number;
  readonly columns: (HeadColumn | undefined)[];
}

/** One column under construction: postings in ascending order of their unit, and the dictionary. */
export class HeadColumn implements ColumnKey {
  readonly scope: ColumnScope;
  readonly key: string;
  readonly type: ColumnType;
  readonly unit: ColumnUnit;
  /** `undefined` for intrinsic columns. */
  readonly family: KeyFamily | undefined;
  /** Place in the family; −1 once the column was taken back. */
  typeIndex: number;
  readonly dictionary: Dictionary;
  /** Replaced, not pushed to: an array that is pushed to reserves 17 elements, and a small tenant has hundreds. */
  chunks: Address[] = [];
  count = 0;
  /** Successor prediction: the columns that followed this one on the spans before. */
  next: HeadColumn | undefined = undefined;
  afterNext: HeadColumn | undefined = undefined;
  /** The KeyValue seen last: number of the request, place in its body, length, and the code it got. */
  seenIn = 0;
  seenAt = 0;
  seenLength = 0;
  seenCode = 0;
  private readonly arena: Arena;
  private words: Int32Array = noWords;
  private at = 0;
  private end = 0;

  constructor(arena: Arena, key: ColumnKey, unit: ColumnUnit, family?: KeyFamily, typeIndex = -1) {
    this.arena = arena;
    this.scope = key.scope;
    this.key = key.key;
    this.type = key.type;
    this.unit = unit;
    this.family = family;
    this.typeIndex = typeIndex;
    this.dictionary = new Dictionary(arena, key.type === 'string' || key.type === 'any' || key.type === 'raw');
  }

  /** `unit` must be greater than all before. */
  push(unit: number, code: number): void {
    if (this.at === this.end) {
      this.grow();
    }
    const words = this.words;
    words[this.at] = unit;
    words[this.at + 1] = code;
    this.at += 2;
    this.count++;
  }

  /** Code at the newest posting when that is of `unit`, else 0. */
  codeAtEnd(unit: number): number {
    return this.count > 0 && this.words[this.at - 2] === unit ? this.words[this.at - 1] : 0;
  }

  /** Code of any unit by binary search; 0 when absent. */
  codeOf(unit: number): number {
    const index = this.countBefore(unit);
    if (index === this.count) {
      return 0;
    }
    const at = this.postingAt(index);
    const words = this.arena.words[slabOf(at)];
    return words[wordOf(at)] === unit ? words[wordOf(at) + 1] : 0;
  }

  /** Postings of units below `unit`. */
  countBefore(unit: number): number {
    if (this.count === 0 || this.words[this.at - 2] < unit) {
      return this.count;
    }
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const at = this.postingAt(middle);
      if (this.arena.words[slabOf(at)][wordOf(at)] < unit) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  /** Forgets postings of `unit` and later, and dictionary entries that came at `row` or later. */
  truncate(unit: number, row: number): void {
    this.seenIn = 0;
    const count = this.countBefore(unit);
    if (count !== this.count) {
      this.count = count;
      this.chunks.length = count === 0 ? 0 : chunkOfEntry(postingShape, count - 1) + 1;
      if (count === 0) {
        this.words = noWords;
        this.at = 0;
        this.end = 0;
      } else {
        this.openLastChunk();
      }
    }
    this.dictionary.truncate(row);
  }

  private postingAt(index: number): Address {
    const chunk = chunkOfEntry(postingShape, index);
    return this.chunks[chunk] + 2 * (index - chunkStart(postingShape, chunk));
  }

  private grow(): void {
    this.chunks = this.chunks.concat(this.arena.allocate(2 * chunkCapacity(postingShape, this.chunks.length)));
    this.openLastChunk();
  }

  private openLastChunk(): void {
    const chunk = this.chunks.length - 1;
    const address = this.chunks[chunk];
    this.words = this.arena.words[slabOf(address)];
    this.at = wordOf(address) + 2 * (this.count - chunkStart(postingShape, chunk));
    this.end = wordOf(address) + 2 * chunkCapacity(postingShape, chunk);
  }
}

const noWords = new Int32Array(0);
