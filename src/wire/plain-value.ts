import type { AnyValue, Attribute } from '../trace/model.ts';
import { base64FromBytes } from './base64.ts';
import { isObject, jsonDouble, jsonInteger, wellFormed } from './json.ts';

/**
 * Attribute values in formats that know only text or plain JSON (Jaeger and Zipkin tags).
 *
 * Source: opentelemetry.io/docs/specs/otel/common/#mapping-to-non-otlp-protocols-and-other-formats: arrays and maps become JSON text.
 */
export function textOfValue(value: AnyValue): string {
  switch (value.type) {
    case 'string':
      return value.value;
    case 'bool':
    case 'int':
      return String(value.value);
    case 'double':
      return Object.is(value.value, -0) ? '-0' : String(value.value);
    case 'bytes':
      return base64FromBytes(value.value);
    case 'empty':
      return '';
    default:
      return JSON.stringify(plainOfValue(value));
  }
}

/** What JSON.stringify wants; bytes as base64, an empty value as null. */
export function plainOfValue(value: AnyValue): unknown {
  switch (value.type) {
    case 'string':
    case 'bool':
      return value.value;
    case 'int':
      return jsonInteger(value.value);
    case 'double':
      return jsonDouble(value.value);
    case 'bytes':
      return base64FromBytes(value.value);
    case 'array':
      return value.value.map(plainOfValue);
    case 'kvlist':
      return plainOfAttributes(value.value);
    case 'empty':
      return null;
  }
}

/** Of equal keys the first counts. */
export function plainOfAttributes(attributes: readonly Attribute[]): Readonly<Record<string, unknown>> {
  const plain = new Map<string, unknown>();
  for (const { key, value } of attributes) {
    if (!plain.has(key)) {
      plain.set(key, plainOfValue(value));
    }
  }
  return Object.fromEntries(plain);
}

/** Scalars of parsed JSON; what is nested becomes its JSON text. */
export function valueOfPlain(plain: unknown): AnyValue {
  switch (typeof plain) {
    case 'string':
      return { type: 'string', value: wellFormed(plain) };
    case 'boolean':
      return { type: 'bool', value: plain };
    case 'bigint':
      return int64OrDouble(plain);
    case 'number':
      return Number.isSafeInteger(plain) && !Object.is(plain, -0)
        ? { type: 'int', value: BigInt(plain) }
        : { type: 'double', value: plain };
    default:
      return plain === null || plain === undefined
        ? { type: 'empty' }
        : {
            type: 'string',
            value: JSON.stringify(plain, (_key, nested) => (typeof nested === 'bigint' ? jsonInteger(nested) : nested)),
          };
  }
}

export function attributesOfPlain(plain: unknown): Attribute[] {
  return isObject(plain)
    ? Object.entries(plain).map(([key, value]) => ({ key: wellFormed(key), value: valueOfPlain(value) }))
    : [];
}

function int64OrDouble(value: bigint): AnyValue {
  return BigInt.asIntN(64, value) === value ? { type: 'int', value } : { type: 'double', value: Number(value) };
}
