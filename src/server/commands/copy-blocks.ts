import { copyFile } from 'node:fs/promises';
import path from 'node:path';
import type { Engine } from '../../engine/engine.ts';
import type { TimeRange } from '../../store/trace-store.ts';
import type { Exported } from './export.ts';

export interface CopyBlocksOptions {
  readonly engine: Engine;
  readonly tenant: string;
  readonly dataDir: string;
  readonly folder: string;
  readonly range: TimeRange;
}

/** Copies the blocks that overlap the range, after what is not yet in a block has been made one. */
export async function copyBlocks({ engine, tenant, dataDir, folder, range }: CopyBlocksOptions): Promise<Exported> {
  await engine.flush();
  const pin = await engine.pin(tenant);
  const files: string[] = [];
  const warnings: string[] = [];
  let [traces, spans] = [0, 0];
  try {
    for (const { path: block, reader, warning } of pin.blocks) {
      if (reader === undefined) {
        warnings.push(warning ?? `block ${block} cannot be read`);
        continue;
      }
      const { meta } = reader;
      const starts = range.endUnixNanos === undefined || BigInt(meta.startUnixNanos) < range.endUnixNanos;
      const ends = range.startUnixNanos === undefined || BigInt(meta.endUnixNanos) >= range.startUnixNanos;
      if (starts && ends) {
        const to = path.join(folder, path.basename(block));
        await copyFile(path.join(dataDir, block), to);
        files.push(to);
        spans += meta.spans;
        traces += meta.traces;
      }
    }
  } finally {
    pin.release();
  }
  return { tenant, traces, spans, files, warnings };
}
