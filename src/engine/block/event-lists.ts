/**
 * Events and links of spans, from the OTLP fields that a row set holds to list columns, and back. What comes back says the same, field
 * by field and in the same order; unknown fields and the ways of writing one and the same message do not.
 */
import { ProtobufWriter } from '../../wire/protobuf.ts';
import type { Codes, ValueDictionary } from '../row-set.ts';
import { WireCursor, wireDelimited, wireFixed32, wireFixed64, wireVarint } from '../head/wire-cursor.ts';
import { type ListBuilder, falseCode, trueCode } from './list-builder.ts';
import { attributeFields } from './list-schema.ts';

/** Fields of the list of events; those of links are named in {@link linkFields}. */
const eventFields = { time: 0, name: 1, dropped: 2 } as const;
const linkFields = { traceId: 0, spanId: 1, traceState: 2, flags: 3, dropped: 4 } as const;

/** Tag of Event and Link fields of a Span: field 11 and 13, delimited. */
const eventTag = 11 * 8 + wireDelimited;
const linkTag = 13 * 8 + wireDelimited;

/** Takes the events, or the links, of one span after the other apart. */
export class EventWalker {
  private readonly kind: 'events' | 'links';
  private readonly owners: ListBuilder;
  private readonly attributes: ListBuilder;
  private readonly cursor = new WireCursor();

  constructor(kind: 'events' | 'links', owners: ListBuilder, attributes: ListBuilder) {
    this.kind = kind;
    this.owners = owners;
    this.attributes = attributes;
  }

  /** The next row, whose fields are `bytes`; without them it has none. Errors: `invalid_argument` for what is no OTLP. */
  row(bytes: Uint8Array | undefined): void {
    if (bytes !== undefined) {
      const { cursor } = this;
      cursor.bytes = bytes;
      cursor.at = 0;
      let ordinal = 0;
      while (cursor.at < bytes.length) {
        const tag = cursor.tag(bytes.length);
        if (tag === (this.kind === 'events' ? eventTag : linkTag)) {
          ordinal++;
          this.owner(cursor.delimited(bytes.length), ordinal);
        } else {
          cursor.skip(tag, bytes.length);
        }
      }
    }
    this.owners.endRow();
    this.attributes.endRow();
  }

  private owner(end: number, ordinal: number): void {
    const { cursor, owners } = this;
    owners.add();
    while (cursor.at < end) {
      const tag = cursor.tag(end);
      if (!(this.kind === 'events' ? this.eventField(tag, end, ordinal) : this.linkField(tag, end, ordinal))) {
        cursor.skip(tag, end);
      }
    }
    if (this.kind === 'events') {
      owners.setDefault(eventFields.time);
      owners.setDefault(eventFields.name);
    } else {
      owners.setDefault(linkFields.traceId);
      owners.setDefault(linkFields.spanId);
      owners.setDefault(linkFields.traceState);
    }
  }

  private eventField(tag: number, end: number, ordinal: number): boolean {
    const { cursor, owners } = this;
    switch (tag) {
      case 8 + wireFixed64: {
        const at = cursor.take(8, end);
        owners.setWords(eventFields.time, wordAt(cursor.bytes, at), wordAt(cursor.bytes, at + 4));
        return true;
      }
      case 16 + wireDelimited:
        this.bytesField(eventFields.name, end);
        return true;
      case 24 + wireDelimited:
        this.keyValue(cursor.delimited(end), ordinal);
        return true;
      case 32 + wireVarint:
        this.countField(eventFields.dropped, end);
        return true;
      default:
        return false;
    }
  }

