/**
 * Column chunks back into codes and lazy dictionaries. Every byte is checked before use: page headers by the CRC-32C that stands in the
 * footer, page contents by the CRC-32 in their header.
 */
import { crc32, crc32c } from '../../base/crc32c.ts';
import { CorruptionError } from '../../base/coded-error.ts';
import type { Codecs } from '../../base/codecs.ts';
import type { Codes, ColumnType, ValueDictionary } from '../row-set.ts';
import { HybridError, decodeCodes, decodeLevels, newCodes, spreadCodes } from './hybrid.ts';
import {
  type ColumnChunkMetadata,
  type PhysicalType,
  type SchemaColumn,
  compressionCodec,
  decodeBloomHeader,
  decodePageHeader,
  encoding,
  pageType,
  physicalType,
} from './metadata.ts';
import { byteArrayStarts, fixedWidthOf } from './plain.ts';
import { ThriftError } from './thrift.ts';
import { BoolDictionary, ByteArrayDictionary, NumberDictionary } from './values.ts';
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

/** Codes as row sets have them: 0 absent, c for entry c − 1. */
export interface CodesAndDictionary {
  readonly codes: Codes;
  readonly dictionary: ValueDictionary;
}

/** `bytes`: the whole chunk. Errors: {@link CorruptionError}. */
export function readCodes(chunk: Chunk, type: ColumnType, bytes: Uint8Array, codecs: Codecs): CodesAndDictionary {
  const { metadata, rowCount } = chunk;
  const dictionary =
    metadata.dictionaryPageOffset === undefined ? undefined : readDictionaryPage(chunk, type, bytes, codecs);
  const { page, at } = readDataPage(chunk, bytes, codecs);
  return guarded(chunk, at, () => {
    const { bits, presentCount, end } = chunk.column.optional
      ? decodeLevels(page, rowCount)
      : { bits: undefined, presentCount: rowCount, end: 0 };
    let dense: CodesAndDictionary;
    if (dictionary !== undefined) {
      dense = { codes: decodeCodes(page, end, presentCount, dictionary.size), dictionary };
    } else if (chunk.column.type === physicalType.boolean) {
      dense = readBools(page, end, presentCount);
    } else {
      const values = page.subarray(end);
      dense = {
        codes: newCodes(presentCount, presentCount).map((_, index) => index + 1),
        dictionary: dictionaryOf(chunk, type, values, presentCount, at),
      };
    }
    return bits === undefined ? dense : { ...dense, codes: spreadCodes(dense.codes, bits, rowCount) };
  });
}

/**
 * The dictionary alone. `bytes`: the chunk from its start to at least the end of its dictionary page; the whole chunk where there is no
 * dictionary page. Errors: {@link CorruptionError}.
 */
export function readDictionary(chunk: Chunk, type: ColumnType, bytes: Uint8Array, codecs: Codecs): ValueDictionary {
  return chunk.metadata.dictionaryPageOffset === undefined
    ? readCodes(chunk, type, bytes, codecs).dictionary
    : readDictionaryPage(chunk, type, bytes, codecs);
}

/** Values of a fixed width, one per row, missing ones zero; `bytes`: the whole chunk. Errors: {@link CorruptionError}. */
export function readFixed(chunk: Chunk, bytes: Uint8Array, codecs: Codecs): Uint8Array {
  const { column, rowCount, metadata } = chunk;
  const width = fixedWidthOf(column.type, column.typeLength) ?? 0;
  const { page, at } = readDataPage(chunk, bytes, codecs);
  const entries = metadata.dictionaryPageOffset === undefined ? undefined : readFixedDictionary(chunk, bytes, codecs);
  return guarded(chunk, at, () => {
    const { bits, presentCount, end } = column.optional
      ? decodeLevels(page, rowCount)
      : { bits: undefined, presentCount: rowCount, end: 0 };
    if (presentCount === 0) {
      return new Uint8Array(rowCount * width);
    }
    if (entries === undefined) {
      if (bits !== undefined || page.length - end !== rowCount * width) {
        throw new HybridError(`${page.length - end} bytes for ${rowCount} values of ${width}`);
      }
      return page.subarray(end);
    }
    const dense = decodeCodes(page, end, presentCount, entries.length / width);
    const codes = bits === undefined ? dense : spreadCodes(dense, bits, rowCount);
    return gather(entries, codes, width);
  });
}

/** Codes of a fixed-width column and its dictionary's bytes, for columns that always have one. Errors: {@link CorruptionError}. */
export function readFixedCodes(chunk: Chunk, bytes: Uint8Array, codecs: Codecs): { codes: Codes; entries: Uint8Array } {
  const { page, at } = readDataPage(chunk, bytes, codecs);
  const entries = readFixedDictionary(chunk, bytes, codecs);
  const width = fixedWidthOf(chunk.column.type, chunk.column.typeLength) ?? 0;
  return { codes: guarded(chunk, at, () => decodeCodes(page, 0, chunk.rowCount, entries.length / width)), entries };
}

