/**
 * A Parquet file from codes: no value becomes a string or an object. Each column chunk is one dictionary page and data pages
 * (DATA_PAGE v1, so that definition levels are compressed with the codes), or data pages alone.
 *
 * Source: docs/format/block.md; apache/parquet-format.
 */
import { crc32, crc32c } from '../../base/crc32c.ts';
import { CodedError } from '../../base/coded-error.ts';
import type { Codecs } from '../../base/codecs.ts';
import type { WritableFile } from '../disk.ts';
import {
  type ColumnChunkMetadata,
  type FileMetadata,
  type RowGroupMetadata,
  type SchemaColumn,
  type Statistics,
  compressionCodec,
  encodeBloomHeader,
  encodeFileMetadata,
  encodePageHeader,
  encoding,
  pageType,
} from './metadata.ts';
import { checksKey, encodeChecks } from './checks.ts';
import { type PageSizes, cutPages, defaultPageSizes } from './pages.ts';
import type { PlainValues } from './plain.ts';

/** A zstd call costs some 20 µs: chunks below this are stored as they are. */
const compressBytesMin = 1024;
/** Compression that saves less than this share is not worth decompressing. */
const compressedShareMax = 0.95;
/** Level 3 and above cost twice the time and more, for one byte in a hundred. */
const defaultZstdLevel = 1;
/** No head is as large, so no page is; readers allocate no more for a length that lies. */
export const pageBytesMax = 0x4000_0000;

export const magic = Uint8Array.of(0x50, 0x41, 0x52, 0x31); // PAR1

/** One column of one row group. */
export interface ChunkValues {
  /** Bit per row, LSB first; undefined when every row has a value. */
  readonly present?: Uint8Array;
  readonly presentCount: number;
  /** For a list's field: presence, codes and values count elements, not rows. */
  readonly list?: ListCut;
  /** More than the writer's, where it pays: see `zstdLevel` of the writer. */
  readonly zstdLevelMin?: number;
  readonly content:
    | { readonly kind: 'dictionary'; readonly entries: PlainValues; readonly codes: Uint32Array }
    /** One value per present row, in row order. */
    | { readonly kind: 'plain'; readonly values: PlainValues; readonly compress: boolean };
}

/** Whose elements are whose, and how many rows a page takes: the same for all fields of a list. */
export interface ListCut {
  /** Elements of row i: [starts[i], starts[i + 1]). */
  readonly starts: Uint32Array;
  readonly pageRows: number;
}

/** Sums that the format has no place for: CRC-32C of the page headers and of the whole bloom filter; 0 where there is none. */
export interface ChunkChecks {
  readonly dictionaryHeader: number;
  readonly bloom: number;
  /** One per data page. */
  readonly pages: readonly PageCheck[];
}

/** A data page as the footer knows it. Format 0 has the sum alone. */
export interface PageCheck {
  /** CRC-32C of the header. */
  readonly headerSum: number;
  /** Header and content. */
  readonly storedBytes?: number;
  readonly rowCount?: number;
}

/** Where the footer lies and its CRC-32C. */
export interface FooterPlace {
  readonly sizeBytes: number;
  readonly footerOffset: number;
  readonly footerLength: number;
  readonly footerCrc32c: number;
}

/** Streams row groups to a file; only the metadata of what has been written stays in memory. */
export class ParquetWriter {
  private readonly file: WritableFile;
  private readonly codecs: Codecs;
  private readonly pageSizes: PageSizes;
  private readonly zstdLevel: number;
  private readonly rowGroups: RowGroupMetadata[] = [];
  private readonly checks: ChunkChecks[] = [];
  private pending: Uint8Array[] = [magic];
  private offset = magic.length;
  private flushedOffset = 0;

  constructor(file: WritableFile, codecs: Codecs, options: { pageSizes?: PageSizes; zstdLevel?: number } = {}) {
    this.file = file;
    this.codecs = codecs;
    this.pageSizes = options.pageSizes ?? defaultPageSizes;
    this.zstdLevel = options.zstdLevel ?? defaultZstdLevel;
  }

  /** Bytes written so far. */
  get sizeBytes(): number {
    return this.offset;
  }

  /** Columns one by one, in the order of the schema, so that only their compressed pages are held. Resolves when they have been written. */
  async rowGroup(
    rowCount: number,
    schema: readonly SchemaColumn[],
    chunk: (column: number) => ChunkValues
  ): Promise<void> {
    const blooms: (Uint8Array | undefined)[] = [];
    const columns: ColumnChunkMetadata[] = [];
    const checks: ChunkChecks[] = [];
    schema.forEach((column, index) => {
      const values = chunk(index);
      const written = this.chunk(rowCount, column, values);
      columns.push(written.metadata);
      checks.push(written.checks);
      blooms.push(plainValuesOf(values).bloomBits);
    });
    blooms.forEach((bitset, index) => {
      if (bitset !== undefined) {
        const header = encodeBloomHeader(bitset.length);
        const sum = crc32c(bitset, 0, bitset.length, crc32c(header));
        columns[index] = {
          ...columns[index],
          bloomFilterOffset: this.offset,
          bloomFilterLength: header.length + bitset.length,
        };
        checks[index] = { ...checks[index], bloom: sum };
        this.append(header);
        this.append(bitset);
      }
    });
    this.rowGroups.push({ columns, numRows: rowCount });
    this.checks.push(...checks);
    await this.flush();
  }

