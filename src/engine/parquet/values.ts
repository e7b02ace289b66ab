/**
 * Dictionaries over PLAIN bytes as they stand in a page: nothing is decoded until somebody asks for an entry.
 */
import { assert } from '../../base/assert.ts';
import { includesBytes, textFromUtf8 } from '../../base/bytes.ts';
import type { ColumnType, ValueDictionary } from '../row-set.ts';

/** Byte arrays, each at [starts[i], starts[i + 1] − 4). */
export class ByteArrayDictionary implements ValueDictionary {
  readonly type: ColumnType;
  readonly size: number;
  private readonly bytes: Uint8Array;
  private readonly starts: Uint32Array;
  private readonly texts: (string | undefined)[] = [];

  constructor(type: ColumnType, bytes: Uint8Array, starts: Uint32Array) {
    this.type = type;
    this.size = starts.length - 1;
    this.bytes = bytes;
    this.starts = starts;
  }

  /** Its values, where they begin, and about as much for texts that are decoded. */
  get memoryBytes(): number {
    const texts = this.type === 'string' ? this.bytes.length + 24 * this.size : 0;
    return this.bytes.buffer.byteLength + this.starts.byteLength + texts;
  }

  bytesAt(entry: number): Uint8Array {
    return this.bytes.subarray(this.starts[entry], this.starts[entry + 1] - 4);
  }

  someIncludes(part: Uint8Array): boolean {
    return includesBytes(this.bytes, part);
  }

  textAt(entry: number): string {
    return (this.texts[entry] ??= textFromUtf8(this.bytesAt(entry)));
  }

  intAt(): bigint {
    return refuse(this.type, 'int');
  }

  numberAt(): number {
    return refuse(this.type, 'number');
  }

  boolAt(): boolean {
    return refuse(this.type, 'bool');
  }
}

/** 64-bit integers or doubles. */
export class NumberDictionary implements ValueDictionary {
  readonly type: 'int' | 'double';
  readonly size: number;
  private readonly bytes: Uint8Array;
  private readonly view: DataView;

  constructor(type: 'int' | 'double', bytes: Uint8Array) {
    assert(bytes.length % 8 === 0, 'number dictionary: bytes left over');
    this.type = type;
    this.size = bytes.length / 8;
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get memoryBytes(): number {
    return this.bytes.buffer.byteLength;
  }

  bytesAt(entry: number): Uint8Array {
    return this.bytes.subarray(8 * entry, 8 * entry + 8);
  }

  textAt(): string {
    return refuse(this.type, 'text');
  }

  intAt(entry: number): bigint {
    assert(this.type === 'int', `a dictionary of type ${this.type} has no int entries`);
    return this.view.getBigInt64(8 * entry, true);
  }

  numberAt(entry: number): number {
    if (this.type === 'double') {
      return this.view.getFloat64(8 * entry, true);
    }
    const high = this.view.getInt32(8 * entry + 4, true);
    // Within 2^53 two words make the number exactly; beyond, one rounding, not two.
    return high >= -0x20_0000 && high < 0x20_0000
      ? high * 0x1_0000_0000 + this.view.getUint32(8 * entry, true)
      : Number(this.view.getBigInt64(8 * entry, true));
  }

  boolAt(): boolean {
    return refuse(this.type, 'bool');
  }
}

/** The bools that occur, false first. */
export class BoolDictionary implements ValueDictionary {
  readonly type = 'bool';
  readonly size: number;
  private readonly values: readonly boolean[];

  constructor(values: readonly boolean[]) {
    this.values = values;
    this.size = values.length;
  }

  boolAt(entry: number): boolean {
    return this.values[entry];
  }

  bytesAt(): Uint8Array {
    return refuse(this.type, 'bytes');
  }

  textAt(): string {
    return refuse(this.type, 'text');
  }

  intAt(): bigint {
    return refuse(this.type, 'int');
  }

  numberAt(): number {
    return refuse(this.type, 'number');
  }
}

function refuse(type: ColumnType, asked: string): never {
  assert(false, `a dictionary of type ${type} has no ${asked} entries`);
}
