/**
 * PLAIN values: fixed widths and byte arrays behind their length, little-endian. The writer collects what statistics need on
 * the way.
 */
import { isUtf8 } from '../../base/bytes.ts';
import type { PlainSink } from '../row-set.ts';
import { BloomBuilder } from './bloom.ts';
import { type PhysicalType, physicalType } from './metadata.ts';

/** Longer minima and maxima are left out: statistics are for the footer. */
const statisticBytesMax = 64;
/** Of a range that so many times holds the number of its values, a bloom filter rules out most of what is asked for. */
const sparseRangeMin = 32;

/** Distinct values of one chunk, PLAIN-encoded. */
export interface PlainValues {
  readonly bytes: Uint8Array;
  readonly count: number;
  readonly min?: Uint8Array;
  readonly max?: Uint8Array;
  readonly bloomBits?: Uint8Array;
}

/** What a chunk holds, and what a writer shall find out about it on the way. */
export interface PlainOptions {
  readonly content: 'byteArrays' | 'int64' | 'double';
  /** Notice values that are not UTF-8. */
  readonly text?: boolean;
  /** From so many values on, build a bloom filter. */
  readonly bloomValuesMin: number;
}

/** Writes values of one chunk after the other; the buffer is used again, so {@link finish} answers a copy. */
export class PlainWriter implements PlainSink {
  /** Whether all byte arrays since {@link start} are UTF-8; looked at when `text` was asked for. */
  isUtf8 = true;
  private options: PlainOptions = { content: 'byteArrays', bloomValuesMin: Infinity };
  private isByteArrays = true;
  private bytes = new Uint8Array(1 << 16);
  private view = new DataView(this.bytes.buffer);
  private length = 0;
  private count = 0;
  /** Where minimum and maximum stand (their length, for byte arrays); −1 before the first value. */
  private minAt = -1;
  private maxAt = -1;
  private hasNaN = false;

  start(options: PlainOptions): void {
    this.options = options;
    this.isByteArrays = options.content === 'byteArrays';
    this.isUtf8 = true;
    this.length = 0;
    this.count = 0;
    this.minAt = -1;
    this.maxAt = -1;
    this.hasNaN = false;
  }

  /** A byte array. */
  byteArray(value: Uint8Array): void {
    const { length } = value;
    this.reserve(4 + length);
    this.view.setUint32(this.length, length, true);
    this.bytes.set(value, this.length + 4);
    this.bookByteArray(length, this.options.text === true);
  }

  /** A value that begins on a word: a byte array, or the eight bytes of a number. */
  words(words: Int32Array, word: number, length: number): void {
    this.reserve(8 + length);
    const { view } = this;
    let at = this.length;
    if (this.isByteArrays) {
      view.setUint32(at, length, true);
      at += 4;
    }
    let seen = 0;
    for (let i = word, end = word + ((length + 3) >> 2); i < end; i++, at += 4) {
      seen |= words[i];
      view.setInt32(at, words[i], true);
    }
    if (this.isByteArrays) {
      this.bookByteArray(length, this.options.text === true && (seen & 0x80808080) !== 0);
    } else {
      this.bookNumber();
    }
  }

  /** An integer that a double holds exactly. */
  int64OfNumber(value: number): void {
    this.reserve(8);
    const high = Math.floor(value / 0x1_0000_0000);
    this.view.setInt32(this.length, value - high * 0x1_0000_0000, true);
    this.view.setInt32(this.length + 4, high, true);
    this.bookNumber();
  }

  int64(value: bigint): void {
    this.reserve(8);
    this.view.setBigInt64(this.length, value, true);
    this.bookNumber();
  }

  double(value: number): void {
    this.reserve(8);
    this.view.setFloat64(this.length, value, true);
    this.bookNumber();
  }

  finish(): PlainValues {
    const bytes = this.bytes.slice(0, this.length);
    const rest = { bytes, count: this.count, bloomBits: this.bloomBits() };
    if (this.count === 0 || this.hasNaN) {
      return rest;
    }
    if (this.isByteArrays) {
      return { ...rest, min: this.shortByteArray(this.minAt), max: this.shortByteArray(this.maxAt) };
    }
    return { ...rest, min: this.number(this.minAt, 0x80), max: this.number(this.maxAt, 0) };
  }

  private bookByteArray(length: number, checkUtf8: boolean): void {
    const at = this.length;
    if (this.minAt < 0) {
      this.minAt = at;
      this.maxAt = at;
    } else if (this.isBelow(at, this.minAt)) {
      this.minAt = at;
    } else if (this.isBelow(this.maxAt, at)) {
      this.maxAt = at;
    }
    if (checkUtf8 && !isUtf8(this.bytes, at + 4, at + 4 + length)) {
      this.isUtf8 = false;
    }
    this.length = at + 4 + length;
    this.count++;
  }

