import { utf8FromText, utf8PrefixEnd } from '../../base/bytes.ts';
import { varintLength, writeVarint } from '../../base/varint.ts';
import type { HeadBuilder } from './builder.ts';
import { anyValueShape, checkMessage, keyValueShape } from './check.ts';
import type { HeadColumn } from './column.ts';
import type { KeySpace } from './keys.ts';
import type { HeadLimits } from './limits.ts';
import { PaddedBuffer, wireDelimited, wireFixed64, wireVarint, type WireCursor } from './wire-cursor.ts';

// Index into `attributeTypes`.
const typeString = 0;
const typeInt = 1;
const typeDouble = 2;
const typeBool = 3;
const typeAny = 4;

const cutMarker = utf8FromText('…');

/** Reads KeyValue messages into the columns of one key space. */
export class AttributeWalker {
  /** Since {@link start}. */
  cutValues = 0;
  droppedAttributes = 0;
  private limits!: HeadLimits;
  private readonly cut = new PaddedBuffer();
  private readonly extra = new PaddedBuffer();
  // The KeyValue read last.
  private keyAt = 0;
  private keyLength = 0;
  private type = typeAny;
  private valueAt = 0;
  private valueLength = 0;
  private low = 0;
  private high = 0;

  start(limits: HeadLimits): void {
    this.limits = limits;
    this.cutValues = 0;
    this.droppedAttributes = 0;
    this.extra.clear();
  }

  /**
   * Walks the KeyValue messages at `ranges` (pairs of start and end) of one span, resource or scope. `ordinal` numbers a resource or
   * scope, and is `row` for a span. Answers how many were dropped.
   */
  walk(
    cursor: WireCursor,
    ranges: readonly number[],
    rangeEnd: number,
    builder: HeadBuilder,
    keys: KeySpace,
    extraColumn: HeadColumn,
    row: number,
    ordinal = row
  ): number {
    const { attributesMax, attributeValueBytesMax, columnsMax } = this.limits;
    const ofRow = keys.unit === 'row';
    const takenEnd = rangeEnd > 2 * attributesMax ? 2 * attributesMax : rangeEnd;
    let dropped = 0;
    keys.startUnit();
    const { request } = builder;
    for (let i = 0; i < takenEnd; i += 2) {
      const start = ranges[i];
      const end = ranges[i + 1];
      if (ofRow) {
        const repeated = keys.repeated(cursor.view, start, end, request, row);
        if (repeated !== undefined) {
          builder.push(repeated, row, repeated.seenCode);
          continue;
        }
      }
      cursor.at = start;
      this.read(cursor, end);
      if (this.valueLength > attributeValueBytesMax && this.type !== typeString) {
        this.cutValues++;
        dropped++;
        continue;
      }
      const column = keys.columnFor(cursor.view, this.keyAt, this.keyLength, this.type, ordinal, row, columnsMax);
      if (column === undefined) {
        this.addExtra(cursor, start, end);
        continue;
      }
      const code = this.intern(cursor, column, row);
      if (ofRow) {
        // A value that is cut is read each time: each cut is counted.
        column.seenIn = this.valueLength <= attributeValueBytesMax ? request : 0;
        column.seenAt = start;
        column.seenLength = end - start;
        column.seenCode = code;
        builder.push(column, row, code);
      } else {
        column.push(ordinal, code);
      }
    }
    for (let i = takenEnd; i < rangeEnd; i += 2) {
      cursor.at = ranges[i];
      checkMessage(cursor, ranges[i + 1], keyValueShape);
      dropped++;
    }
    if (this.extra.length > 0) {
      const code = extraColumn.dictionary.internBytes(this.extra.view, 0, this.extra.length, row, false);
      this.extra.clear();
      if (ofRow) {
        builder.push(extraColumn, row, code);
      } else {
        extraColumn.push(ordinal, code);
      }
    }
    this.droppedAttributes += dropped;
    return dropped;
  }

  private intern(cursor: WireCursor, column: HeadColumn, row: number): number {
    switch (this.type) {
      case typeString:
        if (this.valueLength > this.limits.attributeValueBytesMax) {
          this.cutValue(cursor);
          return column.dictionary.internBytes(this.cut.view, 0, this.cut.length, row, true);
        }
        return column.dictionary.internBytes(cursor.view, this.valueAt, this.valueLength, row, true);
      case typeAny:
        return column.dictionary.internBytes(cursor.view, this.valueAt, this.valueLength, row, false);
      default:
        return column.dictionary.internWords(this.low, this.high, row);
    }
  }

  /** The beginning of the value, up to a whole character, and the marker. */
  private cutValue(cursor: WireCursor): void {
    const { cut } = this;
    this.cutValues++;
    const end = utf8PrefixEnd(cursor.bytes, this.valueAt, this.valueAt + this.limits.attributeValueBytesMax);
    cut.clear();
    cut.append(cursor.bytes, this.valueAt, end);
    cut.append(cutMarker);
  }

  /** A KeyValue that has no column: stored as received, as field 1 of a list. */
  private addExtra(cursor: WireCursor, start: number, end: number): void {
    const header = new Uint8Array(1 + varintLength(end - start));
    header[0] = 0x0a;
    writeVarint(header, 1, end - start);
    this.extra.append(header);
    this.extra.append(cursor.bytes, start, end);
  }

