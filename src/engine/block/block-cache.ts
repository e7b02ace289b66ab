import type { ValueDictionary } from '../row-set.ts';
import { FooterCache } from './footer.ts';
import { LruByBytes } from './lru-by-bytes.ts';
import type { TraceFilter } from './trace-filter.ts';
import type { TraceTable } from './trace-table.ts';

/** Bounds of a {@link BlockCache}, in bytes of memory. */
export interface BlockCacheLimits {
  readonly footerCacheBytesMax: number;
  readonly indexCacheBytesMax: number;
  readonly chunkCacheBytesMax: number;
}

/**
 * What queries have read of blocks, for the next query. Owned by the engine, shared by all readers. Keys begin with a block's path and a
 * space; blocks never change, so nothing here is ever out of date.
 */
export class BlockCache {
  readonly footers: FooterCache;
  /** What decides that a row group need not be read: bloom filters, tables of traces, dictionaries. Checked and decoded. */
  readonly blooms: LruByBytes<Uint8Array>;
  /** Over the trace ids of whole blocks. */
  readonly traceFilters: LruByBytes<TraceFilter>;
  readonly traces: LruByBytes<TraceTable>;
  readonly dictionaries: LruByBytes<ValueDictionary>;
  /** Small pages, decompressed. */
  readonly pages: LruByBytes<Uint8Array>;
  /** Column chunks as stored, of the columns that queries name. */
  readonly chunks: LruByBytes<Uint8Array>;

  constructor({ footerCacheBytesMax, indexCacheBytesMax, chunkCacheBytesMax }: BlockCacheLimits) {
    this.footers = new FooterCache(footerCacheBytesMax);
    // 10 bits a trace against 20 bytes a trace: filters of all blocks, tables of those that traces are found in.
    this.traceFilters = new LruByBytes(indexCacheBytesMax / 8);
    this.blooms = new LruByBytes(indexCacheBytesMax / 8);
    this.traces = new LruByBytes(indexCacheBytesMax / 4);
    this.dictionaries = new LruByBytes(indexCacheBytesMax / 4);
    this.pages = new LruByBytes(indexCacheBytesMax / 4);
    this.chunks = new LruByBytes(chunkCacheBytesMax);
  }

  /** For blocks that have been removed, or turned out to be damaged: the next read sees the disk. */
  forget(path: string): void {
    this.footers.forget(path);
    for (const lru of [this.traceFilters, this.blooms, this.traces, this.dictionaries, this.pages, this.chunks]) {
      lru.deletePrefix(`${path} `);
    }
  }
}