  private linkField(tag: number, end: number, ordinal: number): boolean {
    const { cursor, owners } = this;
    switch (tag) {
      case 8 + wireDelimited:
        this.bytesField(linkFields.traceId, end);
        return true;
      case 16 + wireDelimited:
        this.bytesField(linkFields.spanId, end);
        return true;
      case 24 + wireDelimited:
        this.bytesField(linkFields.traceState, end);
        return true;
      case 32 + wireDelimited:
        this.keyValue(cursor.delimited(end), ordinal);
        return true;
      case 40 + wireVarint:
        this.countField(linkFields.dropped, end);
        return true;
      case 48 + wireFixed32: {
        const flags = wordAt(cursor.bytes, cursor.take(4, end));
        owners.set(linkFields.flags, 0);
        if (flags !== 0) {
          owners.setWords(linkFields.flags, flags, 0);
        }
        return true;
      }
      default:
        return false;
    }
  }

  private bytesField(field: number, end: number): void {
    const { cursor } = this;
    const to = cursor.delimited(end);
    this.owners.setBytes(field, cursor.bytes, cursor.at, to);
    cursor.at = to;
  }

  /** An unsigned 32-bit count; 0 is absent. */
  private countField(field: number, end: number): void {
    const { cursor, owners } = this;
    cursor.varint(end);
    owners.set(field, 0);
    if (cursor.low !== 0) {
      owners.setWords(field, cursor.low, 0);
    }
  }

  private keyValue(end: number, ordinal: number): void {
    const { cursor, attributes } = this;
    attributes.add();
    attributes.setWords(attributeFields.owner, ordinal, 0);
    let valueFrom = 0;
    let valueTo = 0;
    while (cursor.at < end) {
      const tag = cursor.tag(end);
      if (tag === 8 + wireDelimited) {
        const to = cursor.delimited(end);
        attributes.setBytes(attributeFields.key, cursor.bytes, cursor.at, to);
        cursor.at = to;
      } else if (tag === 16 + wireDelimited) {
        valueTo = cursor.delimited(end);
        valueFrom = cursor.at;
        cursor.at = valueTo;
      } else {
        cursor.skip(tag, end);
      }
    }
    attributes.setDefault(attributeFields.key);
    this.value(valueFrom, valueTo);
    cursor.at = end;
  }

  /** A scalar if the AnyValue is exactly one, else the message as it is. */
  private value(from: number, to: number): void {
    const { cursor, attributes } = this;
    const { bytes } = cursor;
    cursor.at = from;
    const tag = from === to ? 0 : cursor.tag(to);
    switch (tag) {
      case 8 + wireDelimited: {
        const end = cursor.delimited(to);
        if (end === to) {
          attributes.setBytes(attributeFields.string, bytes, cursor.at, end);
          return;
        }
        break;
      }
      case 16 + wireVarint:
        cursor.varint(to);
        if (cursor.at === to) {
          attributes.set(attributeFields.bool, cursor.low === 0 && cursor.high === 0 ? falseCode : trueCode);
          return;
        }
        break;
      case 24 + wireVarint:
        cursor.varint(to);
        if (cursor.at === to) {
          attributes.setWords(attributeFields.int, cursor.low, cursor.high);
          return;
        }
        break;
      case 32 + wireFixed64:
        if (cursor.at + 8 === to) {
          attributes.setWords(attributeFields.double, wordAt(bytes, cursor.at), wordAt(bytes, cursor.at + 4));
          return;
        }
        break;
      default:
    }
    attributes.setBytes(attributeFields.other, bytes, from, to);
  }
}

function wordAt(bytes: Uint8Array, at: number): number {
  return bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
}

/** One field of a list as it was read: a code per element. */
export interface ReadListField {
  readonly codes: Codes;
  readonly dictionary: ValueDictionary;
}

/** Elements [start, end) of a list. */
export interface ListSlice {
  readonly fields: readonly ReadListField[];
  readonly start: number;
  readonly end: number;
}

