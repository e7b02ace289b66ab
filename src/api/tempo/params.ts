/**
 * Parameters of the query API as Tempo reads them. Every function throws `invalid_argument` with a text that names the parameter.
 */
import { CodedError } from '../../base/coded-error.ts';
import type { UnixNanos } from '../../trace/model.ts';
import { parseGoDuration, parsePrometheusDuration } from '../duration.ts';

const nanosPerSecond = 1_000_000_000n;
const uint32Max = 0xffff_ffff;

export function invalid(message: string): CodedError {
  return new CodedError('invalid_argument', message);
}

/** The first value of a parameter; `undefined` when absent or empty, which Tempo takes for the same. */
export function textParam(params: URLSearchParams, name: string): string | undefined {
  return params.get(name) || undefined;
}

/** A whole number > 0, at most `max`. */
export function countParam(params: URLSearchParams, name: string, fallback: number, max: number): number {
  const text = textParam(params, name);
  if (text === undefined) {
    return fallback;
  }
  if (!/^[+-]?\d+$/.test(text)) {
    throw invalid(`invalid ${name}: ${quote(text)} is not a whole number`);
  }
  const value = Number(text);
  if (value <= 0) {
    throw invalid(`invalid ${name}: must be a positive number`);
  }
  if (value > max) {
    throw invalid(`invalid ${name}: ${name} ${text} exceeds the maximum of ${max}`);
  }
  return value;
}

/** A whole number of either sign. */
export function integerParam(params: URLSearchParams, name: string): number | undefined {
  const text = textParam(params, name);
  if (text === undefined) {
    return undefined;
  }
  if (!/^[+-]?\d{1,18}$/.test(text)) {
    throw invalid(`invalid value for ${name}: ${quote(text)} is not a whole number`);
  }
  return Number(text);
}

/** Spelled as Go reads it: `true`, `TRUE`, `t`, `1`, and their opposites. */
export function boolParam(params: URLSearchParams, name: string): boolean | undefined {
  const text = textParam(params, name);
  if (text === undefined) {
    return undefined;
  }
  if (!/^(1|t|T|true|TRUE|True|0|f|F|false|FALSE|False)$/.test(text)) {
    throw invalid(`invalid value for ${name}: ${quote(text)} is neither true nor false`);
  }
  return /^[1tT]/.test(text);
}

/** As {@link countParam}, but 0 and absence mean "no limit": the answer is then `max`. */
export function limitParam(params: URLSearchParams, name: string, max: number): number {
  const text = textParam(params, name);
  if (text === undefined || /^0+$/.test(text)) {
    return max;
  }
  return Math.min(max, countParam(params, name, max, Number.MAX_VALUE));
}

/** As {@link limitParam}, for what Tempo passes over when it is no number of 32 bits. */
export function lenientLimitParam(params: URLSearchParams, name: string, max: number): number {
  const text = textParam(params, name) ?? '';
  const value = /^\d{1,10}$/.test(text) ? Number(text) : 0;
  return value === 0 || value > uint32Max ? max : Math.min(value, max);
}

/** A Go duration in nanoseconds. */
export function durationParam(params: URLSearchParams, name: string): bigint | undefined {
  const text = textParam(params, name);
  if (text === undefined) {
    return undefined;
  }
  const nanos = parseGoDuration(text);
  if (nanos === undefined) {
    throw invalid(`invalid ${name}: ${quote(text)} is not a duration such as 250ms or 1.5s`);
  }
  return nanos;
}

/** A span of time back from now, in nanoseconds: `1h`, `2d`. */
export function sinceParam(params: URLSearchParams): bigint | undefined {
  const text = textParam(params, 'since');
  if (text === undefined) {
    return undefined;
  }
  const nanos = parsePrometheusDuration(text);
  if (nanos === undefined || nanos <= 0n) {
    throw invalid(`invalid since: ${quote(text)} is not a duration such as 15m or 2d`);
  }
  return nanos;
}

/** Unix seconds, unsigned 32 bit. */
export function unixSecondsParam(params: URLSearchParams, name: string): UnixNanos | undefined {
  const text = textParam(params, name);
  if (text === undefined) {
    return undefined;
  }
  if (!/^\d+$/.test(text) || Number(text) > uint32Max) {
    throw invalid(`invalid ${name}: ${quote(text)} is not a time in unix seconds`);
  }
  return BigInt(text) * nanosPerSecond;
}

/** Unix seconds when at most 10 characters long, else nanoseconds; seconds with a fraction and RFC 3339 also. */
export function timestampParam(params: URLSearchParams, name: string): UnixNanos | undefined {
  const text = textParam(params, name);
  if (text === undefined) {
    return undefined;
  }
  if (/^\d+$/.test(text) && text.length <= 20) {
    return text.length <= 10 ? BigInt(text) * nanosPerSecond : BigInt(text);
  }
  const fractional = /^(\d{1,10})\.(\d+)$/.exec(text);
  if (fractional) {
    return BigInt(fractional[1]) * nanosPerSecond + BigInt(fractional[2].slice(0, 9).padEnd(9, '0'));
  }
  const nanos = parseRfc3339(text);
  if (nanos === undefined) {
    throw invalid(`invalid ${name}: ${quote(text)} is not a time in unix seconds, nanoseconds or RFC 3339`);
  }
  return nanos;
}

/** `undefined` when it is none. */
export function parseRfc3339(text: string): UnixNanos | undefined {
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)$/i.exec(text);
  const seconds = match ? Date.parse(match[1] + match[3]) / 1000 : Number.NaN;
  if (!match || !(seconds >= 0)) {
    return undefined;
  }
  return BigInt(seconds) * nanosPerSecond + BigInt((match[2] ?? '').slice(0, 9).padEnd(9, '0'));
}

/** Seconds as a decimal number, or a Go duration; in nanoseconds. */
export function stepParam(params: URLSearchParams): bigint | undefined {
  const text = textParam(params, 'step');
  if (text === undefined) {
    return undefined;
  }
  const nanos = /^[+-]?(\d+\.?\d*|\.\d+)$/.test(text)
    ? BigInt(Math.round(Number(text) * 1e9))
    : (parseGoDuration(text) ?? parsePrometheusDuration(text));
  if (nanos === undefined) {
    throw invalid(`invalid step: ${quote(text)} is neither seconds nor a duration`);
  }
  if (nanos <= 0n) {
    throw invalid(
      'invalid step: zero or negative query resolution step widths are not accepted, try a positive integer'
    );
  }
  return nanos;
}

/** One segment of a path, decoded. */
export function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw invalid(`invalid path: ${quote(segment)} has a broken percent encoding`);
  }
}

/** Quoted for a message, cut at 100 characters: what a client sent is never echoed at length. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}…` : text);
}
