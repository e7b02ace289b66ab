import { unreachable } from '../base/assert.ts';
import type { AnyValue, Attribute } from '../trace/model.ts';
import { ProtobufReader, ProtobufWriter } from './protobuf.ts';

/**
 * AnyValue and KeyValue of the OpenTelemetry protocol, to and from protobuf.
 *
 * Source: opentelemetry-proto 1.x, `opentelemetry/proto/common/v1/common.proto`.
 */

/** AnyValues inside AnyValues, the outermost counted; deeper input is refused by every decoder. */
export const anyValueDepthMax = 64;

/** The bytes of one AnyValue message. Errors: `invalid_argument`. */
export function decodeAnyValue(bytes: Uint8Array): AnyValue {
  return readAnyValue(new ProtobufReader(bytes, 'otlp'), 1);
}

/** The bytes of one AnyValue message; none for `empty`. */
export function encodeAnyValue(value: AnyValue): Uint8Array<ArrayBuffer> {
  const writer = new ProtobufWriter(64);
  writeAnyValue(writer, value);
  return writer.finish();
}

/** Concatenated KeyValue fields, each with tag 1: the body of a KeyValueList. Errors: `invalid_argument`. */
export function decodeKeyValues(bytes: Uint8Array): Attribute[] {
  return readKeyValueList(new ProtobufReader(bytes, 'otlp'), 0);
}

/** Concatenated KeyValue fields, each with tag 1. */
export function encodeKeyValues(attributes: readonly Attribute[]): Uint8Array<ArrayBuffer> {
  const writer = new ProtobufWriter(64 * attributes.length + 16);
  writeKeyValues(writer, 1, attributes);
  return writer.finish();
}

/** One KeyValue message. `depth` counts the AnyValues around it. */
export function readKeyValue(reader: ProtobufReader, depth = 0): Attribute {
  let key = '';
  let value: AnyValue = emptyValue;
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        key = reader.string();
        break;
      case 2:
        value = readAnyValue(reader.message(), depth + 1);
        break;
      default:
        reader.skip();
    }
  }
  return { key, value };
}

/** Each attribute as a KeyValue field of number `field`. */
export function writeKeyValues(writer: ProtobufWriter, field: number, attributes: readonly Attribute[]): void {
  for (const { key, value } of attributes) {
    const mark = writer.begin(field);
    writer.string(1, key);
    const valueMark = writer.begin(2);
    writeAnyValue(writer, value);
    writer.end(valueMark);
    writer.end(mark);
  }
}

const emptyValue: AnyValue = { type: 'empty' };

/** Of several fields of the oneof the last one counts. */
function readAnyValue(reader: ProtobufReader, depth: number): AnyValue {
  if (depth > anyValueDepthMax) {
    throw reader.malformed(`attribute value nests deeper than ${anyValueDepthMax}`);
  }
  let value: AnyValue = emptyValue;
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        value = { type: 'string', value: reader.string() };
        break;
      case 2:
        value = { type: 'bool', value: reader.bool() };
        break;
      case 3:
        value = { type: 'int', value: reader.int64() };
        break;
      case 4:
        value = { type: 'double', value: reader.double() };
        break;
      case 5:
        value = { type: 'array', value: readArray(reader.message(), depth) };
        break;
      case 6:
        value = { type: 'kvlist', value: readKeyValueList(reader.message(), depth) };
        break;
      case 7:
        // A copy: a span may outlive the body it came in.
        value = { type: 'bytes', value: reader.byteView().slice() };
        break;
      default:
        reader.skip();
    }
  }
  return value;
}

function readArray(reader: ProtobufReader, depth: number): AnyValue[] {
  const values: AnyValue[] = [];
  while (reader.next()) {
    if (reader.field === 1) {
      values.push(readAnyValue(reader.message(), depth + 1));
    } else {
      reader.skip();
    }
  }
  return values;
}

function readKeyValueList(reader: ProtobufReader, depth: number): Attribute[] {
  const entries: Attribute[] = [];
  while (reader.next()) {
    if (reader.field === 1) {
      entries.push(readKeyValue(reader.message(), depth));
    } else {
      reader.skip();
    }
  }
  return entries;
}

/** Also the defaults: in a oneof, an empty string is not an absent one. */
function writeAnyValue(writer: ProtobufWriter, value: AnyValue): void {
  switch (value.type) {
    case 'string':
      return writer.string(1, value.value);
    case 'bool':
      return writer.bool(2, value.value);
    case 'int':
      return writer.int64(3, value.value);
    case 'double':
      return writer.double(4, value.value);
    case 'array': {
      const mark = writer.begin(5);
      for (const element of value.value) {
        const elementMark = writer.begin(1);
        writeAnyValue(writer, element);
        writer.end(elementMark);
      }
      return writer.end(mark);
    }
    case 'kvlist': {
      const mark = writer.begin(6);
      writeKeyValues(writer, 1, value.value);
      return writer.end(mark);
    }
    case 'bytes':
      return writer.byteArray(7, value.value);
    case 'empty':
      return;
    default:
      unreachable(value);
  }
}
