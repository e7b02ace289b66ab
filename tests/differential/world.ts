/** A small store in a random layout, and beside it the plain in-memory store that holds the same spans. */
import assert from 'node:assert/strict';
import { BlockCache } from '../../src/engine/block/block-cache.ts';
import { openBlock } from '../../src/engine/block/block-reader.ts';
import type { BlockReader } from '../../src/engine/block/block-reader.ts';
import { LruByBytes } from '../../src/engine/block/lru-by-bytes.ts';
import type { BlockMeta } from '../../src/engine/block/format.ts';
import { readFilter } from '../../src/engine/block/trace-filter.ts';
import { writeBlock } from '../../src/engine/block/write-block.ts';
import { compactBlocks } from '../../src/engine/compaction/compact.ts';
import { planFlush } from '../../src/engine/head/flush-plan.ts';
import { Head } from '../../src/engine/head/head.ts';
import { openSnapshot } from '../../src/engine/head/snapshot.ts';
import { defaultLimits } from '../../src/engine/limits.ts';
import type { StoreView } from '../../src/engine/query/index.ts';
import { knownBlock, ViewBlock, type BlockSource } from '../../src/engine/query/view-block.ts';
import type { RowSet } from '../../src/engine/row-set.ts';
import { SimDisk } from '../../src/engine/sim-disk.ts';
import { nodeCodecs } from '../../src/server/node-codecs.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import { canonicalSpan } from '../../src/trace/canonical.ts';
import type { Span, Trace } from '../../src/trace/model.ts';
import { randomBaseUnixNanos, randomTraces } from '../../src/traceql/testing.ts';
import type { SeededRandom } from '../../src/traceql/testing.ts';
import { encodeTraces } from '../../src/wire/otlp-protobuf.ts';

export const tenant = 'single-tenant';

/** What a layout has of that which is easily done wrong. */
export const layouts = [
  'only heads',
  'only blocks',
  'heads and blocks',
  'compacted block',
  'folded keys',
  'several row groups',
  'trace split over head and two blocks',
  'late root',
  'duplicates',
  'spans that share an id',
] as const;
export type Layout = (typeof layouts)[number];

export interface World {
  readonly view: StoreView;
  readonly reference: MemoryStore;
  /** Whole, merged. */
  readonly traces: readonly Trace[];
  readonly layouts: readonly Layout[];
}

/** Where the spans of a place are. */
type PlaceKind = 'head' | 'block' | 'folded block';

/** `traces`: drawn at random when absent. */
export async function randomWorld(
  random: SeededRandom,
  traces: readonly Trace[] = randomTraces(random, { traceCount: 3 + random.below(8) })
): Promise<World> {
  const kinds = Array.from({ length: 1 + random.below(4) }, (): PlaceKind =>
    random.pick(['head', 'head', 'block', 'folded block'])
  );
  const shares = scatter(random, traces, kinds.length);
  const reference = new MemoryStore();
  const body = encodeTraces(shares.flat());
  await reference.ingest({ tenant, encoding: 'otlp-protobuf', compression: 'identity', body, decoded: body });

  const disk = new SimDisk();
  const heads: RowSet[] = [];
  const metas: BlockMeta[] = [];
  for (const [place, spans] of shares.entries()) {
    if (spans.length === 0) {
      continue;
    }
    const head = new Head();
    head.append(encodeTraces(spans));
    head.commit(head.rowCount);
    const rowSet = openSnapshot(head.snapshot());
    if (kinds[place] === 'head') {
      heads.push(rowSet);
    } else {
      metas.push(...(await flush(disk, rowSet, `b${place}`, kinds[place], random)));
    }
  }
  const listed = await compactSome(disk, metas, random);
  const cache = new BlockCache(defaultLimits);
  const opened: BlockReader[] = [];
  const source: BlockSource = {
    open: async (meta) => {
      const reader = await openBlock(disk, meta, nodeCodecs, cache);
      opened.push(reader);
      return reader;
    },
    filterAtHand: () => undefined,
    readFilter: (meta) => readFilter(disk, meta),
  };
  // Filters over trace ids in the manifest, in the file, and none, as in old blocks.
  const known = listed.map((meta, i) => knownBlock(i % 3 === 2 ? { ...meta, traceFilter: undefined } : meta));
  const blocks = known.map((block) => new ViewBlock(block, source));
  const readers = await Promise.all(listed.map((meta) => openBlock(disk, meta, nodeCodecs, cache)));
  const found = layoutsOf(traces, shares, kinds, heads, readers);
  return { view: { heads, blocks, opened, told: new LruByBytes(2 ** 20) }, reference, traces, layouts: found };
}

