/** Byte ranges and UTF-8. Text is decoded as the WHATWG standard says: every invalid sequence becomes U+FFFD, a leading BOM is kept. */

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const encoder = new TextEncoder();

export function utf8FromText(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text);
}

export function textFromUtf8(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) {
    return false;
  }
  for (let i = 0; i < a.length; i++) {
    if (a[i] !== b[i]) {
      return false;
    }
  }
  return true;
}

/** Negative, 0 or positive: lexicographic, bytes unsigned. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    if (a[i] !== b[i]) {
      return a[i] - b[i];
    }
  }
  return a.length - b.length;
}

export function concatBytes(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  let length = 0;
  for (const part of parts) {
    length += part.length;
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Whether `bytes[start, end)` is well-formed UTF-8. Source: Unicode 15, table 3-7. */
export function isUtf8(bytes: Uint8Array, start: number, end: number): boolean {
  let i = start;
  while (i < end) {
    const first = bytes[i++];
    if (first < 0x80) {
      continue;
    }
    let more = 0;
    let low = 0x80;
    let high = 0xbf;
    if (first >= 0xc2 && first <= 0xdf) {
      more = 1;
    } else if (first >= 0xe0 && first <= 0xef) {
      more = 2;
      low = first === 0xe0 ? 0xa0 : 0x80;
      high = first === 0xed ? 0x9f : 0xbf;
    } else if (first >= 0xf0 && first <= 0xf4) {
      more = 3;
      low = first === 0xf0 ? 0x90 : 0x80;
      high = first === 0xf4 ? 0x8f : 0xbf;
    } else {
      return false;
    }
    if (i + more > end || bytes[i] < low || bytes[i] > high) {
      return false;
    }
    for (let k = 1; k < more; k++) {
      if ((bytes[i + k] & 0xc0) !== 0x80) {
        return false;
      }
    }
    i += more;
  }
  return true;
}

/** The end of the longest prefix of `bytes[start, end)` that does not cut a character; `bytes` must be well-formed up to there. */
export function utf8PrefixEnd(bytes: Uint8Array, start: number, end: number): number {
  let cut = end;
  while (cut > start && (bytes[cut] & 0xc0) === 0x80) {
    cut--;
  }
  return cut;
}

/** Whether `part` occurs in `bytes`. Skips ahead by the length of `part` where it can (Horspool, 1980). */
export function includesBytes(bytes: Uint8Array, part: Uint8Array): boolean {
  const last = part.length - 1;
  if (last < 0) {
    return true;
  }
  const skips = new Int32Array(256).fill(part.length);
  for (let i = 0; i < last; i++) {
    skips[part[i]] = last - i;
  }
  for (let end = last; end < bytes.length; end += skips[bytes[end]]) {
    let i = last;
    while (i >= 0 && bytes[end - last + i] === part[i]) {
      i--;
    }
    if (i < 0) {
      return true;
    }
  }
  return false;
}
