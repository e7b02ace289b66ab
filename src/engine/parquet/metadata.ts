/**
 * The structures of a Parquet footer and of page headers, as far as we write and read them. Names are the format's own, in camel case.
 *
 * Source: apache/parquet-format, `src/main/thrift/parquet.thrift`, 2.11.
 */
import { textFromUtf8 } from '../../base/bytes.ts';
import { ThriftError, ThriftReader, ThriftWriter, thriftType } from './thrift.ts';

export const physicalType = { boolean: 0, int32: 1, int64: 2, double: 5, byteArray: 6, fixedLenByteArray: 7 } as const;
export type PhysicalType = (typeof physicalType)[keyof typeof physicalType];

export const encoding = { plain: 0, rle: 3, rleDictionary: 8 } as const;
export const compressionCodec = { uncompressed: 0, zstd: 6 } as const;
export const pageType = { dataPage: 0, dictionaryPage: 2 } as const;
export const convertedType = { utf8: 0, list: 3, uint64: 14 } as const;

/** A leaf of the schema: a column, or one field of the elements of a list column. */
export interface SchemaColumn {
  /** Its path, with dots: a list's field is `<list>.list.element.<field>`. */
  readonly name: string;
  /** The list that it is a field of; fields of one list are neighbours. Lists are never null, their elements neither. */
  readonly list?: string;
  readonly type: PhysicalType;
  /** Of a fixedLenByteArray. */
  readonly typeLength?: number;
  readonly optional: boolean;
  readonly annotation?: 'string' | 'uint64' | 'uuid';
}

export interface Statistics {
  readonly nullCount: number;
  readonly distinctCount?: number;
  /** PLAIN-encoded without length; absent where no value is worth it or none is valid (NaN). */
  readonly minValue?: Uint8Array;
  readonly maxValue?: Uint8Array;
}

export interface ColumnChunkMetadata {
  readonly type: PhysicalType;
  readonly encodings: readonly number[];
  readonly codec: number;
  readonly numValues: number;
  readonly totalUncompressedSize: number;
  readonly totalCompressedSize: number;
  readonly dataPageOffset: number;
  readonly dictionaryPageOffset?: number;
  readonly statistics: Statistics;
  readonly bloomFilterOffset?: number;
  readonly bloomFilterLength?: number;
}

export interface RowGroupMetadata {
  readonly columns: readonly ColumnChunkMetadata[];
  readonly numRows: number;
}

export interface FileMetadata {
  readonly schema: readonly SchemaColumn[];
  readonly numRows: number;
  readonly rowGroups: readonly RowGroupMetadata[];
  readonly keyValues: ReadonlyMap<string, string>;
  readonly createdBy: string;
}

export interface PageHeader {
  readonly type: number;
  readonly uncompressedPageSize: number;
  readonly compressedPageSize: number;
  /** CRC-32 of the page as stored, signed as Thrift has it. */
  readonly crc: number;
  readonly numValues: number;
  readonly encoding: number;
}

export function encodeFileMetadata(file: FileMetadata): Uint8Array {
  const w = new ThriftWriter();
  w.i32(1, 2);
  w.list(2, thriftType.struct, schemaElements(file.schema), (write) => w.structElement(() => write(w)));
  w.i64(3, file.numRows);
  w.list(4, thriftType.struct, file.rowGroups, (group) => w.structElement(() => writeRowGroup(w, group, file.schema)));
  w.list(5, thriftType.struct, [...file.keyValues], ([key, value]) =>
    w.structElement(() => {
      w.binary(1, key);
      w.binary(2, value);
    })
  );
  w.binary(6, file.createdBy);
  // Minima and maxima are meant in the order of the column's type (ColumnOrder.TYPE_ORDER).
  w.list(7, thriftType.struct, file.schema, () => w.structElement(() => w.struct(1, () => undefined)));
  return w.finish();
}

const repetition = { required: 0, optional: 1, repeated: 2 } as const;

/** The tree of the schema, root first, as writers of its elements. */
function schemaElements(schema: readonly SchemaColumn[]): ((w: ThriftWriter) => void)[] {
  const elements: ((w: ThriftWriter) => void)[] = [];
  let topLevel = 0;
  schema.forEach((column, index) => {
    const { list } = column;
    if (list === undefined || schema[index - 1]?.list !== list) {
      topLevel++;
    }
    if (list !== undefined && schema[index - 1]?.list !== list) {
      const fieldCount = schema.filter((other) => other.list === list).length;
      elements.push(
        (w) => writeGroup(w, list, repetition.required, 1, true),
        (w) => writeGroup(w, 'list', repetition.repeated, 1, false),
        (w) => writeGroup(w, 'element', repetition.required, fieldCount, false)
      );
    }
    elements.push((w) => writeSchemaColumn(w, column));
  });
  return [
    (w) => {
      w.binary(4, 'spans');
      w.i32(5, topLevel);
    },
    ...elements,
  ];
}

