/** Blocks in memory for the tests of the format. */
import { nodeCodecs } from '../../src/server/node-codecs.ts';
import { type BlockReader, openBlock } from '../../src/engine/block/block-reader.ts';
import type { BlockMeta } from '../../src/engine/block/format.ts';
import { blockOrder, rowSetOfSpans } from '../../src/engine/block/row-set-of-spans.ts';
import { writeBlock } from '../../src/engine/block/write-block.ts';
import type { Disk } from '../../src/engine/disk.ts';
import type { PageSizes } from '../../src/engine/parquet/pages.ts';
import { spansOfRows } from '../../src/engine/rows-to-spans.ts';
import { SimDisk } from '../../src/engine/sim-disk.ts';
import type { Span } from '../../src/trace/model.ts';

export interface BlockFile {
  readonly meta: BlockMeta;
  readonly bytes: Uint8Array;
}

export const blockPath = 'block.parquet';

export interface BlockShape {
  readonly rowsMin: number;
  /** Twice as many. */
  readonly rowsMax?: number;
  readonly pageSizes?: PageSizes;
  readonly columnChunksMax?: number;
}

export async function blockOf(spans: readonly Span[], shape: number | BlockShape): Promise<BlockFile> {
  const {
    rowsMin,
    rowsMax = 2 * rowsMin,
    ...rest
  }: BlockShape = typeof shape === 'number' ? { rowsMin: shape } : shape;
  const rowSet = rowSetOfSpans(spans);
  const disk = new SimDisk();
  const meta = await writeBlock(rowSet, blockOrder(rowSet), {
    disk,
    path: blockPath,
    codecs: nodeCodecs,
    blockId: '01GOLDEN',
    rowGroupRowsMin: rowsMin,
    rowGroupRowsMax: rowsMax,
    ...rest,
  });
  return { meta, bytes: disk.killImage().get(blockPath) as Uint8Array };
}

/** A disk with one file, which cannot be written. */
export function diskOf(bytes: Uint8Array): Disk {
  return new SimDisk({}, new Map([[blockPath, bytes]]));
}

export function readerOf({ meta, bytes }: BlockFile): Promise<BlockReader> {
  return openBlock(diskOf(bytes), meta, nodeCodecs);
}

/** Every span of a block, in file order. */
export async function spansOfBlock(reader: BlockReader): Promise<Span[]> {
  const spans: Span[] = [];
  for (let group = 0; group < reader.rowGroups.length; group++) {
    const rowSet = await reader.readRowGroup(group, 'all');
    spans.push(
      ...spansOfRows(
        rowSet,
        Uint32Array.from({ length: rowSet.rowCount }, (_, row) => row)
      )
    );
  }
  return spans;
}
