/**
 * The pages of a column chunk. Every byte is checked before use: page headers by the CRC-32C that stands in the footer, page contents by
 * the CRC-32 in their header.
 */
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

/** A page of a chunk: its header, checked, and where its content lies in the chunk. */
export interface PagePlace {
  readonly header: PageHeader;
  readonly contentStart: number;
  readonly contentEnd: number;
  /** Rows before this page in the chunk; 0 for a dictionary page. */
  readonly rowStart: number;
}

/** The dictionary page, `undefined` where the chunk has none. `bytes`: the chunk's first pages. Errors: {@link CorruptionError}. */
export function dictionaryPlace(chunk: Chunk, bytes: Uint8Array): PagePlace | undefined {
  return chunk.metadata.dictionaryPageOffset === undefined
    ? undefined
    : pagePlace(chunk, bytes, 0, pageType.dictionaryPage, chunk.checks.dictionaryHeader, 0);
}

/** All data pages, in row order. `bytes`: the whole chunk. Errors: {@link CorruptionError}. */
export function dataPagePlaces(chunk: Chunk, bytes: Uint8Array): PagePlace[] {
  const { metadata, checks, rowCount } = chunk;
  const places: PagePlace[] = [];
  let start = metadata.dataPageOffset - chunkStart(metadata);
  let row = 0;
  for (const sum of checks.dataHeaders) {
    const place = pagePlace(chunk, bytes, start, pageType.dataPage, sum, row);
    places.push(place);
    start = place.contentEnd;
    row += place.header.numValues;
  }
  if (row !== rowCount) {
    throw corrupt(chunk, metadata.dataPageOffset, `${rowCount} rows`, `${row}`);
  }
  return places;
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
export function pageContent(
  chunk: Chunk,
  bytes: Uint8Array,
  place: PagePlace,
  codecs: Codecs,
  cache: PageCache | undefined
): Uint8Array {
  const { uncompressedPageSize } = place.header;
  if (
    cache === undefined ||
    chunk.metadata.codec === compressionCodec.uncompressed ||
    uncompressedPageSize > keptPageBytesMax
  ) {
    return freshContent(chunk, bytes, place, codecs);
  }
  const key = `${chunk.file} ${chunkStart(chunk.metadata) + place.contentStart}`;
  let content = cache.get(key);
  if (content === undefined) {
    content = freshContent(chunk, bytes, place, codecs);
    // Memory of a buffer, a key and an entry beside the bytes.
    cache.set(key, content, content.buffer.byteLength + 300);
  }
  return content;
}

function freshContent(chunk: Chunk, bytes: Uint8Array, place: PagePlace, codecs: Codecs): Uint8Array {
  const { header, contentStart, contentEnd } = place;
  const stored = bytes.subarray(contentStart, contentEnd);
  const at = chunkStart(chunk.metadata) + contentStart;
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

/** The page whose header is at `bytes[start]`. */
function pagePlace(
  chunk: Chunk,
  bytes: Uint8Array,
  start: number,
  type: number,
  expectedSum: number,
  rowStart: number
): PagePlace {
  const fileStart = chunkStart(chunk.metadata);
  const { header, end } = guarded(chunk, fileStart + start, () => decodePageHeader(bytes, start));
  const headerSum = crc32c(bytes, start, end);
  if (headerSum !== expectedSum) {
    throw corrupt(chunk, fileStart + start, `page header with crc32c ${expectedSum}`, `${headerSum}`);
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
  return { header, contentStart: end, contentEnd: end + size, rowStart };
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