/** Most traces lie in one place, some are scattered; some spans come twice. */
function scatter(random: SeededRandom, traces: readonly Trace[], places: number): Span[][] {
  const shares: Span[][] = Array.from({ length: places }, () => []);
  for (const trace of traces) {
    const home = random.below(places);
    const scattered = random.below(3) === 0;
    for (const span of trace.spans) {
      const copies = random.below(12) === 0 ? 2 : 1;
      for (let copy = 0; copy < copies; copy++) {
        shares[scattered || copy > 0 ? random.below(places) : home].push(span);
      }
    }
  }
  return shares;
}

async function flush(
  disk: SimDisk,
  rowSet: RowSet,
  prefix: string,
  kind: PlaceKind,
  random: SeededRandom
): Promise<BlockMeta[]> {
  const windowNanos = random.pick([4_000_000_000n, 3_600_000_000_000n]);
  const nowUnixNanos = randomBaseUnixNanos + 60_000_000_000n;
  const parts = planFlush(rowSet, { windowNanos, slackNanos: 1_000_000_000n, nowUnixNanos });
  const metas: BlockMeta[] = [];
  for (const { rows } of parts) {
    const blockId = `${prefix}-${metas.length}`;
    const options = {
      disk,
      path: `blocks/${blockId}.parquet`,
      codecs: nodeCodecs,
      blockId,
      traceFilterInlineBytesMax: prefix === 'b0' ? 0 : undefined,
    };
    // A row group of a few traces, and so few chunks that most keys of attributes are folded.
    const groups = { rowGroupRowsMin: 1 + random.below(12), rowGroupRowsMax: 40 };
    metas.push(
      await writeBlock(rowSet, rows, { ...options, ...groups, ...(kind === 'block' ? {} : { columnChunksMax: 8 }) })
    );
  }
  return metas;
}

/** In every third layout two or more of the blocks have become one. */
async function compactSome(disk: SimDisk, metas: readonly BlockMeta[], random: SeededRandom): Promise<BlockMeta[]> {
  const inputs = random.below(3) === 0 ? metas.slice(0, 2 + random.below(3)) : [];
  if (inputs.length < 2) {
    return [...metas];
  }
  const payload = { inputs, blockId: 'merged', path: 'blocks/merged.parquet', zstdLevel: 1 };
  const groups = { rowGroupRowsMin: 1 + random.below(20), rowGroupRowsMax: 40 };
  const { meta } = await compactBlocks(payload, disk, nodeCodecs, groups);
  assert.ok(meta !== undefined);
  return [meta, ...metas.filter((other) => !inputs.includes(other))];
}

// What a layout has.

function layoutsOf(
  traces: readonly Trace[],
  shares: readonly (readonly Span[])[],
  kinds: readonly PlaceKind[],
  heads: readonly RowSet[],
  blocks: readonly BlockReader[]
): Layout[] {
  const copies = shares.flat().map((span) => `${span.traceId} ${span.spanId} ${canonicalSpan(span)}`);
  const holds: Readonly<Record<Layout, boolean>> = {
    'only heads': blocks.length === 0,
    'only blocks': heads.length === 0,
    'heads and blocks': heads.length > 0 && blocks.length > 0,
    'compacted block': blocks.some(({ meta }) => meta.blockId === 'merged'),
    'folded keys': kinds.some((kind, place) => kind === 'folded block' && shares[place].length > 0),
    'several row groups': blocks.some(({ rowGroups }) => rowGroups.length > 1),
    'trace split over head and two blocks': traces.some((trace) => {
      const places = kinds.filter((_, place) => shares[place].some(({ traceId }) => traceId === trace.traceId));
      return places.includes('head') && places.filter((kind) => kind !== 'head').length >= 2;
    }),
    'late root': traces.some((trace) => hasLateRoot(trace, shares)),
    duplicates: new Set(copies).size < copies.length,
    'spans that share an id': traces.some(
      ({ spans }) => new Set(spans.map(({ spanId }) => spanId)).size < spans.length
    ),
  };
  return layouts.filter((layout) => holds[layout]);
}

/** The root came to a place behind that of its first spans. */
function hasLateRoot({ traceId, spans }: Trace, shares: readonly (readonly Span[])[]): boolean {
  const root = spans.find(({ parentSpanId }) => parentSpanId === '');
  const first = shares.findIndex((share) => share.some((span) => span.traceId === traceId));
  return (
    root !== undefined &&
    first !== -1 &&
    !shares[first].some((span) => span.traceId === traceId && span.spanId === root.spanId)
  );
}
