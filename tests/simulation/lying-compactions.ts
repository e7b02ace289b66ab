import { openBlock, type BlockReader } from '../../src/engine/block/block-reader.ts';
import { BlockWriter } from '../../src/engine/block/block-writer.ts';
import type { BlockMeta } from '../../src/engine/block/format.ts';
import { compactBlocks } from '../../src/engine/compaction/compact.ts';
import type { Disk } from '../../src/engine/disk.ts';
import type { RowSet } from '../../src/engine/row-set.ts';
import { nodeCodecs } from '../../src/server/node-codecs.ts';
import { smallGroups, type Compact } from './compaction-oracle.ts';

/** Merges with another idea of what a duplicate is. */
export function withDuplicates(isDuplicate: () => boolean): Compact {
  return (payload, disk) => compactBlocks(payload, disk, nodeCodecs, { ...smallGroups, isDuplicate });
}

/** Merges all inputs but the first, and says that it merged all. */
export const forgettingAnInput: Compact = async (payload, disk) => {
  const inputs = payload.inputs.slice(1);
  // A block merged with nothing is a copy of it.
  return compactBlocks({ ...payload, inputs: inputs.length < 2 ? [...inputs, ...inputs] : inputs }, disk, nodeCodecs);
};

/** The file ends before the last row group was written, and the footer knows nothing of it. */
export const losingTheLastRowGroup: Compact = (payload, disk) =>
  rewritten(payload, disk, (rowSet, isLast) => (isLast ? undefined : rowSet));

/** A buffer used again too early: values of one row stand in the next. */
export const shiftingValues: Compact = (payload, disk) =>
  rewritten(payload, disk, (rowSet) => {
    const shifted = Object.create(rowSet) as { column: RowSet['column'] };
    shifted.column = (scope, key, type) => {
      const column = rowSet.column(scope, key, type);
      return column === undefined || scope !== 'span'
        ? column
        : { ...column, codes: Uint32Array.from(column.codes, (_, row) => column.codes[Math.max(0, row - 1)]) };
    };
    return shifted as RowSet;
  });

/** Blocks of the tenant that was compacted before come along. */
export function mixingTenants(): Compact {
  let others: readonly BlockMeta[] = [];
  return async (payload, disk) => {
    const folderOf = ({ path }: BlockMeta): string => path.slice(0, path.lastIndexOf('/'));
    const foreign = others.filter((meta) => folderOf(meta) !== folderOf(payload.inputs[0]));
    const present: BlockMeta[] = [];
    for (const meta of foreign) {
      if ((await disk.sizeOf(meta.path)) !== undefined) {
        present.push(meta);
      }
    }
    const result = await compactBlocks({ ...payload, inputs: [...payload.inputs, ...present] }, disk, nodeCodecs);
    others = result.meta === undefined ? payload.inputs : [result.meta];
    return result;
  };
}

/** Merges well, then writes the block again as `alter` would have it. */
async function rewritten(
  payload: Parameters<Compact>[0],
  disk: Disk,
  alter: (rowSet: RowSet, isLast: boolean) => RowSet | undefined
): ReturnType<Compact> {
  const result = await compactBlocks(payload, disk, nodeCodecs, { rowGroupRowsMin: 2, rowGroupRowsMax: 4 });
  if (result.meta === undefined) {
    return result;
  }
  const reader = await openBlock(disk, result.meta, nodeCodecs);
  const rowSets = await rowGroupsOf(reader);
  const { path, blockId } = payload;
  const writer = await BlockWriter.open({ disk, path, codecs: nodeCodecs, blockId, columns: reader.columnUses() });
  for (const [i, rowSet] of rowSets.entries()) {
    const altered = alter(rowSet, i === rowSets.length - 1 && i > 0);
    if (altered !== undefined) {
      await writer.rowGroup(
        altered,
        Uint32Array.from({ length: altered.rowCount }, (_, row) => row)
      );
    }
  }
  return { ...result, meta: await writer.finish() };
}

async function rowGroupsOf(reader: BlockReader): Promise<RowSet[]> {
  const rowSets: RowSet[] = [];
  for (let rowGroup = 0; rowGroup < reader.rowGroups.length; rowGroup++) {
    rowSets.push(await reader.readRowGroup(rowGroup, 'all'));
  }
  // Everything is decoded before the file is written again.
  rowSets.forEach((rowSet) =>
    rowSet.columnKeys.forEach(({ scope, key, type }) => rowSet.column(scope, key, type)?.codes.length)
  );
  return rowSets;
}
