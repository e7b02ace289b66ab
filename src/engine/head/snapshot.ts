import { chunkOfEntry, type Address } from './arena.ts';
import { postingShape, type ColumnUnit } from './column.ts';
import { dictionaryShape } from './dictionary.ts';
import { HeadRowSet } from './head-row-set.ts';
import type { HeadBuilder } from './builder.ts';
import type { ColumnKey, RowSet } from '../row-set.ts';

export interface ColumnSnapshot extends ColumnKey {
  readonly unit: ColumnUnit;
  readonly postingCount: number;
  readonly postings: readonly Address[];
  readonly valueCount: number;
  readonly values: readonly Address[];
}

/**
 * A head pinned at a number of rows: plain data over shared memory, which can be posted to a worker and opened there. Later appends
 * and rollbacks do not disturb it.
 */
export interface HeadSnapshot {
  readonly rowCount: number;
  readonly traceCount: number;
  readonly resourceCount: number;
  readonly scopeCount: number;
  readonly slabs: readonly SharedArrayBuffer[];
  readonly rows: readonly Address[];
  readonly traces: readonly Address[];
  readonly traceSlots: SharedArrayBuffer;
  readonly columns: readonly ColumnSnapshot[];
}

/** Pins the first `rowCount` rows of a head. */
export function snapshotOf(builder: HeadBuilder, rowCount: number): HeadSnapshot {
  const resourceCount = builder.resources.countBefore(rowCount);
  const scopeCount = builder.scopes.countBefore(rowCount);
  const columns: ColumnSnapshot[] = [];
  for (const list of builder.columnLists) {
    for (const column of list) {
      const units = column.unit === 'row' ? rowCount : column.unit === 'resource' ? resourceCount : scopeCount;
      const postingCount = column.countBefore(units);
      if (postingCount > 0) {
        const valueCount = column.dictionary.countBefore(rowCount);
        columns.push({
          scope: column.scope,
          key: column.key,
          type: column.type,
          unit: column.unit,
          postingCount,
          postings: column.chunks.slice(0, chunkOfEntry(postingShape, postingCount - 1) + 1),
          valueCount,
          values: column.dictionary.chunks.slice(0, chunkOfEntry(dictionaryShape, valueCount - 1) + 1),
        });
      }
    }
  }
  return {
    rowCount,
    traceCount: builder.traces.countBefore(rowCount),
    resourceCount,
    scopeCount,
    slabs: builder.arena.words.map((words) => words.buffer),
    rows: builder.rows.chunks.slice(),
    traces: builder.traces.chunks.slice(),
    traceSlots: builder.traces.slots.buffer,
    columns,
  };
}

/** The rows of a snapshot, in any thread. Columns are copied out of the shared memory when they are first asked for. */
export function openSnapshot(snapshot: HeadSnapshot): RowSet {
  return new HeadRowSet(snapshot);
}
