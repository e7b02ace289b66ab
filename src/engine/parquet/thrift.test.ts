import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../../base/random.ts';
import {
  decodeBloomHeader,
  decodeFileMetadata,
  decodePageHeader,
  encodeFileMetadata,
  encodePageHeader,
  listFieldName,
  physicalType,
} from './metadata.ts';
import type { FileMetadata, PageHeader } from './metadata.ts';
import { ThriftError, ThriftReader, ThriftWriter, thriftType } from './thrift.ts';

test('integers, lists and structs come back, also with far field ids and long lists', () => {
  const integers = [0, 1, -1, 63, 64, -64, -65, 2 ** 31 - 1, -(2 ** 31), 2 ** 40, 2 ** 51, -(2 ** 51)];
  const writer = new ThriftWriter();
  writer.list(1, thriftType.i32, integers, (value) => writer.i32Element(value));
  writer.struct(40, () => writer.binary(1, 'inside'));
  writer.bool(41, true);
  const reader = new ThriftReader(writer.finish());
  const found: unknown[] = [];
  reader.struct((id, type) => {
    if (id === 1) {
      found.push(reader.list(type, (elementType) => reader.integer(elementType)));
    } else if (id === 40) {
      reader.struct((_, inner) => found.push(new TextDecoder().decode(reader.binary(inner))));
    } else {
      found.push(reader.bool(type));
    }
  });
  assert.deepEqual(found, [integers, 'inside', true]);
});

const header: PageHeader = {
  type: 0,
  uncompressedPageSize: 70_000,
  compressedPageSize: 1234,
  crc: -5,
  numValues: 32_768,
  encoding: 8,
};

const file: FileMetadata = {
  schema: [
    { name: 'a.b', type: physicalType.byteArray, typeLength: undefined, optional: true, annotation: 'string' },
    { name: 'id', type: physicalType.fixedLenByteArray, typeLength: 16, optional: false, annotation: undefined },
    ...['name', 'value'].map((field) => ({
      name: listFieldName('list.a', field),
      list: 'list.a',
      type: physicalType.byteArray,
      typeLength: undefined,
      optional: field === 'value',
      annotation: undefined,
    })),
  ],
  numRows: 3,
  rowGroups: [
    {
      numRows: 3,
      columns: [0, 1, 2, 3].map(() => ({
        type: physicalType.byteArray,
        encodings: [0, 3],
        codec: 6,
        numValues: 3,
        totalUncompressedSize: 2 ** 33,
        totalCompressedSize: 100,
        dataPageOffset: 4,
        dictionaryPageOffset: undefined,
        statistics: {
          nullCount: 1,
          distinctCount: undefined,
          minValue: Uint8Array.of(1),
          maxValue: Uint8Array.of(255, 0),
        },
        bloomFilterOffset: 2 ** 40,
        bloomFilterLength: 47,
      })),
    },
  ],
  keyValues: new Map([['key', 'välue']]),
  createdBy: 'test',
};

test('footer and page header come back equal', () => {
  assert.deepEqual(decodeFileMetadata(encodeFileMetadata(file)), file);
  const bytes = encodePageHeader(header);
  assert.deepEqual(decodePageHeader(bytes, 0), { header, end: bytes.length });
});

test('every cut, and random bytes, are a ThriftError or a value, never anything else', () => {
  const decoders = [
    (bytes: Uint8Array) => decodeFileMetadata(bytes),
    (bytes: Uint8Array) => decodePageHeader(bytes, 0),
    (bytes: Uint8Array) => decodeBloomHeader(bytes),
  ];
  const expectThriftError = (decode: () => unknown, what: string): void => {
    try {
      decode();
    } catch (error) {
      assert.ok(error instanceof ThriftError, `${what}: ${String(error)}`);
    }
  };
  const footer = encodeFileMetadata(file);
  for (let length = 0; length < footer.length; length++) {
    assert.throws(() => decodeFileMetadata(footer.subarray(0, length)), ThriftError);
  }
  const seed = 19;
  const random = seededRandom(seed);
  for (let round = 0; round < 20_000; round++) {
    const bytes = random.below(2) === 0 ? random.fill(new Uint8Array(random.below(60))) : footer.slice();
    if (bytes.length > 0) {
      bytes[random.below(bytes.length)] = random.below(256);
    }
    expectThriftError(() => random.pick(decoders)(bytes), `seed ${seed}, round ${round}`);
  }
});
