/**
 * One column chunk, decoded as far as it is asked for: a scan takes all codes, a trace only the pages that hold its rows, a test of the
 * dictionary no data page at all. What has been decoded is kept as long as the reader.
 */
import { concatBytes } from '../../base/bytes.ts';
import type { Codecs } from '../../base/codecs.ts';
import type { Codes, ColumnType, ValueDictionary } from '../row-set.ts';
import { DataPage } from './data-page.ts';
import { newCodes } from './hybrid.ts';
import { physicalType } from './metadata.ts';
import { byteArrayStarts, fixedWidthOf } from './plain.ts';
import {
  type Chunk,
  type ChunkBytes,
  type PageCache,
  type PagePlace,
  chunkStart,
  corrupt,
  dataPagePlace,
  dictionaryPlace,
  pageContent,
  pageRowStarts,
} from './read.ts';
import { plainTextsOfUuids, uuidBytes } from './uuid.ts';
import { BoolDictionary, ByteArrayDictionary, NumberDictionary } from './values.ts';

/** Codes of the rows asked for (0 absent, c for entry c − 1) and the values they stand for. */
export interface CodesAndDictionary {
  readonly codes: Codes;
  readonly dictionary: ValueDictionary;
}

/** What earlier readers of a chunk have left, and leave to later ones. */
export interface KnownOfChunk {
  /** Then the dictionary page is not needed, but for fixed entries. */
  readonly dictionary?: ValueDictionary;
  readonly pages?: PageCache;
  /** Takes the values of a dictionary page when they have been decoded. */
  readonly keepDictionary?: (dictionary: ValueDictionary) => void;
}

/** All methods throw {@link CorruptionError} when what they decode is damaged. */
export class ChunkReader {
  private readonly chunk: Chunk;
  private readonly type: ColumnType;
  private readonly bytes: ChunkBytes;
  private readonly codecs: Codecs;
  private readonly known: KnownOfChunk;
  private knownDictionaryPage: PagePlace | undefined;
  private decodedRowStarts: Uint32Array | undefined;
  private readonly pages: (DataPage | undefined)[] = [];
  private decodedDictionary: ValueDictionary | undefined;
  private decodedEntries: Uint8Array | undefined;

  /**
   * `bytes`: the whole chunk, or the pages that will be asked for; the dictionary page is enough for {@link dictionary}. `type`: of the
   * values; columns of a fixed width that are read as bytes have none, `raw`.
   */
  constructor(chunk: Chunk, type: ColumnType, bytes: ChunkBytes, codecs: Codecs, known: KnownOfChunk = {}) {
    this.chunk = chunk;
    this.type = type;
    this.bytes = bytes;
    this.codecs = codecs;
    this.known = known;
    this.decodedDictionary = known.dictionary;
  }

  /** The distinct values of the chunk. */
  dictionary(): ValueDictionary {
    return (this.decodedDictionary ??= this.decodeDictionary());
  }

  private decodeDictionary(): ValueDictionary {
    const page = this.dictionaryPage;
    if (page === undefined) {
      return this.isBool ? this.all().dictionary : this.dictionaryOf(this.allValues(), this.presentCount());
    }
    const { keepDictionary, pages } = this.known;
    const values = pageContent(this.chunk, page, this.codecs, keepDictionary === undefined ? pages : undefined);
    const dictionary = this.dictionaryOf(values, page.header.numValues);
    keepDictionary?.(dictionary);
    return dictionary;
  }

  /** Every row. */
  all(): CodesAndDictionary {
    if (this.isBool) {
      return this.allBools();
    }
    const { rowCount } = this.chunk;
    const pages = this.decodePages();
    if (pages.length === 1) {
      return { codes: pages[0].codes, dictionary: this.dictionary() };
    }
    const fromDictionary = this.hasDictionaryPage;
    const codes = newCodes(rowCount, this.entryCount ?? this.presentCount());
    let row = 0;
    let values = 0;
    for (const page of pages) {
      if (fromDictionary) {
        codes.set(page.codes, row);
      } else {
        for (let i = 0; i < page.codes.length; i++) {
          codes[row + i] = page.codes[i] === 0 ? 0 : page.codes[i] + values;
        }
      }
      row += page.codes.length;
      values += page.presentCount;
    }
    return { codes, dictionary: this.dictionary() };
  }

  /**
   * Some rows; `undefined` when none of them has a value. Where the chunk has no dictionary page, the dictionary holds their
   * values alone (or both bools).
   */
  some(rows: Uint32Array): CodesAndDictionary | undefined {
    return this.hasDictionaryPage ? this.someCoded(rows) : this.somePlain(rows);
  }

  /** Rows with a value, as the footer says. */
  get valueCount(): number {
    const { numValues, statistics } = this.chunk.metadata;
    return numValues - statistics.nullCount;
  }

