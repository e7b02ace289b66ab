import type { BlockReader } from '../block/block-reader.ts';
import type { LruByBytes } from '../block/lru-by-bytes.ts';
import type { RowSet } from '../row-set.ts';
import type { QueryControl } from './control.ts';
import type { SplitCache } from './split-index.ts';
import type { ViewBlock } from './view-block.ts';

/**
 * What one query sees, pinned for its whole life: committed rows of the heads (newest last) and the live blocks of one tenant. A
 * trace may have fragments in several of them.
 */
export interface StoreView {
  readonly heads: readonly RowSet[];
  readonly blocks: readonly ViewBlock[];
  /** The readers of those blocks that have been opened so far. */
  readonly opened: readonly BlockReader[];
  /** What earlier queries have learned of the blocks' trace ids. */
  readonly splits?: SplitCache;
  /** What earlier look-ups of names and values have learned of row groups, see `consumeSpans`. */
  readonly told?: LruByBytes<unknown>;
  /** Absent: nothing bounds the query. */
  readonly control?: QueryControl;
  /** How many reads are begun before they are wanted; absent where blocks are near. */
  readonly readsAhead?: number;
}

/** A head or a block; `index` counts over heads and blocks and tells fragments of a trace in different places apart. */
export type Place =
  | { readonly kind: 'head'; readonly index: number; readonly rowSet: RowSet }
  | { readonly kind: 'block'; readonly index: number; readonly block: ViewBlock };

/** One row set of a view and how to get at it: a head is there already, a row group is read with the columns asked for. */
export type Source =
  | { readonly kind: 'head'; readonly index: number; readonly rowSet: RowSet }
  | { readonly kind: 'row-group'; readonly index: number; readonly reader: BlockReader; readonly rowGroup: number };

/** Taken from the disk by this query, footers and filters over trace ids aside. */
export function readBytesOf({ opened }: StoreView): number {
  return opened.reduce((sum, { readBytes }) => sum + readBytes, 0);
}

/** Every place of the view. */
export function placesOf({ heads, blocks }: StoreView): Place[] {
  return [
    ...heads.map((rowSet, index): Place => ({ kind: 'head', index, rowSet })),
    ...blocks.map((block, index): Place => ({ kind: 'block', index: heads.length + index, block })),
  ];
}

/** The row groups of a block that has been opened. */
export function rowGroupsOf(reader: BlockReader, index: number): Source[] {
  return reader.rowGroups.map((_, rowGroup) => ({ kind: 'row-group', index, reader, rowGroup }));
}
