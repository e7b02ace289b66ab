/**
 * The pieces of our binary answers: a header in JSON and columns of numbers, each under its length in bytes. Small numbers take one byte,
 * times their own bytes beside a column of their lengths: what repeats is left to the compression of the transport.
 */
import { writeVarint } from '../../base/varint.ts';
import { CodedError } from '../../base/coded-error.ts';
import { decodeUtf8, encodeUtf8 } from '../../wire/utf8.ts';

export const columnsContentType = 'application/vnd.vivace.columns';

/** A length of a time: the eight bytes are the number itself, not a difference. */
const lengthOfDouble = 8;
/** Differences below this are whole numbers, written zigzag in at most seven bytes. */
const differenceMax = 2 ** 52;

export class ColumnWriter {
  private bytes: Uint8Array<ArrayBuffer>;
  private length = 0;

  /** `magic` is four bytes: three letters and the version. */
  constructor(magic: string, header: unknown, capacityBytes: number) {
    this.bytes = new Uint8Array(capacityBytes);
    this.raw(encodeUtf8(magic));
    this.column(encodeUtf8(JSON.stringify(header)));
  }

  column(bytes: Uint8Array): void {
    this.reserve(10);
    this.length = writeVarint(this.bytes, this.length, bytes.length);
    this.raw(bytes);
  }

  /** Whole numbers in [0, 2^53), as varints. */
  counts(values: ArrayLike<number>): void {
    // 5 bytes hold 35 bits; the few that need more are not counts of anything here.
    const bytes = new Uint8Array(5 * values.length);
    let at = 0;
    for (let i = 0; i < values.length; i++) {
      at = writeVarint(bytes, at, values[i]);
    }
    this.column(bytes.subarray(0, at));
  }

  /**
   * Times as differences from `references`: a column of lengths, and one of bytes: the lowest byte of every value that has one, then the
   * second of every value that has two, and so on, so that high bytes, which repeat, stand together. Every double comes back exactly.
   */
  times(values: Float64Array, references: ArrayLike<number>): void {
    const lengths = new Uint8Array(values.length);
    const bytes = new Uint8Array(8 * values.length);
    const view = new DataView(bytes.buffer);
    for (let i = 0; i < values.length; i++) {
      const difference = values[i] - references[i];
      if (Math.abs(difference) >= differenceMax || references[i] + difference !== values[i]) {
        lengths[i] = lengthOfDouble;
        view.setFloat64(8 * i, values[i], true);
        continue;
      }
      let rest = difference < 0 ? -2 * difference - 1 : 2 * difference;
      while (rest > 0) {
        bytes[8 * i + lengths[i]++] = rest % 256;
        rest = Math.floor(rest / 256);
      }
    }
    const at = planesOf(lengths);
    const planes = new Uint8Array(at[8]);
    for (let i = 0; i < values.length; i++) {
      for (let plane = 0; plane < lengths[i]; plane++) {
        planes[at[plane]++] = bytes[8 * i + plane];
      }
    }
    this.column(lengths);
    this.column(planes);
  }

  finish(): Uint8Array<ArrayBuffer> {
    return this.bytes.slice(0, this.length);
  }

  private raw(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  private reserve(more: number): void {
    if (this.length + more > this.bytes.length) {
      const grown = new Uint8Array(Math.max(this.length + more, 2 * this.bytes.length));
      grown.set(this.bytes.subarray(0, this.length));
      this.bytes = grown;
    }
  }
}

/** Errors of every method: `invalid_argument`, with what was expected; `unsupported` for another version. */
export class ColumnReader {
  readonly header: Readonly<Record<string, unknown>>;
  private readonly bytes: Uint8Array;
  private readonly what: string;
  private at = 0;

  constructor(bytes: Uint8Array, magic: string, what: string) {
    this.bytes = bytes;
    this.what = what;
    const found = decodeUtf8(bytes, 0, Math.min(4, bytes.length));
    if (found.slice(0, 3) !== magic.slice(0, 3)) {
      throw this.malformed(`it does not begin with ${magic.slice(0, 3)}`);
    }
    if (found !== magic) {
      throw new CodedError('unsupported', `${what}: version ${found.slice(3)} is not known, only ${magic.slice(3)}`);
    }
    this.at = 4;
    let header: unknown;
    try {
      header = JSON.parse(decodeUtf8(this.column()));
    } catch (error) {
      throw error instanceof CodedError ? error : this.malformed('the header is not JSON');
    }
    if (typeof header !== 'object' || header === null) {
      throw this.malformed('the header is not an object');
    }
    this.header = header as Readonly<Record<string, unknown>>;
  }

