import { unreachable } from '../base/assert.ts';
import {
  boolAt,
  doubleAt,
  int64At,
  isObject,
  jsonDouble,
  mismatch,
  objectAt,
  objectsAt,
  stringAt,
  uint32At,
  uint64At,
} from './json.ts';
import type { JsonObject } from './json.ts';
import { readKeyValue, writeKeyValues } from './otlp-any-value.ts';
import { attributesFromJson, attributesToJson } from './otlp-json-value.ts';
import { ProtobufReader, ProtobufWriter } from './protobuf.ts';

/**
 * Messages described as tables, for APIs where clarity counts more than speed. A message is the plain object of its JSON form:
 * lowerCamelCase names, 64-bit integers as strings, enums as names, default values left out.
 *
 * Source: protobuf.dev/programming-guides/json.
 */
export type ScalarType = 'string' | 'bool' | 'uint32' | 'uint64' | 'int64' | 'fixed64' | 'double';

export type FieldType =
  | ScalarType
  /** OTLP KeyValue in its JSON form; always repeated. */
  | 'keyValues'
  /** Names in the order of their numbers. */
  | { readonly enum: readonly string[] }
  | { readonly message: MessageSchema }
  | { readonly repeated: 'string' | { readonly message: MessageSchema } }
  /** Keys are strings. */
  | { readonly map: ScalarType | { readonly message: MessageSchema } };

export type MessageSchema = Readonly<Record<string, readonly [number: number, type: FieldType]>>;

/** A schema that knows the interface of its message. */
export interface Message<T> {
  /** Begins error messages. */
  readonly name: string;
  readonly schema: MessageSchema;
  /** Never set: it binds the schema to its interface. */
  readonly type?: T;
}

export function message<T>(
  name: string,
  schema: { readonly [K in keyof T]-?: readonly [number: number, type: FieldType] }
): Message<T> {
  return { name, schema };
}

/** Absent fields and default values are both left out. Errors: `invalid_argument` for a value that its type cannot hold. */
export function encodeMessage<T>(type: Message<T>, value: T): Uint8Array<ArrayBuffer> {
  const writer = new ProtobufWriter();
  writeMessage(writer, type.schema, value as JsonObject);
  return writer.finish();
}

/** Default values are left out, also when they were on the wire. Errors: `invalid_argument`. */
export function decodeMessage<T>(type: Message<T>, bytes: Uint8Array): T {
  return readMessage(new ProtobufReader(bytes, type.name), type.schema) as T;
}

/** The same object with default values and fields unknown to the schema left out, ready for JSON.stringify. */
export function messageToJson<T>(type: Message<T>, value: T): JsonObject {
  return withoutDefaults(type.schema, value as JsonObject);
}

export function writeMessage(writer: ProtobufWriter, schema: MessageSchema, value: JsonObject): void {
  for (const [name, [number, type]] of Object.entries(schema)) {
    writeField(writer, number, type, value[name], name);
  }
}

export function readMessage(reader: ProtobufReader, schema: MessageSchema): JsonObject {
  const fieldOf = new Map(Object.entries(schema).map(([name, [number, type]]) => [number, { name, type }]));
  const value: Record<string, unknown> = {};
  while (reader.next()) {
    const field = fieldOf.get(reader.field);
    if (field === undefined) {
      reader.skip();
    } else {
      const read = readField(reader, field.type, value[field.name]);
      if (isDefault(field.type, read)) {
        // A later default takes back an earlier value.
        delete value[field.name];
      } else {
        value[field.name] = read;
      }
    }
  }
  return value;
}

function writeField(writer: ProtobufWriter, number: number, type: FieldType, value: unknown, name: string): void {
  if (value === undefined || value === null || isDefault(type, value)) {
    return;
  }
  if (typeof type === 'string') {
    if (type === 'keyValues') {
      writeKeyValues(writer, number, attributesFromJson(value, name));
    } else {
      writeScalar(writer, number, type, value, name);
    }
  } else if ('enum' in type) {
    const index = type.enum.indexOf(stringAt(value, name));
    if (index < 0) {
      throw mismatch(name, `one of ${type.enum.join(', ')}`, value);
    }
    writer.uint32(number, index);
  } else if ('message' in type) {
    writeEmbedded(writer, number, type.message, objectAt(value, name) ?? {});
  } else if ('repeated' in type) {
    const { repeated } = type;
    if (repeated === 'string') {
      for (const text of value as readonly unknown[]) {
        writer.string(number, stringAt(text, name));
      }
    } else {
      for (const element of objectsAt(value, name)) {
        writeEmbedded(writer, number, repeated.message, element);
      }
    }
  } else {
    for (const [key, entry] of Object.entries(objectAt(value, name) ?? {})) {
      const mark = writer.begin(number);
      writer.string(1, key);
      writeField(writer, 2, typeof type.map === 'string' ? type.map : { message: type.map.message }, entry, name);
      writer.end(mark);
    }
  }
}

function writeEmbedded(writer: ProtobufWriter, number: number, schema: MessageSchema, value: JsonObject): void {
  const mark = writer.begin(number);
  writeMessage(writer, schema, value);
  writer.end(mark);
}

