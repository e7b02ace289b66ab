import { assert } from '../../base/assert.ts';
import type { BlockMeta } from './format.ts';
import type { Codes, RowSet, SparseColumn } from '../row-set.ts';
import { BlockWriter, type BlockWriterOptions, type ColumnUse } from './block-writer.ts';
import { columnChunksMax, columnsMax } from './fold-plan.ts';
import { planRowGroups } from './row-groups.ts';
import { RowPlaces } from './row-places.ts';
import { isUuidDictionary } from '../parquet/uuid.ts';

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
  const keyCount = rowSet.columnKeys.length;
  const mayFold = keyCount > columnsMax || keyCount * groups.length > (options.columnChunksMax ?? columnChunksMax);
  const columns = columnUsesOf(rowSet, rows, mayFold);
  const writer = await BlockWriter.open({ ...options, columns, rowGroupCount: groups.length });
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

/** Columns with a value in some of the rows. Rows are counted where it decides what is folded, else one is enough. */
function columnUsesOf(rowSet: RowSet, rows: Uint32Array, countRows: boolean): ColumnUse[] {
  const uses: ColumnUse[] = [];
  const places = rowSet.sparseColumn === undefined ? undefined : new RowPlaces().of(rowSet, rows);
  for (const key of rowSet.columnKeys) {
    const sparse = rowSet.sparseColumn?.(key.scope, key.key, key.type);
    if (places !== undefined && sparse !== undefined) {
      const rowCount = rowsWithPlace(sparse, places);
      if (rowCount > 0) {
        uses.push({ key, rowCount, isUuid: isUuidDictionary(sparse.dictionary) });
      }
      continue;
    }
    const column = rowSet.column(key.scope, key.key, key.type);
    const rowCount = column === undefined ? 0 : rowsWithValue(column.codes, rows, countRows ? rows.length : 1);
    if (column !== undefined && rowCount > 0) {
      uses.push({ key, rowCount, isUuid: isUuidDictionary(column.dictionary) });
    }
  }
  return uses;
}

/** Rows with a code, counted up to `countMax`. */
function rowsWithValue(codes: Codes, rows: Uint32Array, countMax: number): number {
  let count = 0;
  for (let i = 0; i < rows.length && count < countMax; i++) {
    count += codes[rows[i]] === 0 ? 0 : 1;
  }
  return count;
}

function rowsWithPlace({ rows }: SparseColumn, places: Uint32Array): number {
  let count = 0;
  for (let i = 0; i < rows.length; i++) {
    count += places[rows[i]] === 0 ? 0 : 1;
  }
  return count;
}
