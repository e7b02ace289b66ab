import { CodedError, CorruptionError } from '../../base/coded-error.ts';
import { crc32c } from '../../base/crc32c.ts';
import type { Disk } from '../disk.ts';
import { decodeFileMetadata } from '../parquet/metadata.ts';
import { ThriftError } from '../parquet/thrift.ts';
import { magic } from '../parquet/write.ts';
import { blockFacts } from './block-facts.ts';
import { type BlockMeta, blockKey, decodeBlock, formatVersionKey, newestFormatVersion } from './format.ts';

/** The length of the footer and the magic, at the end of every Parquet file. */
const tailBytes = 8;

/**
 * What a manifest would say of a block file, from the file alone: for tools, and for a manifest that was lost. Nothing stands beside the
 * footer to prove it, so `checkBlock` has to follow where that matters.
 * Errors: `corrupt`, `not_found`, `unsupported` for a newer format; the disk's.
 */
export async function readBlockMeta(disk: Disk, path: string): Promise<BlockMeta> {
  const sizeBytes = await disk.sizeOf(path);
  if (sizeBytes === undefined) {
    throw new CodedError('not_found', `${path}: no such file`);
  }
  if (sizeBytes < magic.length + tailBytes) {
    throw new CorruptionError(path, 0, 'a Parquet file', `${sizeBytes} bytes`);
  }
  const [tail] = await disk.readRanges(path, [{ offset: sizeBytes - tailBytes, length: tailBytes }]);
  const footerLength = new DataView(tail.buffer, tail.byteOffset, tailBytes).getUint32(0, true);
  const footerOffset = sizeBytes - tailBytes - footerLength;
  if (!magic.every((byte, index) => tail[4 + index] === byte) || footerOffset < magic.length) {
    throw new CorruptionError(path, sizeBytes - tailBytes, 'the end of a Parquet file', 'something else');
  }
  const [footer] = await disk.readRanges(path, [{ offset: footerOffset, length: footerLength }]);
  const { version, blockId, rowGroups } = factsOfFooter(path, footerOffset, footer);
  return {
    blockId,
    path,
    formatVersion: version,
    sizeBytes,
    footerOffset,
    footerLength,
    footerCrc32c: crc32c(footer),
    ...blockFacts(rowGroups),
  };
}

function factsOfFooter(
  path: string,
  offset: number,
  footer: Uint8Array
): ReturnType<typeof decodeBlock> & { version: number } {
  try {
    const { keyValues } = decodeFileMetadata(footer);
    const version = keyValues.get(formatVersionKey);
    if (version === undefined || !/^\d{1,6}$/.test(version)) {
      throw new CorruptionError(path, offset, `${formatVersionKey}, a block of ours`, String(version));
    }
    if (Number(version) > newestFormatVersion) {
      throw new CodedError('unsupported', `${path}: block format ${version}, this build reads ${newestFormatVersion}`);
    }
    const block = decodeBlock(path, offset, keyValues.get(blockKey));
    if (block.rowGroups.length === 0) {
      throw new CorruptionError(path, offset, 'row groups', 'none');
    }
    return { ...block, version: Number(version) };
  } catch (error) {
    if (error instanceof ThriftError) {
      throw new CorruptionError(path, offset + error.offset, error.expected, error.found);
    }
    throw error;
  }
}
