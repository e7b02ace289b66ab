import type { Codecs } from '../base/codecs.ts';
import type { BlockMeta } from './block/format.ts';
import { writeBlock } from './block/write-block.ts';
import type { Disk } from './disk.ts';
import { oddWindow } from './manifest.ts';
import { planFlush } from './head/flush-plan.ts';
import { openSnapshot, type HeadSnapshot } from './head/snapshot.ts';

/** Cuts one head into blocks. Structured-cloneable: the head travels as shared memory. */
export interface FlushPayload {
  readonly snapshot: HeadSnapshot;
  /** Folder of the tenant, from the store's root. */
  readonly folder: string;
  /** Block i of this flush is called `<blockIdPrefix>-<i>`. */
  readonly blockIdPrefix: string;
  readonly nowUnixNanos: bigint;
  readonly windowNanos: bigint;
  readonly slackNanos: bigint;
}

/** A block of one window; `window` as the manifest has it. */
export interface FlushedBlock {
  readonly meta: BlockMeta;
  readonly window: string;
}

/**
 * Writes the blocks of a head and answers them; their bytes are durable, their names are the caller's to sync. On an error, what was
 * written is removed as far as the disk allows.
 */
export async function flushHead(payload: FlushPayload, disk: Disk, codecs: Codecs): Promise<FlushedBlock[]> {
  const rowSet = openSnapshot(payload.snapshot);
  const { windowNanos, slackNanos, nowUnixNanos } = payload;
  const blocks: FlushedBlock[] = [];
  const paths: string[] = [];
  try {
    for (const part of planFlush(rowSet, { windowNanos, slackNanos, nowUnixNanos })) {
      const blockId = `${payload.blockIdPrefix}-${blocks.length}`;
      const path = `${payload.folder}/${blockId}.parquet`;
      paths.push(path);
      const meta = await writeBlock(rowSet, part.rows, { disk, path, codecs, blockId });
      blocks.push({ meta, window: windowName(part.windowStartUnixNanos) });
    }
    return blocks;
  } catch (error) {
    for (const path of paths) {
      await disk.remove(path).catch(() => undefined);
    }
    throw error;
  }
}

/** How the manifest calls a window; see `StoredBlock.window`. */
export function windowName(startUnixNanos: bigint | undefined): string {
  return startUnixNanos === undefined ? oddWindow : String(startUnixNanos);
}
