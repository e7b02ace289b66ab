import { checkBlock } from '../../src/engine/block/check-block.ts';
import { openBlock } from '../../src/engine/block/block-reader.ts';
import type { BlockMeta } from '../../src/engine/block/format.ts';
import { compactBlocks, type CompactPayload, type CompactResult } from '../../src/engine/compaction/compact.ts';
import { flushHead } from '../../src/engine/flush.ts';
import { Head } from '../../src/engine/head/head.ts';
import { baseUnixNanos, contentsOf, contentsOfRowSet, randomSpans } from '../../src/engine/head/testing.ts';
import type { Disk } from '../../src/engine/disk.ts';
import { SimDisk } from '../../src/engine/sim-disk.ts';
import { nodeCodecs } from '../../src/server/node-codecs.ts';
import { mergeTrace } from '../../src/trace/merge.ts';
import type { Span } from '../../src/trace/model.ts';
import { seededRandom } from '../../src/base/random.ts';
import { encodeTraces } from '../../src/wire/otlp-protobuf.ts';

export type Compact = (payload: CompactPayload, disk: Disk) => Promise<CompactResult>;

export const realCompact: Compact = (payload, disk) => compactBlocks(payload, disk, nodeCodecs, smallGroups);

/** Several row groups out of some dozen spans. */
export const smallGroups = { rowGroupRowsMin: 8, rowGroupRowsMax: 16 };

/**
 * Random spans (every corner of the model) over two to four blocks, with retries and with spans that share their ids and differ, through
 * one compaction. Answers sentences about what is wrong with the new block: its contents against `mergeTrace`, its bytes against
 * `checkBlock`, its claims against both.
 */
export async function compactionViolations(seed: number, compact: Compact = realCompact): Promise<string[]> {
  const random = seededRandom(seed);
  const disk = new SimDisk();
  const shares = spread(random, seed);
  const inputs: BlockMeta[] = [];
  for (const [i, spans] of shares.entries()) {
    inputs.push(...(await blocksOf(disk, spans, `in${i}`)));
  }
  if (inputs.length < 2) {
    return [];
  }
  const payload = { inputs, blockId: 'out', path: 'blocks/out.parquet', zstdLevel: 1 };
  const { meta, duplicates, damaged } = await compact(payload, disk);
  if (meta === undefined || damaged.length > 0) {
    return [`nothing was written, or inputs are called damaged: ${JSON.stringify(damaged)}`];
  }
  const wrong = (await checkBlock(disk, meta, nodeCodecs)).errors.map(({ message }) => message);
  const all = shares.flat();
  const expected = [...Map.groupBy(all, ({ traceId }) => traceId)].flatMap(
    ([id, spans]) => mergeTrace(id, [spans]).spans
  );
  const inputSpans = inputs.reduce((sum, input) => sum + input.spans, 0);
  const found: string[] = [];
  const reader = await openBlock(disk, meta, nodeCodecs);
  for (let rowGroup = 0; rowGroup < reader.rowGroups.length; rowGroup++) {
    found.push(...contentsOfRowSet(await reader.readRowGroup(rowGroup, 'all')));
  }
  if (found.length !== meta.spans || inputSpans - duplicates !== meta.spans) {
    wrong.push(`${found.length} spans, ${meta.spans} claimed, of ${inputSpans} with ${duplicates} duplicates`);
  }
  const [have, want] = [found.sort(), contentsOf(expected).sort()];
  for (let i = 0; i < Math.max(have.length, want.length); i++) {
    if (have[i] !== want[i]) {
      wrong.push(`spans differ: ${have.length} found, ${want.length} expected, first ${have[i]} against ${want[i]}`);
      break;
    }
  }
  return wrong;
}

/** Every span in one share at least. */
function spread(random: ReturnType<typeof seededRandom>, seed: number): Span[][] {
  const shares: Span[][] = Array.from({ length: 2 + random.below(3) }, () => []);
  for (const span of randomSpans(random, 20 + random.below(40))) {
    const copies = random.below(4) === 0 ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      random.pick(shares).push(span);
    }
    if (random.below(8) === 0) {
      // Zipkin's shared spans: the same ids and times, another content.
      random.pick(shares).push({ ...span, name: `${span.name} ${seed}` });
    }
  }
  return shares;
}

async function blocksOf(disk: Disk, spans: readonly Span[], blockIdPrefix: string): Promise<BlockMeta[]> {
  if (spans.length === 0) {
    return [];
  }
  const head = new Head();
  head.append(encodeTraces(spans));
  head.commit(head.rowCount);
  const flushed = await flushHead(
    {
      snapshot: head.snapshot(),
      folder: 'blocks',
      blockIdPrefix,
      nowUnixNanos: baseUnixNanos,
      // One window for all times.
      windowNanos: 1n << 63n,
      slackNanos: 1n << 63n,
    },
    disk,
    nodeCodecs
  );
  return flushed.map(({ meta }) => meta);
}
