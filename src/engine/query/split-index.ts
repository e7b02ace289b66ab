/**
 * Which traces have fragments in more than one place. A query that meets few traces asks the sources one by one; a query that meets many
 * counts all ids of the view once, in a hash table of 64-bit prefixes. A false positive costs time, never truth.
 */
import type { RowSet } from '../row-set.ts';
import type { Progress } from './candidates.ts';
import { ReadAhead } from './read-ahead.ts';
import { sourcesOf } from './view.ts';
import type { StoreView } from './view.ts';

export class SplitIndex {
  /** Two words per slot: 63 bits of the id's middle and last bytes, made non-zero. */
  private readonly slots: Uint32Array;
  /** Per slot: 0 empty, 1 + source index of the first source, or 0xffff_ffff for several. */
  private readonly owners: Uint32Array;
  private readonly mask: number;

  private constructor(traces: number) {
    let capacity = 1024;
    while (capacity < traces * 2) {
      capacity *= 2;
    }
    this.mask = capacity - 1;
    this.slots = new Uint32Array(capacity * 2);
    this.owners = new Uint32Array(capacity);
  }

  /** Reads the ids of every source of the view. */
  static async of(view: StoreView, progress?: Progress): Promise<SplitIndex> {
    if (view.heads.length + view.blocks.length <= 1) {
      return new SplitIndex(0);
    }
    const counts = [
      ...view.heads.map((head) => head.traceCount),
      ...view.blocks.flatMap((block) => block.rowGroups.map((group) => group.traceCount)),
    ];
    const index = new SplitIndex(counts.reduce((sum, count) => sum + count, 0));
    const sources = sourcesOf(view);
    const rowGroups = sources.filter((source) => source.kind === 'row-group');
    const ids = new ReadAhead(rowGroups, view.readsAhead ?? 0, ({ reader, rowGroup }) => reader.readTraceIds(rowGroup));
    for (const source of sources) {
      if (source.kind === 'head') {
        index.add(source.rowSet.traceIds, source.rowSet.traceCount, source.index);
      } else {
        const traceIds = await ids.take(source);
        index.add(traceIds, traceIds.length / 16, source.index);
        await progress?.point();
      }
    }
    return index;
  }

  private add(traceIds: Uint8Array, traceCount: number, sourceIndex: number): void {
    for (let trace = 0; trace < traceCount; trace++) {
      const slot = this.slotOf(traceIds, trace);
      const owner = this.owners[slot];
      if (owner === 0) {
        this.owners[slot] = sourceIndex + 1;
      } else if (owner !== sourceIndex + 1) {
        this.owners[slot] = 0xffffffff;
      }
    }
  }

  /** Whether the trace may have fragments in another source than this one. */
  isSplit(rowSet: RowSet, trace: number): boolean {
    return this.owners[this.slotOf(rowSet.traceIds, trace)] === 0xffffffff;
  }

  private slotOf(traceIds: Uint8Array, trace: number): number {
    // Ids may be random in either half only (some SDKs put a time in the first bytes), so both halves count.
    const at = trace * 16;
    const high = word(traceIds, at + 4) ^ Math.imul(word(traceIds, at), 0x9e3779b1) || 1;
    const low = word(traceIds, at + 12) ^ Math.imul(word(traceIds, at + 8), 0x85ebca6b);
    let slot = (Math.imul(high ^ Math.imul(low, 0xc2b2ae35), 0x27d4eb2f) >>> 0) & this.mask;
    while (this.owners[slot] !== 0 && (this.slots[2 * slot] !== high >>> 0 || this.slots[2 * slot + 1] !== low >>> 0)) {
      slot = (slot + 1) & this.mask;
    }
    this.slots[2 * slot] = high;
    this.slots[2 * slot + 1] = low;
    return slot;
  }
}

function word(bytes: Uint8Array, at: number): number {
  return bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
}
