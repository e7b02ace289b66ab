import { assert } from '../../base/assert.ts';
import { CodedError } from '../../base/coded-error.ts';
import type { BlockReader } from '../block/block-reader.ts';
import { rowGroupRowsMax, rowGroupRowsMin } from '../block/row-groups.ts';
import type { RowSet } from '../row-set.ts';
import { BatchBuilder, type RowPlace } from './batch-builder.ts';
import type { Batch } from './merged-rows.ts';
import { ContentComparer } from './same-content.ts';

export interface TraceMergeOptions {
  /** Smaller row groups for tests. */
  readonly rowGroupRowsMin?: number;
  readonly rowGroupRowsMax?: number;
  /** Whether two spans with the same ids and start are one; tests plant bugs here. */
  /** Asked for every row group. */
  readonly stopped?: () => boolean;
  readonly isDuplicate?: (a: RowPlace, b: RowPlace) => boolean;
}

/** What came out. */
export interface MergeCounts {
  rows: number;
  /** Rows left out because they repeat another. */
  duplicates: number;
}

/**
 * The traces of several blocks by ascending trace id, in batches that make a row group each. Fragments of a trace come together, by start and span
 * id; duplicates (same ids, same canonical content) come once. Memory: one row group of each block, and those a batch is made of.
 *
 * Errors: `corrupt`, naming the file; the disk's.
 */
export async function* mergeTraces(
  readers: readonly BlockReader[],
  counts: MergeCounts,
  options: TraceMergeOptions = {}
): AsyncGenerator<Batch> {
  const comparer = new ContentComparer();
  const isDuplicate = options.isDuplicate ?? ((a, b) => comparer.same(a, b));
  const rowsMin = options.rowGroupRowsMin ?? rowGroupRowsMin;
  const rowsMax = options.rowGroupRowsMax ?? rowGroupRowsMax;
  let cursors = await startedCursors(readers);
  let batch = new BatchBuilder();
  while (cursors.length > 0) {
    const sources = cursorsAtLowestId(cursors);
    const places = sources.length === 1 ? sources[0].soleFragment() : undefined;
    const rows = places ?? withoutDuplicates(sortedPlaces(sources), isDuplicate);
    counts.rows += rows.length;
    counts.duplicates += sources.reduce((sum, { fragmentRows }) => sum + fragmentRows, 0) - rows.length;
    const isFull = batch.rowCount >= rowsMin || batch.rowCount + rows.length > rowsMax;
    if (isFull && batch.rowCount > 0) {
      if (options.stopped?.() === true) {
        throw new CodedError('unavailable', 'stopped');
      }
      yield batch.finish();
      batch = new BatchBuilder();
    }
    batch.addTrace(sources[0].traceId(), rows);
    let ended = false;
    for (const cursor of sources) {
      ended = !(await cursor.advance()) || ended;
    }
    cursors = ended ? cursors.filter((cursor) => !cursor.isAtEnd) : cursors;
  }
  if (batch.rowCount > 0) {
    yield batch.finish();
  }
}

/** One trace after the other of one block. */
class BlockCursor {
  isAtEnd = false;
  fragmentRows = 0;
  private readonly reader: BlockReader;
  private rowGroup = -1;
  private rowSet: RowSet | undefined;
  private ids: DataView = new DataView(new ArrayBuffer(0));
  private traceOfRow: Uint32Array = new Uint32Array(0);
  private starts: Uint32Array = new Uint32Array(0);
  private spanIds: DataView = new DataView(new ArrayBuffer(0));
  private ordinal = 0;
  private rowStart = 0;

  constructor(reader: BlockReader) {
    this.reader = reader;
  }

  /** Goes to the next trace; false when there is none. */
  async advance(): Promise<boolean> {
    this.ordinal++;
    this.rowStart += this.fragmentRows;
    if (this.rowSet === undefined || this.ordinal >= this.rowSet.traceCount) {
      this.rowGroup++;
      if (this.rowGroup >= this.reader.rowGroups.length) {
        this.isAtEnd = true;
        this.rowSet = undefined;
        return false;
      }
      this.openRowGroup(await this.reader.readRowGroup(this.rowGroup, 'all'));
    }
    let rowEnd = this.rowStart;
    while (this.traceOfRow[rowEnd] === this.ordinal) {
      rowEnd++;
    }
    this.fragmentRows = rowEnd - this.rowStart;
    assert(this.fragmentRows > 0, 'a trace without rows');
    return true;
  }

