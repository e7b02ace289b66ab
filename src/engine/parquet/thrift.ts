/**
 * Thrift's compact protocol: what the footer and the page headers of Parquet are written in. 64-bit integers are numbers here: sizes,
 * offsets and counts below 2^53; anything larger is refused.
 *
 * Source: Apache Thrift, `doc/specs/thrift-compact-protocol.md`.
 */
import { utf8FromText } from '../../base/bytes.ts';
import { assert } from '../../base/assert.ts';

/** Field types of the compact protocol; as list element types both bool codes mean bool. */
export const thriftType = {
  stop: 0,
  true: 1,
  false: 2,
  byte: 3,
  i16: 4,
  i32: 5,
  i64: 6,
  double: 7,
  binary: 8,
  list: 9,
  set: 10,
  map: 11,
  struct: 12,
} as const;

/** Bytes that are no Thrift, or a value that is not what the format says. `offset` counts from the start of the bytes read. */
export class ThriftError extends Error {
  override readonly name = 'ThriftError';
  readonly offset: number;
  readonly expected: string;
  readonly found: string;

  constructor(offset: number, expected: string, found: string) {
    super(`at byte ${offset}: expected ${expected}, found ${found}`);
    this.offset = offset;
    this.expected = expected;
    this.found = found;
  }
}

/** Writes structs field by field, ids ascending. */
export class ThriftWriter {
  private bytes = new Uint8Array(1024);
  private length = 0;
  private lastId = 0;
  private readonly outerIds: number[] = [];

  finish(): Uint8Array {
    assert(this.outerIds.length === 0, 'thrift: a struct was left open');
    this.byte(thriftType.stop);
    return this.bytes.slice(0, this.length);
  }

  i32(id: number, value: number | undefined): void {
    if (value !== undefined) {
      this.header(id, thriftType.i32);
      this.zigzag(value);
    }
  }

  i64(id: number, value: number | undefined): void {
    if (value !== undefined) {
      this.header(id, thriftType.i64);
      this.zigzag(value);
    }
  }

  bool(id: number, value: boolean | undefined): void {
    if (value !== undefined) {
      this.header(id, value ? thriftType.true : thriftType.false);
    }
  }

  /** A byte of the compact protocol (i8). */
  i8(id: number, value: number): void {
    this.header(id, thriftType.byte);
    this.byte(value);
  }

  binary(id: number, value: Uint8Array | string | undefined): void {
    if (value !== undefined) {
      this.header(id, thriftType.binary);
      this.binaryElement(value);
    }
  }

  struct(id: number, write: () => void): void {
    this.header(id, thriftType.struct);
    this.structElement(write);
  }

  list<T>(id: number, elementType: number, elements: readonly T[], write: (element: T) => void): void {
    this.header(id, thriftType.list);
    if (elements.length < 15) {
      this.byte((elements.length << 4) | elementType);
    } else {
      this.byte(0xf0 | elementType);
      this.varint(elements.length);
    }
    elements.forEach(write);
  }

  structElement(write: () => void): void {
    this.outerIds.push(this.lastId);
    this.lastId = 0;
    write();
    this.byte(thriftType.stop);
    this.lastId = this.outerIds.pop() ?? 0;
  }

  i32Element(value: number): void {
    this.zigzag(value);
  }

  binaryElement(value: Uint8Array | string): void {
    const content = typeof value === 'string' ? utf8FromText(value) : value;
    this.varint(content.length);
    this.reserve(content.length);
    this.bytes.set(content, this.length);
    this.length += content.length;
  }

  private header(id: number, type: number): void {
    const delta = id - this.lastId;
    assert(delta > 0, `thrift: field ${id} after field ${this.lastId}`);
    this.lastId = id;
    if (delta <= 15) {
      this.byte((delta << 4) | type);
    } else {
      this.byte(type);
      this.zigzag(id);
    }
  }

  private zigzag(value: number): void {
    assert(Math.abs(value) <= Number.MAX_SAFE_INTEGER / 2, `thrift: ${value} is too large`);
    this.varint(value < 0 ? -2 * value - 1 : 2 * value);
  }

  private varint(value: number): void {
    let rest = value;
    while (rest >= 0x80) {
      this.byte((rest % 0x80) | 0x80);
      rest = Math.floor(rest / 0x80);
    }
    this.byte(rest);
  }

