/**
 * Which traces have fragments in more than one place. A query that meets few traces asks the sources one by one; a query that meets many
 * asks here. A false positive costs time, never truth.
 */
import type { RowSet } from '../row-set.ts';
import type { Progress } from './candidates.ts';
import { traceIdBytesAt } from './fragments.ts';
import { ReadAhead } from './read-ahead.ts';
import type { StoreView } from './view.ts';

/** Over the heads and blocks of one view. */
export class SplitIndex {
  private readonly heads: readonly RowSet[];
  /** Absent where one block alone has nothing to tell apart. */
  private readonly blocks: TraceSet | undefined;

  private constructor(heads: readonly RowSet[], blocks: TraceSet | undefined) {
    this.heads = heads;
    this.blocks = blocks;
  }

  /** Reads the ids of every block that is not yet known to `view.splits`. */
  static async of(view: StoreView, progress?: Progress): Promise<SplitIndex> {
    const { heads, blocks } = view;
    if (heads.length + blocks.length <= 1) {
      return new SplitIndex([], undefined);
    }
    return new SplitIndex(heads, await (view.splits ?? new SplitCache()).tracesOf(view, progress));
  }

  /** Whether the trace may have fragments in another source than this one. */
  isSplit(rowSet: RowSet, trace: number): boolean {
    const inBlocks = this.blocks?.countOf(rowSet.traceIds, trace) ?? 0;
    let ownHead = false;
    for (const head of this.heads) {
      if (head === rowSet) {
        ownHead = true;
      } else if (head.findTrace(traceIdBytesAt(rowSet, trace)) >= 0) {
        return true;
      }
    }
    return inBlocks > (ownHead ? 0 : 1);
  }
}

/** The trace ids of blocks, from query to query: blocks never change, so that only new ones are read. */
export class SplitCache {
  /** By the folders that the blocks lie in, that is by tenant. */
  private readonly known = new Map<string, { readonly paths: Set<string>; readonly traces: TraceSet }>();
  private readonly tenantsMax = 8;

  /** Of the view's blocks, and perhaps of some that have come since. */
  async tracesOf({ blocks, readsAhead }: StoreView, progress?: Progress): Promise<TraceSet> {
    const key = [...new Set(blocks.map(({ meta }) => folderOf(meta.path)))].sort().join('\n');
    const entry = this.known.get(key) ?? { paths: new Set<string>(), traces: new TraceSet() };
    this.known.delete(key);
    this.known.set(key, entry);
    if (this.known.size > this.tenantsMax) {
      this.known.delete(this.known.keys().next().value as string);
    }
    const unknown = blocks.filter(({ meta }) => !entry.paths.has(meta.path));
    const ids = new ReadAhead(unknown, readsAhead ?? 0, (block) =>
      Promise.all(block.rowGroups.map((_, rowGroup) => block.readTraceIds(rowGroup)))
    );
    for (const block of unknown) {
      const { path } = block.meta;
      const groups = await ids.take(block);
      // Another query may have added it meanwhile; from here to the end of the block nothing comes in between.
      if (!entry.paths.has(path)) {
        entry.paths.add(path);
        groups.forEach((traceIds) => entry.traces.add(traceIds));
      }
      await progress?.point();
    }
    return entry.traces;
  }

  /** A block is no more: what is known of its tenant is counted anew. */
  forget(path: string): void {
    for (const [key, { paths }] of this.known) {
      if (paths.has(path)) {
        this.known.delete(key);
      }
    }
  }
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}

/** Slots in use, at most: beyond it probing gets long. */
const fillMax = 0.7;

/**
 * How many blocks hold a trace: none, one, or several. 4 bytes a slot: 31 bits of the id's hash, which also say where it stands, and one
 * for "several". Two traces of one hash count as one in several blocks: one of 1,700 with 1.25 million traces (10 million spans).
 */
export class TraceSet {
  private slots = new Uint32Array(1024);
  private count = 0;

  /** The ids of one block, 16 bytes each, none twice. */
  add(traceIds: Uint8Array): void {
    const traces = traceIds.length / 16;
    while (this.count + traces > fillMax * this.slots.length) {
      this.grow();
    }
    for (let trace = 0; trace < traces; trace++) {
      this.insert(hashOf(traceIds, trace));
    }
  }

  /** 0, 1, or 2 for several. */
  countOf(traceIds: Uint8Array, trace: number): 0 | 1 | 2 {
    const entry = this.slots[this.slotOf(hashOf(traceIds, trace))];
    return entry === 0 ? 0 : (entry & 1) === 0 ? 1 : 2;
  }

  private insert(hash: number): void {
    const slot = this.slotOf(hash);
    if (this.slots[slot] === 0) {
      this.count++;
      this.slots[slot] = hash << 1;
    } else {
      this.slots[slot] |= 1;
    }
  }

  private slotOf(hash: number): number {
    const { slots } = this;
    const mask = slots.length - 1;
    let slot = hash & mask;
    while (slots[slot] !== 0 && slots[slot] >>> 1 !== hash) {
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  private grow(): void {
    const before = this.slots;
    this.slots = new Uint32Array(2 * before.length);
    for (const entry of before) {
      if (entry !== 0) {
        this.slots[this.slotOf(entry >>> 1)] = entry;
      }
    }
  }
}

/** 31 bits, never 0. Every bit of the id moves every bit of the hash: some ids count up, some have a time in front. */
function hashOf(traceIds: Uint8Array, trace: number): number {
  let hash = 0x9747b28c;
  for (let at = trace * 16; at < trace * 16 + 16; at += 4) {
    // Murmur3, Austin Appleby, public domain: body and finalizer for 32 bits.
    let word = traceIds[at] | (traceIds[at + 1] << 8) | (traceIds[at + 2] << 16) | (traceIds[at + 3] << 24);
    word = Math.imul(word, 0xcc9e2d51);
    word = Math.imul((word << 15) | (word >>> 17), 0x1b873593);
    hash ^= word;
    hash = (Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64) | 0;
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 1 || 1;
}
