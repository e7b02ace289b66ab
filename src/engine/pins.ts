import type { Codecs } from '../base/codecs.ts';
import type { BlockCache } from './block/block-cache.ts';
import { openBlock, type BlockReader } from './block/block-reader.ts';
import type { Disk } from './disk.ts';
import { openSnapshot } from './head/snapshot.ts';
import type { HeadSlot } from './heads.ts';
import type { StoredBlock } from './manifest.ts';
import { messageOf } from './os-error.ts';
import type { RowSet } from './row-set.ts';

/** A block as a query sees it; `reader` is undefined when it cannot be opened, and `warning` says why. */
export interface PinnedBlock {
  readonly path: string;
  readonly reader: BlockReader | undefined;
  readonly warning: string | undefined;
}

/** What one query holds on to for its life. */
export interface Pin {
  /** Durable rows only. */
  readonly heads: readonly RowSet[];
  readonly blocks: readonly PinnedBlock[];
  /** To be called once, when nothing reads from the rows and readers any more. */
  release(): void;
}

/** Counts who reads which block, and removes the files of dropped blocks when nobody does. */
export class Pins {
  private readonly disk: Disk;
  private readonly codecs: Codecs;
  private readonly cache: BlockCache;
  private readonly holders = new Map<string, number>();
  private readonly dropped = new Map<string, StoredBlock>();
  private readonly removed = new Set<string>();
  /** The newest opened snapshot of a head: queries between two requests share it. */
  private readonly snapshots = new WeakMap<HeadSlot, { readonly rows: number; readonly rowSet: RowSet }>();

  constructor(disk: Disk, codecs: Codecs, cache: BlockCache) {
    this.disk = disk;
    this.codecs = codecs;
    this.cache = cache;
  }

  /** What has been read of a block is not trusted any more: the next query sees the disk. */
  distrust(path: string): void {
    this.cache.forget(path);
  }

  /** The caller names heads and blocks in one go, so that no span is in both or in neither. */
  async pin(heads: readonly HeadSlot[], blocks: readonly StoredBlock[]): Promise<Pin> {
    const rowSets = heads.filter(({ durableRows }) => durableRows > 0).map((slot) => this.snapshotOf(slot));
    const release = this.hold(blocks);
    const pinned = await Promise.all(blocks.map((block) => this.open(block)));
    return { heads: rowSets, blocks: pinned, release };
  }

  /** Whether a dropped block's file is gone for good. */
  isRemoved(path: string): boolean {
    return this.removed.has(path);
  }

  /** Files that are known to be gone, and no longer asked about. */
  settleRemovals(gone: readonly string[], forgotten: readonly string[]): void {
    gone.forEach((path) => this.removed.add(path));
    forgotten.forEach((path) => this.removed.delete(path));
  }

  /** Keeps the files of blocks until the answer is called. */
  hold(blocks: readonly StoredBlock[]): () => void {
    for (const { meta } of blocks) {
      this.holders.set(meta.blockId, (this.holders.get(meta.blockId) ?? 0) + 1);
    }
    return () => this.release(blocks);
  }

  /** The manifest no longer lists the block: its file goes as soon as nothing holds it. */
  drop(block: StoredBlock): void {
    this.dropped.set(block.meta.blockId, block);
    if (!this.holders.has(block.meta.blockId)) {
      this.removeFile(block);
    }
  }

  private release(blocks: readonly StoredBlock[]): void {
    for (const block of blocks) {
      const id = block.meta.blockId;
      const left = (this.holders.get(id) ?? 0) - 1;
      if (left > 0) {
        this.holders.set(id, left);
      } else {
        this.holders.delete(id);
        if (this.dropped.has(id)) {
          this.removeFile(block);
        }
      }
    }
  }

  private snapshotOf(slot: HeadSlot): RowSet {
    const known = this.snapshots.get(slot);
    if (known?.rows === slot.durableRows) {
      return known.rowSet;
    }
    const rowSet = openSnapshot(slot.head.snapshot());
    this.snapshots.set(slot, { rows: slot.durableRows, rowSet });
    return rowSet;
  }

  private async open({ meta }: StoredBlock): Promise<PinnedBlock> {
    const { path } = meta;
    try {
      return { path, reader: await openBlock(this.disk, meta, this.codecs, this.cache), warning: undefined };
    } catch (error) {
      return { path, reader: undefined, warning: `block ${path} is left out: ${messageOf(error)}` };
    }
  }

  /** A failure leaves a file that the next start removes: the manifest remembers it. */
  private removeFile({ meta }: StoredBlock): void {
    this.cache.forget(meta.path);
    this.dropped.delete(meta.blockId);
    this.disk
      .remove(meta.path)
      .then(() => this.disk.syncDirectory(meta.path.slice(0, meta.path.lastIndexOf('/'))))
      .then(
        () => this.removed.add(meta.path),
        () => undefined
      );
  }
}