  private bookNumber(): void {
    const at = this.length;
    if (this.options.content === 'double') {
      this.hasNaN ||= Number.isNaN(this.view.getFloat64(at, true)); // has no place in an order: no statistics then
    }
    if (this.minAt < 0) {
      this.minAt = at;
      this.maxAt = at;
    } else if (this.isNumberBelow(at, this.minAt)) {
      this.minAt = at;
    } else if (this.isNumberBelow(this.maxAt, at)) {
      this.maxAt = at;
    }
    this.length = at + 8;
    this.count++;
  }

  /** Whether the byte array (behind its length) at `a` is lexicographically below the one at `b`. */
  private isBelow(a: number, b: number): boolean {
    const { bytes, view } = this;
    const aLength = view.getUint32(a, true);
    const bLength = view.getUint32(b, true);
    const end = a + 4 + Math.min(aLength, bLength);
    for (let i = a + 4, k = b + 4; i < end; i++, k++) {
      if (bytes[i] !== bytes[k]) {
        return bytes[i] < bytes[k];
      }
    }
    return aLength < bLength;
  }

  private isNumberBelow(a: number, b: number): boolean {
    const { view } = this;
    if (this.options.content === 'double') {
      return view.getFloat64(a, true) < view.getFloat64(b, true);
    }
    const aHigh = view.getInt32(a + 4, true);
    const bHigh = view.getInt32(b + 4, true);
    return aHigh === bHigh ? view.getUint32(a, true) < view.getUint32(b, true) : aHigh < bHigh;
  }

  private shortByteArray(at: number): Uint8Array | undefined {
    const length = this.view.getUint32(at, true);
    return length <= statisticBytesMax ? this.bytes.slice(at + 4, at + 4 + length) : undefined;
  }

  private number(at: number, signOfZero: number): Uint8Array {
    const value = this.bytes.slice(at, at + 8);
    if (this.options.content === 'double' && this.view.getFloat64(at, true) === 0) {
      value.fill(0, 0, 7)[7] = signOfZero; // the format: a minimum of zero is −0, a maximum +0
    }
    return value;
  }

  private bloomBits(): Uint8Array | undefined {
    const { bytes, view, length, count, options } = this;
    if (count < options.bloomValuesMin || !this.isBloomUseful()) {
      return undefined;
    }
    const bloom = new BloomBuilder(count);
    for (let at = 0; at < length;) {
      const start = this.isByteArrays ? at + 4 : at;
      const end = start + (this.isByteArrays ? view.getUint32(at, true) : 8);
      bloom.add(bytes, start, end);
      at = end;
    }
    return bloom.finish();
  }

  /**
   * Not for doubles, which nobody looks up by one value, and not for integers that fill much of their range (sizes, counters): what is
   * inside the range is likely there, what is outside the statistics tell.
   */
  private isBloomUseful(): boolean {
    switch (this.options.content) {
      case 'byteArrays':
        return true;
      case 'int64':
        return int64At(this.view, this.maxAt) - int64At(this.view, this.minAt) >= sparseRangeMin * this.count;
      default:
        return false;
    }
  }

  private reserve(count: number): void {
    if (this.length + count > this.bytes.length) {
      const grown = new Uint8Array(Math.max(2 * this.bytes.length, this.length + count));
      grown.set(this.bytes);
      this.bytes = grown;
      this.view = new DataView(grown.buffer);
    }
  }
}

/** About: rounded to a double. */
function int64At(view: DataView, at: number): number {
  return view.getInt32(at + 4, true) * 0x1_0000_0000 + view.getUint32(at, true);
}

/** Bytes of one value of a fixed width; undefined for byte arrays and bools. */
export function fixedWidthOf(type: PhysicalType, typeLength: number | undefined): number | undefined {
  switch (type) {
    case physicalType.int32:
      return 4;
    case physicalType.int64:
    case physicalType.double:
      return 8;
    case physicalType.fixedLenByteArray:
      return typeLength;
    default:
      return undefined;
  }
}

/**
 * Where each of `count` byte arrays begins (behind its length), and one entry past the last: value i is
 * [starts[i], starts[i + 1] − 4). `undefined` when the bytes do not hold exactly so many.
 */
export function byteArrayStarts(bytes: Uint8Array, count: number): Uint32Array | undefined {
  if (count > bytes.length / 4) {
    return undefined;
  }
  const starts = new Uint32Array(count + 1);
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (bytes.length - at < 4) {
      return undefined;
    }
    const length = (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)) >>> 0;
    at += 4;
    if (length > bytes.length - at) {
      return undefined;
    }
    starts[i] = at;
    at += length;
  }
  starts[count] = at + 4;
  return at === bytes.length ? starts : undefined;
}
