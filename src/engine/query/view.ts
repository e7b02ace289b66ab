import type { BlockReader } from '../block/block-reader.ts';
import type { LruByBytes } from '../block/lru-by-bytes.ts';
import type { RowSet } from '../row-set.ts';
import type { QueryControl } from './control.ts';
import type { SplitCache } from './split-index.ts';

/**
 * What one query sees, pinned for its whole life: committed rows of the heads (newest last) and the live blocks of one tenant. A
 * trace may have fragments in several of them.
 */
export interface StoreView {
  readonly heads: readonly RowSet[];
  readonly blocks: readonly BlockReader[];
  /** What earlier queries have learned of the blocks' trace ids. */
  readonly splits?: SplitCache;
  /** What earlier look-ups of names and values have learned of row groups, see `consumeSpans`. */
  readonly told?: LruByBytes<unknown>;
  /** Absent: nothing bounds the query. */
  readonly control?: QueryControl;
  /** How many reads are begun before they are wanted; absent where blocks are near. */
  readonly readsAhead?: number;
}

/** One row set of a view and how to get at it: a head is there already, a row group is read with the columns asked for. */
export type Source =
  | { readonly kind: 'head'; readonly index: number; readonly rowSet: RowSet }
  | { readonly kind: 'row-group'; readonly index: number; readonly reader: BlockReader; readonly rowGroup: number };

/** Taken from the disk by this query, footers aside. */
export function readBytesOf({ blocks }: StoreView): number {
  return blocks.reduce((sum, { readBytes }) => sum + readBytes, 0);
}

/** Every source of the view; `index` counts over heads and blocks and tells fragments of a trace in different places apart. */
export function sourcesOf(view: StoreView): Source[] {
  const sources: Source[] = view.heads.map((rowSet, index) => ({ kind: 'head', index, rowSet }));
  view.blocks.forEach((reader, block) => {
    for (let rowGroup = 0; rowGroup < reader.rowGroups.length; rowGroup++) {
      sources.push({ kind: 'row-group', index: view.heads.length + block, reader, rowGroup });
    }
  });
  return sources;
}
