import { textFromUtf8 } from '../../base/bytes.ts';
import { AssertionError } from '../../base/assert.ts';
import { chunkOfEntry, chunkStart, slabOf, wordOf, type Address } from './arena.ts';
import { dictionaryShape } from './dictionary.ts';
import type { ColumnSnapshot } from './snapshot.ts';
import type { ColumnType, PlainSink, ValueDictionary } from '../row-set.ts';

/** The dictionary of a column as readers see it. */
export class HeadValues implements ValueDictionary {
  readonly type: ColumnType;
  readonly size: number;
  private readonly slabs: readonly Int32Array[];
  private readonly chunks: readonly number[];
  private readonly texts: (string | undefined)[] = [];
  private readonly scratch = new DataView(new ArrayBuffer(8));

  constructor(column: ColumnSnapshot, slabs: readonly Int32Array[]) {
    this.type = column.type;
    this.size = column.valueCount;
    this.slabs = slabs;
    this.chunks = column.values;
  }

  bytesAt(entry: number): Uint8Array {
    if (this.type !== 'string' && this.type !== 'any' && this.type !== 'raw') {
      throw new AssertionError(`bytes of a ${this.type} dictionary`);
    }
    const address = this.word(entry, 0);
    return new Uint8Array(this.slabs[slabOf(address)].buffer, wordOf(address) * 4, this.word(entry, 1));
  }

  textAt(entry: number): string {
    this.expect('string');
    return (this.texts[entry] ??= textFromUtf8(this.bytesAt(entry)));
  }

  intAt(entry: number): bigint {
    this.expect('int');
    return (BigInt(this.word(entry, 1)) << 32n) | BigInt(this.word(entry, 0) >>> 0);
  }

  numberAt(entry: number): number {
    const low = this.word(entry, 0);
    const high = this.word(entry, 1);
    if (this.type === 'double') {
      this.scratch.setInt32(0, low, true);
      this.scratch.setInt32(4, high, true);
      return this.scratch.getFloat64(0, true);
    }
    this.expect('int');
    // Through bigint only where a sum of doubles would round twice.
    return high >= -0x20_0000 && high < 0x20_0000 ? high * 0x1_0000_0000 + (low >>> 0) : Number(this.intAt(entry));
  }

  boolAt(entry: number): boolean {
    this.expect('bool');
    return this.word(entry, 0) !== 0;
  }

  copyWords(entry: number, to: PlainSink): void {
    const at = this.entryAt(entry);
    const slab = this.slabs[slabOf(at)];
    const word = wordOf(at);
    if (this.type === 'int' || this.type === 'double') {
      to.words(slab, word, 8);
    } else {
      const address = slab[word];
      to.words(this.slabs[slabOf(address)], wordOf(address), slab[word + 1]);
    }
  }

  private word(entry: number, word: number): number {
    const at = this.entryAt(entry);
    return this.slabs[slabOf(at)][wordOf(at) + word];
  }

  private entryAt(entry: number): Address {
    if (!(entry >= 0 && entry < this.size)) {
      throw new AssertionError(`dictionary entry ${entry} of ${this.size}`);
    }
    const chunk = chunkOfEntry(dictionaryShape, entry);
    return this.chunks[chunk] + dictionaryShape.entryWords * (entry - chunkStart(dictionaryShape, chunk));
  }

  /** Messages are made when they are needed: this runs once per value. */
  private expect(type: ColumnType): void {
    if (this.type !== type) {
      throw new AssertionError(`${type} of a ${this.type} dictionary`);
    }
  }
}