  /** Lets go of the pages that were decoded; the dictionary stays. */
  dropPages(): void {
    this.pages.length = 0;
  }

  /** Bytes of the entries of a dictionary of a fixed width. */
  fixedEntries(): Uint8Array {
    const entries = (this.decodedEntries ??= this.entries());
    const count = this.dictionaryPage?.header.numValues ?? 0;
    if (this.width === 0 || entries.length !== count * this.width) {
      throw this.corrupt(`${count} entries of ${this.width} bytes`, `${entries.length} bytes`);
    }
    return entries;
  }

  /** Codes of every row, for columns whose dictionary is read with {@link fixedEntries}. */
  fixedCodes(): Codes {
    const pages = this.decodePages();
    if (pages.length === 1) {
      return pages[0].codes;
    }
    const codes = newCodes(this.chunk.rowCount, this.entryCount ?? 0);
    let row = 0;
    for (const page of pages) {
      codes.set(page.codes, row);
      row += page.codes.length;
    }
    return codes;
  }

  /** Values of a fixed width, one per row, missing ones zero. */
  fixedValues(): Uint8Array {
    if (this.hasDictionaryPage) {
      return gather(this.fixedEntries(), this.fixedCodes(), this.width);
    }
    const { rowCount } = this.chunk;
    const pages = this.decodePages();
    if (pages.length === 1 && pages[0].presentCount === rowCount) {
      return pages[0].values;
    }
    const values = new Uint8Array(rowCount * this.width);
    let row = 0;
    for (const page of pages) {
      const isFull = page.presentCount === page.rowCount;
      values.set(isFull ? page.values : gather(page.values, page.codes, this.width), row * this.width);
      row += page.rowCount;
    }
    return values;
  }

  /** The same for some rows. */
  fixedValuesAt(rows: Uint32Array): Uint8Array {
    const { width } = this;
    const values = new Uint8Array(rows.length * width);
    const entries = this.hasDictionaryPage ? this.fixedEntries() : undefined;
    this.forEachRow(rows, (page, row, i) => {
      const code = page.codeAt(row);
      if (code !== 0) {
        const source = entries ?? page.values;
        for (let byte = 0, from = (code - 1) * width; byte < width; byte++) {
          values[i * width + byte] = source[from + byte];
        }
      }
    });
    return values;
  }

  private get hasDictionaryPage(): boolean {
    return this.chunk.metadata.dictionaryPageOffset !== undefined;
  }

  private get dictionaryPage(): PagePlace | undefined {
    return (this.knownDictionaryPage ??= dictionaryPlace(this.chunk, this.bytes));
  }

  /** Of the dictionary page, where there is one. */
  private get entryCount(): number | undefined {
    return this.hasDictionaryPage ? (this.decodedDictionary?.size ?? this.dictionaryPage?.header.numValues) : undefined;
  }

  private get isBool(): boolean {
    return this.chunk.column.type === physicalType.boolean;
  }

  private get width(): number {
    return fixedWidthOf(this.chunk.column.type, this.chunk.column.typeLength) ?? 0;
  }

  private someCoded(rows: Uint32Array): CodesAndDictionary | undefined {
    const codes = new Uint32Array(rows.length);
    let present = 0;
    this.forEachRow(rows, (page, row, i) => {
      codes[i] = page.codeAt(row);
      present |= codes[i];
    });
    return present === 0 ? undefined : { codes, dictionary: this.dictionary() };
  }

  private somePlain(rows: Uint32Array): CodesAndDictionary | undefined {
    const codes = new Uint32Array(rows.length);
    if (this.isBool) {
      let present = 0;
      this.forEachRow(rows, (page, row, i) => {
        codes[i] = boolCode(page.values, page.codeAt(row));
        present |= codes[i];
      });
      return present === 0 ? undefined : { codes, dictionary: new BoolDictionary([false, true]) };
    }
    const values: Uint8Array[] = [];
    let starts: Uint32Array | undefined;
    let startsOf: DataPage | undefined;
    this.forEachRow(rows, (page, row, i) => {
      const code = page.codeAt(row);
      if (code === 0) {
        return;
      }
      if (this.width === 0 && startsOf !== page) {
        starts = this.startsOf(page.values, page.presentCount);
        startsOf = page;
      }
      const from = starts === undefined ? (code - 1) * this.width : starts[code - 1] - 4;
      const to = starts === undefined ? from + this.width : starts[code] - 4;
      codes[i] = values.push(page.values.subarray(from, to));
    });
    return values.length === 0
      ? undefined
      : { codes, dictionary: this.dictionaryOf(concatBytes(values), values.length) };
  }