/** The Event (or Link) fields of a span, each with its tag, as a row set holds them. */
export function encodeEventLists(kind: 'events' | 'links', owners: ListSlice, attributes: ListSlice): Uint8Array {
  const writer = new ProtobufWriter(256);
  let attribute = attributes.start;
  for (let element = owners.start; element < owners.end; element++) {
    const ordinal = element - owners.start + 1;
    const mark = writer.begin(kind === 'events' ? 11 : 13);
    if (kind === 'events') {
      writeFixed64(writer, 1, owners.fields[eventFields.time], element);
      writeBytes(writer, 2, owners.fields[eventFields.name], element);
    } else {
      writeBytes(writer, 1, owners.fields[linkFields.traceId], element);
      writeBytes(writer, 2, owners.fields[linkFields.spanId], element);
      writeBytes(writer, 3, owners.fields[linkFields.traceState], element);
    }
    for (; attribute < attributes.end && ownerOf(attributes, attribute) === ordinal; attribute++) {
      writeKeyValue(writer, kind === 'events' ? 3 : 4, attributes.fields, attribute);
    }
    if (kind === 'events') {
      writeCount(writer, 4, owners.fields[eventFields.dropped], element);
    } else {
      writeCount(writer, 5, owners.fields[linkFields.dropped], element);
      const flags = owners.fields[linkFields.flags];
      if (flags.codes[element] !== 0) {
        writer.fixed32(6, flags.dictionary.numberAt(flags.codes[element] - 1));
      }
    }
    writer.end(mark);
  }
  return writer.finish();
}

function ownerOf({ fields }: ListSlice, element: number): number {
  const { codes, dictionary } = fields[attributeFields.owner];
  return codes[element] === 0 ? 0 : dictionary.numberAt(codes[element] - 1);
}

function writeKeyValue(writer: ProtobufWriter, tag: number, fields: readonly ReadListField[], element: number): void {
  const mark = writer.begin(tag);
  const key = fields[attributeFields.key];
  writer.byteArray(1, key.codes[element] === 0 ? nothing : key.dictionary.bytesAt(key.codes[element] - 1));
  const { codes, dictionary } = fields[attributeFields.other];
  if (codes[element] !== 0) {
    writer.byteArray(2, dictionary.bytesAt(codes[element] - 1));
  } else {
    const value = writer.begin(2);
    writeScalar(writer, fields, element);
    writer.end(value);
  }
  writer.end(mark);
}

const nothing = new Uint8Array();

function writeScalar(writer: ProtobufWriter, fields: readonly ReadListField[], element: number): void {
  const entryOf = (field: number): number => fields[field].codes[element] - 1;
  const dictionaryOf = (field: number): ValueDictionary => fields[field].dictionary;
  const { string, bool, int, double } = attributeFields;
  if (entryOf(string) >= 0) {
    writer.byteArray(1, dictionaryOf(string).bytesAt(entryOf(string)));
  } else if (entryOf(bool) >= 0) {
    writer.bool(2, dictionaryOf(bool).boolAt(entryOf(bool)));
  } else if (entryOf(int) >= 0) {
    writer.int64(3, dictionaryOf(int).intAt(entryOf(int)));
  } else if (entryOf(double) >= 0) {
    writer.double(4, dictionaryOf(double).numberAt(entryOf(double)));
  }
}

function writeBytes(writer: ProtobufWriter, tag: number, { codes, dictionary }: ReadListField, element: number): void {
  if (codes[element] !== 0) {
    const bytes = dictionary.bytesAt(codes[element] - 1);
    if (bytes.length > 0) {
      writer.byteArray(tag, bytes);
    }
  }
}

function writeFixed64(
  writer: ProtobufWriter,
  tag: number,
  { codes, dictionary }: ReadListField,
  element: number
): void {
  if (codes[element] !== 0) {
    writer.fixed64(tag, BigInt.asUintN(64, dictionary.intAt(codes[element] - 1)));
  }
}

function writeCount(writer: ProtobufWriter, tag: number, { codes, dictionary }: ReadListField, element: number): void {
  if (codes[element] !== 0) {
    writer.uint32(tag, dictionary.numberAt(codes[element] - 1));
  }
}
