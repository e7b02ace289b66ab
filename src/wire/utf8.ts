// Neither coder keeps state between calls (no streaming). A byte order mark is part of the text, not a sign to drop.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const encoder = new TextEncoder();

/** Longer texts go to the platform's coder, whose call costs about as much as this many characters here. */
const shortLength = 32;

/** Text of `bytes[start, end)`; what is not UTF-8 becomes U+FFFD. */
export function decodeUtf8(bytes: Uint8Array, start = 0, end = bytes.length): string {
  if (end - start <= shortLength) {
    let text = '';
    for (let i = start; i < end; i++) {
      const byte = bytes[i];
      if (byte >= 0x80) {
        return decoder.decode(bytes.subarray(start, end));
      }
      text += String.fromCharCode(byte);
    }
    return text;
  }
  return decoder.decode(bytes.subarray(start, end));
}

/** A lone surrogate becomes U+FFFD. */
export function encodeUtf8(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text);
}

/**
 * Writes `text` at `offset` and answers the number of bytes. `into` must have room for 3 bytes per UTF-16 unit, the most that UTF-8
 * needs.
 */
export function encodeUtf8Into(text: string, into: Uint8Array, offset: number): number {
  if (text.length <= shortLength) {
    let i = 0;
    for (; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      if (unit >= 0x80) {
        break;
      }
      into[offset + i] = unit;
    }
    if (i === text.length) {
      return i;
    }
  }
  return encoder.encodeInto(text, into.subarray(offset)).written;
}
