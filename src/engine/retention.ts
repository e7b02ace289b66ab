import type { StoredBlock } from './manifest.ts';

export interface RetentionPlan {
  readonly expired: readonly StoredBlock[];
  /** Why nothing is dropped although blocks have expired. */
  readonly refused: string | undefined;
}

export interface RetentionLimits {
  readonly retentionMs: number;
  readonly retentionDropShareMax: number;
  readonly retentionDropBlocksFree: number;
}

/**
 * Which blocks of a tenant have outlived their retention: counted from the time they were received or from their last span,
 * whichever is later; a span time in the future does not count. One pass that would drop more than its share is refused whole: a clock that jumped
 * must not cost anybody their traces.
 */
export function planRetention(
  tenant: string,
  blocks: readonly StoredBlock[],
  nowUnixNanos: bigint,
  limits: RetentionLimits
): RetentionPlan {
  if (limits.retentionMs === 0) {
    return { expired: [], refused: undefined };
  }
  const horizon = nowUnixNanos - BigInt(limits.retentionMs) * 1_000_000n;
  const expired = blocks.filter((block) => retainedFrom(block, nowUnixNanos) < horizon);
  const allowed = Math.max(limits.retentionDropBlocksFree, Math.floor(blocks.length * limits.retentionDropShareMax));
  if (expired.length <= allowed) {
    return { expired, refused: undefined };
  }
  return {
    expired: [],
    refused:
      `retention: ${expired.length} of ${blocks.length} blocks of tenant ${tenant} have expired, more than one pass may drop (${allowed}); ` +
      'is the clock right? If so, raise retentionDropShareMax',
  };
}

function retainedFrom({ meta, receivedUnixNanosMax }: StoredBlock, nowUnixNanos: bigint): bigint {
  const end = BigInt(meta.endUnixNanos);
  const received = BigInt(receivedUnixNanosMax);
  return end <= nowUnixNanos && end > received ? end : received;
}
