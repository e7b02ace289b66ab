/**
 * Repetition and definition levels of a list's fields: which values belong to which row, and which are absent. Lists and elements are never
 * null, so a level is 0 or 1 for repetition (1: one more element of the same row) and 0 to 2 for definition (0: no element in this row;
 * the largest: a value).
 *
 * Source: apache/parquet-format, `Encodings.md`, "RLE"; the Dremel paper.
 */
import { HybridError } from './hybrid.ts';

/** How many level entries rows [from, to) have: their elements, and one for each row without any. */
export function entryCountOf(starts: Uint32Array, from: number, to: number): number {
  let count = starts[to] - starts[from];
  for (let row = from; row < to; row++) {
    count += starts[row] === starts[row + 1] ? 1 : 0;
  }
  return count;
}

/** Levels of rows [from, to), repetition before definition, each behind its length. `present`: bit per element; all without it. */
export function encodeListLevels(
  starts: Uint32Array,
  from: number,
  to: number,
  optional: boolean,
  present: Uint8Array | undefined
): Uint8Array {
  const count = entryCountOf(starts, from, to);
  if (starts[from] === starts[to]) {
    return encodeNoElements(count);
  }
  const repetition = new Uint8Array(count);
  const definition = new Uint8Array(count);
  let at = 0;
  for (let row = from; row < to; row++) {
    const end = starts[row + 1];
    if (starts[row] === end) {
      at++;
      continue;
    }
    for (let element = starts[row]; element < end; element++) {
      repetition[at] = element === starts[row] ? 0 : 1;
      const isPresent = present === undefined || ((present[element >>> 3] >>> (element & 7)) & 1) === 1;
      definition[at++] = optional && isPresent ? 2 : 1;
    }
  }
  const parts = [encodeHybrid(repetition, 1), encodeHybrid(definition, optional ? 2 : 1)];
  const bytes = new Uint8Array(8 + parts[0].length + parts[1].length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, parts[0].length, true);
  bytes.set(parts[0], 4);
  view.setUint32(4 + parts[0].length, parts[1].length, true);
  bytes.set(parts[1], 8 + parts[0].length);
  return bytes;
}

/** One run of zeros for each of the two levels. */
function encodeNoElements(rowCount: number): Uint8Array {
  const run = encodeRuns(new Uint8Array(rowCount), 1);
  const bytes = new Uint8Array(8 + 2 * run.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, run.length, true);
  bytes.set(run, 4);
  view.setUint32(4 + run.length, run.length, true);
  bytes.set(run, 8 + run.length);
  return bytes;
}

/** What the levels of a page say. */
export interface ListLevels {
  /** Elements of row i of the page: [starts[i], starts[i + 1]). */
  readonly starts: Uint32Array;
  /** 1 where the element has a value. */
  readonly present: Uint8Array;
  readonly presentCount: number;
  /** Where the values begin in the page. */
  readonly end: number;
}

/** Errors: {@link HybridError}, also when the page does not begin with a row or has another number of them. */
export function decodeListLevels(
  page: Uint8Array,
  entryCount: number,
  rowCount: number,
  optional: boolean
): ListLevels {
  const repetition = decodeHybrid(page, 0, entryCount, 1);
  const definition = decodeHybrid(page, repetition.end, entryCount, optional ? 2 : 1);
  const value = optional ? 2 : 1;
  const starts = new Uint32Array(rowCount + 1);
  if (entryCount === rowCount && isZero(repetition.levels) && isZero(definition.levels)) {
    return { starts, present: new Uint8Array(), presentCount: 0, end: definition.end };
  }
  const present = new Uint8Array(entryCount);
  let row = -1;
  let element = 0;
  let presentCount = 0;
  for (let i = 0; i < entryCount; i++) {
    if (repetition.levels[i] === 0) {
      row++;
      if (row >= rowCount) {
        break;
      }
      starts[row] = element;
    } else if (i === 0 || definition.levels[i - 1] === 0) {
      throw new HybridError('a list that goes on behind no element');
    }
    const level = definition.levels[i];
    if (level > value || (level === 0 && repetition.levels[i] === 1)) {
      throw new HybridError(`definition level ${level}`);
    }
    if (level > 0) {
      present[element++] = level === value ? 1 : 0;
      presentCount += level === value ? 1 : 0;
    }
  }
  if (row !== rowCount - 1) {
    throw new HybridError(`a page of ${rowCount} rows has ${row + 1}`);
  }
  starts[rowCount] = element;
  return { starts, present: present.subarray(0, element), presentCount, end: definition.end };
}

