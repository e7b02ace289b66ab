import { oddWindow, type StoredBlock } from '../manifest.ts';

export interface CompactionLimits {
  readonly windowNanos: bigint;
  readonly windowSlackNanos: bigint;
  /** So many blocks of about the same size make a merge worth while a window still grows; below 2 nothing is merged. */
  readonly compactionFanIn: number;
  /** A merged block has so many spans at most. */
  readonly compactedSpansMax: number;
}

/** Blocks to be merged into one. */
export interface CompactionJob {
  readonly window: string;
  readonly inputs: readonly StoredBlock[];
}

/** Blocks below are one tier: tenants with little traffic make many of them. */
const smallestTierSpans = 16_384;
/** Each tier holds blocks up to so many times as large as those of the tier below. */
const tierFactor = 4;
/** Blocks whose retention ends within so many windows of each other may become one, which lives as long as the younger. */
const retentionWindows = 24n;

/**
 * What to merge next among the blocks of one tenant; `undefined` when all is well as it is. Only blocks of the same aligned window are
 * merged, odd-time ones among themselves, and only such as expire at about the same time.
 *
 * While spans still arrive in a window, {@link CompactionLimits.compactionFanIn} blocks of one tier (by size) become one of the next, so
 * that a span is written again a logarithmic number of times. When nothing has
 * come for a window that is over for as long as its slack, its blocks become as few as their size allows.
 */
export function planCompaction(
  blocks: readonly StoredBlock[],
  nowUnixNanos: bigint,
  limits: CompactionLimits
): CompactionJob | undefined {
  if (limits.compactionFanIn < 2 || blocks.length < 2) {
    return undefined;
  }
  const jobs = [...groupsOf(blocks, limits)].flatMap(([window, group]) => {
    const inputs = isOver(window, group, nowUnixNanos, limits) ? lastMerge(group, limits) : tierMerge(group, limits);
    return inputs === undefined ? [] : [{ window, inputs }];
  });
  // The cheapest first: it makes most difference to queries for its price.
  return jobs.sort((a, b) => spansPerBlock(a) - spansPerBlock(b))[0];
}

/** Blocks that may be merged with each other, smallest first, by window. */
function* groupsOf(
  blocks: readonly StoredBlock[],
  limits: CompactionLimits
): Generator<readonly [string, readonly StoredBlock[]]> {
  const byKey = new Map<string, { readonly window: string; readonly blocks: StoredBlock[] }>();
  for (const block of blocks) {
    const window = windowOf(block, limits);
    const age = BigInt(block.receivedUnixNanosMax) / (retentionWindows * limits.windowNanos);
    const key = `${window} ${age}`;
    const group = byKey.get(key) ?? { window, blocks: [] };
    group.blocks.push(block);
    byKey.set(key, group);
  }
  for (const group of byKey.values()) {
    yield [group.window, group.blocks.sort((a, b) => a.meta.spans - b.meta.spans)];
  }
}

/** Blocks of old manifests do not say: a block that fits one window with its slack is of that around its middle. */
function windowOf({ window, meta }: StoredBlock, { windowNanos, windowSlackNanos }: CompactionLimits): string {
  if (window !== undefined) {
    return window;
  }
  const start = BigInt(meta.startUnixNanos);
  const end = BigInt(meta.endUnixNanos);
  const middle = (start + end) / 2n;
  return end - start > windowNanos + 2n * windowSlackNanos ? oddWindow : String(middle - (middle % windowNanos));
}

/** Nothing is expected for the window any more. */
function isOver(
  window: string,
  group: readonly StoredBlock[],
  nowUnixNanos: bigint,
  { windowNanos, windowSlackNanos }: CompactionLimits
): boolean {
  const quietSince = nowUnixNanos - windowSlackNanos;
  return (
    window !== oddWindow &&
    BigInt(window) + windowNanos < quietSince &&
    group.every(({ receivedUnixNanosMax }) => BigInt(receivedUnixNanosMax) < quietSince)
  );
}

/** As many of the smallest as fit into one block; a large one only where the others add enough to it. */
function lastMerge(group: readonly StoredBlock[], limits: CompactionLimits): readonly StoredBlock[] | undefined {
  const candidates = fitting(group, limits);
  let spans = 0;
  const end = candidates.findIndex(({ meta }, i) => {
    const isTooLarge = i > 0 && meta.spans > tierFactor * spans;
    spans += meta.spans;
    return isTooLarge;
  });
  const inputs = end < 0 ? candidates : candidates.slice(0, end);
  return inputs.length >= 2 ? inputs : undefined;
}

function tierMerge(group: readonly StoredBlock[], limits: CompactionLimits): readonly StoredBlock[] | undefined {
  const tiers = Map.groupBy(group, tierOf);
  for (const [, tier] of [...tiers].sort(([a], [b]) => a - b)) {
    const inputs = fitting(tier, limits);
    if (inputs.length >= limits.compactionFanIn) {
      return inputs;
    }
  }
  return undefined;
}

function fitting(sorted: readonly StoredBlock[], limits: CompactionLimits): readonly StoredBlock[] {
  let spans = 0;
  let count = 0;
  for (const { meta } of sorted) {
    spans += meta.spans;
    // One row group of every input is in memory at a time.
    if (spans > limits.compactedSpansMax || count === limits.compactionFanIn) {
      break;
    }
    count++;
  }
  return sorted.slice(0, count);
}

function tierOf({ meta }: StoredBlock): number {
  let tier = 0;
  for (let spans = smallestTierSpans; meta.spans > spans; spans *= tierFactor) {
    tier++;
  }
  return tier;
}

function spansPerBlock({ inputs }: CompactionJob): number {
  return inputs.reduce((sum, { meta }) => sum + meta.spans, 0) / inputs.length;
}