  /** A view of the next column; with `length`, exactly so many bytes. */
  column(length?: number): Uint8Array {
    const [size, start] = this.varint(this.bytes, this.at);
    if (start + size > this.bytes.length) {
      throw this.malformed(`a column of ${size} bytes at ${start}, of ${this.bytes.length} in all`);
    }
    if (length !== undefined && size !== length) {
      throw this.malformed(`a column of ${size} bytes where ${length} belong`);
    }
    this.at = start + size;
    return this.bytes.subarray(start, start + size);
  }

  /** `count` whole numbers below `limit`; without a count, as many as there are. */
  counts(expected?: number, limit = 2 ** 32): Uint32Array {
    const bytes = this.column();
    // The last byte of a number is below 128.
    const count = expected ?? bytes.reduce((ends, byte) => ends + (byte < 0x80 ? 1 : 0), 0);
    // A count takes at least a byte: what would not fit is refused before memory is taken for it.
    if (count > bytes.length) {
      throw this.malformed(`${bytes.length} bytes for ${count} numbers`);
    }
    const values = new Uint32Array(count);
    let at = 0;
    for (let i = 0; i < count; i++) {
      let value = bytes[at++];
      if (value >= 0x80) {
        [value, at] = this.varint(bytes, at - 1);
      }
      if (!(value < limit)) {
        throw this.malformed(`the number ${value} where only ${limit} are`);
      }
      values[i] = value;
    }
    if (at !== bytes.length) {
      throw this.malformed(`${bytes.length - at} bytes too many in a column of ${count} numbers`);
    }
    return values;
  }

  /** The times of {@link ColumnWriter.times}; `referenceOf` is asked once for each i, in order, and may read the times before. */
  times(count: number, referenceOf: (index: number, values: Float64Array) => number): Float64Array {
    const lengths = this.column(count);
    if (lengths.some((length) => length > lengthOfDouble)) {
      throw this.malformed('a time of more than eight bytes');
    }
    const at = planesOf(lengths);
    const planes = this.column(at[8]);
    const double = new DataView(new ArrayBuffer(8));
    const values = new Float64Array(count);
    for (let i = 0; i < count; i++) {
      // Asked also where it is not needed: who answers may count the calls.
      const reference = referenceOf(i, values);
      if (lengths[i] === lengthOfDouble) {
        for (let plane = 0; plane < 8; plane++) {
          double.setUint8(plane, planes[at[plane]++]);
        }
        values[i] = double.getFloat64(0, true);
        continue;
      }
      let zigzag = 0;
      for (let plane = 0, scale = 1; plane < lengths[i]; plane++, scale *= 256) {
        zigzag += planes[at[plane]++] * scale;
      }
      values[i] = reference + (zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2);
    }
    return values;
  }

  end(): void {
    if (this.at !== this.bytes.length) {
      throw this.malformed(`${this.bytes.length - this.at} bytes behind the last column`);
    }
  }

  /** A header field that is a list of texts. */
  texts(field: string): readonly string[] {
    const value = this.header[field];
    if (!Array.isArray(value) || !value.every((text) => typeof text === 'string')) {
      throw this.malformed(`${field} is not a list of texts`);
    }
    return value;
  }

  text(field: string): string {
    const value = this.header[field];
    if (typeof value !== 'string') {
      throw this.malformed(`${field} is not a text`);
    }
    return value;
  }

  /** A header field that is a whole number ≥ 0. */
  count(field: string): number {
    const value = this.header[field];
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
      throw this.malformed(`${field} is not a count`);
    }
    return value;
  }

  malformed(reason: string): CodedError {
    return new CodedError('invalid_argument', `${this.what}: ${reason}`);
  }

  private varint(bytes: Uint8Array, from: number): [value: number, at: number] {
    let value = 0;
    let scale = 1;
    for (let at = from; at < bytes.length && at < from + 7; at++) {
      value += (bytes[at] & 0x7f) * scale;
      scale *= 0x80;
      if (bytes[at] < 0x80) {
        return [value, at + 1];
      }
    }
    throw this.malformed(`a number without an end at ${from}`);
  }
}

/** Where each of the eight planes of bytes begins, and where the last ends. */
function planesOf(lengths: Uint8Array): Float64Array {
  const starts = new Float64Array(9);
  for (const length of lengths) {
    for (let plane = 0; plane < length; plane++) {
      starts[plane + 1]++;
    }
  }
  for (let plane = 0; plane < 8; plane++) {
    starts[plane + 1] += starts[plane];
  }
  return starts;
}
