import type { SpanId, TraceId } from './model.ts';

const hexOfByte: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** Lower-case hex of `bytes[start, end)`. */
export function hexFromBytes(bytes: Uint8Array, start = 0, end = bytes.length): string {
  let hex = '';
  for (let i = start; i < end; i++) {
    hex += hexOfByte[bytes[i]];
  }
  return hex;
}

/** Bytes of an even number of hex digits of either case; `undefined` when the text is anything else. */
export function bytesFromHex(hex: string): Uint8Array | undefined {
  if (hex.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(hex)) {
    return undefined;
  }
  const bytes = new Uint8Array(hex.length / 2);
  for (let i = 0; i < bytes.length; i++) {
    bytes[i] = Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16);
  }
  return bytes;
}

/** A trace id as people paste it: 1 to 32 hex digits of either case, blanks around, leading zeros optional. `undefined` when it is none. */
export function parseTraceId(text: string): TraceId | undefined {
  const hex = text.trim().toLowerCase();
  return /^[0-9a-f]{1,32}$/.test(hex) ? hex.padStart(32, '0') : undefined;
}

/** 1 to 16 hex digits, padded to 16; `undefined` when it is none. */
export function parseSpanId(text: string): SpanId | undefined {
  const hex = text.trim().toLowerCase();
  return /^[0-9a-f]{1,16}$/.test(hex) ? hex.padStart(16, '0') : undefined;
}
