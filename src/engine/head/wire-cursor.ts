import { CodedError } from '../../base/coded-error.ts';

const paddingBytes = 8;
const keptBytesMax = 4 << 20; // the buffer of a greater body is not kept for the next one

/** Wire types of protobuf. Source: protobuf.dev/programming-guides/encoding. */
export const wireVarint = 0;
export const wireFixed64 = 1;
export const wireDelimited = 2;
const wireGroupStart = 3;
const wireGroupEnd = 4;
export const wireFixed32 = 5;

const groupDepthMax = 64;

/** A buffer that grows and has eight readable bytes behind its content, so that words can be read up to the last byte. */
export class PaddedBuffer {
  bytes: Uint8Array<ArrayBuffer> = new Uint8Array(paddingBytes);
  view: DataView<ArrayBuffer> = new DataView(this.bytes.buffer);
  length = 0;
  /** The bytes are somebody else's. */
  private held = false;

  clear(): void {
    this.length = 0;
    if (this.held || this.bytes.length > keptBytesMax) {
      this.held = false;
      this.bytes = new Uint8Array(paddingBytes);
      this.view = new DataView(this.bytes.buffer);
    }
  }

  /** Takes `from` as the content: without a copy where eight bytes lie behind it. Until {@link clear} it must not change. */
  hold(from: Uint8Array): void {
    const { buffer, byteOffset, length } = from;
    this.clear();
    if (buffer instanceof ArrayBuffer && byteOffset + length + paddingBytes <= buffer.byteLength) {
      this.held = true;
      this.bytes = new Uint8Array(buffer, byteOffset, length + paddingBytes);
      this.view = new DataView(buffer, byteOffset, length + paddingBytes);
      this.length = length;
    } else {
      this.append(from);
    }
  }

  append(from: Uint8Array, start = 0, end = from.length): void {
    const length = this.length + end - start;
    if (length + paddingBytes > this.bytes.length) {
      const grown = new Uint8Array(Math.max(length, this.bytes.length * 2) + paddingBytes);
      grown.set(this.bytes.subarray(0, this.length));
      this.bytes = grown;
      this.view = new DataView(grown.buffer);
    }
    this.bytes.set(start === 0 && end === from.length ? from : from.subarray(start, end), this.length);
    this.length = length;
  }
}

/**
 * A position in protobuf bytes. Methods read at `at` and step behind what they read; `end` is where the enclosing message ends.
 *
 * Errors: `invalid_argument` with the byte position and both numbers.
 */
export class WireCursor {
  bytes: Uint8Array = new Uint8Array(paddingBytes);
  view: DataView = new DataView(this.bytes.buffer);
  at = 0;
  /** The varint read last, low and high 32 bits (signed words). */
  low = 0;
  high = 0;

  open(buffer: PaddedBuffer, at = 0): void {
    this.bytes = buffer.bytes;
    this.view = buffer.view;
    this.at = at;
  }

  /** At most ten bytes; bits beyond 64 are dropped. */
  varint(end: number): void {
    const bytes = this.bytes;
    let at = this.at;
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (at >= end) {
        throw this.malformed(`varint: need at least ${at - this.at + 1} bytes, have ${end - this.at}`);
      }
      const byte = bytes[at++];
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
        this.low = low;
        this.high = high;
        this.at = at;
        return;
      }
    }
    throw this.malformed('varint longer than 10 bytes');
  }

  /** Field number × 8 + wire type, unsigned. */
  tag(end: number): number {
    const byte = this.bytes[this.at];
    if (byte < 0x80 && byte >= 8 && this.at < end) {
      this.at++;
      return byte;
    }
    this.varint(end);
    if (this.high !== 0) {
      throw this.malformed('field number beyond 29 bits');
    }
    if (this.low >>> 3 === 0) {
      throw this.malformed('field number 0');
    }
    return this.low >>> 0;
  }

  /** Reads a length, checks it against `end`; answers where the content that begins at `at` ends. */
  delimited(end: number): number {
    const byte = this.bytes[this.at];
    let length = byte;
    if (byte < 0x80 && this.at < end) {
      this.at++;
    } else {
      this.varint(end);
      length = this.high === 0 ? this.low >>> 0 : Infinity;
    }
    if (length > end - this.at) {
      throw this.malformed(`need ${length} bytes, have ${end - this.at}`);
    }
    return this.at + length;
  }

  /** Steps over `length` bytes; answers where they began. */
  take(length: number, end: number): number {
    const start = this.at;
    if (length > end - start) {
      throw this.malformed(`need ${length} bytes, have ${end - start}`);
    }
    this.at = start + length;
    return start;
  }

  expect(tag: number, wire: number): void {
    if ((tag & 7) !== wire) {
      throw this.malformed(`field ${tag >>> 3} has wire type ${tag & 7}, expected ${wire}`);
    }
  }

  /** Steps over the value of a field that nobody reads. */
  skip(tag: number, end: number): void {
    switch (tag & 7) {
      case wireVarint:
        this.varint(end);
        return;
      case wireFixed64:
        this.take(8, end);
        return;
      case wireDelimited:
        this.at = this.delimited(end);
        return;
      case wireFixed32:
        this.take(4, end);
        return;
      case wireGroupStart:
        this.skipGroup(tag >>> 3, end);
        return;
      default:
        throw this.malformed((tag & 7) === wireGroupEnd ? 'group end without a start' : `wire type ${tag & 7}`);
    }
  }

  malformed(detail: string): CodedError {
    return new CodedError('invalid_argument', `otlp: malformed at byte ${this.at}: ${detail}`);
  }

  private skipGroup(field: number, end: number): void {
    const open = [field];
    while (open.length > 0) {
      if (this.at >= end) {
        throw this.malformed(`group ${open[open.length - 1]} has no end`);
      }
      const tag = this.tag(end);
      if ((tag & 7) === wireGroupStart) {
        if (open.length === groupDepthMax) {
          throw this.malformed(`groups nest deeper than ${groupDepthMax}`);
        }
        open.push(tag >>> 3);
      } else if ((tag & 7) === wireGroupEnd) {
        const started = open.pop();
        if (started !== tag >>> 3) {
          throw this.malformed(`group ${started} ends as ${tag >>> 3}`);
        }
      } else {
        this.skip(tag, end);
      }
    }
  }
}
