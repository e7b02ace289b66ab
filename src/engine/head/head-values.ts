import { textFromUtf8 } from '../../base/bytes.ts';
import { assert } from '../../base/assert.ts';
import { chunkOfEntry, chunkStart, slabOf, wordOf } from './arena.ts';
import { dictionaryShape } from './dictionary.ts';
import type { ColumnSnapshot } from './snapshot.ts';
import type { ColumnType, ValueDictionary } from '../row-set.ts';

/** The dictionary of a column as readers see it. */
export class HeadValues implements ValueDictionary {
  readonly type: ColumnType;
  readonly size: number;
  private readonly slabs: readonly Int32Array[];
  private readonly chunks: readonly number[];
  private readonly texts: (string | undefined)[] = [];

  constructor(column: ColumnSnapshot, slabs: readonly Int32Array[]) {
    this.type = column.type;
    this.size = column.valueCount;
    this.slabs = slabs;
    this.chunks = column.values;
  }

  bytesAt(entry: number): Uint8Array {
    assert(this.type === 'string' || this.type === 'any' || this.type === 'raw', `bytes of a ${this.type} dictionary`);
    const address = this.word(entry, 0);
    return new Uint8Array(this.slabs[slabOf(address)].buffer, wordOf(address) * 4, this.word(entry, 1));
  }

  textAt(entry: number): string {
    assert(this.type === 'string', `text of a ${this.type} dictionary`);
    return (this.texts[entry] ??= textFromUtf8(this.bytesAt(entry)));
  }

  intAt(entry: number): bigint {
    assert(this.type === 'int', `int of a ${this.type} dictionary`);
    return (BigInt(this.word(entry, 1)) << 32n) | BigInt(this.word(entry, 0) >>> 0);
  }

  numberAt(entry: number): number {
    const low = this.word(entry, 0);
    const high = this.word(entry, 1);
    if (this.type === 'double') {
      const words = new Int32Array([low, high]);
      return new Float64Array(words.buffer)[0];
    }
    assert(this.type === 'int', `number of a ${this.type} dictionary`);
    // Through bigint only where a sum of doubles would round twice.
    return high === low >> 31 ? low : Number(this.intAt(entry));
  }

  boolAt(entry: number): boolean {
    assert(this.type === 'bool', `bool of a ${this.type} dictionary`);
    return this.word(entry, 0) !== 0;
  }

  private word(entry: number, word: number): number {
    assert(entry >= 0 && entry < this.size, `dictionary entry ${entry} of ${this.size}`);
    const chunk = chunkOfEntry(dictionaryShape, entry);
    const at = this.chunks[chunk] + dictionaryShape.entryWords * (entry - chunkStart(dictionaryShape, chunk));
    return this.slabs[slabOf(at)][wordOf(at) + word];
  }
}
