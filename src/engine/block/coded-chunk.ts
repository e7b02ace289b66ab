import { unreachable } from '../../base/assert.ts';
import { type PlainOptions, type PlainValues, PlainWriter } from '../parquet/plain.ts';
import type { ChunkValues } from '../parquet/write.ts';
import type { Codes, ColumnType, SparseColumn, ValueDictionary } from '../row-set.ts';

/** From so many distinct values on, reading 32 bytes of a bloom filter beats reading the dictionary. */
export const bloomValuesMin = 1024;
/** Below this a dictionary page costs nothing, and dictionary columns are what scans are fastest on. */
const plainValuesMin = 64;

const noValues: PlainValues = { bytes: new Uint8Array(), count: 0 };

/**
 * Turns columns of a row set into column chunks, one row group at a time: global codes are renumbered by first appearance, so that a
 * chunk's dictionary holds exactly the values of its rows.
 */
export class CodedChunks {
  private readonly writer = new PlainWriter();
  /** Local code plus one by global code; all zero between calls. */
  private renumbered = new Uint32Array(1024);
  private used = new Uint32Array(1024);
  private codes = new Uint32Array(0);
  private gathered = new Uint32Array(0);

  /**
   * `codes[rows[i]]` for every i, until the next call. One loop per width, so that each stays monomorphic: this is the hottest read of a
   * flush.
   */
  gather(codes: Codes, rows: Uint32Array): Uint32Array {
    if (this.gathered.length < rows.length) {
      this.gathered = new Uint32Array(rows.length);
    }
    const gathered = this.gathered.subarray(0, rows.length);
    if (codes instanceof Uint8Array) {
      for (let i = 0; i < rows.length; i++) {
        gathered[i] = codes[rows[i]];
      }
    } else if (codes instanceof Uint16Array) {
      for (let i = 0; i < rows.length; i++) {
        gathered[i] = codes[rows[i]];
      }
    } else {
      for (let i = 0; i < rows.length; i++) {
        gathered[i] = codes[rows[i]];
      }
    }
    return gathered;
  }

  /** Codes of the `rowCount` rows that have a place, until the next call of this or {@link gather}. `places`: see `RowPlaces`. */
  spread({ rows, codes }: SparseColumn, places: Uint32Array, rowCount: number): Uint32Array {
    if (this.gathered.length < rowCount) {
      this.gathered = new Uint32Array(rowCount);
    }
    const spread = this.gathered.subarray(0, rowCount).fill(0);
    for (let i = 0; i < rows.length; i++) {
      const place = places[rows[i]];
      if (place !== 0) {
        spread[place - 1] = codes[i];
      }
    }
    return spread;
  }

  /**
   * The chunk of `codes` over `dictionary`, one per row of the row group. `utf8.isText` is cleared when a value is not UTF-8. Without
   * `withBloom` no filter is built, for who builds another. What is answered holds until the next call.
   */
  chunk(
    codes: Uint32Array,
    dictionary: ValueDictionary,
    utf8?: { isText: boolean },
    { withBloom = true }: { withBloom?: boolean } = {}
  ): ChunkValues {
    const rowCount = codes.length;
    this.reserve(rowCount, dictionary.size);
    const { renumbered, used, codes: local } = this;
    const present = new Uint8Array(Math.ceil(rowCount / 8));
    let presentCount = 0;
    let distinct = 0;
    // An absent row writes its code as well, where the next one writes over it: whether a row has a value is not to be predicted.
    renumbered[0] = 1;
    for (let i = 0, byte = 0; i < rowCount; byte++) {
      let bits = 0;
      for (let bit = 0; bit < 8 && i < rowCount; bit++, i++) {
        const code = codes[i];
        let number = renumbered[code];
        if (number === 0) {
          used[distinct++] = code;
          number = distinct;
          renumbered[code] = number;
        }
        const isPresent = code === 0 ? 0 : 1;
        local[presentCount] = number - 1;
        presentCount += isPresent;
        bits |= isPresent << bit;
      }
      present[byte] = bits;
    }
    for (let i = 0; i < distinct; i++) {
      renumbered[used[i]] = 0;
    }
    if (presentCount === 0) {
      return { presentCount: 0, content: { kind: 'plain', values: noValues, compress: false } };
    }
    const rest = { present: presentCount === rowCount ? undefined : present, presentCount };
    if (dictionary.type === 'bool') {
      return { ...rest, content: { kind: 'plain', values: this.bools(dictionary, presentCount), compress: true } };
    }
    const values = this.values(dictionary, distinct, utf8, withBloom);
    // All distinct: codes would only count 0, 1, 2, … One duplicate is enough for a dictionary, so that entries are always distinct.
    return distinct === presentCount && distinct >= plainValuesMin
      ? { ...rest, content: { kind: 'plain', values, compress: true } }
      : { ...rest, content: { kind: 'dictionary', entries: values, codes: local } };
  }

  private values(
    dictionary: ValueDictionary,
    count: number,
    utf8: { isText: boolean } | undefined,
    withBloom: boolean
  ): PlainValues {
    const { used, writer } = this;
    writer.start(plainOptionsOf(dictionary.type, utf8?.isText === true, withBloom ? bloomValuesMin : Infinity));
    if (dictionary.copyWords !== undefined) {
      for (let i = 0; i < count; i++) {
        dictionary.copyWords(used[i] - 1, writer);
      }
    } else {
      for (let i = 0; i < count; i++) {
        this.write(dictionary, used[i] - 1);
      }
    }
    if (utf8 !== undefined && !writer.isUtf8) {
      utf8.isText = false;
    }
    return writer.finish();
  }

  private write(dictionary: ValueDictionary, entry: number): void {
    const { writer } = this;
    switch (dictionary.type) {
      case 'string':
      case 'any':
      case 'raw':
        writer.byteArray(dictionary.bytesAt(entry));
        return;
      case 'int': {
        const value = dictionary.numberAt(entry);
        if (Number.isSafeInteger(value)) {
          writer.int64OfNumber(value);
        } else {
          writer.int64(dictionary.intAt(entry));
        }
        return;
      }
      case 'double':
        writer.double(dictionary.numberAt(entry));
        return;
      case 'bool':
        return; // bools are one bit each and have no dictionary
      default:
        unreachable(dictionary.type);
    }
  }

  private bools(dictionary: ValueDictionary, count: number): PlainValues {
    const bytes = new Uint8Array(Math.ceil(count / 8));
    for (let i = 0; i < count; i++) {
      if (dictionary.boolAt(this.used[this.codes[i]] - 1)) {
        bytes[i >>> 3] |= 1 << (i & 7);
      }
    }
    return { bytes, count };
  }

  private reserve(rowCount: number, dictionarySize: number): void {
    if (this.codes.length < rowCount) {
      this.codes = new Uint32Array(rowCount);
    }
    if (this.renumbered.length <= dictionarySize) {
      this.renumbered = new Uint32Array(2 * dictionarySize + 1);
    }
    const distinctMax = Math.min(rowCount, dictionarySize);
    if (this.used.length < distinctMax) {
      this.used = new Uint32Array(2 * distinctMax);
    }
  }
}

/** Bloom filters only for what is looked up by value: not for bytes whose meaning the key gives (events, links). */
function plainOptionsOf(type: ColumnType, text: boolean, valuesMin: number): PlainOptions {
  switch (type) {
    case 'int':
      return { content: 'int64', bloomValuesMin: valuesMin };
    case 'double':
      return { content: 'double', bloomValuesMin: valuesMin };
    default:
      return { content: 'byteArrays', text, bloomValuesMin: type === 'string' ? valuesMin : Infinity };
  }
}
