import assert from 'node:assert/strict';
import { test } from 'node:test';

import { bytesFromHex, hexFromBytes } from '../trace/ids.ts';
import { ProtobufReader, ProtobufWriter } from './protobuf.ts';

const readerOf = (hex: string): ProtobufReader =>
  new ProtobufReader(bytesFromHex(hex.replaceAll(' ', '')) ?? assert.fail(), 'test');

function firstField(hex: string): ProtobufReader {
  const reader = readerOf(hex);
  assert.ok(reader.next());
  return reader;
}

const refused = (hex: string, message: RegExp): void => {
  const read = (): void => {
    const reader = readerOf(hex);
    while (reader.next()) {
      reader.skip();
    }
  };
  assert.throws(read, { name: 'CodedError', code: 'invalid_argument', message });
};

test('varints of every length are read exactly', () => {
  assert.equal(firstField('08 00').uint64(), 0n);
  assert.equal(firstField('08 96 01').uint64(), 150n);
  assert.equal(firstField('08 ff ff ff ff 0f').uint32(), 0xffff_ffff);
  assert.equal(firstField('08 80 80 80 80 10').uint64(), 2n ** 32n);
  assert.equal(firstField('08 81 80 80 80 80 80 80 10').uint64(), 2n ** 53n + 1n);
  assert.equal(firstField('08 ff ff ff ff ff ff ff ff ff 01').int64(), -1n);
  assert.equal(firstField('08 80 80 80 80 80 80 80 80 80 01').int64(), -(2n ** 63n));
  assert.equal(firstField('08 ff ff ff ff ff ff ff ff ff 01').int32(), -1);
  // Longer than needed, and with bits beyond 64: both are legal.
  assert.equal(firstField('08 81 80 80 00').uint64(), 1n);
  assert.equal(firstField('08 81 80 80 80 80 80 80 80 80 7e').uint64(), 1n);
});

test('an integer is written in the shortest form and comes back', () => {
  for (const value of [
    0n,
    1n,
    127n,
    128n,
    2n ** 32n - 1n,
    2n ** 32n,
    2n ** 53n + 1n,
    2n ** 63n - 1n,
    -1n,
    -(2n ** 63n),
  ]) {
    const writer = new ProtobufWriter(1);
    writer.int64(1, value);
    const reader = new ProtobufReader(writer.finish(), 'test');
    assert.ok(reader.next());
    assert.equal(reader.int64(), value);
    assert.equal(reader.next(), false);
  }
  const writer = new ProtobufWriter();
  writer.int64(1, 300n);
  assert.equal(hexFromBytes(writer.finish()), '08ac02');
});

test('embedded messages of any size get a minimal length', () => {
  for (const size of [0, 1, 127, 128, 16_383, 16_384, 2_097_152]) {
    const writer = new ProtobufWriter(1);
    const mark = writer.begin(2);
    writer.raw(new Uint8Array(size).fill(7));
    writer.end(mark);
    writer.uint32(3, 5);
    const bytes = writer.finish();
    const lengthBytes = size < 128 ? 1 : size < 16_384 ? 2 : size < 2_097_152 ? 3 : 4;
    assert.equal(bytes.length, 1 + lengthBytes + size + 2);
    const reader = new ProtobufReader(bytes, 'test');
    assert.ok(reader.next());
    const content = reader.byteView();
    assert.equal(content.length, size);
    assert.ok(content.every((byte) => byte === 7));
    assert.ok(reader.next());
    assert.equal(reader.uint32(), 5);
  }
});

test('malformed bytes are refused with both numbers', () => {
  refused('08', /need at least 1 bytes, have 0/);
  refused('0a 05 61 62', /field 1: need 5 bytes, have 2/);
  refused('09 01 02', /need 8 bytes, have 2/);
  refused('0d 01 02', /need 4 bytes, have 2/);
  refused('0a ff ff ff ff ff ff ff ff ff 01', /need 18446744073709551615 bytes, have 0/);
  refused('08 ff ff ff ff ff ff ff ff ff ff 01', /varint longer than 10 bytes/);
  refused('00', /field number 0/);
  refused('0e', /wire type 6/);
  refused('0f', /wire type 7/);
});

test('groups are skipped, unbalanced ones refused', () => {
  const reader = readerOf('0b 10 01 1b 1c 0c 20 07');
  assert.ok(reader.next());
  reader.skip();
  assert.ok(reader.next());
  assert.equal(reader.field, 4);
  assert.equal(reader.uint32(), 7);
  refused('0b 10 01', /group 1 has no end/);
  refused('0b 14', /group 1 ends as 2/);
  refused('0c', /group end without a start/);
  refused('0b'.repeat(100_000), /groups nest deeper than 64/);
});

test('text that is not UTF-8 becomes U+FFFD, and a byte order mark stays', () => {
  assert.equal(firstField('0a 03 61 ff 62').string(), 'a\ufffdb');
  assert.equal(firstField('0a 03 ef bb bf').string(), '\ufeff');
  const long = `é${'x'.repeat(100)}`;
  const writer = new ProtobufWriter(1);
  writer.string(1, long);
  const reader = new ProtobufReader(writer.finish(), 'test');
  assert.ok(reader.next());
  assert.equal(reader.string(), long);
});