function isZero(levels: Uint8Array): boolean {
  let seen = 0;
  for (let i = 0; i < levels.length; i++) {
    seen |= levels[i];
  }
  return seen === 0;
}

/** Runs where they are long on average, else one bit-packed run. */
function encodeHybrid(levels: Uint8Array, width: 1 | 2): Uint8Array {
  let runs = levels.length === 0 ? 0 : 1;
  for (let i = 1; i < levels.length; i++) {
    runs += levels[i] === levels[i - 1] ? 0 : 1;
  }
  return runs * 24 < levels.length * width ? encodeRuns(levels, runs) : encodePacked(levels, width);
}

function encodeRuns(levels: Uint8Array, runs: number): Uint8Array {
  const bytes = new Uint8Array(6 * runs);
  let at = 0;
  for (let start = 0; start < levels.length;) {
    let end = start + 1;
    while (end < levels.length && levels[end] === levels[start]) {
      end++;
    }
    for (let rest = 2 * (end - start); ; rest >>>= 7) {
      bytes[at++] = rest < 0x80 ? rest : (rest & 0x7f) | 0x80;
      if (rest < 0x80) {
        break;
      }
    }
    bytes[at++] = levels[start];
    start = end;
  }
  return bytes.subarray(0, at);
}

function encodePacked(levels: Uint8Array, width: 1 | 2): Uint8Array {
  const groups = Math.ceil(levels.length / 8);
  const bytes = new Uint8Array(5 + groups * width);
  let at = 0;
  for (let rest = 2 * groups + 1; ; rest >>>= 7) {
    bytes[at++] = rest < 0x80 ? rest : (rest & 0x7f) | 0x80;
    if (rest < 0x80) {
      break;
    }
  }
  for (let i = 0; i < levels.length; i++) {
    const bit = i * width;
    bytes[at + (bit >>> 3)] |= levels[i] << (bit & 7);
  }
  return bytes.subarray(0, at + groups * width);
}

function decodeHybrid(
  page: Uint8Array,
  start: number,
  count: number,
  width: 1 | 2
): { levels: Uint8Array; end: number } {
  const length = page.length - start < 4 ? -1 : new DataView(page.buffer, page.byteOffset + start).getInt32(0, true);
  if (length < 0 || length > page.length - start - 4) {
    throw new HybridError(`levels of ${length} bytes in a page of ${page.length}`);
  }
  const end = start + 4 + length;
  const levels = new Uint8Array(count);
  let at = start + 4;
  let filled = 0;
  while (filled < count) {
    let header = 0;
    for (let shift = 0; ; shift += 7) {
      if (at >= end || shift > 28) {
        throw new HybridError('levels cut off');
      }
      header += (page[at] & 0x7f) * 2 ** shift;
      if (page[at++] < 0x80) {
        break;
      }
    }
    if (header % 2 === 1) {
      const groups = (header - 1) / 2;
      const values = Math.min(8 * groups, count - filled);
      if (groups * width > end - at || 8 * groups > count - filled + 7) {
        throw new HybridError(`levels: ${groups} groups of eight where ${count - filled} are left`);
      }
      for (let i = 0; i < values; i++) {
        const bit = i * width;
        levels[filled + i] = (page[at + (bit >>> 3)] >>> (bit & 7)) & ((1 << width) - 1);
      }
      at += groups * width;
      filled += values;
    } else {
      const run = header / 2;
      if (run === 0 || run > count - filled || at >= end) {
        throw new HybridError(`levels: a run of ${run} where ${count - filled} are left`);
      }
      levels.fill(page[at++], filled, filled + run);
      filled += run;
    }
  }
  if (at !== end) {
    throw new HybridError('levels: bytes left over');
  }
  return { levels, end };
}