  /** Bytes that Parquet knows nothing of, written with the next row group: where they will stand, and their CRC-32C. */
  extra(bytes: Uint8Array): { offset: number; length: number; crc32c: number } {
    const offset = this.offset;
    this.append(bytes);
    return { offset, length: bytes.length, crc32c: crc32c(bytes) };
  }

  /** Writes the footer. The file is neither synced nor closed. */
  async finish(schema: readonly SchemaColumn[], keyValues: ReadonlyMap<string, string>): Promise<FooterPlace> {
    const metadata: FileMetadata = {
      schema,
      numRows: this.rowGroups.reduce((sum, group) => sum + group.numRows, 0),
      rowGroups: this.rowGroups,
      keyValues: new Map([...keyValues, [checksKey, encodeChecks(this.checks)]]),
      createdBy: 'vivace version 0.1.0',
    };
    const footer = encodeFileMetadata(metadata);
    const footerOffset = this.offset;
    const tail = new Uint8Array(8);
    new DataView(tail.buffer).setUint32(0, footer.length, true);
    tail.set(magic, 4);
    this.append(footer);
    this.append(tail);
    await this.flush();
    return {
      sizeBytes: this.offset,
      footerOffset,
      footerLength: footer.length,
      footerCrc32c: crc32c(footer),
    };
  }

  private chunk(
    rowCount: number,
    column: SchemaColumn,
    values: ChunkValues
  ): { metadata: ColumnChunkMetadata; checks: ChunkChecks } {
    const { content } = values;
    const dictionary = content.kind === 'dictionary' && values.presentCount > 0 ? content.entries : undefined;
    const dataPages = cutPages(rowCount, column, values, this.pageSizes);
    const rawBytes = dataPages.reduce((sum, { bytes }) => sum + bytes.length, dictionary?.bytes.length ?? 0);
    const packed =
      rawBytes < compressBytesMin || (content.kind === 'plain' && !content.compress)
        ? undefined
        : this.compressed(
            [dictionary?.bytes, ...dataPages.map(({ bytes }) => bytes)],
            rawBytes,
            values.zstdLevelMin ?? 1
          );

    const start = this.offset;
    let uncompressedBytes = 0;
    const page = (
      type: number,
      raw: Uint8Array,
      stored: Uint8Array,
      numValues: number,
      pageEncoding: number
    ): { headerSum: number; storedBytes: number } => {
      if (raw.length > pageBytesMax) {
        throw new CodedError('too_large', `column ${column.name}: a page of ${raw.length} bytes`);
      }
      const header = encodePageHeader({
        type,
        uncompressedPageSize: raw.length,
        compressedPageSize: stored.length,
        crc: (this.codecs.crc32 ?? crc32)(stored) | 0,
        numValues,
        encoding: pageEncoding,
      });
      uncompressedBytes += header.length + raw.length;
      this.append(header);
      this.append(stored);
      return { headerSum: crc32c(header), storedBytes: header.length + stored.length };
    };
    const dictionaryHeader =
      dictionary === undefined
        ? 0
        : page(
            pageType.dictionaryPage,
            dictionary.bytes,
            packed?.[0] ?? dictionary.bytes,
            dictionary.count,
            encoding.plain
          ).headerSum;
    const dataPageOffset = this.offset;
    const dataEncoding = dictionary === undefined ? encoding.plain : encoding.rleDictionary;
    const pages = dataPages.map((data, index) => ({
      ...page(pageType.dataPage, data.bytes, packed?.[index + 1] ?? data.bytes, data.entryCount, dataEncoding),
      rowCount: data.rowCount,
    }));
    const entryCount = dataPages.reduce((sum, data) => sum + data.entryCount, 0);
    return {
      metadata: {
        type: column.type,
        encodings:
          dictionary === undefined
            ? [encoding.plain, encoding.rle]
            : [encoding.plain, encoding.rle, encoding.rleDictionary],
        codec: packed === undefined ? compressionCodec.uncompressed : compressionCodec.zstd,
        numValues: entryCount,
        totalUncompressedSize: uncompressedBytes,
        totalCompressedSize: this.offset - start,
        dataPageOffset,
        dictionaryPageOffset: dictionary === undefined ? undefined : start,
        statistics: statisticsOf(entryCount, values),
      },
      checks: { dictionaryHeader, bloom: 0, pages },
    };
  }

  /** `undefined` when it saves too little. */
  private compressed(
    pages: readonly (Uint8Array | undefined)[],
    rawBytes: number,
    levelMin: number
  ): (Uint8Array | undefined)[] | undefined {
    const level = Math.max(this.zstdLevel, levelMin);
    const packed = pages.map((page) => (page === undefined ? undefined : this.codecs.zstdCompress(page, level)));
    const packedBytes = packed.reduce((sum, page) => sum + (page?.length ?? 0), 0);
    return packedBytes <= rawBytes * compressedShareMax ? packed : undefined;
  }

  private append(bytes: Uint8Array): void {
    this.pending.push(bytes);
    this.offset += bytes.length;
  }

  private async flush(): Promise<void> {
    const buffers = this.pending;
    const at = this.flushedOffset;
    this.pending = [];
    this.flushedOffset = this.offset;
    await this.file.write(at, buffers);
  }
}

function plainValuesOf({ content }: ChunkValues): PlainValues {
  return content.kind === 'dictionary' ? content.entries : content.values;
}

function statisticsOf(entryCount: number, values: ChunkValues): Statistics {
  const { min, max, count } = plainValuesOf(values);
  return {
    nullCount: entryCount - values.presentCount,
    distinctCount: values.content.kind === 'dictionary' ? count : undefined,
    minValue: min,
    maxValue: max,
  };
}
