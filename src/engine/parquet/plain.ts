/**
 * PLAIN values: fixed widths and byte arrays behind their length, little-endian. The writer collects what statistics and bloom filters
 * need on the way.
 */
import { compareBytes } from '../../base/bytes.ts';
import { BloomBuilder } from './bloom.ts';
import { type PhysicalType, physicalType } from './metadata.ts';

/** Longer minima and maxima are left out: statistics are for the footer. */
const statisticBytesMax = 64;

/** Distinct values of one chunk, PLAIN-encoded. */
export interface PlainValues {
  readonly bytes: Uint8Array;
  readonly count: number;
  readonly min?: Uint8Array;
  readonly max?: Uint8Array;
  readonly bloomBits?: Uint8Array;
}

/** Writes values of one chunk after the other; the buffer is used again, so {@link finish} answers a copy. */
export class PlainWriter {
  private bytes = new Uint8Array(1 << 16);
  private view = new DataView(this.bytes.buffer);
  private length = 0;
  private count = 0;
  private bloom: BloomBuilder | undefined;
  // Of byte arrays.
  private minBytes: Uint8Array | undefined;
  private maxBytes: Uint8Array | undefined;
  // Of 64-bit values: minimum and maximum with the offset where they stand.
  private minAt = -1;
  private maxAt = -1;
  private min = 0;
  private max = 0;
  private isDouble = false;
  private hasNaN = false;

  /** `bloomValues`: build a bloom filter for so many values, none when undefined. */
  start(bloomValues: number | undefined): void {
    this.length = 0;
    this.count = 0;
    this.bloom = bloomValues === undefined ? undefined : new BloomBuilder(bloomValues);
    this.minBytes = undefined;
    this.maxBytes = undefined;
    this.minAt = -1;
    this.maxAt = -1;
    this.isDouble = false;
    this.hasNaN = false;
  }

  byteArray(value: Uint8Array): void {
    const { length } = value;
    this.reserve(4 + length);
    this.view.setUint32(this.length, length, true);
    this.bytes.set(value, this.length + 4);
    this.length += 4 + length;
    this.count++;
    this.bloom?.add(value);
    if (this.minBytes === undefined || compareBytes(value, this.minBytes) < 0) {
      this.minBytes = value;
    }
    if (this.maxBytes === undefined || compareBytes(value, this.maxBytes) > 0) {
      this.maxBytes = value;
    }
  }

  /** An integer that a double holds exactly. */
  int64OfNumber(value: number): void {
    this.reserve(8);
    const high = Math.floor(value / 0x1_0000_0000);
    this.view.setInt32(this.length, value - high * 0x1_0000_0000, true);
    this.view.setInt32(this.length + 4, high, true);
    this.ordered(value);
  }

  int64(value: bigint): void {
    this.reserve(8);
    this.view.setBigInt64(this.length, value, true);
    this.ordered(Number(value));
  }

  double(value: number): void {
    this.reserve(8);
    this.view.setFloat64(this.length, value, true);
    this.isDouble = true;
    this.hasNaN ||= Number.isNaN(value); // has no place in an order: no statistics then
    this.ordered(value);
  }

  finish(): PlainValues {
    const bytes = this.bytes.slice(0, this.length);
    const statistic = (at: number, signOfZero: number): Uint8Array | undefined => {
      if (at < 0 || this.hasNaN) {
        return undefined;
      }
      const value = bytes.slice(at, at + 8);
      if (this.isDouble && (at === this.minAt ? this.min : this.max) === 0) {
        value.fill(0, 0, 7)[7] = signOfZero; // the format: a minimum of zero is −0, a maximum +0
      }
      return value;
    };
    const short = (value: Uint8Array | undefined): Uint8Array | undefined =>
      value !== undefined && value.length <= statisticBytesMax ? value.slice() : undefined;
    return {
      bytes,
      count: this.count,
      min: short(this.minBytes) ?? statistic(this.minAt, 0x80),
      max: short(this.maxBytes) ?? statistic(this.maxAt, 0),
      bloomBits: this.bloom?.finish(),
    };
  }

  /** Books the eight bytes just written. Beyond 2^53 neighbours look equal, so the minimum may be one of several: compare exactly then. */
  private ordered(value: number): void {
    const at = this.length;
    this.bloom?.add(this.bytes, at, at + 8);
    if (this.minAt < 0 || value < this.min || (value === this.min && this.exactlyBelow(at, this.minAt))) {
      this.min = value;
      this.minAt = at;
    }
    if (this.maxAt < 0 || value > this.max || (value === this.max && this.exactlyBelow(this.maxAt, at))) {
      this.max = value;
      this.maxAt = at;
    }
    this.length += 8;
    this.count++;
  }

  private exactlyBelow(at: number, other: number): boolean {
    return this.view.getBigInt64(at, true) < this.view.getBigInt64(other, true);
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
