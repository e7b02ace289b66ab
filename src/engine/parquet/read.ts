/**
 * The pages of a column chunk. Every byte is checked before use: page headers by the CRC-32C that stands in the footer, page contents by
 * the CRC-32 in their header.
 */
import { assert } from '../../base/assert.ts';
import { crc32, crc32c } from '../../base/crc32c.ts';
import { CorruptionError } from '../../base/coded-error.ts';
import type { Codecs } from '../../base/codecs.ts';
import type { ColumnType } from '../row-set.ts';
import { HybridError } from './hybrid.ts';
import {
  type ColumnChunkMetadata,
  type PageHeader,
  type PhysicalType,
  type SchemaColumn,
  compressionCodec,
  decodeBloomHeader,
  decodePageHeader,
  encoding,
  pageType,
  physicalType,
} from './metadata.ts';
import { ThriftError } from './thrift.ts';
import { type ChunkChecks, pageBytesMax } from './write.ts';

/** A column chunk to read: what the footer says of it, and its file for messages. */
export interface Chunk {
  readonly file: string;
  readonly column: SchemaColumn;
  readonly rowCount: number;
  readonly metadata: ColumnChunkMetadata;
  readonly checks: ChunkChecks;
}

/** Offset of a chunk's first byte. */
export function chunkStart({ dictionaryPageOffset, dataPageOffset }: ColumnChunkMetadata): number {
  return dictionaryPageOffset ?? dataPageOffset;
}

/** A page of a chunk: its header, checked, and its content as stored. */
export interface PagePlace {
  readonly header: PageHeader;
  readonly stored: Uint8Array;
  /** Offset of the content in the file. */
  readonly at: number;
}

/** Bytes of a chunk that have been read: all of them, or some of its pages, each from its header on. */
export type ChunkBytes = Uint8Array | ReadonlyMap<number, Uint8Array>;

/** Stands for the dictionary page among the indexes of data pages. */
export const dictionaryPageIndex = -1;

/** The dictionary page, `undefined` where the chunk has none. Errors: {@link CorruptionError}. */
export function dictionaryPlace(chunk: Chunk, bytes: ChunkBytes): PagePlace | undefined {
  return chunk.metadata.dictionaryPageOffset === undefined
    ? undefined
    : pagePlace(
        chunk,
        bytesOfPage(bytes, dictionaryPageIndex, 0),
        0,
        pageType.dictionaryPage,
        chunk.checks.dictionaryHeader
      );
}

/** First row of each data page, and the number of rows behind the last. Errors: {@link CorruptionError}. */
export function pageRowStarts(chunk: Chunk, bytes: ChunkBytes): Uint32Array {
  const { rowCount, checks } = chunk;
  const starts = new Uint32Array(checks.pages.length + 1);
  for (let page = 0; page < checks.pages.length; page++) {
    starts[page + 1] =
      starts[page] + (checks.pages[page].rowCount ?? dataPagePlace(chunk, bytes, page).header.numValues);
  }
  if (starts[checks.pages.length] !== rowCount) {
    throw corrupt(chunk, chunk.metadata.dataPageOffset, `${rowCount} rows`, `${starts[checks.pages.length]}`);
  }
  return starts;
}

/** Data page `page`. Errors: {@link CorruptionError}. */
export function dataPagePlace(chunk: Chunk, bytes: ChunkBytes, page: number): PagePlace {
  const { pages } = chunk.checks;
  const { headerSum } = pages[page];
  let start = chunk.metadata.dataPageOffset - chunkStart(chunk.metadata);
  for (let before = 0; before < page; before++) {
    // Format 0 has no index: its pages are found one behind the other.
    start += pages[before].storedBytes ?? storedBytesOf(dataPagePlace(chunk, bytes, before), chunk, start);
  }
  return pagePlace(chunk, bytesOfPage(bytes, page, start), start, pageType.dataPage, headerSum);
}

function storedBytesOf({ at, stored }: PagePlace, chunk: Chunk, start: number): number {
  return at + stored.length - chunkStart(chunk.metadata) - start;
}

function bytesOfPage(bytes: ChunkBytes, page: number, start: number): Uint8Array {
  if (bytes instanceof Uint8Array) {
    return bytes.subarray(start);
  }
  const own = bytes.get(page);
  assert(own !== undefined, `page ${page} has not been read`);
  return own;
}

/** Where contents of pages are kept for the next reader. */
export interface PageCache {
  get(key: string): Uint8Array | undefined;
  set(key: string, content: Uint8Array, bytes: number): void;
}

/**
 * Pages no larger than this are worth keeping: a call of zstd costs them more than their bytes. A trace by id meets some seventy, most of
 * them dictionaries of a few values and columns of few rows.
 */
const keptPageBytesMax = 16 * 1024;

/** A page's content, checked and decompressed. Errors: {@link CorruptionError}. */
export function pageContent(chunk: Chunk, place: PagePlace, codecs: Codecs, cache: PageCache | undefined): Uint8Array {
  const { uncompressedPageSize } = place.header;
  if (
    cache === undefined ||
    chunk.metadata.codec === compressionCodec.uncompressed ||
    uncompressedPageSize > keptPageBytesMax
  ) {
    return freshContent(chunk, place, codecs);
  }
  const key = `${chunk.file} ${place.at}`;
  let content = cache.get(key);
  if (content === undefined) {
    content = freshContent(chunk, place, codecs);
    // Memory of a buffer, a key and an entry beside the bytes.
    cache.set(key, content, content.buffer.byteLength + 300);
  }
  return content;
}

