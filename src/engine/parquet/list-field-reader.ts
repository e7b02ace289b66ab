/**
 * One field of a list column, page by page. All fields of a list are cut at the same rows, so that page i of one belongs to page i of the
 * others.
 */
import type { Codecs } from '../../base/codecs.ts';
import type { Codes, ColumnType, ValueDictionary } from '../row-set.ts';
import { HybridError, decodeCodes, newCodes } from './hybrid.ts';
import { decodeListLevels } from './list-levels.ts';
import { byteArrayStarts } from './plain.ts';
import {
  type Chunk,
  type ChunkBytes,
  type PageCache,
  type PagePlace,
  chunkStart,
  corrupt,
  dataPagePlace,
  dictionaryPlace,
  guarded,
  pageContent,
  pageRowStarts,
} from './read.ts';
import { BoolDictionary, ByteArrayDictionary, NumberDictionary } from './values.ts';

/** More entries than any row group has: a count that lies must not become memory. */
const entriesMax = 1 << 28;

/** What one page holds of a field. */
export interface ListFieldPage {
  /** Elements of row i of the page: [starts[i], starts[i + 1]). */
  readonly starts: Uint32Array;
  /** Per element: 0 absent, c for entry c − 1 of the dictionary. */
  readonly codes: Codes;
  /** Of the chunk, or, where its values stand PLAIN, of the page. */
  readonly dictionary: ValueDictionary;
}

/** All methods throw `corrupt` when what they decode is damaged. */
export class ListFieldReader {
  /** First row of each page, and the number of rows. */
  readonly rowStarts: Uint32Array;
  private readonly chunk: Chunk;
  private readonly type: ColumnType;
  private readonly bytes: ChunkBytes;
  private readonly codecs: Codecs;
  private readonly cache: PageCache | undefined;
  private readonly dictionaryPage: PagePlace | undefined;
  private readonly pages: (ListFieldPage | undefined)[] = [];
  private decodedDictionary: ValueDictionary | undefined;

  /** `bytes`: the whole chunk, or its dictionary page and the data pages that will be asked for. */
  constructor(chunk: Chunk, type: ColumnType, bytes: ChunkBytes, codecs: Codecs, cache?: PageCache) {
    this.chunk = chunk;
    this.type = type;
    this.bytes = bytes;
    this.codecs = codecs;
    this.cache = cache;
    this.rowStarts = pageRowStarts(chunk, bytes);
    this.dictionaryPage = dictionaryPlace(chunk, bytes);
  }

  page(index: number): ListFieldPage {
    return (this.pages[index] ??= this.decode(index));
  }

  /** The values of the chunk, where they are in a dictionary page. */
  dictionary(): ValueDictionary | undefined {
    const place = this.dictionaryPage;
    if (place !== undefined && this.decodedDictionary === undefined) {
      const content = pageContent(this.chunk, place, this.codecs, this.cache);
      this.decodedDictionary = this.dictionaryOf(content, place.header.numValues);
    }
    return this.decodedDictionary;
  }

  private decode(index: number): ListFieldPage {
    const { chunk } = this;
    const place = dataPagePlace(chunk, this.bytes, index);
    const { numValues } = place.header;
    const rowCount = this.rowStarts[index + 1] - this.rowStarts[index];
    if (numValues > Math.min(entriesMax, chunk.metadata.numValues)) {
      throw corrupt(chunk, place.at, `at most ${chunk.metadata.numValues} entries`, `${numValues}`);
    }
    const content = pageContent(chunk, place, this.codecs, this.cache);
    return guarded(chunk, place.at, () => {
      const levels = decodeListLevels(content, numValues, rowCount, chunk.column.optional);
      const values = content.subarray(levels.end);
      const coded =
        this.dictionaryPage === undefined
          ? this.plain(values, levels.presentCount)
          : {
              dense: decodeCodes(content, levels.end, levels.presentCount, this.dictionaryPage.header.numValues),
              dictionary: this.dictionary() as ValueDictionary,
            };
      return { starts: levels.starts, codes: spread(coded.dense, levels.present), dictionary: coded.dictionary };
    });
  }

  private plain(values: Uint8Array, count: number): { dense: Codes; dictionary: ValueDictionary } {
    if (this.type === 'bool') {
      if (values.length !== Math.ceil(count / 8)) {
        throw new HybridError(`${values.length} bytes for ${count} bools`);
      }
      const dense = Uint8Array.from({ length: count }, (_, i) => 1 + ((values[i >>> 3] >>> (i & 7)) & 1));
      return { dense, dictionary: new BoolDictionary([false, true]) };
    }
    const dictionary = this.dictionaryOf(values, count);
    const dense = newCodes(count, count);
    for (let i = 0; i < count; i++) {
      dense[i] = i + 1;
    }
    return { dense, dictionary };
  }

  private dictionaryOf(values: Uint8Array, count: number): ValueDictionary {
    const { type, chunk } = this;
    const at = chunkStart(chunk.metadata);
    if (type === 'int' || type === 'double') {
      if (values.length !== 8 * count) {
        throw corrupt(chunk, at, `${count} values of 8 bytes`, `${values.length} bytes`);
      }
      return new NumberDictionary(type, values);
    }
    const starts = byteArrayStarts(values, count);
    if (starts === undefined) {
      throw corrupt(chunk, at, `${count} byte arrays`, `${values.length} bytes that are not`);
    }
    return new ByteArrayDictionary(type, values, starts);
  }
}

/** Dense codes at the elements that have a value. */
function spread(dense: Codes, present: Uint8Array): Codes {
  if (dense.length === present.length) {
    return dense;
  }
  const codes =
    dense instanceof Uint8Array
      ? new Uint8Array(present.length)
      : dense instanceof Uint16Array
        ? new Uint16Array(present.length)
        : new Uint32Array(present.length);
  let next = 0;
  for (let element = 0; element < present.length; element++) {
    if (present[element] === 1) {
      codes[element] = dense[next++];
    }
  }
  return codes;
}
