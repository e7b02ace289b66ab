import { CodedError } from '../base/coded-error.ts';
import { decodeUtf8, encodeUtf8 } from './utf8.ts';

/**
 * JSON at a decode boundary: nothing is believed, what is missing or null is `undefined`, and integers beyond 2^53 keep their digits.
 * Every read takes the name of the field for its error message.
 */
export type JsonObject = Readonly<Record<string, unknown>>;

/** An unquoted number of so many digits may not survive as a double. A hit inside a string costs time, not truth. */
const longNumber = /[:,[\s]-?\d{16,}/;

/**
 * Parses the text; a whole number that is not a safe integer comes back as a bigint where the platform shows the source text
 * (V8 ≥ 11.4), else as the nearest double. Invalid UTF-8 becomes U+FFFD, a byte order mark is skipped.
 * Errors: `invalid_argument`.
 */
export function parseJson(bytes: Uint8Array, what: string): unknown {
  return parseJsonText(decodeUtf8(bytes), what);
}

export function parseJsonText(text: string, what: string): unknown {
  const json = text.startsWith('\ufeff') ? text.slice(1) : text;
  try {
    return longNumber.test(json) ? JSON.parse(json, exactInteger) : JSON.parse(json);
  } catch (error) {
    // A RangeError is a stack used up by nesting.
    const reason = error instanceof Error ? error.message : String(error);
    throw new CodedError('invalid_argument', `${what}: not JSON: ${reason}`, {}, { cause: error });
  }
}

function exactInteger(this: unknown, _key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value === 'number' && !Number.isSafeInteger(value)) {
    const source = context?.source;
    if (source !== undefined && /^-?\d+$/.test(source)) {
      return BigInt(source);
    }
  }
  return value;
}

export function stringifyJson(value: unknown): Uint8Array<ArrayBuffer> {
  return encodeUtf8(JSON.stringify(value));
}

/** A JSON number with all its digits; where the platform cannot write them, the digits as a string, which our decoders take too. */
export function jsonInteger(value: bigint): unknown {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : rawJson(String(value));
}

/** A JSON number, or the name that JSON has no number for: `NaN`, `Infinity`, `-Infinity`, and −0 which JSON.stringify loses. */
export function jsonDouble(value: number): unknown {
  return Number.isFinite(value) && !Object.is(value, -0) ? value : Object.is(value, -0) ? rawJson('-0') : String(value);
}

function rawJson(text: string): unknown {
  const { rawJSON } = JSON as { rawJSON?: (text: string) => unknown };
  return rawJSON === undefined ? text : rawJSON(text);
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Errors: `invalid_argument` when it is something else; `undefined` for what is missing. */
export function objectAt(value: unknown, field: string): JsonObject | undefined {
  if (value === undefined || value === null) {
    return undefined;
  }
  if (!isObject(value)) {
    throw mismatch(field, 'an object', value);
  }
  return value;
}

/** The elements, none for what is missing. Errors: `invalid_argument`. */
export function arrayAt(value: unknown, field: string): readonly unknown[] {
  if (value === undefined || value === null) {
    return [];
  }
  if (!Array.isArray(value)) {
    throw mismatch(field, 'an array', value);
  }
  return value;
}

/** The elements, each an object. */
export function objectsAt(value: unknown, field: string): readonly JsonObject[] {
  return arrayAt(value, field).map((element) => {
    if (!isObject(element)) {
      throw mismatch(field, 'an array of objects', element);
    }
    return element;
  });
}

/** Empty for what is missing. */
export function stringAt(value: unknown, field: string): string {
  if (value === undefined || value === null) {
    return '';
  }
  if (typeof value !== 'string') {
    throw mismatch(field, 'a string', value);
  }
  return wellFormed(value);
}

/** An escape can name half of a surrogate pair, which has no UTF-8. */
export function wellFormed(text: string): string {
  return text.isWellFormed() ? text : text.toWellFormed();
}

export function boolAt(value: unknown, field: string): boolean {
  if (value === undefined || value === null) {
    return false;
  }
  if (typeof value !== 'boolean') {
    throw mismatch(field, 'true or false', value);
  }
  return value;
}

/** A whole number, as number or decimal string; 0 for what is missing. Errors: `invalid_argument`, also out of [min, max]. */
export function integerAt(value: unknown, field: string, min: bigint, max: bigint): bigint {
  if (value === undefined || value === null) {
    return 0n;
  }
  let integer: bigint | undefined;
  if (typeof value === 'bigint') {
    integer = value;
  } else if (typeof value === 'number' && Number.isInteger(value)) {
    integer = BigInt(value);
  } else if (typeof value === 'string' && /^[+-]?\d{1,40}$/.test(value)) {
    integer = BigInt(value.startsWith('+') ? value.slice(1) : value);
  }
  if (integer === undefined) {
    throw mismatch(field, 'a whole number', value);
  }
  if (integer < min || integer > max) {
    throw mismatch(field, `a number from ${min} to ${max}`, value);
  }
  return integer;
}

export const int64At = (value: unknown, field: string): bigint => integerAt(value, field, -(2n ** 63n), 2n ** 63n - 1n);
export const uint64At = (value: unknown, field: string): bigint => integerAt(value, field, 0n, 2n ** 64n - 1n);
export const uint32At = (value: unknown, field: string): number => Number(integerAt(value, field, 0n, 2n ** 32n - 1n));

/** A number, or a string that names one (`"NaN"`, `"-Infinity"`, `"1.5"`). 0 for what is missing. */
export function doubleAt(value: unknown, field: string): number {
  if (value === undefined || value === null) {
    return 0;
  }
  if (typeof value === 'number' || typeof value === 'bigint') {
    return Number(value);
  }
  if (typeof value === 'string' && value.trim() !== '') {
    const number = Number(value);
    if (!Number.isNaN(number) || value === 'NaN') {
      return number;
    }
  }
  throw mismatch(field, 'a number', value);
}

export function mismatch(field: string, expected: string, found: unknown): CodedError {
  const shown = Array.isArray(found)
    ? 'an array'
    : isObject(found)
      ? 'an object'
      : String(typeof found === 'string' ? JSON.stringify(found) : found).slice(0, 80);
  return new CodedError('invalid_argument', `json: ${field}: expected ${expected}, found ${shown}`);
}
