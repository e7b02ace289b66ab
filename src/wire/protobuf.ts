import { CodedError } from '../base/coded-error.ts';
import { assert } from '../base/assert.ts';
import { decodeUtf8, encodeUtf8Into } from './utf8.ts';

/** Wire types of the protobuf encoding. Source: protobuf.dev/programming-guides/encoding. */
export const wireType = { varint: 0, fixed64: 1, delimited: 2, groupStart: 3, groupEnd: 4, fixed32: 5 } as const;

/** Groups inside groups that {@link ProtobufReader.skip} follows before it gives up. */
const groupDepthMax = 64;

/**
 * Walks the fields of one message: `while (reader.next()) switch (reader.field)`, and in each case either a typed read or `skip()`.
 * Views into the buffer, never copies.
 *
 * Errors: `invalid_argument` for anything that is not well-formed protobuf, with the numbers of both sides; a known field of another
 * wire type is malformed too.
 */
export class ProtobufReader {
  /** Number of the field that {@link next} stands on. */
  field = 0;
  private wire = 0;
  private position: number;
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private readonly end: number;
  private readonly what: string;
  private low = 0;
  private high = 0;

  /** Reads `bytes[start, end)`. `what` begins every error message. */
  constructor(bytes: Uint8Array, what: string, start = 0, end = bytes.length, view?: DataView) {
    this.bytes = bytes;
    this.view = view ?? new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.what = what;
    this.position = start;
    this.end = end;
  }

  /** Steps to the next field; false at the end of the message. */
  next(): boolean {
    if (this.position >= this.end) {
      return false;
    }
    this.readVarint();
    if (this.high !== 0) {
      throw this.malformed('field number beyond 29 bits');
    }
    this.field = this.low >>> 3;
    this.wire = this.low & 7;
    if (this.field === 0) {
      throw this.malformed('field number 0');
    }
    return true;
  }

  skip(): void {
    switch (this.wire) {
      case wireType.varint:
        this.readVarint();
        return;
      case wireType.fixed64:
        this.take(8);
        return;
      case wireType.delimited:
        this.takeDelimited();
        return;
      case wireType.fixed32:
        this.take(4);
        return;
      case wireType.groupStart:
        this.skipGroup();
        return;
      default:
        throw this.malformed(this.wire === wireType.groupEnd ? 'group end without a start' : `wire type ${this.wire}`);
    }
  }

  uint32(): number {
    this.expect(wireType.varint);
    this.readVarint();
    return this.low;
  }

  /** An enum or int32: negative numbers come as 10 bytes, of which the low 32 bits count. */
  int32(): number {
    return this.uint32() | 0;
  }

  bool(): boolean {
    this.expect(wireType.varint);
    this.readVarint();
    return this.low !== 0 || this.high !== 0;
  }

  uint64(): bigint {
    this.expect(wireType.varint);
    this.readVarint();
    return this.high === 0 ? BigInt(this.low) : (BigInt(this.high) << 32n) | BigInt(this.low);
  }

  int64(): bigint {
    return BigInt.asIntN(64, this.uint64());
  }

  fixed32(): number {
    this.expect(wireType.fixed32);
    return this.view.getUint32(this.take(4), true);
  }

  fixed64(): bigint {
    this.expect(wireType.fixed64);
    return this.view.getBigUint64(this.take(8), true);
  }

  double(): number {
    this.expect(wireType.fixed64);
    return this.view.getFloat64(this.take(8), true);
  }

  /** A view, not a copy. */
  byteView(): Uint8Array {
    this.expect(wireType.delimited);
    const start = this.takeDelimited();
    return this.bytes.subarray(start, this.position);
  }

  /** What is not UTF-8 becomes U+FFFD. */
  string(): string {
    this.expect(wireType.delimited);
    const start = this.takeDelimited();
    return decodeUtf8(this.bytes, start, this.position);
  }

  /** A reader for the embedded message; this reader goes on behind it. */
  message(): ProtobufReader {
    this.expect(wireType.delimited);
    const start = this.takeDelimited();
    return new ProtobufReader(this.bytes, this.what, start, this.position, this.view);
  }

