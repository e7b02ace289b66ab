import { CodedError } from '../base/coded-error.ts';
import { textFromUtf8 } from '../base/bytes.ts';

/** Field types of Thrift's binary protocol. */
export const binaryType = {
  stop: 0,
  bool: 2,
  byte: 3,
  double: 4,
  i16: 6,
  i32: 8,
  i64: 10,
  string: 11,
  struct: 12,
  map: 13,
  set: 14,
  list: 15,
} as const;

/** Structs and containers inside one another that {@link ThriftBinaryReader.skip} follows. */
const depthMax = 64;

/**
 * A cursor over Thrift's binary protocol. Nothing is believed: a length or count beyond what is left is refused before anything is
 * made of it. Every error is `invalid_argument` and names the offset.
 *
 * Source: Apache Thrift, `doc/specs/thrift-binary-protocol.md`.
 */
export class ThriftBinaryReader {
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private readonly what: string;
  private at = 0;

  constructor(bytes: Uint8Array, what: string) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.what = what;
  }

  get bytesLeft(): number {
    return this.bytes.length - this.at;
  }

  /** Gives each field of a struct to `read`, which says false for a field it did not take. Ends behind the stop byte. */
  struct(read: (id: number, type: number) => boolean): void {
    for (let type = this.byte(); type !== binaryType.stop; type = this.byte()) {
      const id = this.view.getInt16(this.take(2));
      if (!read(id, type)) {
        this.skip(type);
      }
    }
  }

  /** The elements of a list or set of structs. */
  structs<T>(readElement: () => T): T[] {
    const type = this.byte();
    const count = this.count();
    if (count > 0 && type !== binaryType.struct) {
      throw this.malformed(`expected a list of structs, found elements of type ${type}`);
    }
    const elements: T[] = [];
    for (let i = 0; i < count; i++) {
      elements.push(readElement());
    }
    return elements;
  }

  bool(): boolean {
    return this.byte() !== 0;
  }

  i32(): number {
    return this.view.getInt32(this.take(4));
  }

  i64(): bigint {
    return this.view.getBigInt64(this.take(8));
  }

  double(): number {
    return this.view.getFloat64(this.take(8));
  }

  /** A view, not a copy. */
  binary(): Uint8Array {
    const length = this.i32();
    if (length < 0) {
      throw this.malformed(`a length of ${length}`);
    }
    const start = this.take(length);
    return this.bytes.subarray(start, start + length);
  }

  /** What is not UTF-8 becomes U+FFFD. */
  string(): string {
    return textFromUtf8(this.binary());
  }

  /** Steps over a value. */
  skip(type: number, depth = 1): void {
    if (depth > depthMax) {
      throw this.malformed(`nested deeper than ${depthMax}`);
    }
    switch (type) {
      case binaryType.bool:
      case binaryType.byte:
        this.take(1);
        break;
      case binaryType.i16:
        this.take(2);
        break;
      case binaryType.i32:
        this.take(4);
        break;
      case binaryType.i64:
      case binaryType.double:
        this.take(8);
        break;
      case binaryType.string:
        this.binary();
        break;
      case binaryType.struct:
        this.struct((_id, fieldType) => {
          this.skip(fieldType, depth + 1);
          return true;
        });
        break;
      case binaryType.list:
      case binaryType.set: {
        const elementType = this.byte();
        for (let left = this.count(); left > 0; left--) {
          this.skip(elementType, depth + 1);
        }
        break;
      }
      case binaryType.map: {
        const [keyType, valueType] = [this.byte(), this.byte()];
        for (let left = this.count(); left > 0; left--) {
          this.skip(keyType, depth + 1);
          this.skip(valueType, depth + 1);
        }
        break;
      }
      default:
        throw this.malformed(`unknown type ${type}`);
    }
  }

  malformed(detail: string): CodedError {
    return new CodedError('invalid_argument', `${this.what}: malformed thrift at byte ${this.at}: ${detail}`);
  }

  /** Every element takes a byte at least. */
  private count(): number {
    const count = this.i32();
    if (count < 0 || count > this.bytesLeft) {
      throw this.malformed(`${count} elements in ${this.bytesLeft} bytes`);
    }
    return count;
  }

  private byte(): number {
    return this.bytes[this.take(1)];
  }

  /** Steps over `length` bytes and answers where they began. */
  private take(length: number): number {
    if (length > this.bytesLeft) {
      throw this.malformed(`need ${length} bytes, have ${this.bytesLeft}`);
    }
    const start = this.at;
    this.at += length;
    return start;
  }
}
