import type { Codecs } from '../base/codecs.ts';
import { openBlock, type BlockReader } from './block/block-reader.ts';
import type { Disk } from './disk.ts';
import { openSnapshot } from './head/snapshot.ts';
import type { HeadSlot } from './heads.ts';
import type { StoredBlock } from './manifest.ts';
import { messageOf } from './os-error.ts';
import { encodeBlockList, type BlockList } from './query/block-list.ts';
import type { PinnedHead } from './query/query-world.ts';
import type { RowSet } from './row-set.ts';
import type { Gone } from './workers.ts';

/** What one query holds on to for its life: plain data, so that it can be read in any thread. */
export interface Pin {
  /** Durable rows only. */
  readonly heads: readonly PinnedHead[];
  readonly blocks: readonly StoredBlock[];
  /** The same blocks, for queries: a list for each tenant. */
  readonly blockLists: readonly BlockList[];
  /** To be called once, when nothing reads from them any more. */
  release(): void;
}

/** A block opened in this thread; `reader` is undefined when it cannot be opened, and `warning` says why. */
export interface OpenedBlock {
  readonly path: string;
  readonly reader: BlockReader | undefined;
  readonly warning: string | undefined;
}

/** A pin opened in this thread, for those who read everything once. */
export interface OpenedPin {
  readonly heads: readonly RowSet[];
  readonly blocks: readonly OpenedBlock[];
  release(): void;
}

/** Counts who reads which block, and removes the files of dropped blocks when nobody does. */
export class Pins {
  private readonly disk: Disk;
  private readonly codecs: Codecs;
  private readonly onGone: (gone: Gone) => void;
  private readonly holders = new Map<string, number>();
  private readonly dropped = new Map<string, StoredBlock>();
  private readonly removed = new Set<string>();
  private readonly lists = new WeakMap<readonly StoredBlock[], BlockList>();
  private nextList = 0;

  /** `onGone` is told what need not be kept for later queries. */
  constructor(disk: Disk, codecs: Codecs, onGone: (gone: Gone) => void) {
    this.disk = disk;
    this.codecs = codecs;
    this.onGone = onGone;
  }

  /** The caller names heads and blocks in one go, so that no span is in both or in neither. */
  pin(heads: readonly HeadSlot[], tenants: readonly (readonly StoredBlock[])[]): Pin {
    const blocks = tenants.flat();
    const pinned = heads
      .filter(({ durableRows }) => durableRows > 0)
      .map((slot) => ({ key: headKey(slot), snapshot: slot.head.snapshot() }));
    const blockLists = tenants.map((tenantBlocks) => this.listOf(tenantBlocks));
    return { heads: pinned, blocks, blockLists, release: this.hold(blocks) };
  }

  /** Made once for each version of a tenant's blocks. */
  private listOf(blocks: readonly StoredBlock[]): BlockList {
    let list = this.lists.get(blocks);
    if (list === undefined) {
      list = encodeBlockList(
        String(this.nextList++),
        blocks.map(({ meta }) => meta)
      );
      this.lists.set(blocks, list);
    }
    return list;
  }

  async open({ heads, blocks, release }: Pin): Promise<OpenedPin> {
    const opened = await Promise.all(blocks.map((block) => this.openBlock(block)));
    return { heads: heads.map(({ snapshot }) => openSnapshot(snapshot)), blocks: opened, release };
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

  /** The head has become blocks. */
  dropHead(slot: HeadSlot): void {
    this.onGone({ heads: [headKey(slot)] });
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

  private async openBlock({ meta }: StoredBlock): Promise<OpenedBlock> {
    const { path } = meta;
    try {
      return { path, reader: await openBlock(this.disk, meta, this.codecs), warning: undefined };
    } catch (error) {
      return { path, reader: undefined, warning: `block ${path} is left out: ${messageOf(error)}` };
    }
  }

  /** A failure leaves a file that the next start removes: the manifest remembers it. */
  private removeFile({ meta }: StoredBlock): void {
    this.onGone({ paths: [meta.path] });
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

function headKey({ tenant, id }: HeadSlot): string {
  return `${tenant} ${id}`;
}
