import {
  chunkCapacity,
  chunkOfEntry,
  chunkStart,
  slabOf,
  wordOf,
  type Address,
  type Arena,
  type ChunkShape,
} from './arena.ts';

/**
 * The fixed columns. A chunk of capacity n is a structure of arrays: n starts (two words each), n durations, n span ids, n parent
 * span ids (two words each), then one word each: trace ordinal, previous row of the same trace, resource ordinal, scope ordinal,
 * kind + 256 × status code.
 */
export const rowShape: ChunkShape = { firstBits: 4, lastBits: 13, entryWords: 13 };

/** Word offsets of the columns in a chunk, in multiples of its capacity. */
export const rowColumns = {
  start: 0,
  duration: 2,
  spanId: 4,
  parentSpanId: 6,
  trace: 8,
  previousOfTrace: 9,
  resource: 10,
  scope: 11,
  kindAndStatus: 12,
} as const;

export const noRow = -1;

/** The fixed columns under construction. */
export class RowColumns {
  count = 0;
  readonly chunks: Address[] = [];
  /** Chunk that takes row `count`: its words, first word, capacity and first row. */
  words: Int32Array = new Int32Array(0);
  base = 0;
  capacity = 0;
  firstRow = 0;
  private readonly arena: Arena;

  constructor(arena: Arena) {
    this.arena = arena;
  }

  /** Makes room for row `count`; answers its index in the current chunk. */
  open(): number {
    if (this.count === this.firstRow + this.capacity) {
      const chunk = this.chunks.length;
      this.chunks.push(this.arena.allocate(rowShape.entryWords * chunkCapacity(rowShape, chunk)));
      this.enter(chunk);
    }
    return this.count - this.firstRow;
  }

  /** One word of any row. */
  wordAt(row: number, column: number, half = 0): number {
    const chunk = chunkOfEntry(rowShape, row);
    const address = this.chunks[chunk];
    const capacity = chunkCapacity(rowShape, chunk);
    const index = row - chunkStart(rowShape, chunk);
    const wide = column < rowColumns.trace;
    return this.arena.words[slabOf(address)][wordOf(address) + column * capacity + (wide ? 2 * index + half : index)];
  }

  truncate(count: number): void {
    this.count = count;
    this.chunks.length = count === 0 ? 0 : chunkOfEntry(rowShape, count - 1) + 1;
    if (count === 0) {
      this.capacity = 0;
      this.firstRow = 0;
    } else {
      this.enter(this.chunks.length - 1);
    }
  }

  private enter(chunk: number): void {
    const address = this.chunks[chunk];
    this.words = this.arena.words[slabOf(address)];
    this.base = wordOf(address);
    this.capacity = chunkCapacity(rowShape, chunk);
    this.firstRow = chunkStart(rowShape, chunk);
  }
}
