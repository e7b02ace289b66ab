/**
 * Values and truths of all rows of a row set. A vector says what an expression is worth on each row without an object per row: where the
 * values are few they are codes into a table, and whatever is asked of them is asked once per code.
 */
import { equalBytes, utf8FromText } from '../../../base/bytes.ts';
import type { Static } from '../../../traceql/static.ts';
import type { Codes, ValueDictionary } from '../../row-set.ts';

/** One byte per row: 0 or 1. */
export type Mask = Uint8Array;

/** A dictionary whose entry e stands behind the code `base` + e + 1. */
export interface DictionaryPart {
  readonly dictionary: ValueDictionary;
  readonly base: number;
}

export interface CodedVector {
  readonly kind: 'coded';
  /** One per row, below `size`. */
  readonly codes: Codes;
  readonly size: number;
  at(code: number): Static;
  /** Dictionaries behind the codes, where it is they that say the values: texts are then compared as bytes. */
  readonly parts?: readonly DictionaryPart[];
}

export type Vector =
  | { readonly kind: 'constant'; readonly value: Static }
  | CodedVector
  /** Durations in nanoseconds, one per row. */
  | { readonly kind: 'durations'; readonly nanos: BigInt64Array }
  /** Worked out row by row: slow, for what nothing better is known. */
  | { readonly kind: 'computed'; at(row: number): Static };

/** Of one row. */
export function valueOfRow(vector: Vector, row: number): Static {
  switch (vector.kind) {
    case 'constant':
      return vector.value;
    case 'coded':
      return vector.at(vector.codes[row]);
    case 'durations':
      return { type: 'duration', value: vector.nanos[row] };
    case 'computed':
      return vector.at(row);
  }
}

/** `map(value)` of each row. */
export function mapVector(vector: Vector, map: (value: Static) => Static): Vector {
  switch (vector.kind) {
    case 'constant':
      return { kind: 'constant', value: map(vector.value) };
    case 'coded':
      return {
        kind: 'coded',
        codes: vector.codes,
        size: vector.size,
        at: memoized(vector.size, (code) => map(vector.at(code))),
      };
    default:
      return { kind: 'computed', at: (row) => map(valueOfRow(vector, row)) };
  }
}

/** `map(left, right)` of each row. */
export function mapVectors(left: Vector, right: Vector, map: (left: Static, right: Static) => Static): Vector {
  if (right.kind === 'constant') {
    return mapVector(left, (value) => map(value, right.value));
  }
  if (left.kind === 'constant') {
    return mapVector(right, (value) => map(left.value, value));
  }
  if (left.kind === 'coded' && right.kind === 'coded' && left.codes === right.codes) {
    const { codes, size } = left;
    return { kind: 'coded', codes, size, at: memoized(size, (code) => map(left.at(code), right.at(code))) };
  }
  return { kind: 'computed', at: (row) => map(valueOfRow(left, row), valueOfRow(right, row)) };
}

/** A function of codes that does its work once per code. */
export function memoized(size: number, at: (code: number) => Static): (code: number) => Static {
  const known = new Array<Static | undefined>(size);
  return (code) => (known[code] ??= at(code));
}

/** A question to a value. */
export interface ValueTest {
  holds(value: Static): boolean;
  /** Set when `holds` is true of this text and of no other value. */
  readonly onlyText?: string;
}

/** Tests are asked so often between two polls: at the worst, of regular expressions, a few milliseconds. */
const pollMask = 0xff;

/** The rows of `within` whose value passes. `poll` is called now and then; what it throws ends the work. */
export function testRows(vector: Vector, within: Mask, test: ValueTest, poll: () => void): Mask {
  poll();
  switch (vector.kind) {
    case 'constant':
      return test.holds(vector.value) ? within : none(within.length);
    case 'coded':
      return testCodes(vector, within, test, poll);
    default: {
      const mask = none(within.length);
      for (let row = 0; row < within.length; row++) {
        if (within[row] === 1 && test.holds(valueOfRow(vector, row))) {
          mask[row] = 1;
        }
        if ((row & pollMask) === 0) {
          poll();
        }
      }
      return mask;
    }
  }
}

function testCodes(vector: CodedVector, within: Mask, test: ValueTest, poll: () => void): Mask {
  if (test.onlyText !== undefined && vector.parts !== undefined) {
    const table = tableOfText(vector.size, vector.parts, test.onlyText);
    return table === undefined ? none(within.length) : lookUp(table, vector.codes, within);
  }
  const { codes, size } = vector;
  const table = new Uint8Array(size);
  if (size <= within.length) {
    for (let code = 0; code < size; code++) {
      table[code] = test.holds(vector.at(code)) ? 1 : 0;
      if ((code & pollMask) === 0) {
        poll();
      }
    }
    return lookUp(table, codes, within);
  }
  // More values than rows: only those that occur are looked at, each once.
  const mask = none(within.length);
  for (let row = 0; row < within.length; row++) {
    if (within[row] === 1) {
      const code = codes[row];
      if (table[code] === 0) {
        table[code] = test.holds(vector.at(code)) ? 2 : 1;
        if ((row & 0xf) === 0) {
          poll();
        }
      }
      mask[row] = table[code] - 1;
    }
  }
  return mask;
}

/** Which codes stand for a text, compared as UTF-8; `undefined` when none does. */
function tableOfText(size: number, parts: readonly DictionaryPart[], text: string): Uint8Array | undefined {
  const wanted = utf8FromText(text);
  // What is no UTF-8 reads as U+FFFD, but does not stand there as such.
  const asBytes = !text.includes('\ufffd');
  let table: Uint8Array | undefined;
  for (const { dictionary, base } of parts) {
    if (dictionary.type !== 'string' || (asBytes && dictionary.someIncludes?.(wanted) === false)) {
      continue;
    }
    for (let entry = 0; entry < dictionary.size; entry++) {
      if (asBytes ? equalBytes(dictionary.bytesAt(entry), wanted) : dictionary.textAt(entry) === text) {
        table ??= new Uint8Array(size);
        table[base + entry + 1] = 1;
      }
    }
  }
  return table;
}

/** `table[code]` of the rows of `within`. One loop per width, so that each stays monomorphic: this is the hottest of all. */
function lookUp(table: Uint8Array, codes: Codes, within: Mask): Mask {
  const mask = none(within.length);
  if (codes instanceof Uint8Array) {
    for (let row = 0; row < mask.length; row++) {
      mask[row] = within[row] & table[codes[row]];
    }
  } else if (codes instanceof Uint16Array) {
    for (let row = 0; row < mask.length; row++) {
      mask[row] = within[row] & table[codes[row]];
    }
  } else {
    for (let row = 0; row < mask.length; row++) {
      mask[row] = within[row] & table[codes[row]];
    }
  }
  return mask;
}

// Masks.

export function none(rowCount: number): Mask {
  return new Uint8Array(rowCount);
}

export function isNone(mask: Mask): boolean {
  return mask.indexOf(1) === -1;
}

/** Rows of `within` that are not in `mask`, which is a part of it. */
export function without(within: Mask, mask: Mask): Mask {
  const rest = none(within.length);
  for (let row = 0; row < rest.length; row++) {
    rest[row] = within[row] ^ mask[row];
  }
  return rest;
}

/** Adds the rows of `more` to `mask`. */
export function addRows(mask: Mask, more: Mask): void {
  for (let row = 0; row < mask.length; row++) {
    mask[row] |= more[row];
  }
}