function writeGroup(w: ThriftWriter, name: string, repeats: number, childCount: number, isList: boolean): void {
  w.i32(3, repeats);
  w.binary(4, name);
  w.i32(5, childCount);
  if (isList) {
    w.i32(6, convertedType.list);
    w.struct(10, () => w.struct(3, () => undefined));
  }
}

/** Names in the schema from the top to the leaf. */
function pathOf({ name, list }: SchemaColumn): string[] {
  return list === undefined ? [name] : [list, 'list', 'element', name.slice(list.length + listInfix.length)];
}

const listInfix = '.list.element.';

/** Path of a list's field. */
export function listFieldName(list: string, field: string): string {
  return list + listInfix + field;
}

function writeSchemaColumn(w: ThriftWriter, column: SchemaColumn): void {
  w.i32(1, column.type);
  w.i32(2, column.typeLength);
  w.i32(3, column.optional ? repetition.optional : repetition.required);
  w.binary(4, pathOf(column).at(-1));
  if (column.annotation === 'string') {
    w.i32(6, convertedType.utf8);
    w.struct(10, () => w.struct(1, () => undefined));
  } else if (column.annotation === 'uuid') {
    w.struct(10, () => w.struct(14, () => undefined));
  } else if (column.annotation === 'uint64') {
    w.i32(6, convertedType.uint64);
    w.struct(10, () =>
      w.struct(10, () => {
        w.i8(1, 64);
        w.bool(2, false);
      })
    );
  }
}

function writeRowGroup(w: ThriftWriter, group: RowGroupMetadata, schema: readonly SchemaColumn[]): void {
  let column = 0;
  w.list(1, thriftType.struct, group.columns, (chunk) =>
    w.structElement(() => {
      w.i64(2, 0); // file_offset: deprecated, 0 as the format asks
      const path = pathOf(schema[column++]);
      w.struct(3, () => writeColumnChunk(w, chunk, path));
    })
  );
  const sum = (size: (chunk: ColumnChunkMetadata) => number): number =>
    group.columns.reduce((total, chunk) => total + size(chunk), 0);
  w.i64(
    2,
    sum((chunk) => chunk.totalUncompressedSize)
  );
  w.i64(3, group.numRows);
  w.i64(5, group.columns[0].dictionaryPageOffset ?? group.columns[0].dataPageOffset);
  w.i64(
    6,
    sum((chunk) => chunk.totalCompressedSize)
  );
}

function writeColumnChunk(w: ThriftWriter, chunk: ColumnChunkMetadata, path: readonly string[]): void {
  w.i32(1, chunk.type);
  w.list(2, thriftType.i32, chunk.encodings, (value) => w.i32Element(value));
  w.list(3, thriftType.binary, path, (name) => w.binaryElement(name));
  w.i32(4, chunk.codec);
  w.i64(5, chunk.numValues);
  w.i64(6, chunk.totalUncompressedSize);
  w.i64(7, chunk.totalCompressedSize);
  w.i64(9, chunk.dataPageOffset);
  w.i64(11, chunk.dictionaryPageOffset);
  w.struct(12, () => {
    w.i64(3, chunk.statistics.nullCount);
    w.i64(4, chunk.statistics.distinctCount);
    w.binary(5, chunk.statistics.maxValue);
    w.binary(6, chunk.statistics.minValue);
  });
  w.i64(14, chunk.bloomFilterOffset);
  w.i32(15, chunk.bloomFilterLength);
}

/** Errors: {@link ThriftError} when the bytes are no footer or a field that we need is missing. */
export function decodeFileMetadata(bytes: Uint8Array): FileMetadata {
  const r = new ThriftReader(bytes);
  let schema: SchemaColumn[] = [];
  let numRows = 0;
  let rowGroups: RowGroupMetadata[] = [];
  const keyValues = new Map<string, string>();
  let createdBy = '';
  r.struct((id, type) => {
    switch (id) {
      case 2:
        schema = leavesOf(
          r,
          r.list(type, () => readSchemaElement(r))
        );
        break;
      case 3:
        numRows = r.integer(type);
        break;
      case 4:
        rowGroups = r.list(type, () => readRowGroup(r));
        break;
      case 5:
        r.list(type, () => readKeyValue(r, keyValues));
        break;
      case 6:
        createdBy = textFromUtf8(r.binary(type));
        break;
      default:
        r.skip(type);
    }
  });
  return { schema, numRows, rowGroups, keyValues, createdBy };
}