/** The dictionary page of a fixed-width column. `bytes`: the chunk's first pages. Errors: {@link CorruptionError}. */
export function readFixedDictionary(chunk: Chunk, bytes: Uint8Array, codecs: Codecs): Uint8Array {
  const { page, numValues, at } = readPage(chunk, bytes, 0, pageType.dictionaryPage, codecs);
  const width = fixedWidthOf(chunk.column.type, chunk.column.typeLength) ?? 0;
  if (width === 0 || page.length !== numValues * width) {
    throw corrupt(chunk, at, `${numValues} entries of ${width} bytes`, `${page.length} bytes`);
  }
  return page;
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

function readDictionaryPage(chunk: Chunk, type: ColumnType, bytes: Uint8Array, codecs: Codecs): ValueDictionary {
  const { page, numValues, at } = readPage(chunk, bytes, 0, pageType.dictionaryPage, codecs);
  return dictionaryOf(chunk, type, page, numValues, at);
}

function dictionaryOf(chunk: Chunk, type: ColumnType, values: Uint8Array, count: number, at: number): ValueDictionary {
  if (type === 'int' || type === 'double') {
    if (values.length !== 8 * count) {
      throw corrupt(chunk, at, `${count} values of 8 bytes`, `${values.length} bytes`);
    }
    return new NumberDictionary(type, values);
  }
  const starts = type === 'bool' ? undefined : byteArrayStarts(values, count);
  if (starts === undefined) {
    throw corrupt(chunk, at, `${count} byte arrays`, `${values.length} bytes that are not`);
  }
  return new ByteArrayDictionary(type, values, starts);
}

function readBools(page: Uint8Array, start: number, count: number): CodesAndDictionary {
  if (page.length - start !== Math.ceil(count / 8)) {
    throw new HybridError(`${page.length - start} bytes for ${count} bools`);
  }
  const codes = new Uint8Array(count);
  let trueCount = 0;
  for (let i = 0; i < count; i++) {
    const bit = (page[start + (i >>> 3)] >>> (i & 7)) & 1;
    codes[i] = bit + 1;
    trueCount += bit;
  }
  if (trueCount === count) {
    codes.fill(1); // the one entry is `true`
  }
  const values = [false, true].filter((value) => (value ? trueCount > 0 : trueCount < count));
  return { codes, dictionary: new BoolDictionary(values) };
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

interface Page {
  readonly page: Uint8Array;
  readonly numValues: number;
  /** Of the page's content in the file. */
  readonly at: number;
}

function readDataPage(chunk: Chunk, bytes: Uint8Array, codecs: Codecs): Page {
  const start = chunk.metadata.dataPageOffset - chunkStart(chunk.metadata);
  const page = readPage(chunk, bytes, start, pageType.dataPage, codecs);
  if (page.numValues !== chunk.rowCount) {
    throw corrupt(chunk, page.at, `${chunk.rowCount} rows`, `${page.numValues}`);
  }
  return page;
}

/** The page whose header is at `bytes[start]`, decompressed. */
function readPage(chunk: Chunk, bytes: Uint8Array, start: number, type: number, codecs: Codecs): Page {
  const fileStart = chunkStart(chunk.metadata);
  const { header, end } = guarded(chunk, fileStart + start, () => decodePageHeader(bytes, start));
  const headerSum = crc32c(bytes, start, end);
  const expectedSum = type === pageType.dataPage ? chunk.checks.dataHeader : chunk.checks.dictionaryHeader;
  if (headerSum !== expectedSum) {
    throw corrupt(chunk, fileStart + start, `page header with crc32c ${expectedSum}`, `${headerSum}`);
  }
  const at = fileStart + end;
  const stored = bytes.subarray(end, end + Math.max(0, header.compressedPageSize));
  if (stored.length !== header.compressedPageSize || header.type !== type) {
    throw corrupt(
      chunk,
      at,
      `page of ${header.compressedPageSize} bytes and type ${type}`,
      `${stored.length} bytes, ${header.type}`
    );
  }
  const sum = crc32(stored) | 0;
  if (sum !== header.crc) {
    throw corrupt(chunk, at, `page with crc32 ${header.crc}`, `${sum}`);
  }
  const dictionaryEncoded = type === pageType.dataPage && chunk.metadata.dictionaryPageOffset !== undefined;
  const expectedEncoding = dictionaryEncoded ? encoding.rleDictionary : encoding.plain;
  if (header.encoding !== expectedEncoding || header.numValues < 0) {
    throw corrupt(chunk, at, `encoding ${expectedEncoding}`, `${header.encoding}, ${header.numValues} values`);
  }
  return {
    page: decompressed(chunk, at, stored, header.uncompressedPageSize, codecs),
    numValues: header.numValues,
    at,
  };
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
function guarded<T>(chunk: Chunk, at: number, decode: () => T): T {
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

function corrupt(chunk: Chunk, at: number, expected: string, found: string): CorruptionError {
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