function freshContent(chunk: Chunk, { header, stored, at }: PagePlace, codecs: Codecs): Uint8Array {
  const sum = (codecs.crc32 ?? crc32)(stored) | 0;
  if (sum !== header.crc) {
    throw corrupt(chunk, at, `page with crc32 ${header.crc}`, `${sum}`);
  }
  return decompressed(chunk, at, stored, header.uncompressedPageSize, codecs);
}

/** The bitset of a bloom filter. `bytes`: as the footer places it. Errors: {@link CorruptionError}. */
export function readBloom(chunk: Chunk, bytes: Uint8Array): Uint8Array {
  const sum = crc32c(bytes);
  if (sum !== chunk.checks.bloom) {
    throw new CorruptionError(
      chunk.file,
      chunk.metadata.bloomFilterOffset ?? 0,
      `crc32c ${chunk.checks.bloom}`,
      `${sum}`
    );
  }
  return guarded(chunk, chunk.metadata.bloomFilterOffset ?? 0, () => {
    const { bitsetBytes, end } = decodeBloomHeader(bytes);
    if (bitsetBytes !== bytes.length - end || bitsetBytes % 32 !== 0 || bitsetBytes === 0) {
      throw new HybridError(`a bloom filter of ${bitsetBytes} bytes in ${bytes.length - end}`);
    }
    return bytes.subarray(end);
  });
}

/** The page whose header begins `bytes` and stands at `start` in the chunk. */
function pagePlace(chunk: Chunk, bytes: Uint8Array, start: number, type: number, expectedSum: number): PagePlace {
  const fileStart = chunkStart(chunk.metadata) + start;
  const { header, end } = guarded(chunk, fileStart, () => decodePageHeader(bytes, 0));
  const headerSum = crc32c(bytes, 0, end);
  if (headerSum !== expectedSum) {
    throw corrupt(chunk, fileStart, `page header with crc32c ${expectedSum}`, `${headerSum}`);
  }
  const size = Math.max(0, header.compressedPageSize);
  if (end + size > bytes.length || header.type !== type) {
    throw corrupt(
      chunk,
      fileStart + end,
      `page of ${header.compressedPageSize} bytes and type ${type}`,
      `${bytes.length - end} bytes, ${header.type}`
    );
  }
  const dictionaryEncoded = type === pageType.dataPage && chunk.metadata.dictionaryPageOffset !== undefined;
  const expectedEncoding = dictionaryEncoded ? encoding.rleDictionary : encoding.plain;
  if (header.encoding !== expectedEncoding || header.numValues < (type === pageType.dataPage ? 1 : 0)) {
    throw corrupt(
      chunk,
      fileStart + end,
      `encoding ${expectedEncoding}`,
      `${header.encoding}, ${header.numValues} values`
    );
  }
  return { header, stored: bytes.subarray(end, end + size), at: fileStart + end };
}

function decompressed(chunk: Chunk, at: number, stored: Uint8Array, rawBytes: number, codecs: Codecs): Uint8Array {
  const expected = `page of ${rawBytes} bytes`;
  if (rawBytes < 0 || rawBytes > Math.min(pageBytesMax, chunk.metadata.totalUncompressedSize)) {
    throw corrupt(chunk, at, `page of at most ${chunk.metadata.totalUncompressedSize} bytes`, `${rawBytes}`);
  }
  let raw = stored;
  if (chunk.metadata.codec === compressionCodec.zstd) {
    try {
      raw = codecs.zstdDecompress(stored, rawBytes, rawBytes);
    } catch (error) {
      throw corrupt(chunk, at, expected, error instanceof Error ? error.message : String(error));
    }
  } else if (chunk.metadata.codec !== compressionCodec.uncompressed) {
    throw corrupt(chunk, at, 'codec UNCOMPRESSED or ZSTD', String(chunk.metadata.codec));
  }
  if (raw.length !== rawBytes) {
    throw corrupt(chunk, at, expected, `${raw.length} bytes`);
  }
  return raw;
}

/** What the decoders below the file level find becomes an error with file and offset. */
export function guarded<T>(chunk: Chunk, at: number, decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    if (error instanceof ThriftError) {
      throw corrupt(chunk, at, error.expected, error.found);
    }
    if (error instanceof HybridError) {
      throw corrupt(chunk, at, 'a page as docs/format/block.md says', error.message);
    }
    throw error;
  }
}

/** The error of a chunk that is not as it was written. */
export function corrupt(chunk: Chunk, at: number, expected: string, found: string): CorruptionError {
  return new CorruptionError(chunk.file, at, `column ${chunk.column.name}: ${expected}`, found);
}

/** Physical type of the values of a coded column. */
export function physicalTypeOf(type: ColumnType): PhysicalType {
  switch (type) {
    case 'int':
      return physicalType.int64;
    case 'double':
      return physicalType.double;
    case 'bool':
      return physicalType.boolean;
    default:
      return physicalType.byteArray;
  }
}