interface SchemaElement extends SchemaColumn {
  readonly childCount: number;
  readonly isRepeated: boolean;
}

/** The leaves of a schema as we write it: columns, and lists of flat structs. */
function leavesOf(r: ThriftReader, elements: readonly SchemaElement[]): SchemaColumn[] {
  const leaves: SchemaColumn[] = [];
  for (let at = 1; at < elements.length; at++) {
    const { childCount, isRepeated, ...column } = elements[at];
    if (childCount === 0 && !isRepeated) {
      leaves.push(column);
      continue;
    }
    const [middle, element] = elements.slice(at + 1, at + 3);
    const fields = elements.slice(at + 3, at + 3 + (element?.childCount ?? 0));
    const isList =
      childCount === 1 && middle?.isRepeated && middle.childCount === 1 && element?.childCount === fields.length;
    if (
      isRepeated ||
      !isList ||
      fields.length === 0 ||
      fields.some((field) => field.childCount > 0 || field.isRepeated)
    ) {
      throw new ThriftError(r.offset, 'columns and lists of structs', `schema element ${column.name}`);
    }
    for (const { childCount: _, isRepeated: __, ...field } of fields) {
      leaves.push({ ...field, name: listFieldName(column.name, field.name), list: column.name });
    }
    at += 2 + fields.length;
  }
  return leaves;
}

function readSchemaElement(r: ThriftReader): SchemaElement {
  let childCount = 0;
  let isRepeated = false;
  let type: number | undefined;
  let typeLength: number | undefined;
  let optional = false;
  let name = '';
  let annotation: SchemaColumn['annotation'];
  r.struct((id, fieldType) => {
    switch (id) {
      case 1:
        type = r.integer(fieldType);
        break;
      case 2:
        typeLength = r.integer(fieldType);
        break;
      case 3:
        {
          const repeats = r.integer(fieldType);
          optional = repeats === repetition.optional;
          isRepeated = repeats === repetition.repeated;
        }
        break;
      case 5:
        childCount = r.integer(fieldType);
        break;
      case 4:
        name = textFromUtf8(r.binary(fieldType));
        break;
      case 6: {
        const converted = r.integer(fieldType);
        annotation =
          converted === convertedType.utf8 ? 'string' : converted === convertedType.uint64 ? 'uint64' : undefined;
        break;
      }
      default:
        r.skip(fieldType);
    }
  });
  // Groups have no type.
  return {
    name,
    type: (type ?? physicalType.boolean) as PhysicalType,
    typeLength,
    optional,
    annotation,
    childCount,
    isRepeated,
  };
}

function readKeyValue(r: ThriftReader, into: Map<string, string>): void {
  let key = '';
  let value = '';
  r.struct((id, type) => {
    if (id === 1) {
      key = textFromUtf8(r.binary(type));
    } else if (id === 2) {
      value = textFromUtf8(r.binary(type));
    } else {
      r.skip(type);
    }
  });
  into.set(key, value);
}

function readRowGroup(r: ThriftReader): RowGroupMetadata {
  let columns: ColumnChunkMetadata[] = [];
  let numRows = 0;
  r.struct((id, type) => {
    if (id === 1) {
      columns = r.list(type, () => readColumnChunk(r));
    } else if (id === 3) {
      numRows = r.integer(type);
    } else {
      r.skip(type);
    }
  });
  return { columns, numRows };
}

function readColumnChunk(r: ThriftReader): ColumnChunkMetadata {
  let chunk: ColumnChunkMetadata | undefined;
  r.struct((id, type) => {
    if (id === 3) {
      chunk = readColumnMetadata(r);
    } else {
      r.skip(type);
    }
  });
  return required(r, chunk, 'metadata of the column chunk');
}