  /** Bools have no dictionary page: their values are bits. */
  private allBools(): CodesAndDictionary {
    const pages = this.decodePages();
    const codes = new Uint8Array(this.chunk.rowCount);
    let row = 0;
    let seen = 0;
    for (const page of pages) {
      for (let i = 0; i < page.codes.length; i++) {
        const code = boolCode(page.values, page.codes[i]);
        codes[row++] = code;
        seen |= code;
      }
    }
    if (seen === 2) {
      for (let i = 0; i < codes.length; i++) {
        codes[i] >>>= 1; // the one entry is `true`
      }
    }
    const values = [false, true].filter((value) => (seen & (value ? 2 : 1)) !== 0);
    return { codes, dictionary: new BoolDictionary(values) };
  }

  /** `row` counts from the page's first. Cheapest when `rows` ascend. */
  private forEachRow(rows: Uint32Array, visit: (page: DataPage, row: number, i: number) => void): void {
    const { rowStarts } = this;
    let start = 0;
    let end = 0;
    let page: DataPage | undefined;
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i];
      if (page === undefined || row < start || row >= end) {
        const index = pageOfRow(rowStarts, row);
        page = this.page(index);
        start = rowStarts[index];
        end = rowStarts[index + 1];
      }
      visit(page, row - start, i);
    }
  }

  private get rowStarts(): Uint32Array {
    return (this.decodedRowStarts ??= pageRowStarts(this.chunk, this.bytes));
  }

  private decodePages(): DataPage[] {
    return Array.from({ length: this.rowStarts.length - 1 }, (_, index) => this.page(index));
  }

  private page(index: number): DataPage {
    const known = this.pages[index];
    if (known !== undefined) {
      return known;
    }
    const { chunk } = this;
    const place = dataPagePlace(chunk, this.bytes, index);
    if (place.header.numValues !== this.rowStarts[index + 1] - this.rowStarts[index]) {
      throw this.corrupt('pages with the rows that the footer says', `${place.header.numValues} rows in one`);
    }
    const content = pageContent(chunk, place, this.codecs, this.known.pages);
    const page = new DataPage(chunk, place, content, this.entryCount);
    this.pages[index] = page;
    return page;
  }

  private presentCount(): number {
    return this.decodePages().reduce((sum, page) => sum + page.presentCount, 0);
  }

  private allValues(): Uint8Array {
    const pages = this.decodePages();
    return pages.length === 1 ? pages[0].values : concatBytes(pages.map(({ values }) => values));
  }

  private entries(): Uint8Array {
    const place = this.dictionaryPage;
    if (place === undefined) {
      throw this.corrupt('a dictionary page', 'none');
    }
    return pageContent(this.chunk, place, this.codecs, this.known.pages);
  }

  private dictionaryOf(values: Uint8Array, count: number): ValueDictionary {
    const { type } = this;
    if (type === 'int' || type === 'double') {
      if (values.length !== 8 * count) {
        throw this.corrupt(`${count} values of 8 bytes`, `${values.length} bytes`);
      }
      return new NumberDictionary(type, values);
    }
    if (this.isUuid) {
      if (values.length !== uuidBytes * count) {
        throw this.corrupt(`${count} UUIDs`, `${values.length} bytes`);
      }
      const texts = plainTextsOfUuids(values);
      return new ByteArrayDictionary(type, texts, this.startsOf(texts, count));
    }
    return new ByteArrayDictionary(type, values, this.startsOf(values, count));
  }

  /** Strings of a fixed width are packed UUIDs. */
  private get isUuid(): boolean {
    return this.type === 'string' && this.chunk.column.type === physicalType.fixedLenByteArray;
  }

  private startsOf(values: Uint8Array, count: number): Uint32Array {
    const starts = this.type === 'bool' ? undefined : byteArrayStarts(values, count);
    if (starts === undefined) {
      throw this.corrupt(`${count} byte arrays`, `${values.length} bytes that are not`);
    }
    return starts;
  }

  private corrupt(expected: string, found: string): Error {
    return corrupt(this.chunk, chunkStart(this.chunk.metadata), expected, found);
  }
}

/** The page that holds a row. `rowStarts`: of all pages, and the number of rows. */
export function pageOfRow(rowStarts: Uint32Array, row: number): number {
  let low = 0;
  let high = rowStarts.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (rowStarts[middle] <= row) {
      low = middle;
    } else {
      high = middle;
    }
  }
  return low;
}

/** Of the value at a position among packed bits, plus one: 1 for false, 2 for true; 0 where there is none. */
function boolCode(bits: Uint8Array, position: number): number {
  return position === 0 ? 0 : 1 + ((bits[(position - 1) >>> 3] >>> ((position - 1) & 7)) & 1);
}

function gather(entries: Uint8Array, codes: Codes, width: number): Uint8Array {
  const values = new Uint8Array(codes.length * width);
  for (let row = 0; row < codes.length; row++) {
    if (codes[row] !== 0) {
      const from = (codes[row] - 1) * width;
      for (let i = 0; i < width; i++) {
        values[row * width + i] = entries[from + i];
      }
    }
  }
  return values;
}
