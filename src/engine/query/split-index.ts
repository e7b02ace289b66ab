/**
 * Which traces have fragments in more than one place. Blocks that have been asked often are in a set of all their trace ids; of the others
 * a filter tells, trace by trace. A false positive costs time, never truth.
 */
import { soughtTrace } from '../block/trace-filter.ts';
import { blocksAtOnce } from './fragments.ts';
import { mapAtMost } from './map-at-most.ts';
import type { Progress } from './candidates.ts';
import { ReadAhead } from './read-ahead.ts';
import type { Source, StoreView } from './view.ts';
import type { ViewBlock } from './view-block.ts';

/** One filter asked for one trace, and one trace id put into the set: the ratio counts. */
const nanosPerProbe = 60;
const nanosPerTraceId = 100;
/** A set is asked by every query to come: it is worth more than the one that pays for it has spent on filters. */
const eagerness = 4;
/** Footer and ids of one block, beside its traces. */
const nanosPerBlock = 100_000;

/** Over the heads and blocks of one view. {@link prepare} comes before {@link isSplit}. */
export class SplitIndex {
  private readonly view: StoreView;
  private readonly known: KnownTraces;
  /** Not in the set, as far as this query knows. */
  private unknown: readonly ViewBlock[];
  /** What putting them into the set would cost, and those whose filter has not been read. */
  private unknownNanos = 0;
  private lacking: readonly ViewBlock[] = [];
  private sizeOfKnown = -1;

  constructor(view: StoreView) {
    this.view = view;
    this.known = (view.splits ?? new SplitCache()).of(view);
    this.unknown = view.blocks;
  }

  /**
   * `traces` more will be asked about. Blocks get into the set when asking their filters has cost a quarter, over all queries, of what reading
   * their ids costs; until then their filters are read. Without a filter there is nothing to weigh.
   */
  async prepare(traces: number, progress: Progress): Promise<void> {
    if (traces === 0 || this.isSinglePlace()) {
      return;
    }
    const { known } = this;
    if (known.paths.size !== this.sizeOfKnown) {
      this.lookUpUnknown();
      await this.learn(
        this.unknown.filter((block) => !block.hasFilter),
        progress
      );
      this.lookUpUnknown();
    }
    if (this.unknown.length === 0) {
      return;
    }
    known.askedNanos += nanosPerProbe * traces * this.unknown.length;
    if (eagerness * known.askedNanos >= this.unknownNanos) {
      await this.learn(this.unknown, progress);
      this.lookUpUnknown();
      known.askedNanos = 0;
    }
    if (this.lacking.length > 0) {
      const { lacking } = this;
      this.lacking = [];
      await mapAtMost(lacking, blocksAtOnce, async (block) => {
        await block.loadFilter();
        await progress.point();
      });
    }
  }

  private lookUpUnknown(): void {
    const { paths } = this.known;
    this.unknown = this.view.blocks.filter(({ meta }) => !paths.has(meta.path));
    this.unknownNanos = this.unknown.reduce((sum, block) => sum + nanosToLearn(block), 0);
    this.lacking = this.unknown.filter((block) => block.lacksFilter);
    this.sizeOfKnown = paths.size;
  }

  /** Whether the trace (16 bytes) of this source may have fragments in another one. */
  isSplit(source: Source, traceId: Uint8Array): boolean {
    if (this.isSinglePlace()) {
      return false;
    }
    const { heads, blocks } = this.view;
    const ownBlock = source.kind === 'head' ? undefined : blocks[source.index - heads.length];
    const ownKnown = ownBlock !== undefined && this.known.paths.has(ownBlock.meta.path);
    if (
      this.known.traces.countOf(traceId) > Number(ownKnown) ||
      heads.some((head, index) => index !== source.index && head.findTrace(traceId) >= 0)
    ) {
      return true;
    }
    if (this.unknown.length === 0) {
      return false;
    }
    const trace = soughtTrace(traceId);
    return this.unknown.some((block) => block !== ownBlock && block.mayHold(trace));
  }

  private isSinglePlace(): boolean {
    return this.view.heads.length + this.view.blocks.length <= 1;
  }

  /** Reads the trace ids of blocks into the set. */
  private async learn(blocks: readonly ViewBlock[], progress: Progress): Promise<void> {
    const { paths, traces } = this.known;
    const ids = new ReadAhead(blocks, this.view.readsAhead ?? 0, readTraceIds);
    for (const block of blocks) {
      const groups = await ids.take(block);
      // Another query may have added it meanwhile; from here to the end of the block nothing comes in between.
      if (groups !== undefined && !paths.has(block.meta.path)) {
        paths.add(block.meta.path);
        groups.forEach((traceIds) => traces.add(traceIds));
      }
      await progress.point();
    }
  }
}

function nanosToLearn({ meta }: ViewBlock): number {
  return nanosPerBlock + nanosPerTraceId * meta.traces;
}

/** By row group; `undefined` when the block cannot be opened. */
async function readTraceIds(block: ViewBlock): Promise<Uint8Array[] | undefined> {
  const reader = await block.open();
  return reader && Promise.all(reader.rowGroups.map((_, rowGroup) => reader.readTraceIds(rowGroup)));
}

/** Of one tenant. */
interface KnownTraces {
  /** Of the blocks in the set. */
  readonly paths: Set<string>;
  readonly traces: TraceSet;
  /** What asking filters has cost since the last block came in. */
  askedNanos: number;
}

/** The trace ids of blocks, from query to query: blocks never change, so that only new ones are read. */
export class SplitCache {
  /** By the folders that the blocks lie in, that is by tenant. */
  private readonly known = new Map<string, KnownTraces>();
  private readonly tenantsMax = 8;

  /** Of blocks of the view, and perhaps of some that have come since. */
  of({ blocks }: StoreView): KnownTraces {
    const folders = new Set<string>();
    blocks.forEach(({ meta }) => folders.add(folderOf(meta.path)));
    const key = [...folders].sort().join('\n');
    const entry = this.known.get(key) ?? { paths: new Set<string>(), traces: new TraceSet(), askedNanos: 0 };
    this.known.delete(key);
    this.known.set(key, entry);
    if (this.known.size > this.tenantsMax) {
      this.known.delete(this.known.keys().next().value as string);
    }
    return entry;
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
  countOf(traceId: Uint8Array): 0 | 1 | 2 {
    const entry = this.slots[this.slotOf(hashOf(traceId, 0))];
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
