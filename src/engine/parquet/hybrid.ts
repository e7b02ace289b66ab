/**
 * Parquet's hybrid of run-length and bit-packed runs, for dictionary codes of 8, 16, 24 or 32 bits and for definition levels of one bit.
 * Whole bytes compress better under zstd than tight bits (43.4 against 44.5 bytes a span, measured) and need no unpacking.
 *
 * Source: apache/parquet-format, `Encodings.md`, "RLE".
 */
import type { Codes } from '../row-set.ts';

/** Bytes are no hybrid runs of the expected number of values; the caller knows the file and says so. */
export class HybridError extends Error {
  override readonly name = 'HybridError';
}

/** Bits of a code when there are `entryCount` dictionary entries: whole bytes. */
export function codeWidthOf(entryCount: number): 8 | 16 | 24 | 32 {
  return entryCount <= 0x100 ? 8 : entryCount <= 0x1_0000 ? 16 : entryCount <= 0x100_0000 ? 24 : 32;
}

/** `codes[0, count)` after one byte with their width: the content of a data page with dictionary codes. */
export function encodeCodes(codes: Uint32Array, count: number, entryCount: number): Uint8Array {
  const width = codeWidthOf(entryCount) / 8;
  const runs = runsOf(codes, count);
  return runs === undefined ? encodePacked(codes, count, width) : encodeRuns(codes, count, width, runs);
}

/** About how many bytes {@link encodeCodes} answers. */
export function encodedBytesOf(codes: Uint32Array, count: number, entryCount: number): number {
  const width = codeWidthOf(entryCount) / 8;
  const runs = runsOf(codes, count);
  return runs === undefined ? count * width : runs * (2 + width);
}

/**
 * How many runs of equal codes there are, `undefined` when packed codes are smaller: a run costs two to five bytes more than its code and
 * is worth it when runs are long.
 */
function runsOf(codes: Uint32Array, count: number): number | undefined {
  const runsMax = count >>> 3;
  let runs = count === 0 ? 0 : 1;
  for (let i = 1; i < count && runs <= runsMax; i++) {
    runs += codes[i] !== codes[i - 1] ? 1 : 0;
  }
  return runs <= runsMax ? runs : undefined;
}

function encodeRuns(codes: Uint32Array, count: number, width: number, runs: number): Uint8Array {
  const bytes = new Uint8Array(1 + runs * (5 + width));
  bytes[0] = 8 * width;
  let at = 1;
  for (let start = 0; start < count;) {
    const code = codes[start];
    let end = start + 1;
    while (end < count && codes[end] === code) {
      end++;
    }
    at = writeHeader(bytes, at, (end - start) * 2);
    for (let shift = 0; shift < 8 * width; shift += 8) {
      bytes[at++] = code >>> shift;
    }
    start = end;
  }
  return bytes.subarray(0, at);
}

/** One bit-packed run; the last group of eight is padded with zeros. */
function encodePacked(codes: Uint32Array, count: number, width: number): Uint8Array {
  const groups = Math.ceil(count / 8);
  const bytes = new Uint8Array(6 + groups * 8 * width);
  bytes[0] = 8 * width;
  const start = writeHeader(bytes, 1, groups * 2 + 1);
  let at = start;
  switch (width) {
    case 1:
      bytes.set(codes.subarray(0, count), at); // a typed array set keeps the low byte
      break;
    case 2:
      for (let i = 0; i < count; i++) {
        bytes[at++] = codes[i];
        bytes[at++] = codes[i] >>> 8;
      }
      break;
    default:
      for (let i = 0; i < count; i++) {
        for (let shift = 0; shift < 8 * width; shift += 8) {
          bytes[at++] = codes[i] >>> shift;
        }
      }
  }
  return bytes.subarray(0, start + groups * 8 * width);
}

