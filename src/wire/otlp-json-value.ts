import { CodedError } from '../base/coded-error.ts';
import type { AnyValue, Attribute } from '../trace/model.ts';
import { base64FromBytes, bytesFromBase64 } from './base64.ts';
import { boolAt, doubleAt, int64At, isObject, jsonDouble, mismatch, objectAt, objectsAt, stringAt } from './json.ts';
import type { JsonObject } from './json.ts';
import { anyValueDepthMax } from './otlp-any-value.ts';

/** KeyValue and AnyValue in protobuf's JSON form: 64-bit integers as strings, bytes as base64. */
export function attributesFromJson(json: unknown, field: string, depth = 0): Attribute[] {
  return objectsAt(json, field).map((entry) => ({
    key: stringAt(entry.key, `${field}.key`),
    value: anyValueFromJson(objectAt(entry.value, `${field}.value`), depth + 1),
  }));
}

/** Errors: `invalid_argument`, also for values nested deeper than {@link anyValueDepthMax}. */
export function anyValueFromJson(json: JsonObject | undefined, depth = 1): AnyValue {
  if (depth > anyValueDepthMax) {
    throw new CodedError('invalid_argument', `json: attribute value nests deeper than ${anyValueDepthMax}`);
  }
  if (json === undefined) {
    return { type: 'empty' };
  }
  // A null is an absent field.
  if (json.stringValue !== undefined && json.stringValue !== null) {
    return { type: 'string', value: stringAt(json.stringValue, 'stringValue') };
  }
  if (json.boolValue !== undefined && json.boolValue !== null) {
    return { type: 'bool', value: boolAt(json.boolValue, 'boolValue') };
  }
  if (json.intValue !== undefined && json.intValue !== null) {
    return { type: 'int', value: int64At(json.intValue, 'intValue') };
  }
  if (json.doubleValue !== undefined && json.doubleValue !== null) {
    return { type: 'double', value: doubleAt(json.doubleValue, 'doubleValue') };
  }
  if (isObject(json.arrayValue)) {
    const values = objectsAt(json.arrayValue.values, 'arrayValue.values');
    return { type: 'array', value: values.map((element) => anyValueFromJson(element, depth + 1)) };
  }
  if (isObject(json.kvlistValue)) {
    return { type: 'kvlist', value: attributesFromJson(json.kvlistValue.values, 'kvlistValue.values', depth) };
  }
  if (json.bytesValue !== undefined && json.bytesValue !== null) {
    const bytes = bytesFromBase64(stringAt(json.bytesValue, 'bytesValue'));
    if (bytes === undefined) {
      throw mismatch('bytesValue', 'base64', json.bytesValue);
    }
    return { type: 'bytes', value: bytes };
  }
  return { type: 'empty' };
}

export function attributesToJson(attributes: readonly Attribute[]): unknown[] {
  return attributes.map(({ key, value }) => ({ key: key === '' ? undefined : key, value: anyValueToJson(value) }));
}

export function anyValueToJson(value: AnyValue): JsonObject {
  switch (value.type) {
    case 'string':
      return { stringValue: value.value };
    case 'bool':
      return { boolValue: value.value };
    case 'int':
      return { intValue: String(value.value) };
    case 'double':
      return { doubleValue: jsonDouble(value.value) };
    case 'array':
      return { arrayValue: { values: value.value.length === 0 ? undefined : value.value.map(anyValueToJson) } };
    case 'kvlist':
      return { kvlistValue: { values: value.value.length === 0 ? undefined : attributesToJson(value.value) } };
    case 'bytes':
      return { bytesValue: base64FromBytes(value.value) };
    case 'empty':
      return {};
  }
}
