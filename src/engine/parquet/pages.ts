/** Cuts a column chunk into data pages, so that a reader of few rows decompresses few pages. */
import { concatBytes } from '../../base/bytes.ts';
import { bitCount, encodeCodes, encodeLevels, encodedBytesOf } from './hybrid.ts';
import { type SchemaColumn, physicalType } from './metadata.ts';
import { fixedWidthOf } from './plain.ts';
import { encodeListLevels, entryCountOf } from './list-levels.ts';
import type { ChunkValues, ListCut } from './write.ts';

/** How large data pages become. */
export interface PageSizes {
  /** Rows of a page are a multiple of this, itself a multiple of eight: the presence bits of a page are then whole bytes. */
  readonly rowsStep: number;
  /** A page has the most rows with which it is about so large before compression, but at least one step. */
  readonly bytesWanted: number;
}

/**
 * 32 KiB: zstd needs some 13 µs for them beside the 12 µs of every call, so that a scan of all pages pays little for the cut, and a trace
 * pays for one of them a column instead of for the chunk.
 */
export const defaultPageSizes: PageSizes = { rowsStep: 8192, bytesWanted: 32 * 1024 };

/** One data page, not yet compressed: levels, then codes or values. */
export interface DataPage {
  readonly rowCount: number;
  /** What the page's header counts: rows, or, of a list's field, elements and rows without any. */
  readonly entryCount: number;
  readonly bytes: Uint8Array;
}

/** The data pages of a chunk of `rowCount` rows, in row order; at least one. */
export function cutPages(
  rowCount: number,
  column: SchemaColumn,
  values: ChunkValues,
  { rowsStep, bytesWanted }: PageSizes
): DataPage[] {
  const { present, presentCount, content } = values;
  if (values.list !== undefined) {
    return cutListPages(rowCount, column, values, values.list);
  }
  // Bools are one bit each: packed bits are not cut.
  const steps = column.type === physicalType.boolean ? Infinity : stepsOfPage(rowCount, values, rowsStep, bytesWanted);
  const pageRows = Math.min(rowCount, steps * rowsStep);
  if (pageRows >= rowCount) {
    return [pageOf(column, present, presentCount, rowCount, bodyOf(content, 0, presentCount, 0, undefined).bytes)];
  }
  const pages: DataPage[] = [];
  let dense = 0;
  let valueAt = 0;
  const width = fixedWidthOf(column.type, column.typeLength);
  for (let row = 0; row < rowCount; row += pageRows) {
    const rows = Math.min(pageRows, rowCount - row);
    const bits = present?.subarray(row >>> 3, (row + rows + 7) >>> 3);
    const count = presentCount === 0 ? 0 : bits === undefined ? rows : bitCount(bits);
    const body = bodyOf(content, dense, count, valueAt, width);
    pages.push(pageOf(column, bits, count, rows, body.bytes));
    dense += count;
    valueAt = body.valueEnd;
  }
  return pages;
}

/** Pages of a list's field. Bools, packed bits, are packed anew for each page. */
function cutListPages(rowCount: number, column: SchemaColumn, values: ChunkValues, cut: ListCut): DataPage[] {
  const { present, content } = values;
  const { starts, pageRows } = cut;
  const width = fixedWidthOf(column.type, column.typeLength);
  const pages: DataPage[] = [];
  let dense = 0;
  let valueAt = 0;
  for (let row = 0; row < rowCount; row += pageRows) {
    const end = Math.min(row + pageRows, rowCount);
    const count = presentBetween(present, starts[row], starts[end]);
    const levels = encodeListLevels(starts, row, end, column.optional, present);
    let body: Uint8Array;
    if (column.type === physicalType.boolean && content.kind === 'plain') {
      body = bitsBetween(content.values.bytes, dense, dense + count);
    } else {
      const part = bodyOf(content, dense, count, valueAt, width);
      body = part.bytes;
      valueAt = part.valueEnd;
    }
    dense += count;
    pages.push({
      rowCount: end - row,
      entryCount: entryCountOf(starts, row, end),
      bytes: concatBytes([levels, body]),
    });
  }
  return pages;
}

function presentBetween(present: Uint8Array | undefined, from: number, to: number): number {
  if (present === undefined) {
    return to - from;
  }
  let count = 0;
  for (let i = from; i < to; i++) {
    count += (present[i >>> 3] >>> (i & 7)) & 1;
  }
  return count;
}

function bitsBetween(bits: Uint8Array, from: number, to: number): Uint8Array {
  const part = new Uint8Array(Math.ceil((to - from) / 8));
  for (let i = from; i < to; i++) {
    part[(i - from) >>> 3] |= ((bits[i >>> 3] >>> (i & 7)) & 1) << ((i - from) & 7);
  }
  return part;
}

/** How many steps of rows make a page. */
function stepsOfPage(rowCount: number, values: ChunkValues, rowsStep: number, bytesWanted: number): number {
  const { content, presentCount, present } = values;
  const bodyBytes =
    presentCount === 0
      ? 0
      : content.kind === 'dictionary'
        ? encodedBytesOf(content.codes, presentCount, content.entries.count)
        : content.values.bytes.length;
  const bytesOfStep = ((bodyBytes + (present?.length ?? 0)) * rowsStep) / rowCount;
  return Math.max(1, Math.floor(bytesWanted / bytesOfStep));
}

/** Codes or values of the present rows [dense, dense + count); values begin at `valueAt`. Without a width, byte arrays are walked. */
function bodyOf(
  content: ChunkValues['content'],
  dense: number,
  count: number,
  valueAt: number,
  width: number | undefined
): { bytes: Uint8Array; valueEnd: number } {
  if (content.kind === 'dictionary') {
    const codes = dense === 0 ? content.codes : content.codes.subarray(dense);
    return {
      bytes: count === 0 ? new Uint8Array() : encodeCodes(codes, count, content.entries.count),
      valueEnd: 0,
    };
  }
  const { bytes, count: valueCount } = content.values;
  if (dense === 0 && count === valueCount) {
    return { bytes, valueEnd: bytes.length };
  }
  const valueEnd = width === undefined ? byteArraysEnd(bytes, valueAt, count) : valueAt + count * width;
  return { bytes: bytes.subarray(valueAt, valueEnd), valueEnd };
}

function byteArraysEnd(bytes: Uint8Array, start: number, count: number): number {
  let at = start;
  for (let i = 0; i < count; i++) {
    at += 4 + (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24));
  }
  return at;
}

function pageOf(
  column: SchemaColumn,
  present: Uint8Array | undefined,
  presentCount: number,
  rowCount: number,
  body: Uint8Array
): DataPage {
  if (!column.optional) {
    return { rowCount, entryCount: rowCount, bytes: body };
  }
  const levels = encodeLevels(present, presentCount, rowCount);
  const bytes = new Uint8Array(levels.length + body.length);
  bytes.set(levels);
  bytes.set(body, levels.length);
  return { rowCount, entryCount: rowCount, bytes };
}