  traceId(): Uint8Array {
    return new Uint8Array(this.ids.buffer, this.ids.byteOffset + 16 * this.ordinal, 16);
  }

  /** Negative when this trace comes before the other's. */
  compare(other: BlockCursor): number {
    for (let at = 0; at < 16; at += 4) {
      const a = this.ids.getUint32(16 * this.ordinal + at);
      const b = other.ids.getUint32(16 * other.ordinal + at);
      if (a !== b) {
        return a - b;
      }
    }
    return 0;
  }

  places(): RowPlace[] {
    const { rowSet, rowStart, fragmentRows } = this;
    assert(rowSet !== undefined, 'places at the end');
    return Array.from({ length: fragmentRows }, (_, i) => ({ rowSet, row: rowStart + i }));
  }

  /** The rows as they stand; `undefined` when two of them may be duplicates. */
  soleFragment(): { rowSet: RowSet; rowStart: number; length: number } | undefined {
    const { rowSet, starts, spanIds, rowStart } = this;
    assert(rowSet !== undefined, 'places at the end');
    for (let row = rowStart + 1; row < rowStart + this.fragmentRows; row++) {
      if (
        starts[2 * row] === starts[2 * row - 2] &&
        starts[2 * row + 1] === starts[2 * row - 1] &&
        spanIds.getInt32(8 * row) === spanIds.getInt32(8 * row - 8) &&
        spanIds.getInt32(8 * row + 4) === spanIds.getInt32(8 * row - 4)
      ) {
        return undefined;
      }
    }
    return { rowSet, rowStart, length: this.fragmentRows };
  }

  private openRowGroup(rowSet: RowSet): void {
    const { traceIds, spanIds, startUnixNanos: start } = rowSet;
    this.rowSet = rowSet;
    this.ids = new DataView(traceIds.buffer, traceIds.byteOffset, traceIds.byteLength);
    this.spanIds = new DataView(spanIds.buffer, spanIds.byteOffset, spanIds.byteLength);
    this.starts = new Uint32Array(start.buffer, start.byteOffset, 2 * start.length);
    this.traceOfRow = rowSet.traceOfRow;
    this.ordinal = 0;
    this.rowStart = 0;
  }
}

async function startedCursors(readers: readonly BlockReader[]): Promise<BlockCursor[]> {
  const cursors = readers.map((reader) => new BlockCursor(reader));
  for (const cursor of cursors) {
    await cursor.advance();
  }
  return cursors.filter(({ isAtEnd }) => !isAtEnd);
}

function cursorsAtLowestId(cursors: readonly BlockCursor[]): BlockCursor[] {
  let lowest: BlockCursor[] = [];
  for (const cursor of cursors) {
    const order = lowest.length === 0 ? -1 : cursor.compare(lowest[0]);
    if (order < 0) {
      lowest = [cursor];
    } else if (order === 0) {
      lowest.push(cursor);
    }
  }
  return lowest;
}

/** By start, then span id. */
function sortedPlaces(sources: readonly BlockCursor[]): RowPlace[] {
  return sources.flatMap((cursor) => cursor.places()).sort(comparePlaces);
}

function comparePlaces(a: RowPlace, b: RowPlace): number {
  const startA = a.rowSet.startUnixNanos[a.row];
  const startB = b.rowSet.startUnixNanos[b.row];
  if (startA !== startB) {
    return startA < startB ? -1 : 1;
  }
  for (let i = 0; i < 8; i++) {
    const difference = a.rowSet.spanIds[8 * a.row + i] - b.rowSet.spanIds[8 * b.row + i];
    if (difference !== 0) {
      return difference;
    }
  }
  return 0;
}

/** Of sorted places: duplicates have the same ids and start, so they stand side by side. */
function withoutDuplicates(
  places: readonly RowPlace[],
  isDuplicate: (a: RowPlace, b: RowPlace) => boolean
): RowPlace[] {
  const kept: RowPlace[] = [];
  let runStart = 0;
  for (const place of places) {
    if (kept.length > runStart && comparePlaces(kept[runStart], place) !== 0) {
      runStart = kept.length;
    }
    let isNew = true;
    for (let i = runStart; i < kept.length && isNew; i++) {
      isNew = !isDuplicate(kept[i], place);
    }
    if (isNew) {
      kept.push(place);
    }
  }
  return kept;
}
