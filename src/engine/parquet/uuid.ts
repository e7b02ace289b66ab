/**
 * UUIDs in text as sixteen bytes: half of their 36 characters say nothing, and zstd does not find out (20.4 bytes each in the shop corpus).
 * Only the canonical form, lower case with dashes, comes back as it was, so only columns of nothing else are stored so.
 */
import type { PlainSink, ValueDictionary } from '../row-set.ts';

/** Of the text. */
export const uuidTextBytes = 36;
export const uuidBytes = 16;
/** Below this the text costs nothing. */
const uuidsMin = 64;

/** Whether all entries, and enough of them, are canonical UUIDs. */
export function isUuidDictionary(dictionary: ValueDictionary): boolean {
  if (dictionary.type !== 'string' || dictionary.size < uuidsMin) {
    return false;
  }
  if (dictionary.copyWords !== undefined) {
    const sink = new UuidSink();
    for (let entry = 0; entry < dictionary.size && sink.isUuid; entry++) {
      dictionary.copyWords(entry, sink);
    }
    return sink.isUuid;
  }
  for (let entry = 0; entry < dictionary.size; entry++) {
    if (!isUuid(dictionary.bytesAt(entry))) {
      return false;
    }
  }
  return true;
}

/** Looks at values as they are handed over: no view for each of them. */
class UuidSink implements PlainSink {
  isUuid = true;
  private words32: Int32Array | undefined = undefined;
  private bytes: Uint8Array = new Uint8Array();

  words(words: Int32Array, word: number, length: number): void {
    if (words !== this.words32) {
      this.words32 = words;
      this.bytes = new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
    }
    this.isUuid &&= length === uuidTextBytes && isUuidAt(this.bytes, 4 * word);
  }
}

export function isUuid(text: Uint8Array): boolean {
  return text.length === uuidTextBytes && isUuidAt(text, 0);
}

function isUuidAt(text: Uint8Array, from: number): boolean {
  for (let i = 0; i < uuidTextBytes; i++) {
    if (isDash(i) ? text[from + i] !== dash : digitOf(text[from + i]) < 0) {
      return false;
    }
  }
  return true;
}

/** Packs `text[from, from + 36)` into `into[to, to + 16)`; false when it is no canonical UUID. */
export function packUuid(text: Uint8Array, from: number, into: Uint8Array, to: number): boolean {
  let at = from;
  let isValid = true;
  for (let byte = 0; byte < uuidBytes; byte++) {
    if (isDash(at - from)) {
      isValid &&= text[at++] === dash;
    }
    const high = digitOf(text[at++]);
    const low = digitOf(text[at++]);
    isValid &&= high >= 0 && low >= 0;
    into[to + byte] = (high << 4) | low;
  }
  return isValid;
}

/** The sixteen bytes of a text; `undefined` when it is no canonical UUID. */
export function uuidFromText(text: Uint8Array): Uint8Array | undefined {
  const bytes = new Uint8Array(uuidBytes);
  return text.length === uuidTextBytes && packUuid(text, 0, bytes, 0) ? bytes : undefined;
}

/** PLAIN byte arrays of the texts of packed UUIDs: each 36 characters behind their length. */
export function plainTextsOfUuids(packed: Uint8Array): Uint8Array {
  const count = packed.length / uuidBytes;
  const plain = new Uint8Array(count * (4 + uuidTextBytes));
  let at = 0;
  for (let from = 0; from < packed.length; from += uuidBytes) {
    plain[at] = uuidTextBytes;
    at += 4;
    for (let byte = 0; byte < uuidBytes; byte++) {
      if (byte === 4 || byte === 6 || byte === 8 || byte === 10) {
        plain[at++] = dash;
      }
      const value = packed[from + byte];
      plain[at++] = characterOf(value >>> 4);
      plain[at++] = characterOf(value & 15);
    }
  }
  return plain;
}

const dash = 0x2d;

function isDash(at: number): boolean {
  return at === 8 || at === 13 || at === 18 || at === 23;
}

/** Of a hex digit, −1 for other characters. */
function digitOf(character: number): number {
  return character >= 0x30 && character <= 0x39
    ? character - 0x30
    : character >= 0x61 && character <= 0x66
      ? character - 0x57
      : -1;
}

function characterOf(digit: number): number {
  return digit < 10 ? 0x30 + digit : 0x57 + digit;
}