  /** Reads the KeyValue `[cursor.at, end)`: key, type and value. The common forms by their first bytes, the rest by the book. */
  private read(cursor: WireCursor, end: number): void {
    const { bytes } = cursor;
    const at = cursor.at;
    const keyLength = bytes[at + 1];
    const valueField = at + 2 + keyLength;
    if (bytes[at] === 0x0a && keyLength < 0x80 && valueField + 2 < end && bytes[valueField] === 0x12) {
      // One-byte lengths, or two for the value.
      let value = valueField + 2;
      let length = bytes[valueField + 1];
      if (length >= 0x80 && bytes[value] < 0x80) {
        length = (length & 0x7f) | (bytes[value] << 7);
        value++;
      }
      if (value + length === end && this.readCommonValue(bytes, cursor.view, value, end)) {
        this.keyAt = at + 2;
        this.keyLength = keyLength;
        return;
      }
    }
    this.readAnyForm(cursor, end);
  }

  /** An AnyValue of one field; false when it is anything else. */
  private readCommonValue(bytes: Uint8Array, view: DataView, at: number, end: number): boolean {
    switch (bytes[at]) {
      case 0x0a: {
        let text = at + 2;
        let length = bytes[at + 1];
        if (length >= 0x80 && bytes[text] < 0x80) {
          length = (length & 0x7f) | (bytes[text] << 7);
          text++;
        }
        if (text + length !== end) {
          return false;
        }
        this.type = typeString;
        this.valueAt = text;
        this.valueLength = length;
        return true;
      }
      case 0x10: {
        const value = bytes[at + 1];
        if (at + 2 !== end || value > 1) {
          return false;
        }
        this.type = typeBool;
        this.valueLength = 0;
        this.low = value;
        this.high = 0;
        return true;
      }
      case 0x18: {
        // Up to four bytes: 28 bits.
        let low = 0;
        let shift = 0;
        let to = at + 1;
        while (shift < 28 && to < end) {
          const byte = bytes[to++];
          low |= (byte & 0x7f) << shift;
          shift += 7;
          if (byte < 0x80) {
            if (to !== end) {
              return false;
            }
            this.type = typeInt;
            this.valueLength = 0;
            this.low = low;
            this.high = 0;
            return true;
          }
        }
        return false;
      }
      case 0x21:
        if (at + 9 !== end) {
          return false;
        }
        this.readDouble(view, at + 1);
        return true;
      default:
        return false;
    }
  }

  private readDouble(view: DataView, at: number): void {
    this.type = typeDouble;
    this.valueLength = 0;
    this.low = view.getInt32(at, true);
    this.high = view.getInt32(at + 4, true);
    // One NaN: the others differ in bits that nobody can see.
    if ((this.high & 0x7ff00000) === 0x7ff00000 && ((this.high & 0xfffff) | this.low) !== 0) {
      this.low = 0;
      this.high = 0x7ff80000;
    }
  }

  private readAnyForm(cursor: WireCursor, end: number): void {
    this.keyAt = cursor.at;
    this.keyLength = 0;
    let valueAt = cursor.at;
    let valueEnd = cursor.at;
    while (cursor.at < end) {
      const tag = cursor.tag(end);
      const field = tag >>> 3;
      if (field === 1) {
        cursor.expect(tag, wireDelimited);
        const keyEnd = cursor.delimited(end);
        this.keyAt = cursor.at;
        this.keyLength = keyEnd - cursor.at;
        cursor.at = keyEnd;
      } else if (field === 2) {
        cursor.expect(tag, wireDelimited);
        valueEnd = cursor.delimited(end);
        valueAt = cursor.at;
        checkMessage(cursor, valueEnd, anyValueShape);
      } else {
        cursor.skip(tag, end);
      }
    }
    this.readValue(cursor, valueAt, valueEnd);
  }

  /** A checked AnyValue: of several fields the last one counts. */
  private readValue(cursor: WireCursor, start: number, end: number): void {
    this.type = typeAny;
    let textAt = 0;
    let textLength = 0;
    cursor.at = start;
    while (cursor.at < end) {
      const tag = cursor.tag(end);
      switch (tag >>> 3) {
        case 1: {
          const textEnd = cursor.delimited(end);
          this.type = typeString;
          textAt = cursor.at;
          textLength = textEnd - textAt;
          cursor.at = textEnd;
          break;
        }
        case 2:
          cursor.expect(tag, wireVarint);
          cursor.varint(end);
          this.type = typeBool;
          this.low = (cursor.low | cursor.high) === 0 ? 0 : 1;
          this.high = 0;
          break;
        case 3:
          cursor.varint(end);
          this.type = typeInt;
          this.low = cursor.low;
          this.high = cursor.high;
          break;
        case 4:
          cursor.expect(tag, wireFixed64);
          this.readDouble(cursor.view, cursor.take(8, end));
          break;
        case 5:
        case 6:
        case 7:
          cursor.skip(tag, end);
          this.type = typeAny;
          break;
        default:
          cursor.skip(tag, end);
      }
    }
    this.valueAt = this.type === typeAny ? start : textAt;
    this.valueLength = this.type === typeAny ? end - start : this.type === typeString ? textLength : 0;
  }
}