function writeScalar(writer: ProtobufWriter, number: number, type: ScalarType, value: unknown, name: string): void {
  switch (type) {
    case 'string':
      return writer.string(number, stringAt(value, name));
    case 'bool':
      return writer.bool(number, boolAt(value, name));
    case 'uint32':
      return writer.uint32(number, uint32At(value, name));
    case 'uint64':
      return writer.int64(number, uint64At(value, name));
    case 'int64':
      return writer.int64(number, int64At(value, name));
    case 'fixed64':
      return writer.fixed64(number, uint64At(value, name));
    case 'double':
      return writer.double(number, doubleAt(value, name));
    default:
      unreachable(type);
  }
}

/** `before` is what the field holds already: lists and maps grow. */
function readField(reader: ProtobufReader, type: FieldType, before: unknown): unknown {
  if (typeof type === 'string') {
    if (type === 'keyValues') {
      const list = (before as unknown[] | undefined) ?? [];
      list.push(...attributesToJson([readKeyValue(reader.message())]));
      return list;
    }
    return readScalar(reader, type);
  }
  if ('enum' in type) {
    const index = reader.int32();
    return type.enum[index] ?? index;
  }
  if ('message' in type) {
    return readMessage(reader.message(), type.message);
  }
  if ('repeated' in type) {
    const list = (before as unknown[] | undefined) ?? [];
    list.push(type.repeated === 'string' ? reader.string() : readMessage(reader.message(), type.repeated.message));
    return list;
  }
  const valueType: FieldType = typeof type.map === 'string' ? type.map : { message: type.map.message };
  const entry = reader.message();
  let key = '';
  let value = defaultOf(valueType);
  while (entry.next()) {
    if (entry.field === 1) {
      key = entry.string();
    } else if (entry.field === 2) {
      value = readField(entry, valueType, undefined);
    } else {
      entry.skip();
    }
  }
  const map = (before as JsonObject | undefined) ?? {};
  // Defined, not assigned: a key `__proto__` from outside is a key like any other.
  return Object.defineProperty(map, key, { value, enumerable: true, configurable: true, writable: true });
}

function readScalar(reader: ProtobufReader, type: ScalarType): unknown {
  switch (type) {
    case 'string':
      return reader.string();
    case 'bool':
      return reader.bool();
    case 'uint32':
      return reader.uint32();
    case 'uint64':
      return String(reader.uint64());
    case 'int64':
      return String(reader.int64());
    case 'fixed64':
      return String(reader.fixed64());
    case 'double':
      return reader.double();
    default:
      return unreachable(type);
  }
}

function withoutDefaults(schema: MessageSchema, value: JsonObject): JsonObject {
  const json: Record<string, unknown> = {};
  for (const [name, [, type]] of Object.entries(schema)) {
    const field = value[name];
    if (field !== undefined && field !== null && !isDefault(type, field)) {
      json[name] = fieldToJson(type, field, name);
    }
  }
  return json;
}

function fieldToJson(type: FieldType, value: unknown, name: string): unknown {
  if (typeof type === 'string') {
    switch (type) {
      case 'uint64':
      case 'int64':
      case 'fixed64':
        return String(value);
      case 'double':
        return jsonDouble(doubleAt(value, name));
      default:
        return value;
    }
  }
  if ('message' in type) {
    return withoutDefaults(type.message, objectAt(value, name) ?? {});
  }
  if ('repeated' in type) {
    const { repeated } = type;
    return repeated === 'string'
      ? value
      : objectsAt(value, name).map((element) => withoutDefaults(repeated.message, element));
  }
  if ('map' in type) {
    const valueType: FieldType = typeof type.map === 'string' ? type.map : { message: type.map.message };
    const entries = Object.entries(objectAt(value, name) ?? {});
    return Object.fromEntries(entries.map(([key, entry]) => [key, fieldToJson(valueType, entry, name)]));
  }
  return value;
}

/** An embedded message is never a default: present and empty is not absent. */
function isDefault(type: FieldType, value: unknown): boolean {
  if (typeof type !== 'string') {
    if ('enum' in type) {
      return value === '' || value === type.enum[0];
    }
    return 'repeated' in type
      ? isEmptyList(value)
      : 'map' in type && isObject(value) && Object.keys(value).length === 0;
  }
  switch (type) {
    case 'keyValues':
      return isEmptyList(value);
    case 'string':
      return value === '';
    case 'bool':
      return value === false;
    case 'double':
      // Negative zero has a bit set: it is no default.
      return Object.is(value, 0);
    case 'uint32':
    case 'uint64':
    case 'int64':
    case 'fixed64':
      return value === 0 || value === 0n || value === '0' || value === '';
    default:
      return unreachable(type);
  }
}

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}

function defaultOf(type: FieldType): unknown {
  if (typeof type !== 'string') {
    return {};
  }
  return type === 'string'
    ? ''
    : type === 'bool'
      ? false
      : type === 'uint64' || type === 'int64' || type === 'fixed64'
        ? '0'
        : 0;
}
