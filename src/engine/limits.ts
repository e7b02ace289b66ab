import type { QueryLimits } from './query/control.ts';
import { defaultHeadLimits, type HeadLimits } from './head/limits.ts';

const kib = 1024;
const mib = 1024 * kib;
const minuteMs = 60_000;

/** Everything the engine bounds; `docs/limits.md` tells an operator what each one means. */
export interface EngineLimits extends QueryLimits {
  // Write-ahead log.
  readonly walSegmentBytes: number;
  readonly walBatchBytesMax: number;
  readonly walQueueBytesMax: number;
  readonly walBytesMax: number;
  readonly walFreeSegmentsMax: number;
  // Heads.
  readonly headRowsMax: number;
  readonly headBytesMax: number;
  readonly headsBytesMax: number;
  readonly headAgeMsMax: number;
  readonly tenantsMax: number;
  /** Of one request, decoded. */
  readonly bodyBytesMax: number;
  /** What the walker cuts or refuses. */
  readonly head: HeadLimits;
  // Blocks.
  readonly windowNanos: bigint;
  readonly windowSlackNanos: bigint;
  // What queries keep of blocks.
  readonly footerCacheBytesMax: number;
  readonly indexCacheBytesMax: number;
  readonly chunkCacheBytesMax: number;
  /** 0 keeps everything. */
  readonly retentionMs: number;
  /** Of all blocks of a tenant, in one pass. */
  readonly retentionDropShareMax: number;
  /** A pass may always drop so many. */
  readonly retentionDropBlocksFree: number;
  // Compaction.
  /** So many blocks of about the same size become one; also how many are merged at a time. */
  readonly compactionFanIn: number;
  readonly compactedSpansMax: number;
  readonly compactionZstdLevel: number;
  /** After a failure the same blocks are left alone for so long. */
  readonly compactionRetryMs: number;
  // Life.
  readonly freeBytesMin: number;
  readonly maintenanceIntervalMs: number;
  readonly flushRetryMs: number;
}

/** What may differ from tenant to tenant. */
export interface TenantLimits extends Pick<QueryLimits, 'queryBytesMax' | 'querySpansMax'> {
  /** 0 keeps everything. */
  readonly retentionMs: number;
  /** Of its traces that no block holds yet; beyond it senders are told to come back, and its heads are cut. 0: as many as fit. */
  readonly liveTracesMax: number;
  /** A head keeps what it was opened with; its records in the log name it. */
  readonly head: HeadLimits;
}

/** Asked each time one is used: answers may change while the engine runs. What is left out is as for everybody. */
export type TenantLimitsOf = (tenant: string) => Partial<TenantLimits>;

export const defaultLimits: EngineLimits = {
  // One preallocated file: long enough that rolling is rare, short enough that a restart reads little twice.
  walSegmentBytes: 64 * mib,
  // One write and one sync: ≈ 4 ms of a 2 GB/s disk, so that the first of a batch does not wait long for the last.
  walBatchBytesMax: 8 * mib,
  // Waiting for the disk: beyond it senders are told to come back, before memory is at stake.
  walQueueBytesMax: 128 * mib,
  // Replay reads so much at most: ≈ 10 s at 100 MB/s of compressed bodies.
  walBytesMax: 1024 * mib,
  walFreeSegmentsMax: 2,
  // ≈ 220–440 B a row in memory: a head of 50–100 MiB makes blocks of a size that queries like.
  headRowsMax: 250_000,
  headBytesMax: 96 * mib,
  headsBytesMax: 192 * mib,
  // Freshly started systems get their first block soon, idle ones hold no old WAL.
  headAgeMsMax: 5 * minuteMs,
  tenantsMax: 10_000,
  bodyBytesMax: 64 * mib,
  head: defaultHeadLimits,
  windowNanos: 3_600_000_000_000n,
  // Spans that reach a little over the window's edge stay with their trace.
  windowSlackNanos: 3_600_000_000_000n,
  footerCacheBytesMax: 64 * mib,
  // Blooms of trace ids take 1.2 B a trace: those of 10 M spans are 2 MiB. The rest: dictionaries, tables of traces, small pages.
  indexCacheBytesMax: 96 * mib,
  // A dozen columns of 10 M spans; the system's page cache has the rest, at the price of a read and of a copy.
  chunkCacheBytesMax: 96 * mib,
  // Long enough for a scan of everything on a laptop; a person has gone by then.
  queryTimeMsMax: 30_000,
  // ≈ 20 s of a 500 MB/s disk.
  queryBytesMax: 10_240 * mib,
  // Some ten times what one core looks at in the time.
  querySpansMax: 1_000_000_000,
  // Caches (256 MiB at most) and working sets of the queries of one thread.
  queryMemoryBytesMax: 768 * mib,
  retentionMs: 14 * 24 * 60 * minuteMs,
  retentionDropShareMax: 0.2,
  retentionDropBlocksFree: 8,
  // A span is written again about once per factor of eight; one row group of each input is in memory, some 10 MiB.
  compactionFanIn: 8,
  // ≈ 200 MB: 128 row groups, whose footer is read in one go.
  compactedSpansMax: 4 * mib,
  // 49.8 bytes a span, 51.8 with 1 or 3, at three quarters of the speed: docs/adr/0004.
  compactionZstdLevel: 6,
  compactionRetryMs: 5 * minuteMs,
  freeBytesMin: 256 * mib,
  maintenanceIntervalMs: 1000,
  flushRetryMs: 5000,
};
