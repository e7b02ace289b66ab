/**
 * `npm run bench many-blocks [blocks] [spansPerBlock]`: a store of very many small blocks over 14 days, none of them compacted: how long it
 * takes to open, to find one trace by id and one value, and to look at the last 15 minutes, against the same on the blocks of the last hour alone.
 * Medians of wall time in milliseconds; the first of each is cold (a fresh engine, the page cache of the system warm).
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { shopBodies } from '../scripts/traces/generate.ts';
import { DiskManifestStore } from '../src/engine/disk-manifest.ts';
import { flushHead } from '../src/engine/flush.ts';
import { Head } from '../src/engine/head/head.ts';
import { defaultHeadLimits } from '../src/engine/head/limits.ts';
import { OtlpWalker } from '../src/engine/head/walk.ts';
import { applyChange, emptyManifest, type StoredBlock } from '../src/engine/manifest.ts';
import { nodeCodecs } from '../src/server/node-codecs.ts';
import { NodeDisk } from '../src/server/node-disk.ts';
import { openNodeEngine } from '../src/server/node-engine.ts';
import { parseQuery } from '../src/traceql/parser.ts';

const blockCount = Number(process.argv[2] ?? 10_000);
const spansPerBlock = Number(process.argv[3] ?? 64);
const rounds = 9;
const tenant = 'single-tenant';
const hourNanos = 3_600_000_000_000n;
const nowUnixNanos = ((BigInt(Date.now()) * 1_000_000n) / hourNanos) * hourNanos + hourNanos / 2n;
const firstUnixNanos = nowUnixNanos - 14n * 24n * hourNanos;

const folder = mkdtempSync(join(tmpdir(), 'vivace-bench-'));
try {
  const disk = new NodeDisk(folder);
  const blocks = await writeBlocks(disk);
  const recent = blocks.filter(({ meta }) => BigInt(meta.endUnixNanos) >= nowUnixNanos - hourNanos);
  for (const [what, listed] of [
    [`${blocks.length} blocks`, blocks],
    [`${recent.length} blocks of the last hour`, recent],
  ] as const) {
    const manifest = applyChange(emptyManifest('ab'.repeat(16)), {
      tenants: [{ tenant, folder: 'bench', coveredThrough: 0, added: listed }],
    });
    const manifests = new DiskManifestStore(disk);
    await manifests.create(manifest);
    await manifests.close();
    await measure(what, listed);
  }
  await disk.close();
} finally {
  rmSync(folder, { recursive: true });
}

/** Equal steps through the 14 days. */
async function writeBlocks(disk: NodeDisk): Promise<StoredBlock[]> {
  await disk.makeDirectory('tenants/bench');
  const blocks: StoredBlock[] = [];
  const step = (nowUnixNanos - firstUnixNanos) / BigInt(blockCount);
  const walker = new OtlpWalker();
  for (let i = 0; i < blockCount; i++) {
    const startUnixNanos = firstUnixNanos + BigInt(i) * step;
    const head = new Head(defaultHeadLimits, walker);
    for (const body of shopBodies({ seed: i + 1, spans: spansPerBlock, startUnixNanos })) {
      head.append(body);
    }
    head.commit(head.rowCount);
    const flushed = await flushHead(
      {
        snapshot: head.snapshot(),
        folder: 'tenants/bench',
        blockIdPrefix: `b${i}`,
        nowUnixNanos: startUnixNanos + hourNanos,
        windowNanos: hourNanos,
        slackNanos: hourNanos,
      },
      disk,
      nodeCodecs
    );
    head.close();
    const received = { walSequenceFirst: 0, walSequenceLast: 0, receivedUnixNanosMax: String(startUnixNanos) };
    blocks.push(...flushed.map(({ meta, window }) => ({ meta, window, ...received })));
  }
  return blocks;
}

async function measure(what: string, listed: readonly StoredBlock[]): Promise<void> {
  const openStart = performance.now();
  const { engine, close } = await openNodeEngine(folder, { limits: { compactionFanIn: 0, retentionMs: 0 } });
  await engine.whenReady();
  const openMs = performance.now() - openStart;
  const everything = { startUnixNanos: undefined, endUnixNanos: undefined };
  const lastQuarter = { startUnixNanos: nowUnixNanos - hourNanos / 4n, endUnixNanos: nowUnixNanos };
  const search = (text: string, range: typeof everything | typeof lastQuarter) => () =>
    engine.search({ tenant, query: parseQuery(text), range, limit: 20, spansPerSpanset: 3 });
  const tasks: Record<string, (round: number) => Promise<unknown>> = {
    'trace by id': (round) =>
      engine.trace({
        tenant,
        traceId: listed[Math.floor((listed.length * (round + 1)) / (rounds + 2))].meta.minTraceId,
      }),
    'needle, no hint of time': search('{ span.order.id = "no-such-order" }', everything),
    'last 15 minutes, { status = error }': search('{ status = error }', lastQuarter),
    'last 15 minutes, rate by service': () =>
      engine.metrics({
        tenant,
        query: parseQuery('{ } | rate() by (resource.service.name)'),
        ...lastQuarter,
        stepNanos: 60_000_000_000n,
        exemplars: 0,
      }),
  };
  console.log(`${what}: open ${openMs.toFixed(0)} ms, resident ${Math.round(process.memoryUsage().rss / 2 ** 20)} MiB`);
  for (const [name, task] of Object.entries(tasks)) {
    const times: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const start = performance.now();
      await task(round);
      times.push(performance.now() - start);
    }
    const warm = times.slice(1).sort((a, b) => a - b)[rounds >> 1];
    console.log(
      `  ${name.padEnd(38)} first ${times[0].toFixed(1).padStart(8)} ms, then ${warm.toFixed(1).padStart(8)} ms`
    );
  }
  await close();
}
