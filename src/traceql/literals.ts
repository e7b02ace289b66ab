/** Numbers, durations and strings: from text and back. */
import type { Static } from './static.ts';

type ReadError = { readonly message: string; readonly end: number };

const unitNanos: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n, // U+00B5
  μs: 1_000n, // U+03BC
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
  d: 86_400_000_000_000n,
  w: 604_800_000_000_000n,
  y: 31_536_000_000_000_000n,
};

export const minInt = -(2n ** 63n);
export const maxInt = 2n ** 63n - 1n;

/** One component of a duration: digits, a fraction, a unit. */
const component = /(\d+)(?:\.(\d*))?(ns|us|µs|μs|ms|s|m|h|d|w|y)/y;

/**
 * Reads a decimal int, a float or a duration (`1d2h`, `1.5s`). `value` of an int may be 2^63, which only makes sense behind a minus.
 */
export function readNumber(text: string, start: number): { readonly value: Static; readonly end: number } | ReadError {
  const number = /(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/y;
  number.lastIndex = start;
  const digits = number.exec(text)?.[0] ?? '';
  const tail = /[\p{L}\p{N}_.]*/uy;
  tail.lastIndex = start + digits.length;
  const end = start + digits.length + tail.exec(text)![0].length;
  const whole = text.slice(start, end);
  if (end === start + digits.length) {
    return /^\d+$/.test(digits) ? readInt(digits, end) : readFloat(digits, end);
  }
  const nanos = parseDuration(whole);
  return nanos === undefined
    ? { message: `\`${whole}\` is neither a number nor a duration`, end }
    : { value: { type: 'duration', value: nanos }, end };
}

function readInt(digits: string, end: number): { value: Static; end: number } | ReadError {
  // 20 digits are more than 2^63 has: no need to make a huge bigint of a huge text.
  const value = digits.length > 30 ? maxInt + 2n : BigInt(digits);
  return value > maxInt + 1n
    ? { message: `\`${digits.slice(0, 40)}\` is beyond 64 bits`, end }
    : { value: { type: 'int', value }, end };
}

function readFloat(digits: string, end: number): { value: Static; end: number } | ReadError {
  const value = Number(digits);
  return Number.isFinite(value)
    ? { value: { type: 'float', value }, end }
    : { message: `\`${digits}\` is too large`, end };
}

/** Nanoseconds of `1d2h`, `1.5s`, `10us`, …; `undefined` when the text is no duration or beyond 64 bits. */
export function parseDuration(text: string): bigint | undefined {
  let nanos = 0n;
  let at = text.startsWith('-') ? 1 : 0;
  const sign = at === 1 ? -1n : 1n;
  if (at === text.length || text.length > 200) {
    return undefined;
  }
  while (at < text.length) {
    component.lastIndex = at;
    const match = component.exec(text);
    if (match === null) {
      return undefined;
    }
    const [all, whole, fraction = '', unit] = match;
    const perUnit = unitNanos[unit];
    nanos +=
      BigInt(whole) * perUnit + (fraction === '' ? 0n : (BigInt(fraction) * perUnit) / 10n ** BigInt(fraction.length));
    at += all.length;
  }
  return nanos <= maxInt ? sign * nanos : undefined;
}

/** As Go prints durations (`1h2m3.5s`, `1.5ms`, `250µs`, `0s`), which is what Tempo's clients read. */
export function printDuration(nanos: bigint): string {
  if (nanos < 0n) {
    return `-${printDuration(-nanos)}`;
  }
  if (nanos === 0n) {
    return '0s';
  }
  for (const unit of ['ns', 'µs', 'ms'] as const) {
    const next = unit === 'ns' ? unitNanos.us : unit === 'µs' ? unitNanos.ms : unitNanos.s;
    if (nanos < next) {
      return decimal(nanos, unitNanos[unit]) + unit;
    }
  }
  const hours = nanos / unitNanos.h;
  const minutes = (nanos % unitNanos.h) / unitNanos.m;
  const seconds = `${decimal(nanos % unitNanos.m, unitNanos.s)}s`;
  return hours > 0n ? `${hours}h${minutes}m${seconds}` : minutes > 0n ? `${minutes}m${seconds}` : seconds;
}

/** `value / unit` exactly, without trailing zeros; `unit` is a power of ten. */
function decimal(value: bigint, unit: bigint): string {
  const fraction = value % unit;
  const digits = String(unit).length - 1;
  return fraction === 0n
    ? String(value / unit)
    : `${value / unit}.${String(fraction).padStart(digits, '0').replace(/0+$/, '')}`;
}

const escapes: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  '"': '"',
};

