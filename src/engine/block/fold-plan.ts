import { type ColumnUse } from './block-writer.ts';
import { compareColumnKeys } from './column-names.ts';

/** A footer of so many chunks is a few megabytes in memory; more is what makes wide blocks slow to open. */
export const columnChunksMax = 16_000;
/** However few row groups there are: a chunk costs its writer some 0.3 ms and 100 bytes before its first value. */
export const columnsMax = 512;

/** Which columns a block has, and which keys are folded into the list `attributes`; both in file order. */
export interface FoldPlan<T extends ColumnUse> {
  readonly columns: readonly T[];
  readonly folded: readonly T[];
}

/**
 * Folds attribute keys in the fewest rows until columns, and columns times row groups, are few enough. Intrinsics never fold, nor does the service name,
 * which every answer shows.
 */
export function planFolding<T extends ColumnUse>(
  uses: readonly T[],
  rowGroupCount: number,
  chunksMax = columnChunksMax
): FoldPlan<T> {
  const keptMax = Math.min(columnsMax, Math.floor(chunksMax / Math.max(1, rowGroupCount)));
  const inOrder = [...uses].sort((a, b) => compareColumnKeys(a.key, b.key));
  const foldable = inOrder.filter(({ key }) => key.scope !== 'intrinsic' && key.key !== 'service.name');
  const foldCount = Math.min(foldable.length, Math.max(0, uses.length - keptMax));
  const folded = new Set([...foldable].sort((a, b) => a.rowCount - b.rowCount).slice(0, foldCount));
  return {
    columns: inOrder.filter((use) => !folded.has(use)),
    folded: inOrder.filter((use) => folded.has(use)),
  };
}