  private byte(value: number): void {
    this.reserve(1);
    this.bytes[this.length++] = value;
  }

  private reserve(count: number): void {
    if (this.length + count > this.bytes.length) {
      const grown = new Uint8Array(Math.max(2 * this.bytes.length, this.length + count));
      grown.set(this.bytes);
      this.bytes = grown;
    }
  }
}

/** Nothing in Parquet nests deeper. */
const depthMax = 32;

/** Reads structs by a visitor per field. Lengths are checked against the bytes that are left before anything is allocated. */
export class ThriftReader {
  offset: number;
  private readonly bytes: Uint8Array;
  private depth = 0;

  constructor(bytes: Uint8Array, offset = 0) {
    this.bytes = bytes;
    this.offset = offset;
  }

  /** Calls `field` for each field; it reads the value, or calls {@link skip} with the type. */
  struct(field: (id: number, type: number) => void): void {
    if (++this.depth > depthMax) {
      throw new ThriftError(this.offset, `at most ${depthMax} nested structs`, 'one more');
    }
    let id = 0;
    for (;;) {
      const head = this.byte();
      const type = head & 0x0f;
      if (type === thriftType.stop) {
        break;
      }
      id = head >> 4 === 0 ? this.zigzag() : id + (head >> 4);
      field(id, type);
    }
    this.depth--;
  }

  integer(type: number): number {
    if (type === thriftType.byte) {
      return (this.byte() << 24) >> 24;
    }
    this.expect(type, type === thriftType.i16 || type === thriftType.i32 || type === thriftType.i64, 'an integer');
    return this.zigzag();
  }

  bool(type: number): boolean {
    this.expect(type, type === thriftType.true || type === thriftType.false, 'a bool');
    return type === thriftType.true;
  }

  /** A view of the bytes. */
  binary(type: number): Uint8Array {
    this.expect(type, type === thriftType.binary, 'a string');
    const length = this.varint();
    this.need(length);
    this.offset += length;
    return this.bytes.subarray(this.offset - length, this.offset);
  }

  list<T>(type: number, read: (elementType: number) => T): T[] {
    this.expect(type, type === thriftType.list || type === thriftType.set, 'a list');
    const head = this.byte();
    const count = head >> 4 === 15 ? this.varint() : head >> 4;
    this.need(count); // an element takes at least one byte
    const elements: T[] = [];
    for (let i = 0; i < count; i++) {
      elements.push(read(head & 0x0f));
    }
    return elements;
  }

  skip(type: number): void {
    switch (type) {
      case thriftType.true:
      case thriftType.false:
        return;
      case thriftType.byte:
        this.byte();
        return;
      case thriftType.i16:
      case thriftType.i32:
      case thriftType.i64:
        this.zigzag();
        return;
      case thriftType.double:
        this.need(8);
        this.offset += 8;
        return;
      case thriftType.binary:
        this.binary(type);
        return;
      case thriftType.list:
      case thriftType.set:
        this.list(type, (elementType) => this.skipElement(elementType));
        return;
      case thriftType.struct:
        this.struct((_, fieldType) => this.skip(fieldType));
        return;
      default: // maps do not occur in Parquet
        throw new ThriftError(this.offset, 'a known field type', String(type));
    }
  }

  private skipElement(type: number): void {
    if (type === thriftType.true || type === thriftType.false) {
      this.byte();
    } else {
      this.skip(type);
    }
  }

  private zigzag(): number {
    const value = this.varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  private varint(): number {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < 8; i++) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (value > Number.MAX_SAFE_INTEGER) {
          break;
        }
        return value;
      }
      scale *= 0x80;
    }
    throw new ThriftError(this.offset, 'an integer below 2^53', 'a larger one');
  }

  private byte(): number {
    this.need(1);
    return this.bytes[this.offset++];
  }

  private need(count: number): void {
    if (count > this.bytes.length - this.offset) {
      throw new ThriftError(this.offset, `${count} more bytes`, `${this.bytes.length - this.offset}`);
    }
  }

  private expect(type: number, holds: boolean, what: string): void {
    if (!holds) {
      throw new ThriftError(this.offset, what, `type ${type}`);
    }
  }
}