/** Reads `"…"` with Go's escapes, or a raw string in backticks. Byte escapes are read as UTF-8, damaged UTF-8 becomes U+FFFD. */
export function readString(text: string, start: number): { readonly value: string; readonly end: number } | ReadError {
  if (text[start] === '`') {
    const close = text.indexOf('`', start + 1);
    return close === -1
      ? { message: 'the string does not end', end: text.length }
      : { value: text.slice(start + 1, close).replaceAll('\r', ''), end: close + 1 };
  }
  let value = '';
  let bytes: number[] = [];
  const flush = (): void => {
    if (bytes.length > 0) {
      value += new TextDecoder().decode(Uint8Array.from(bytes));
      bytes = [];
    }
  };
  for (let i = start + 1; i < text.length;) {
    if (text[i] === '"') {
      flush();
      return { value, end: i + 1 };
    }
    if (text[i] === '\n') {
      return { message: 'the string does not end on its line', end: i };
    }
    if (text[i] !== '\\') {
      flush();
      value += text[i++];
      continue;
    }
    const escape = readEscape(text, i);
    if (escape === undefined) {
      return { message: `unknown escape \`${text.slice(i, i + 2)}\` in a string`, end: i + 2 };
    }
    if ('byte' in escape) {
      bytes.push(escape.byte);
    } else {
      flush();
      value += escape.text;
    }
    i = escape.end;
  }
  return { message: 'the string does not end', end: text.length };
}

function readEscape(
  text: string,
  at: number
): { byte: number; end: number } | { text: string; end: number } | undefined {
  const simple = escapes[text[at + 1]];
  if (simple !== undefined) {
    return { text: simple, end: at + 2 };
  }
  const match = /\\(?:x([0-9a-fA-F]{2})|([0-7]{3})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))/y;
  match.lastIndex = at;
  const found = match.exec(text);
  if (found === null) {
    return undefined;
  }
  const end = at + found[0].length;
  const byte =
    found[1] !== undefined ? Number.parseInt(found[1], 16) : found[2] !== undefined ? Number.parseInt(found[2], 8) : -1;
  if (byte >= 0) {
    return byte <= 0xff ? { byte, end } : undefined;
  }
  const codePoint = Number.parseInt(found[3] ?? found[4], 16);
  return codePoint <= 0x10ffff && (codePoint < 0xd800 || codePoint > 0xdfff)
    ? { text: String.fromCodePoint(codePoint), end }
    : undefined;
}

/** A string literal that reads back as `value`. */
export function printString(value: string): string {
  return `"${value.replace(/["\\\u0000-\u001f\u007f]/g, (character) => {
    const short = character === '\n' ? 'n' : character === '\t' ? 't' : character === '\r' ? 'r' : undefined;
    return character === '"' || character === '\\'
      ? `\\${character}`
      : short !== undefined
        ? `\\${short}`
        : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  })}"`;
}

/** A literal that reads back with the same type and value. Arrays have no literal; they print as a list for a person. */
export function printStatic(value: Static): string {
  switch (value.type) {
    case 'nil':
      return 'nil';
    case 'int':
      return String(value.value);
    case 'float':
      return printFloat(value.value);
    case 'string':
      return printString(value.value);
    case 'bool':
      return String(value.value);
    case 'duration':
      return printDuration(value.value);
    case 'status':
    case 'kind':
      return value.value;
    case 'array':
      return `[${value.value.map(printStatic).join(', ')}]`;
  }
}

function printFloat(value: number): string {
  const text = Object.is(value, -0) ? '-0' : String(value);
  return /[.eIN]/.test(text) ? text : `${text}.0`;
}

/** Words that are values. */
export const literalWords: Readonly<Record<string, Static>> = Object.assign(
  Object.create(null) as Record<string, Static>,
  {
    true: { type: 'bool', value: true },
    false: { type: 'bool', value: false },
    nil: { type: 'nil' },
    minInt: { type: 'int', value: minInt },
    maxInt: { type: 'int', value: maxInt },
    ...Object.fromEntries(['error', 'ok', 'unset'].map((value) => [value, { type: 'status', value }])),
    ...Object.fromEntries(
      ['unspecified', 'internal', 'client', 'server', 'producer', 'consumer'].map((value) => [
        value,
        { type: 'kind', value },
      ])
    ),
  }
);
