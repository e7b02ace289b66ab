import type { BlockReader } from '../block/block-reader.ts';
import type { BlockMeta } from '../block/format.ts';
import { type SoughtTrace, type TraceFilter, filterInManifest, filterMayHold } from '../block/trace-filter.ts';

/** What the manifest says of a block, in the form in which queries ask. */
export interface KnownBlock {
  readonly meta: BlockMeta;
  readonly startUnixNanos: bigint;
  readonly endUnixNanos: bigint;
  /** Absent where it has to be read, or there is none. */
  readonly filter: TraceFilter | undefined;
}

export function knownBlock(meta: BlockMeta): KnownBlock {
  return {
    meta,
    startUnixNanos: BigInt(meta.startUnixNanos),
    endUnixNanos: BigInt(meta.endUnixNanos),
    filter: filterInManifest(meta),
  };
}

/** How the blocks of one query are got at. */
export interface BlockSource {
  /** `undefined` for a block that cannot be opened, which has been said then: the query does without it. */
  open(meta: BlockMeta): Promise<BlockReader | undefined>;
  /** The filter of a block when it is at hand. */
  filterAtHand(meta: BlockMeta): TraceFilter | undefined;
  /** `undefined` where there is none, or it cannot be read: then the block itself has to be asked. */
  readFilter(meta: BlockMeta): Promise<TraceFilter | undefined>;
}

/** A block of one query. Its footer is read when a query gets to it, and only then; before that the manifest has to do. */
export class ViewBlock {
  readonly known: KnownBlock;
  private readonly source: BlockSource;
  private opening: Promise<BlockReader | undefined> | undefined;
  private filter: TraceFilter | undefined;
  private filterLoading: Promise<void> | undefined;
  private absent = false;

  constructor(known: KnownBlock, source: BlockSource) {
    this.known = known;
    this.source = source;
    this.filter = known.filter;
  }

  get meta(): BlockMeta {
    return this.known.meta;
  }

  /** The same answer every time: what cannot be opened once is not there for the whole query. */
  open(): Promise<BlockReader | undefined> {
    this.opening ??= this.source.open(this.meta).then((reader) => {
      this.absent = reader === undefined;
      return reader;
    });
    return this.opening;
  }

  /** Whether there is a filter to wait for: without one {@link mayHold} cannot tell. */
  get lacksFilter(): boolean {
    this.filter ??= this.source.filterAtHand(this.meta);
    return this.filter === undefined && !this.absent;
  }

  /** Whether {@link loadFilter} can be of use. */
  get hasFilter(): boolean {
    return this.filter !== undefined || this.meta.traceFilter !== undefined;
  }

  loadFilter(): Promise<void> {
    if (!this.lacksFilter || !this.hasFilter) {
      return Promise.resolve();
    }
    this.filterLoading ??= this.source.readFilter(this.meta).then((filter) => {
      this.filter = filter;
    });
    return this.filterLoading;
  }

  /** False is certain. */
  mayHold(trace: SoughtTrace): boolean {
    const { minTraceId, maxTraceId } = this.meta;
    if (this.absent || trace.hex < minTraceId || trace.hex > maxTraceId) {
      return false;
    }
    return this.lacksFilter || filterMayHold(this.filter as TraceFilter, trace);
  }
}
