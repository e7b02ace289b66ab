import type { Codecs } from '../../base/codecs.ts';
import { BlockCache, type BlockCacheLimits } from '../block/block-cache.ts';
import { LruByBytes } from '../block/lru-by-bytes.ts';
import type { Disk } from '../disk.ts';
import { openSnapshot, type HeadSnapshot } from '../head/snapshot.ts';
import { defaultLimits } from '../limits.ts';
import type { RowSet } from '../row-set.ts';
import type { Gone } from '../workers.ts';
import { decodeBlockList, type BlockList } from './block-list.ts';
import { SplitCache } from './split-index.ts';
import type { KnownBlock } from './view-block.ts';

/** A head as it travels to a query. */
export interface PinnedHead {
  /** Names the head for the life of the process. */
  readonly key: string;
  readonly snapshot: HeadSnapshot;
}

export interface QueryWorldParts {
  readonly disk: Disk;
  readonly codecs: Codecs;
  readonly cacheLimits?: BlockCacheLimits;
  /** Milliseconds from an arbitrary origin. */
  readonly nowMs?: () => number;
  /** Lets other tasks, sockets and timers run; answered in a fresh turn. */
  readonly breathe?: () => Promise<void>;
  /** Of everything this thread holds. */
  readonly memoryBytes?: () => number;
  /** CPU time of this thread. */
  readonly cpuMs?: () => number;
}

/** Heads whose columns stay copied out of the shared memory: those of a tenant that is asked again and again. */
const openHeadsMax = 8;

/** Of so many tenants the blocks are kept in the form that queries ask. */
const openBlockListsMax = 8;

/** What one thread keeps from query to query: what it has read of blocks, and opened heads. */
export class QueryWorld {
  readonly disk: Disk;
  readonly codecs: Codecs;
  readonly cache: BlockCache;
  readonly splits = new SplitCache();
  /** Names and values: some hundred bytes a row group and look-up. */
  readonly told = new LruByBytes<unknown>(16 * 2 ** 20);
  readonly nowMs: () => number;
  readonly breathe: (() => Promise<void>) | undefined;
  readonly memoryBytes: () => number;
  readonly cpuMs: () => number;
  /** Least recently used first. */
  private readonly heads = new Map<string, RowSet>();
  private readonly blockLists = new Map<string, readonly KnownBlock[]>();

  constructor(parts: QueryWorldParts) {
    this.disk = parts.disk;
    this.codecs = parts.codecs;
    this.cache = new BlockCache(parts.cacheLimits ?? defaultLimits);
    this.nowMs = parts.nowMs ?? (() => 0);
    this.breathe = parts.breathe;
    this.memoryBytes = parts.memoryBytes ?? (() => 0);
    this.cpuMs = parts.cpuMs ?? (() => 0);
  }

  /** Queries between two requests of the head's tenant share the opened snapshot. */
  openHead({ key, snapshot }: PinnedHead): RowSet {
    const known = this.heads.get(key);
    const rowSet = known?.rowCount === snapshot.rowCount ? known : openSnapshot(snapshot);
    this.heads.delete(key);
    this.heads.set(key, rowSet);
    if (this.heads.size > openHeadsMax) {
      this.heads.delete(this.heads.keys().next().value as string);
    }
    return rowSet;
  }

  /** The blocks of one tenant; queries between two changes of the manifest share them. */
  openBlocks(list: BlockList): readonly KnownBlock[] {
    const blocks = this.blockLists.get(list.key) ?? decodeBlockList(list);
    this.blockLists.delete(list.key);
    this.blockLists.set(list.key, blocks);
    if (this.blockLists.size > openBlockListsMax) {
      this.blockLists.delete(this.blockLists.keys().next().value as string);
    }
    return blocks;
  }

  forget({ paths = [], heads = [] }: Gone): void {
    for (const path of paths) {
      this.cache.forget(path);
      this.splits.forget(path);
    }
    heads.forEach((key) => this.heads.delete(key));
  }
}