/** Definition levels of an optional column: one run when all or none are present, else the bits (LSB first), behind their length. */
export function encodeLevels(present: Uint8Array | undefined, presentCount: number, count: number): Uint8Array {
  if (present === undefined || presentCount === 0 || presentCount === count) {
    const run = new Uint8Array(10);
    const end = writeHeader(run, 4, count * 2);
    run[end] = presentCount === 0 ? 0 : 1;
    run[0] = end + 1 - 4;
    return run.subarray(0, end + 1);
  }
  const groups = Math.ceil(count / 8);
  const bytes = new Uint8Array(9 + groups);
  const start = writeHeader(bytes, 4, groups * 2 + 1);
  bytes.set(present.subarray(0, groups), start);
  new DataView(bytes.buffer).setUint32(0, start - 4 + groups, true);
  return bytes.subarray(0, start + groups);
}

function writeHeader(bytes: Uint8Array, from: number, header: number): number {
  let at = from;
  let rest = header;
  while (rest >= 0x80) {
    bytes[at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  bytes[at++] = rest;
  return at;
}

/** Presence bits of `count` rows, LSB first, how many are set, and where the levels end. `bits` is undefined when all are present. */
export function decodeLevels(
  page: Uint8Array,
  count: number
): { bits: Uint8Array | undefined; presentCount: number; end: number } {
  const { end, at, header } = levelsHeader(page);
  if ((header & 1) === 0) {
    if (header >>> 1 !== count || at + 1 !== end || page[at] > 1) {
      throw new HybridError(`definition levels: a run of ${header >>> 1} for ${count} rows`);
    }
    const all = page[at] === 1;
    return { bits: all ? undefined : new Uint8Array(Math.ceil(count / 8)), presentCount: all ? count : 0, end };
  }
  const groups = header >>> 1;
  if (groups !== Math.ceil(count / 8) || at + groups !== end) {
    throw new HybridError(`definition levels: ${groups} groups of eight for ${count} rows`);
  }
  const bits = page.subarray(at, end);
  const presentCount = bitCount(bits);
  if (count % 8 !== 0 && bits[groups - 1] >>> (count % 8) !== 0) {
    throw new HybridError('definition levels: bits beyond the last row');
  }
  return { bits, presentCount, end };
}

/** How many bits are set in bytes [start, end). */
export function bitCount(bits: Uint8Array, start = 0, end = bits.length): number {
  let count = 0;
  for (let i = start; i < end; i++) {
    let byte = bits[i];
    byte -= (byte >>> 1) & 0x55;
    byte = (byte & 0x33) + ((byte >>> 2) & 0x33);
    count += (byte + (byte >>> 4)) & 0x0f;
  }
  return count;
}

function levelsHeader(page: Uint8Array): { end: number; at: number; header: number } {
  const length = page.length < 4 ? -1 : page[0] | (page[1] << 8) | (page[2] << 16) | (page[3] << 24);
  if (length < 2 || length > page.length - 4) {
    throw new HybridError(`definition levels of ${length} bytes in a page of ${page.length}`);
  }
  const { header, at } = readHeader(page, 4);
  return { end: 4 + length, at, header };
}

function readHeader(page: Uint8Array, from: number): { header: number; at: number } {
  let header = 0;
  for (let at = from, shift = 0; at < page.length && shift < 35; at++, shift += 7) {
    header += (page[at] & 0x7f) * 2 ** shift;
    if (page[at] < 0x80) {
      return { header, at: at + 1 };
    }
  }
  throw new HybridError('run header cut off');
}

/**
 * Codes of `count` values from `page` at `start` (the width byte), each plus one, as the row sets have them: 0 stays free for absent
 * rows. Errors: {@link HybridError}, also for a code that is no entry.
 */
export function decodeCodes(page: Uint8Array, start: number, count: number, entryCount: number): Codes {
  const codes = newCodes(count, entryCount);
  const width = page[start];
  if (count === 0) {
    return codes;
  }
  if (width !== 8 && width !== 16 && width !== 24 && width !== 32) {
    throw new HybridError(`codes of ${width} bits; whole bytes are written`);
  }
  const codeBytes = width / 8;
  let at = start + 1;
  let filled = 0;
  let largest = 0;
  while (filled < count) {
    const run = readHeader(page, at);
    at = run.at;
    const packed = run.header % 2 === 1;
    const length = packed ? ((run.header - 1) / 2) * 8 : run.header / 2;
    const runBytes = packed ? length * codeBytes : codeBytes;
    if (
      length === 0 ||
      runBytes > page.length - at ||
      (packed ? length > count - filled + 7 : length > count - filled)
    ) {
      throw new HybridError(`run of ${length} codes where ${count - filled} are left`);
    }
    if (packed) {
      const end = Math.min(count, filled + length);
      largest = Math.max(largest, unpack(page, at, codeBytes, codes, filled, end));
      filled = end;
    } else {
      const code = codeAt(page, at, codeBytes);
      largest = Math.max(largest, code);
      codes.fill(code + 1, filled, filled + length);
      filled += length;
    }
    at += runBytes;
  }
  if (largest >= entryCount) {
    throw new HybridError(`code ${largest} of a dictionary with ${entryCount} entries`);
  }
  return codes;
}

/** One bit-packed run of codes, each of which can be looked up where it stands. */
export interface PackedCodes {
  readonly page: Uint8Array;
  readonly at: number;
  readonly codeBytes: number;
  readonly entryCount: number;
}

/** The codes at `start` (the width byte), if `count` of them are one bit-packed run; {@link decodeCodes} reads all others. */
export function packedCodes(
  page: Uint8Array,
  start: number,
  count: number,
  entryCount: number
): PackedCodes | undefined {
  const codeBytes = page[start] / 8;
  if (count === 0 || !(codeBytes === 1 || codeBytes === 2 || codeBytes === 3 || codeBytes === 4)) {
    return undefined;
  }
  const { header, at } = readHeader(page, start + 1);
  const length = ((header - 1) / 2) * 8;
  return header % 2 === 1 && length >= count && length * codeBytes <= page.length - at
    ? { page, at, codeBytes, entryCount }
    : undefined;
}

/** Code `index`, plus one. Errors: {@link HybridError} for a code that is no entry. */
export function packedCodeAt({ page, at, codeBytes, entryCount }: PackedCodes, index: number): number {
  const code = codeAt(page, at + index * codeBytes, codeBytes);
  if (code >= entryCount) {
    throw new HybridError(`code ${code} of a dictionary with ${entryCount} entries`);
  }
  return code + 1;
}

/** Zeros for `count` rows, of the narrowest type for codes up to `entryCount`. */
export function newCodes(count: number, entryCount: number): Codes {
  return entryCount < 0x100
    ? new Uint8Array(count)
    : entryCount < 0x1_0000
      ? new Uint16Array(count)
      : new Uint32Array(count);
}

/** Writes codes plus one to `into[from, to)`; answers the largest code. */
function unpack(page: Uint8Array, at: number, codeBytes: number, into: Codes, from: number, to: number): number {
  let largest = 0;
  if (codeBytes === 1) {
    for (let i = from, p = at; i < to; i++) {
      const code = page[p++];
      largest = code > largest ? code : largest;
      into[i] = code + 1;
    }
  } else if (codeBytes === 2) {
    for (let i = from, p = at; i < to; i++, p += 2) {
      const code = page[p] | (page[p + 1] << 8);
      largest = code > largest ? code : largest;
      into[i] = code + 1;
    }
  } else {
    for (let i = from, p = at; i < to; i++, p += codeBytes) {
      const code = codeAt(page, p, codeBytes);
      largest = code > largest ? code : largest;
      into[i] = code + 1;
    }
  }
  return largest;
}

function codeAt(page: Uint8Array, at: number, codeBytes: number): number {
  let code = 0;
  for (let i = codeBytes - 1; i >= 0; i--) {
    code = code * 256 + page[at + i];
  }
  return code;
}

/** Spreads dense codes over `count` rows by their presence bits; 0 where absent. */
export function spreadCodes(dense: Codes, bits: Uint8Array, count: number): Codes {
  const codes =
    dense instanceof Uint8Array
      ? new Uint8Array(count)
      : dense instanceof Uint16Array
        ? new Uint16Array(count)
        : new Uint32Array(count);
  let from = 0;
  for (let row = 0; row < count; row += 8) {
    let byte = bits[row >>> 3];
    while (byte !== 0) {
      codes[row + 31 - Math.clz32(byte & -byte)] = dense[from++];
      byte &= byte - 1;
    }
  }
  return codes;
}
