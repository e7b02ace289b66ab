/**
 * The sums and the page index that Parquet has no place for: for each chunk, row group by row group, the CRC-32C of the header of its
 * dictionary page and of its bloom filter (0 where there is none), and of each data page the CRC-32C of its header, its size and rows.
 * Text of the footer's key-value metadata.
 *
 * Source: docs/format/block.md.
 */
import { varintLength, writeVarint } from '../../base/varint.ts';
import type { ChunkChecks, PageCheck } from './write.ts';

/** Key under which they stand in the footer. */
export const checksKey = 'vivace.checks';

/** Base64 of little-endian 32-bit sums and varints. */
export function encodeChecks(checks: readonly ChunkChecks[]): string {
  const sizeOf = ({ pages }: ChunkChecks): number =>
    pages.reduce(
      (sum, { storedBytes = 0, rowCount = 0 }) => sum + 4 + varintLength(storedBytes) + varintLength(rowCount),
      8 + varintLength(pages.length)
    );
  const bytes = new Uint8Array(checks.reduce((sum, chunk) => sum + sizeOf(chunk), 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const { dictionaryHeader, bloom, pages } of checks) {
    view.setUint32(at, dictionaryHeader, true);
    view.setUint32(at + 4, bloom, true);
    at = writeVarint(bytes, at + 8, pages.length);
    for (const { headerSum, storedBytes = 0, rowCount = 0 } of pages) {
      view.setUint32(at, headerSum, true);
      at = writeVarint(bytes, writeVarint(bytes, at + 4, storedBytes), rowCount);
    }
  }
  return base64Of(bytes);
}

/** `undefined` when the text is not the checks of `chunkCount` chunks. */
export function decodeChecks(base64: string | undefined, chunkCount: number): ChunkChecks[] | undefined {
  const bytes = bytesOfBase64(base64);
  if (bytes === undefined) {
    return undefined;
  }
  const cursor = new Cursor(bytes);
  const checks: ChunkChecks[] = [];
  while (checks.length < chunkCount && !cursor.failed) {
    const dictionaryHeader = cursor.word();
    const bloom = cursor.word();
    const pageCount = cursor.varint();
    // A page takes at least six bytes: a count that lies must not become memory.
    if (pageCount === 0 || pageCount > cursor.left / 6) {
      return undefined;
    }
    const pages: PageCheck[] = [];
    for (let page = 0; page < pageCount; page++) {
      pages.push({ headerSum: cursor.word(), storedBytes: cursor.varint(), rowCount: cursor.varint() });
    }
    checks.push({ dictionaryHeader, bloom, pages });
  }
  return cursor.failed || cursor.left !== 0 ? undefined : checks;
}

/** The same of format 0: words alone, dictionary, bloom, number of data pages and the sums of their headers. */
export function decodeChecksV0(base64: string | undefined, chunkCount: number): ChunkChecks[] | undefined {
  const bytes = bytesOfBase64(base64);
  if (bytes === undefined || bytes.length % 4 !== 0) {
    return undefined;
  }
  const view = new DataView(bytes.buffer);
  const wordCount = bytes.length / 4;
  const word = (index: number): number => view.getUint32(4 * index, true);
  const checks: ChunkChecks[] = [];
  let at = 0;
  while (checks.length < chunkCount) {
    const pageCount = at + 3 <= wordCount ? word(at + 2) : 0;
    if (pageCount === 0 || pageCount > wordCount - at - 3) {
      return undefined;
    }
    const pages = Array.from({ length: pageCount }, (_, page) => ({ headerSum: word(at + 3 + page) }));
    checks.push({ dictionaryHeader: word(at), bloom: word(at + 1), pages });
    at += 3 + pageCount;
  }
  return at === wordCount ? checks : undefined;
}

/** Reads words and varints; behind the end it answers zeros and has failed. */
class Cursor {
  failed = false;
  private readonly bytes: Uint8Array;
  private at = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  get left(): number {
    return this.bytes.length - this.at;
  }

  word(): number {
    const { bytes, at } = this;
    if (this.left < 4) {
      this.failed = true;
      return 0;
    }
    this.at += 4;
    return (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)) >>> 0;
  }

  varint(): number {
    let value = 0;
    for (let factor = 1; factor <= 2 ** 42; factor *= 128) {
      if (this.left === 0) {
        break;
      }
      const byte = this.bytes[this.at++];
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) {
        return value;
      }
    }
    this.failed = true;
    return 0;
  }
}

function base64Of(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 4096) {
    text += String.fromCharCode(...bytes.subarray(at, at + 4096));
  }
  return btoa(text);
}

function bytesOfBase64(base64: string | undefined): Uint8Array | undefined {
  if (base64 === undefined || base64.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(base64)) {
    return undefined;
  }
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}
