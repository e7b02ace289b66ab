/**
 * `npm run bench block [spans]`: a head of the shop corpus into one Parquet block on the local disk, and back. CPU seconds are of the
 * whole process. Writing begins with the rows already in block order; the sort is a line of its own. Scans are warm, one thread.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { shopBodies } from '../scripts/traces/generate.ts';
import { openBlock } from '../src/engine/block/block-reader.ts';
import type { BlockMeta } from '../src/engine/block/format.ts';
import { BlockCache } from '../src/engine/block/block-cache.ts';
import { writeBlock } from '../src/engine/block/write-block.ts';
import { planFlush } from '../src/engine/head/flush-plan.ts';
import { Head } from '../src/engine/head/head.ts';
import { defaultHeadLimits } from '../src/engine/head/limits.ts';
import { openSnapshot } from '../src/engine/head/snapshot.ts';
import { OtlpWalker } from '../src/engine/head/walk.ts';
import type { ColumnKey } from '../src/engine/row-set.ts';
import { spansOfRows } from '../src/engine/rows-to-spans.ts';
import { nodeCodecs } from '../src/server/node-codecs.ts';
import { NodeDisk } from '../src/server/node-disk.ts';

const rounds = 5;
const spanCount = Number(process.argv[2] ?? 200_000);
const startUnixNanos = 1_700_000_000_000_000_000n;

const head = new Head(defaultHeadLimits, new OtlpWalker());
let bodyBytes = 0;
for (const body of shopBodies({ seed: 1, spans: spanCount, startUnixNanos })) {
  head.append(body);
  head.commit(head.rowCount);
  bodyBytes += body.length;
}
const rowSet = openSnapshot(head.snapshot());

const folder = mkdtempSync(join(tmpdir(), 'vivace-bench-'));
const disk = new NodeDisk(folder);
try {
  for (const [what, figure] of Object.entries(await measure())) {
    console.log(`${what.padEnd(40)}${figure.padStart(10)}`);
  }
} finally {
  rmSync(folder, { recursive: true });
}

async function measure(): Promise<Record<string, string>> {
  const sortSeconds: number[] = [];
  const writeSeconds: number[] = [];
  let meta: BlockMeta | undefined;
  for (let round = 0; round < rounds; round++) {
    const flush = { windowNanos: 3_600_000_000_000n, slackNanos: 900_000_000_000n, nowUnixNanos: startUnixNanos };
    let parts = planFlush(rowSet, flush);
    sortSeconds.push(
      await cpuSecondsOf(() => {
        parts = planFlush(rowSet, flush);
      })
    );
    const rows = parts.toSorted((a, b) => b.rows.length - a.rows.length)[0].rows;
    writeSeconds.push(
      ((await cpuSecondsOf(async () => {
        meta = await writeBlock(rowSet, rows, { disk, path: 'block.parquet', codecs: nodeCodecs, blockId: 'bench' });
      })) /
        rows.length) *
        spanCount
    );
  }
  const block = meta as unknown as BlockMeta; // assigned in a closure, which the compiler does not follow
  const cache = new BlockCache({
    footerCacheBytesMax: 1 << 28,
    indexCacheBytesMax: 1 << 28,
    chunkCacheBytesMax: 1 << 28,
  });
  const open = () => openBlock(disk, block, nodeCodecs, cache);
  const openMs = await milliseconds(async () => {
    cache.forget(block.path);
    await open();
  });
  const reader = await open();
  const service: ColumnKey = { scope: 'resource', key: 'service.name', type: 'string' };
  const route: ColumnKey = { scope: 'span', key: 'http.route', type: 'string' };
  let hits = 0;
  const scan = async (): Promise<void> => {
    hits = 0;
    for (let group = 0; group < reader.rowGroups.length; group++) {
      const read = await reader.readRowGroup(group, [service]);
      const codes = read.column(service.scope, service.key, service.type)?.codes ?? new Uint8Array();
      const { durationNanos } = read;
      for (let row = 0; row < read.rowCount; row++) {
        hits += codes[row] === 1 && durationNanos[row] > 5_000_000n ? 1 : 0;
      }
    }
  };
  const twoColumnsMs = await milliseconds(scan);
  const scanSeconds = await cpuSecondsOf(() => scan());
  const dictionaryMs = await milliseconds(async () => {
    for (let group = 0; group < reader.rowGroups.length; group++) {
      await reader.readDictionary(group, route);
    }
  });
  const middle = rowSet.traceIds.slice(16 * (rowSet.traceCount >> 1), 16 * (rowSet.traceCount >> 1) + 16);
  const findMs = await milliseconds(async () => {
    await reader.findTrace(middle);
  });
  const traceMs = await milliseconds(async () => {
    for (const { rowGroup, ordinal } of await reader.findTrace(middle)) {
      const read = await reader.readTrace(rowGroup, ordinal, 'all');
      spansOfRows(
        read,
        Uint32Array.from({ length: read.rowCount }, (_, row) => row)
      );
    }
  });
  const kSpans = (seconds: number): string => (spanCount / seconds / 1000).toFixed(0);
  return {
    'write, k spans/cpu-s (median)': kSpans(median(writeSeconds)),
    'write, k spans/cpu-s (best)': kSpans(Math.min(...writeSeconds)),
    'plan and sort, k spans/cpu-s (median)': kSpans(median(sortSeconds)),
    'block, B/span': (block.sizeBytes / block.spans).toFixed(1),
    'OTLP, B/span': (bodyBytes / spanCount).toFixed(0),
    'row groups': String(reader.rowGroups.length),
    columns: String(reader.columnKeys.length),
    'footer, bytes': String(block.footerLength),
    'open without cache, ms': openMs.toFixed(2),
    'service = and duration >, M spans/s': (block.spans / twoColumnsMs / 1000).toFixed(1),
    'the same, M spans/cpu-s': (block.spans / scanSeconds / 1e6).toFixed(1),
    'dictionaries of http.route, ms': dictionaryMs.toFixed(2),
    'find a trace, ms': findMs.toFixed(2),
    'trace by id, all columns, ms': traceMs.toFixed(2),
    hits: String(hits),
  };
}

/** CPU seconds of `work`, all threads. */
async function cpuSecondsOf(work: () => unknown): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const used = process.cpuUsage(before);
  return (used.user + used.system) / 1e6;
}

/** Wall milliseconds, median. */
async function milliseconds(work: () => Promise<void>): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < 2 * rounds; round++) {
    const start = performance.now();
    await work();
    times.push(performance.now() - start);
  }
  return median(times);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}