  malformed(detail: string): CodedError {
    return new CodedError('invalid_argument', `${this.what}: malformed at byte ${this.position}: ${detail}`);
  }

  private expect(wire: number): void {
    if (this.wire !== wire) {
      throw this.malformed(`field ${this.field} has wire type ${this.wire}, expected ${wire}`);
    }
  }

  /** Steps over `length` bytes and answers where they began. */
  private take(length: number): number {
    const start = this.position;
    if (length > this.end - start) {
      throw this.malformed(`field ${this.field}: need ${length} bytes, have ${this.end - start}`);
    }
    this.position = start + length;
    return start;
  }

  private takeDelimited(): number {
    this.readVarint();
    if (this.high !== 0) {
      const length = (BigInt(this.high) << 32n) | BigInt(this.low);
      throw this.malformed(`field ${this.field}: need ${length} bytes, have ${this.end - this.position}`);
    }
    return this.take(this.low);
  }

  /** Iterative: a million nested groups cost a counter, not a stack. */
  private skipGroup(): void {
    const open = [this.field];
    while (open.length > 0) {
      if (!this.next()) {
        throw this.malformed(`group ${open[open.length - 1]} has no end`);
      }
      if (this.wire === wireType.groupStart) {
        if (open.length === groupDepthMax) {
          throw this.malformed(`groups nest deeper than ${groupDepthMax}`);
        }
        open.push(this.field);
      } else if (this.wire === wireType.groupEnd) {
        const started = open.pop();
        if (started !== this.field) {
          throw this.malformed(`group ${started} ends as ${this.field}`);
        }
      } else {
        this.skip();
      }
    }
  }

  /** At most 10 bytes into `low` and `high`; bits beyond 64 are dropped, as every protobuf reader does. */
  private readVarint(): void {
    const { bytes, end } = this;
    let position = this.position;
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (position >= end) {
        throw this.malformed(
          `varint: need at least ${position - this.position + 1} bytes, have ${end - this.position}`
        );
      }
      const byte = bytes[position++];
      const bits = byte & 0x7f;
      if (shift < 28) {
        low |= bits << shift;
      } else if (shift === 28) {
        low |= bits << 28;
        high = bits >>> 4;
      } else {
        high |= shift < 63 ? bits << (shift - 32) : (bits & 1) << 31;
      }
      if (byte < 0x80) {
        this.low = low >>> 0;
        this.high = high >>> 0;
        this.position = position;
        return;
      }
    }
    throw this.malformed('varint longer than 10 bytes');
  }
}

/**
 * Appends fields to a buffer that grows. Embedded messages: `const mark = writer.begin(field); …; writer.end(mark)`.
 * Every call writes its field, defaults too: what proto3 leaves out is the caller's knowledge.
 */
export class ProtobufWriter {
  private bytes: Uint8Array<ArrayBuffer>;
  private view: DataView;
  private length = 0;

  constructor(capacityBytes = 1024) {
    this.bytes = new Uint8Array(capacityBytes);
    this.view = new DataView(this.bytes.buffer);
  }

  /** What was written so far; a view that the next write may change. */
  written(): Uint8Array<ArrayBuffer> {
    return this.bytes.subarray(0, this.length);
  }

  /** A copy of exactly the written size. */
  finish(): Uint8Array<ArrayBuffer> {
    return this.bytes.slice(0, this.length);
  }

  reset(): void {
    this.length = 0;
  }

  /** Opens an embedded message. */
  begin(field: number): number {
    this.tag(field, wireType.delimited);
    this.reserve(1);
    // One byte for the length, which is right up to 127 bytes; end() shifts the content when it is not.
    return this.length++;
  }

  end(mark: number): void {
    const size = this.length - mark - 1;
    if (size < 0x80) {
      this.bytes[mark] = size;
      return;
    }
    const extra = varintSize(size) - 1;
    if (extra > 0) {
      this.reserve(extra);
      this.bytes.copyWithin(mark + 1 + extra, mark + 1, this.length);
    }
    const end = this.length + extra;
    this.length = mark;
    this.rawVarint(size);
    this.length = end;
  }

  /** An unsigned 32-bit number, an enum or a bool as 0 and 1. */
  uint32(field: number, value: number): void {
    this.tag(field, wireType.varint);
    this.rawVarint(value >>> 0);
  }

