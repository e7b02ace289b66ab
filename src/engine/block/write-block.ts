import { assert } from '../../base/assert.ts';
import type { BlockMeta } from './format.ts';
import type { RowSet } from '../row-set.ts';
import { BlockWriter, type BlockWriterOptions, type ColumnUse } from './block-writer.ts';
import { planRowGroups } from './row-groups.ts';

export interface WriteBlockOptions extends Omit<BlockWriterOptions, 'columns' | 'rowGroupCount'> {
  /** Smaller row groups for tests; see {@link planRowGroups}. */
  readonly rowGroupRowsMin?: number;
  readonly rowGroupRowsMax?: number;
}

/**
 * Writes rows of a row set as a block file and makes its bytes durable; the directory entry is the caller's.
 * `rows` are ordered by trace id, start, span id, and not empty. Memory: one row group and the metadata of those before it.
 * Errors: the disk's; `too_large` when a page would exceed 1 GiB.
 */
export async function writeBlock(rowSet: RowSet, rows: Uint32Array, options: WriteBlockOptions): Promise<BlockMeta> {
  assert(rows.length > 0, 'a block without rows');
  const groups = planRowGroups(rowSet.traceOfRow, rows, options.rowGroupRowsMin, options.rowGroupRowsMax);
  const writer = await BlockWriter.open({
    ...options,
    columns: columnUsesOf(rowSet, rows),
    rowGroupCount: groups.length,
  });
  try {
    for (const { start, end } of groups) {
      await writer.rowGroup(rowSet, rows.subarray(start, end));
    }
    return await writer.finish();
  } catch (error) {
    await writer.abort().catch(() => undefined);
    throw error;
  }
}

/** Columns with a value in some of the rows. */
function columnUsesOf(rowSet: RowSet, rows: Uint32Array): ColumnUse[] {
  return rowSet.columnKeys.flatMap((key) => {
    const codes = rowSet.column(key.scope, key.key, key.type)?.codes;
    let rowCount = 0;
    if (codes !== undefined) {
      for (let i = 0; i < rows.length; i++) {
        rowCount += codes[rows[i]] === 0 ? 0 : 1;
      }
    }
    return rowCount === 0 ? [] : [{ key, rowCount }];
  });
}
