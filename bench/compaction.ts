/**
 * `npm run bench compaction [spans] [blocks] [zstdLevel]`: flushes the shop corpus as so many blocks and merges them into one, in this thread.
 * `split` sends each body's second half to another block, as a head that was cut in the middle of its traces does; `retried` sends a tenth of
 * the bodies twice. CPU seconds are of the whole process.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { shopBodies } from '../scripts/traces/generate.ts';
import type { BlockMeta } from '../src/engine/block/format.ts';
import { compactBlocks } from '../src/engine/compaction/compact.ts';
import { flushHead } from '../src/engine/flush.ts';
import { Head } from '../src/engine/head/head.ts';
import { defaultHeadLimits } from '../src/engine/head/limits.ts';
import { OtlpWalker } from '../src/engine/head/walk.ts';
import { nodeCodecs } from '../src/server/node-codecs.ts';
import { NodeDisk } from '../src/server/node-disk.ts';

const spanCount = Number(process.argv[2] ?? 400_000);
const blockCount = Number(process.argv[3] ?? 4);
const zstdLevel = Number(process.argv[4] ?? 1);
const rounds = 3;
const startUnixNanos = 1_700_000_000_000_000_000n;

type Corpus = 'whole' | 'retried';

const folder = mkdtempSync(join(tmpdir(), 'vivace-bench-'));
const disk = new NodeDisk(folder);
try {
  for (const corpus of (process.argv[5]?.split(',') ?? ['whole', 'retried']) as Corpus[]) {
    const inputs = await writeInputs(corpus);
    const spans = inputs.reduce((sum, meta) => sum + meta.spans, 0);
    const bytes = inputs.reduce((sum, meta) => sum + meta.sizeBytes, 0);
    const seconds: number[] = [];
    let line = '';
    for (let round = 0; round < rounds; round++) {
      const before = process.cpuUsage();
      const payload = { inputs, blockId: 'merged', path: 'merged.parquet', zstdLevel };
      const { meta, duplicates } = await compactBlocks(payload, disk, nodeCodecs);
      const { user, system } = process.cpuUsage(before);
      seconds.push((user + system) / 1e6);
      line =
        `${inputs.length} blocks → 1: ${spans} → ${meta?.spans} spans (${duplicates} duplicates), ` +
        `${(bytes / spans).toFixed(1)} → ${((meta?.sizeBytes ?? 0) / (meta?.spans ?? 1)).toFixed(1)} bytes a span`;
    }
    const median = seconds.sort((a, b) => a - b)[rounds >> 1];
    const peak = Math.round(process.resourceUsage().maxRSS / 1024);
    console.log(
      `${corpus.padEnd(8)} ${line}, ${Math.round(spans / median / 1000)} k spans per CPU-second, peak ${peak} MiB`
    );
  }
} finally {
  rmSync(folder, { recursive: true });
}

/** Bodies in turn to each block, so that all blocks have traces of the same time. */
async function writeInputs(corpus: Corpus): Promise<BlockMeta[]> {
  const heads = Array.from({ length: blockCount }, () => new Head(defaultHeadLimits, new OtlpWalker()));
  let i = 0;
  for (const body of shopBodies({ seed: 1, spans: spanCount, startUnixNanos })) {
    const targets = corpus === 'retried' && i % 10 === 0 ? [i, i + 1] : [i];
    for (const target of targets) {
      const head = heads[target % blockCount];
      head.append(body);
      head.commit(head.rowCount);
    }
    i++;
  }
  const metas: BlockMeta[] = [];
  for (const [index, head] of heads.entries()) {
    const flushed = await flushHead(
      {
        snapshot: head.snapshot(),
        folder: '.',
        blockIdPrefix: `${corpus}${index}`,
        nowUnixNanos: startUnixNanos + 3_600_000_000_000n,
        windowNanos: 3_600_000_000_000n,
        slackNanos: 3_600_000_000_000n,
      },
      disk,
      nodeCodecs
    );
    metas.push(...flushed.map(({ meta }) => meta));
    head.close();
  }
  return metas;
}