function readColumnMetadata(r: ThriftReader): ColumnChunkMetadata {
  const numbers: (number | undefined)[] = [];
  let encodings: number[] = [];
  let statistics: Statistics = { nullCount: 0 };
  r.struct((id, type) => {
    switch (id) {
      case 2:
        encodings = r.list(type, (elementType) => r.integer(elementType));
        break;
      case 3:
        r.skip(type); // the path: chunks stand in the order of the schema
        break;
      case 1:
      case 4:
      case 5:
      case 6:
      case 7:
      case 9:
      case 11:
      case 14:
      case 15:
        numbers[id] = r.integer(type);
        break;
      case 12:
        statistics = readStatistics(r);
        break;
      default:
        r.skip(type);
    }
  });
  return {
    type: required(r, numbers[1], 'type') as PhysicalType,
    encodings,
    codec: required(r, numbers[4], 'codec'),
    numValues: required(r, numbers[5], 'num_values'),
    totalUncompressedSize: required(r, numbers[6], 'total_uncompressed_size'),
    totalCompressedSize: required(r, numbers[7], 'total_compressed_size'),
    dataPageOffset: required(r, numbers[9], 'data_page_offset'),
    dictionaryPageOffset: numbers[11],
    statistics,
    bloomFilterOffset: numbers[14],
    bloomFilterLength: numbers[15],
  };
}

function readStatistics(r: ThriftReader): Statistics {
  let nullCount = 0;
  let distinctCount: number | undefined;
  let minValue: Uint8Array | undefined;
  let maxValue: Uint8Array | undefined;
  r.struct((id, type) => {
    switch (id) {
      case 3:
        nullCount = r.integer(type);
        break;
      case 4:
        distinctCount = r.integer(type);
        break;
      case 5:
        maxValue = new Uint8Array(r.binary(type)); // a copy: the footer's bytes are not kept
        break;
      case 6:
        minValue = new Uint8Array(r.binary(type));
        break;
      default:
        r.skip(type);
    }
  });
  return { nullCount, distinctCount, minValue, maxValue };
}

export function encodePageHeader(page: PageHeader): Uint8Array {
  const w = new ThriftWriter();
  w.i32(1, page.type);
  w.i32(2, page.uncompressedPageSize);
  w.i32(3, page.compressedPageSize);
  w.i32(4, page.crc);
  if (page.type === pageType.dataPage) {
    w.struct(5, () => {
      w.i32(1, page.numValues);
      w.i32(2, page.encoding);
      w.i32(3, encoding.rle);
      w.i32(4, encoding.rle);
    });
  } else {
    w.struct(7, () => {
      w.i32(1, page.numValues);
      w.i32(2, page.encoding);
    });
  }
  return w.finish();
}

/** The header at `offset` and the position after it. Errors: {@link ThriftError}. */
export function decodePageHeader(bytes: Uint8Array, offset: number): { header: PageHeader; end: number } {
  const r = new ThriftReader(bytes, offset);
  const numbers: (number | undefined)[] = [];
  let numValues: number | undefined;
  let pageEncoding: number | undefined;
  r.struct((id, type) => {
    if (id >= 1 && id <= 4) {
      numbers[id] = r.integer(type);
    } else if (id === 5 || id === 7) {
      r.struct((innerId, innerType) => {
        if (innerId === 1) {
          numValues = r.integer(innerType);
        } else if (innerId === 2) {
          pageEncoding = r.integer(innerType);
        } else {
          r.skip(innerType);
        }
      });
    } else {
      r.skip(type);
    }
  });
  const header: PageHeader = {
    type: required(r, numbers[1], 'page type'),
    uncompressedPageSize: required(r, numbers[2], 'uncompressed_page_size'),
    compressedPageSize: required(r, numbers[3], 'compressed_page_size'),
    crc: required(r, numbers[4], 'crc'),
    numValues: required(r, numValues, 'num_values'),
    encoding: required(r, pageEncoding, 'encoding'),
  };
  return { header, end: r.offset };
}

/** Header of a split-block bloom filter with `bitsetBytes` bytes after it. */
export function encodeBloomHeader(bitsetBytes: number): Uint8Array {
  const w = new ThriftWriter();
  w.i32(1, bitsetBytes);
  // algorithm BLOCK, hash XXHASH, compression UNCOMPRESSED: each a union with an empty struct as field 1
  for (const id of [2, 3, 4]) {
    w.struct(id, () => w.struct(1, () => undefined));
  }
  return w.finish();
}

/** Length of the bitset and the position where it begins. Errors: {@link ThriftError}. */
export function decodeBloomHeader(bytes: Uint8Array): { bitsetBytes: number; end: number } {
  const r = new ThriftReader(bytes);
  let bitsetBytes: number | undefined;
  r.struct((id, type) => {
    if (id === 1) {
      bitsetBytes = r.integer(type);
    } else {
      r.skip(type);
    }
  });
  return { bitsetBytes: required(r, bitsetBytes, 'numBytes of the bloom filter'), end: r.offset };
}

function required<T>(r: ThriftReader, value: T | undefined, what: string): T {
  if (value === undefined) {
    throw new ThriftError(r.offset, what, 'nothing');
  }
  return value;
}
