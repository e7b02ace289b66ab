import { assert } from '../../base/assert.ts';
import type { Codecs } from '../../base/codecs.ts';
import { CorruptionError } from '../../base/coded-error.ts';
import { openBlock, type BlockReader } from '../block/block-reader.ts';
import { BlockWriter, type ColumnUse } from '../block/block-writer.ts';
import { columnKeyText } from '../block/column-names.ts';
import type { BlockMeta } from '../block/format.ts';
import type { Disk } from '../disk.ts';
import { MergedRows } from './merged-rows.ts';
import { mergeTraces, type MergeCounts, type TraceMergeOptions } from './trace-merge.ts';
import { Slots } from './united-dictionary.ts';

/** Merges blocks into one. Structured-cloneable. */
export interface CompactPayload {
  /** At least two, of one tenant. */
  readonly inputs: readonly BlockMeta[];
  readonly blockId: string;
  readonly path: string;
  readonly zstdLevel: number;
}

export interface CompactResult {
  /** `undefined`: fewer than two inputs were readable, and nothing was written. */
  readonly meta: BlockMeta | undefined;
  /** Inputs that could not be read; their rows are not in the new block. */
  readonly damaged: readonly DamagedInput[];
  /** Rows left out because they repeat another. */
  readonly duplicates: number;
}

export interface DamagedInput {
  readonly path: string;
  readonly reason: string;
}

/**
 * Writes one block that holds the spans of all readable inputs. Its bytes are durable, its name is the caller's to sync. On an error
 * what was written stays for the caller to remove.
 *
 * Errors: the disk's; damage is an answer.
 */
export async function compactBlocks(
  payload: CompactPayload,
  disk: Disk,
  codecs: Codecs,
  options: TraceMergeOptions = {}
): Promise<CompactResult> {
  const damaged: DamagedInput[] = [];
  for (let inputs = payload.inputs; inputs.length >= 2;) {
    try {
      const { meta, counts } = await writeMerged(payload, inputs, { disk, codecs }, options);
      return { meta, damaged, duplicates: counts.duplicates };
    } catch (error) {
      const file = error instanceof CorruptionError ? error.details['file'] : undefined;
      const rest = inputs.filter(({ path }) => path !== file);
      if (rest.length === inputs.length) {
        throw error;
      }
      damaged.push({ path: String(file), reason: (error as Error).message });
      inputs = rest;
    }
  }
  return { meta: undefined, damaged, duplicates: 0 };
}

async function writeMerged(
  { blockId, path, zstdLevel }: CompactPayload,
  inputs: readonly BlockMeta[],
  { disk, codecs }: { disk: Disk; codecs: Codecs },
  options: TraceMergeOptions
): Promise<{ meta: BlockMeta; counts: MergeCounts }> {
  const readers: BlockReader[] = [];
  for (const meta of inputs) {
    readers.push(await openBlock(disk, meta, codecs));
  }
  const columns = unitedUses(readers);
  const rowGroupCount = readers.reduce((sum, { rowGroups }) => sum + rowGroups.length, 0);
  const writer = await BlockWriter.open({ disk, path, codecs, blockId, columns, rowGroupCount, zstdLevel });
  try {
    const counts: MergeCounts = { rows: 0, duplicates: 0 };
    const slots = new Slots();
    for await (const batch of mergeTraces(readers, counts, options)) {
      const rows = new MergedRows(batch, slots);
      await writer.rowGroup(rows, identity(batch.rowCount));
    }
    const meta = await writer.finish();
    const spans = inputs.reduce((sum, input) => sum + input.spans, 0);
    assert(
      meta.spans === counts.rows && counts.rows + counts.duplicates === spans,
      `${path}: ${meta.spans} spans and ${counts.duplicates} duplicates made of ${spans}`
    );
    return { meta, counts };
  } catch (error) {
    await writer.abort().catch(() => undefined);
    throw error;
  }
}

function unitedUses(readers: readonly BlockReader[]): ColumnUse[] {
  const uses = new Map<string, ColumnUse>();
  for (const { key, rowCount, isUuid } of readers.flatMap((reader) => reader.columnUses())) {
    const text = columnKeyText(key);
    const known = uses.get(text);
    uses.set(text, {
      key,
      rowCount: rowCount + (known?.rowCount ?? 0),
      isUuid: isUuid === true && known?.isUuid !== false,
    });
  }
  return [...uses.values()];
}

function identity(count: number): Uint32Array {
  const rows = new Uint32Array(count);
  for (let row = 0; row < count; row++) {
    rows[row] = row;
  }
  return rows;
}
