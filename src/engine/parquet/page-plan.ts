import type { ByteRange } from '../disk.ts';
import { type Chunk, chunkStart, dictionaryPageIndex } from './read.ts';

/** Smaller chunks are read whole: the disk reads neighbours in one go anyway. */
const wholeBytesMax = 4096;

/** Pages of a chunk to read: index ({@link dictionaryPageIndex} for the dictionary) and place in the file. */
export interface PagePlan {
  readonly pages: readonly { readonly page: number; readonly range: ByteRange }[];
}

/**
 * The pages that rows [start, end) need, from the page index in the footer; `undefined` where the whole chunk is to be read, because it is
 * small or its format has no index. `withDictionary`: the dictionary page too, where there is one.
 */
export function planPages(
  chunk: Chunk,
  { start, end }: { start: number; end: number },
  withDictionary = true
): PagePlan | undefined {
  const { metadata, checks } = chunk;
  if (metadata.totalCompressedSize <= wholeBytesMax) {
    return undefined;
  }
  const pages: { page: number; range: ByteRange }[] = [];
  if (metadata.dictionaryPageOffset !== undefined && withDictionary) {
    const offset = metadata.dictionaryPageOffset;
    pages.push({ page: dictionaryPageIndex, range: { offset, length: metadata.dataPageOffset - offset } });
  }
  let row = 0;
  let offset = metadata.dataPageOffset;
  const chunkEnd = chunkStart(metadata) + metadata.totalCompressedSize;
  for (const [page, { storedBytes, rowCount }] of checks.pages.entries()) {
    // A footer that lies must not make a read beyond the chunk: reading all of it tells what is wrong.
    if (storedBytes === undefined || rowCount === undefined || offset + storedBytes > chunkEnd) {
      return undefined;
    }
    if (row < end && row + rowCount > start) {
      pages.push({ page, range: { offset, length: storedBytes } });
    }
    row += rowCount;
    offset += storedBytes;
  }
  return { pages };
}
