import { assert } from '../../base/assert.ts';
import { equalBytes, textFromUtf8 } from '../../base/bytes.ts';
import { hashRange } from '../../base/hash.ts';
import type { ColumnType, PlainSink, ValueDictionary } from '../row-set.ts';

/** Distinct byte strings in order of first appearance; numbers are their eight little-endian bytes. Hits are verified by bytes. */
export class ByteDictionary implements ValueDictionary {
  readonly type: ColumnType;
  size = 0;
  private bytes: Uint8Array<ArrayBuffer>;
  private view: DataView;
  private words: Int32Array;
  /** Where each entry begins, and where the last ends. */
  private starts: Uint32Array;
  /** Entry plus one by hash. */
  private slots: Uint32Array;

  /** `valuesLikely`: thousands of dictionaries of a few values each begin small. */
  constructor(type: ColumnType, valuesLikely = 64) {
    this.type = type;
    const few = Math.min(64, Math.max(2, valuesLikely));
    this.bytes = new Uint8Array(16 * few);
    this.view = new DataView(this.bytes.buffer);
    this.words = new Int32Array(this.bytes.buffer);
    this.starts = new Uint32Array(few + 2);
    this.slots = new Uint32Array(1 << (33 - Math.clz32(few)));
  }

  clear(): void {
    this.size = 0;
    this.slots.fill(0);
  }

  /** The code (entry plus one) of `source[from, to)`. */
  codeOf(source: Uint8Array, from = 0, to = source.length): number {
    const length = to - from;
    const start = this.starts[this.size];
    this.reserve(start + length);
    // Behind the last entry, where it stays if it is new: the hash may read three bytes beyond.
    this.bytes.set(from === 0 && to === source.length ? source : source.subarray(from, to), start);
    return this.intern(length);
  }

  codeOfWords(low: number, high: number): number {
    const start = this.starts[this.size];
    this.reserve(start + 8);
    this.view.setInt32(start, low, true);
    this.view.setInt32(start + 4, high, true);
    return this.intern(8);
  }

  /** Of all entries together. */
  get byteLength(): number {
    return this.starts[this.size];
  }

  get isNumeric(): boolean {
    return this.type === 'int' || this.type === 'double';
  }

  lengthAt(entry: number): number {
    return this.starts[entry + 1] - this.starts[entry];
  }

  /** Of a numeric dictionary, whose entries are two words each. */
  copyWords(entry: number, to: PlainSink): void {
    to.words(this.words, 2 * entry, 8);
  }

  bytesAt(entry: number): Uint8Array {
    return this.bytes.subarray(this.starts[entry], this.starts[entry + 1]);
  }

  textAt(entry: number): string {
    return textFromUtf8(this.bytesAt(entry));
  }

  intAt(entry: number): bigint {
    return this.view.getBigInt64(this.starts[entry], true);
  }

  numberAt(entry: number): number {
    return this.type === 'double' ? this.view.getFloat64(this.starts[entry], true) : Number(this.intAt(entry));
  }

  boolAt(): boolean {
    assert(false, 'bools are not interned');
  }

  private intern(length: number): number {
    const start = this.starts[this.size];
    const mask = this.slots.length - 1;
    let slot = hashRange(this.view, start, length) & mask;
    for (let code = this.slots[slot]; code !== 0; code = this.slots[slot]) {
      if (equalBytes(this.bytesAt(code - 1), this.bytes.subarray(start, start + length))) {
        return code;
      }
      slot = (slot + 1) & mask;
    }
    this.size++;
    this.slots[slot] = this.size;
    if (this.size + 1 >= this.starts.length) {
      const grown = new Uint32Array(2 * this.starts.length);
      grown.set(this.starts);
      this.starts = grown;
    }
    this.starts[this.size] = start + length;
    const code = this.size;
    if (2 * this.size >= this.slots.length) {
      this.rehash();
    }
    return code;
  }

  private rehash(): void {
    this.slots = new Uint32Array(2 * this.slots.length);
    const mask = this.slots.length - 1;
    for (let entry = 0; entry < this.size; entry++) {
      let slot = hashRange(this.view, this.starts[entry], this.starts[entry + 1] - this.starts[entry]) & mask;
      while (this.slots[slot] !== 0) {
        slot = (slot + 1) & mask;
      }
      this.slots[slot] = entry + 1;
    }
  }

  private reserve(end: number): void {
    if (end + 4 > this.bytes.length) {
      const grown = new Uint8Array((Math.max(2 * this.bytes.length, end + 4) + 3) & ~3);
      grown.set(this.bytes);
      this.bytes = grown;
      this.view = new DataView(grown.buffer);
      this.words = new Int32Array(grown.buffer);
    }
  }
}