  /** Negative numbers take 10 bytes, as protobuf asks. */
  int32(field: number, value: number): void {
    if (value < 0) {
      this.int64(field, BigInt(value));
    } else {
      this.uint32(field, value);
    }
  }

  bool(field: number, value: boolean): void {
    this.uint32(field, value ? 1 : 0);
  }

  /** Signed or unsigned: the low 64 bits in two's complement. */
  int64(field: number, value: bigint): void {
    this.tag(field, wireType.varint);
    if (value >= 0n && value <= 0xffff_ffffn) {
      this.rawVarint(Number(value));
      return;
    }
    this.reserve(10 + 8);
    // The number is laid down beyond the longest varint to take it apart as two halves without BigInt arithmetic.
    const scratch = this.length + 10;
    this.view.setBigInt64(scratch, value, true);
    let low = this.view.getUint32(scratch, true);
    let high = this.view.getUint32(scratch + 4, true);
    while (high !== 0 || low > 0x7f) {
      this.bytes[this.length++] = (low & 0x7f) | 0x80;
      low = ((low >>> 7) | (high << 25)) >>> 0;
      high >>>= 7;
    }
    this.bytes[this.length++] = low;
  }

  fixed32(field: number, value: number): void {
    this.tag(field, wireType.fixed32);
    this.reserve(4);
    this.view.setUint32(this.length, value, true);
    this.length += 4;
  }

  fixed64(field: number, value: bigint): void {
    this.tag(field, wireType.fixed64);
    this.reserve(8);
    this.view.setBigUint64(this.length, value, true);
    this.length += 8;
  }

  double(field: number, value: number): void {
    this.tag(field, wireType.fixed64);
    this.reserve(8);
    this.view.setFloat64(this.length, value, true);
    this.length += 8;
  }

  byteArray(field: number, value: Uint8Array): void {
    this.tag(field, wireType.delimited);
    this.rawVarint(value.length);
    this.raw(value);
  }

  string(field: number, value: string): void {
    const mark = this.begin(field);
    this.reserve(3 * value.length);
    this.length += encodeUtf8Into(value, this.bytes, this.length);
    this.end(mark);
  }

  /** Bytes of an even number of hex digits. */
  hex(field: number, value: string): void {
    const size = value.length >>> 1;
    assert(value.length === 2 * size, `odd number of hex digits: ${value.length}`);
    this.tag(field, wireType.delimited);
    this.rawVarint(size);
    this.reserve(size);
    for (let i = 0; i < size; i++) {
      this.bytes[this.length + i] = (hexDigit(value.charCodeAt(2 * i)) << 4) | hexDigit(value.charCodeAt(2 * i + 1));
    }
    this.length += size;
  }

  /** Bytes that are fields already. */
  raw(value: Uint8Array): void {
    this.reserve(value.length);
    this.bytes.set(value, this.length);
    this.length += value.length;
  }

  private tag(field: number, wire: number): void {
    this.rawVarint((field << 3) | wire);
  }

  /** `value` below 2^32. */
  private rawVarint(value: number): void {
    this.reserve(5);
    while (value > 0x7f) {
      this.bytes[this.length++] = (value & 0x7f) | 0x80;
      value >>>= 7;
    }
    this.bytes[this.length++] = value;
  }

  private reserve(more: number): void {
    const needed = this.length + more;
    if (needed > this.bytes.length) {
      const grown = new Uint8Array(Math.max(needed, 2 * this.bytes.length));
      grown.set(this.written());
      this.bytes = grown;
      this.view = new DataView(grown.buffer);
    }
  }
}

function varintSize(value: number): number {
  return value < 1 << 7 ? 1 : value < 1 << 14 ? 2 : value < 1 << 21 ? 3 : value < 1 << 28 ? 4 : 5;
}

/** Value of a hex digit of either case, by its character code. */
function hexDigit(code: number): number {
  // '0'–'9' are 0x30–0x39; 'A'–'F' and 'a'–'f' have low nibbles 1–6.
  return code <= 0x39 ? code & 0xf : (code & 0xf) + 9;
}
