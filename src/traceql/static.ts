import { spanKinds, statusCodes } from '../trace/model.ts';
import type { AnyValue, SpanKind, StatusCode } from '../trace/model.ts';
import type { ArithmeticOperator, ComparisonOperator } from './ast.ts';

/** A TraceQL value: what literals, attributes and intrinsics evaluate to. */
export type Static =
  | { readonly type: 'nil' }
  | { readonly type: 'int'; readonly value: bigint }
  | { readonly type: 'float'; readonly value: number }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'bool'; readonly value: boolean }
  /** Nanoseconds. */
  | { readonly type: 'duration'; readonly value: bigint }
  | { readonly type: 'status'; readonly value: StatusCode }
  | { readonly type: 'kind'; readonly value: SpanKind }
  /** Elements of one type: int, float, string or bool. */
  | { readonly type: 'array'; readonly value: readonly Static[] };

export type StaticType = Static['type'];

export const nil: Static = { type: 'nil' };

const typeOrder: readonly StaticType[] = [
  'nil',
  'int',
  'float',
  'string',
  'bool',
  'duration',
  'status',
  'kind',
  'array',
];

/** What a query sees of an attribute: bytes, kvlists, empty values, empty and mixed arrays are not queryable and read as nil. */
export function staticFromAnyValue(value: AnyValue): Static {
  switch (value.type) {
    case 'string':
    case 'bool':
    case 'int':
      return value;
    case 'double':
      return { type: 'float', value: value.value };
    case 'array':
      return staticFromArray(value.value);
    case 'bytes':
    case 'kvlist':
    case 'empty':
      return nil;
  }
}

function staticFromArray(values: readonly AnyValue[]): Static {
  const type = values[0]?.type;
  const queryable = type === 'string' || type === 'bool' || type === 'int' || type === 'double';
  return queryable && values.every((value) => value.type === type)
    ? { type: 'array', value: values.map(staticFromAnyValue) }
    : nil;
}

/** Of OTLP's number; numbers that OTLP does not name read as `unspecified`. */
export function staticFromKind(kind: number): Static {
  return { type: 'kind', value: spanKinds[kind] ?? 'unspecified' };
}

/** Of OTLP's number; numbers that OTLP does not name read as `unset`. */
export function staticFromStatus(statusCode: number): Static {
  return { type: 'status', value: statusCodes[statusCode] ?? 'unset' };
}

export function isNumeric(value: Static): value is Extract<Static, { type: 'int' | 'float' | 'duration' }> {
  return value.type === 'int' || value.type === 'float' || value.type === 'duration';
}

/**
 * Whether `left op right` holds, as a filter sees it. Nil on either side and types that do not compare: false, also for `!=`. Numbers
 * compare by value whatever their type (durations in nanoseconds), exactly. An array on one side: `!=` wants no element equal, the
 * other operators want some element; two arrays do not compare.
 */
export function compare(op: ComparisonOperator, left: Static, right: Static): boolean {
  if (left.type === 'array' || right.type === 'array') {
    return compareWithArray(op, left, right);
  }
  if (isNumeric(left) && isNumeric(right)) {
    return op === '!=' ? differ(left.value, right.value) : ordered(op, left.value, right.value);
  }
  if (left.type !== right.type || left.type === 'nil' || right.type === 'nil') {
    return false;
  }
  if (left.type === 'string' && right.type === 'string') {
    return op === '='
      ? left.value === right.value
      : op === '!='
        ? left.value !== right.value
        : ordered(op, compareText(left.value, right.value), 0);
  }
  return op === '=' ? left.value === right.value : op === '!=' ? left.value !== right.value : false;
}

function compareWithArray(op: ComparisonOperator, left: Static, right: Static): boolean {
  if (left.type === 'array' && right.type === 'array') {
    return false;
  }
  const elements = left.type === 'array' ? left.value : right.type === 'array' ? right.value : [];
  const holds = (element: Static): boolean =>
    left.type === 'array' ? compare(op, element, right) : compare(op, left, element);
  return op === '!=' ? elements.every(holds) : elements.some(holds);
}

function differ(left: bigint | number, right: bigint | number): boolean {
  // Mixed bigint and number: JavaScript compares mathematical values exactly with `==`.
  // eslint-disable-next-line eqeqeq
  return left != right;
}

function ordered(op: ComparisonOperator, left: bigint | number, right: bigint | number): boolean {
  switch (op) {
    case '=':
      // eslint-disable-next-line eqeqeq
      return left == right;
    case '!=':
      return differ(left, right);
    case '<':
      return left < right;
    case '<=':
      return left <= right;
    case '>':
      return left > right;
    case '>=':
      return left >= right;
  }
}

/** In the order of UTF-8 bytes, which is the order of code points: −1, 0 or 1. */
export function compareText(a: string, b: string): -1 | 0 | 1 {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    let x = a.charCodeAt(i);
    let y = b.charCodeAt(i);
    if (x !== y) {
      // Surrogates stand for code points above U+FFFF: move them behind U+E000–U+FFFF.
      x = x >= 0xd800 && x <= 0xdfff ? x + 0x10000 : x;
      y = y >= 0xd800 && y <= 0xdfff ? y + 0x10000 : y;
      return x < y ? -1 : 1;
    }
  }
  return a.length < b.length ? -1 : a.length > b.length ? 1 : 0;
}

/** Total order for lists of values: by type, then value. NaN last among floats. */
export function compareStatics(a: Static, b: Static): number {
  if (a.type !== b.type) {
    return typeOrder.indexOf(a.type) - typeOrder.indexOf(b.type);
  }
  if (a.type === 'nil' || b.type === 'nil') {
    return 0;
  }
  if (a.type === 'array' && b.type === 'array') {
    for (let i = 0; i < Math.min(a.value.length, b.value.length); i++) {
      const order = compareStatics(a.value[i], b.value[i]);
      if (order !== 0) {
        return order;
      }
    }
    return a.value.length - b.value.length;
  }
  if (typeof a.value === 'string' && typeof b.value === 'string') {
    return compareText(a.value, b.value);
  }
  if (Number.isNaN(a.value) || Number.isNaN(b.value)) {
    return Number(Number.isNaN(a.value)) - Number(Number.isNaN(b.value));
  }
  return a.value < b.value ? -1 : a.value > b.value ? 1 : 0;
}

/** Equal for equal type and value: what groups by value. */
export function staticKey(value: Static): string {
  return value.type === 'nil'
    ? 'nil'
    : value.type === 'array'
      ? `array:${JSON.stringify(value.value.map(staticKey))}`
      : `${value.type}:${String(value.value)}`;
}

/**
 * `left op right` on numbers: two ints give an int (64 bit, wrapping; division truncates), all else a float with durations in
 * nanoseconds. Nil when a side is no number, and for int division or modulo by zero.
 */
export function calculate(op: ArithmeticOperator, left: Static, right: Static): Static {
  if (!isNumeric(left) || !isNumeric(right)) {
    return nil;
  }
  if (left.type === 'int' && right.type === 'int') {
    const value = calculateInt(op, left.value, right.value);
    return value === undefined ? nil : { type: 'int', value: BigInt.asIntN(64, value) };
  }
  return { type: 'float', value: calculateFloat(op, Number(left.value), Number(right.value)) };
}

function calculateInt(op: ArithmeticOperator, left: bigint, right: bigint): bigint | undefined {
  switch (op) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    case '/':
      return right === 0n ? undefined : left / right;
    case '%':
      return right === 0n ? undefined : left % right;
    case '^':
      return powerInt(left, right);
  }
}

/** By squaring modulo 2^64, so that no operand makes a huge number. A negative exponent truncates 1 / base^n. */
function powerInt(base: bigint, exponent: bigint): bigint | undefined {
  if (exponent < 0n) {
    return base === 0n ? undefined : base === 1n ? 1n : base === -1n ? (exponent % 2n === 0n ? 1n : -1n) : 0n;
  }
  let result = 1n;
  for (let square = base, rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) {
      result = BigInt.asIntN(64, result * square);
    }
    square = BigInt.asIntN(64, square * square);
  }
  return result;
}

function calculateFloat(op: ArithmeticOperator, left: number, right: number): number {
  switch (op) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    case '/':
      return left / right;
    case '%':
      return left % right;
    case '^':
      return left ** right;
  }
}

/** −value of a number; nil of anything else. */
export function negate(value: Static): Static {
  switch (value.type) {
    case 'int':
      return { type: 'int', value: BigInt.asIntN(64, -value.value) };
    case 'duration':
      return { type: 'duration', value: -value.value };
    case 'float':
      return { type: 'float', value: -value.value };
    default:
      return nil;
  }
}
