/**
 * What `api` and `server` ask of a trace store. The embedded engine is one implementation, the plain in-memory store for tests
 * another, ClickHouse a later third. Answers are about whole traces: a trace is merged from all its fragments and deduplicated
 * before anything is evaluated over it.
 */
import type { ServiceGraph } from '../analysis/service-graph/model.ts';
import type { ExplainRequest, Explanation } from './explanation.ts';
import type { Query } from '../traceql/ast.ts';
import type { Static } from '../traceql/static.ts';
import type { TraceMatch } from '../traceql/match.ts';
import type { MetricSeries } from '../traceql/metrics.ts';
import type { Trace, TraceId, UnixNanos } from '../trace/model.ts';
import type { IngestEncoding } from '../wire/transcode.ts';

export type { IngestEncoding };

/** One request's worth of spans, as received. */
export interface IngestBatch {
  readonly tenant: string;
  readonly encoding: IngestEncoding;
  readonly compression: 'identity' | 'gzip' | 'zstd';
  /** As received, still compressed: what the WAL keeps. */
  readonly body: Uint8Array;
  /** The same, decompressed by the door (which has bounded its size). */
  readonly decoded: Uint8Array;
  /**
   * Gives the memory of `decoded` back at once instead of at some garbage collection; `decoded` is empty then. For a store that has
   * read it and keeps no view of it. Absent when somebody else still needs the bytes.
   */
  readonly freeDecoded?: () => void;
}

/** After this answer every accepted span is durable and is found by trace id. */
export interface IngestResult {
  readonly acceptedSpans: number;
  /** Refused for good (OTLP partial success); `reason` tells why in one sentence, empty when nothing was refused. */
  readonly rejectedSpans: number;
  readonly reason: string;
}

/** Half-open; either end may be open. A trace is in the range when it overlaps it. */
export interface TimeRange {
  readonly startUnixNanos: UnixNanos | undefined;
  readonly endUnixNanos: UnixNanos | undefined;
}

/** What a query did; sums over everything it touched. */
export interface QueryStats {
  readonly inspectedTraces: number;
  readonly inspectedSpans: number;
  readonly inspectedBytes: number;
  readonly blocks: number;
  readonly blocksRead: number;
  /** Traces found whole in one place, and traces merged from several. */
  readonly soloTraces: number;
  readonly splitTraces: number;
}

export const noStats: QueryStats = {
  inspectedTraces: 0,
  inspectedSpans: 0,
  inspectedBytes: 0,
  blocks: 0,
  blocksRead: 0,
  soloTraces: 0,
  splitTraces: 0,
};

/** Partial is not an error: `warnings` say in sentences what is missing. */
export interface Answer<T> {
  readonly data: T;
  readonly partial: boolean;
  readonly warnings: readonly string[];
  readonly stats: QueryStats;
}

/** A look at a query that still runs. */
export interface QueryProgress<T> {
  readonly stats: QueryStats;
  /** Steps of work of about equal size; `stepsTotal` stays the same for the life of the query. */
  readonly stepsDone: number;
  readonly stepsTotal: number;
  /** What is known by now; made on demand, and only while the observer runs. */
  readonly data: () => T;
}

export interface TraceRequest {
  readonly tenant: string;
  readonly traceId: TraceId;
  readonly signal?: AbortSignal;
}

export interface SearchRequest {
  readonly tenant: string;
  readonly query: Query;
  readonly range: TimeRange;
  /** The newest N matching traces, exactly: newest trace start first, then trace id. */
  readonly limit: number;
  readonly spansPerSpanset: number;
  readonly signal?: AbortSignal;
  /**
   * Called between slices of work. `data` holds the matches that are settled: they stand in the answer as they are, newest first, and
   * later looks only add to their end. Stores that answer in one go need not call it.
   */
  readonly onProgress?: (progress: QueryProgress<readonly TraceMatch[]>) => void;
}

export interface MetricsRequest {
  readonly tenant: string;
  /** A metrics query (`isMetricsQuery`). */
  readonly query: Query;
  readonly startUnixNanos: UnixNanos;
  readonly endUnixNanos: UnixNanos;
  /** The whole range for an instant query. Interval i is (start + i·step, start + (i + 1)·step]. */
  readonly stepNanos: bigint;
  readonly exemplars: number;
  readonly signal?: AbortSignal;
  /** As for a search. */
  readonly onProgress?: (progress: QueryProgress<MetricsSoFar>) => void;
}

/** A metrics query that still runs. */
export interface MetricsSoFar {
  /** Of the traces seen so far. */
  readonly series: readonly MetricSeries[];
  /** Every span that starts after it has been counted; absent when none is known to be the last. */
  readonly completeAfterUnixNanos: UnixNanos | undefined;
}

export type AttributeNameScope = 'resource' | 'span' | 'event' | 'link' | 'instrumentation';

/** By scope, each list sorted; intrinsics are not among them. */
export type AttributeNames = ReadonlyMap<AttributeNameScope, readonly string[]>;

export interface AttributeNamesRequest {
  readonly tenant: string;
  readonly range: TimeRange;
  /** Only names that occur on spans matching this filter. */
  readonly filter: Query | undefined;
  readonly signal?: AbortSignal;
}

export interface AttributeValuesRequest extends AttributeNamesRequest {
  /** An attribute or intrinsic reference as TraceQL writes it: `resource.service.name`, `.foo`, `name`, `span:name`. */
  readonly attribute: string;
  /** At most so many values; the answer is partial beyond. */
  readonly limit: number;
}

export interface ServiceGraphRequest {
  readonly tenant: string;
  readonly range: TimeRange;
  /** Only traces that match; of those all spans count that start in the range. */
  readonly filter: Query | undefined;
  readonly signal?: AbortSignal;
}

/** Since the store was opened. */
export interface CompactionStatus {
  readonly running: boolean;
  /** Blocks that could be merged now. */
  readonly waitingBlocks: number;
  /** Of the last job that failed, until one succeeds. */
  readonly lastError: string | undefined;
  readonly blocksIn: number;
  readonly blocksOut: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Copies of a span that were left out. */
  readonly duplicates: number;
  readonly seconds: number;
  readonly failures: number;
}

export interface StoreStatus {
  readonly ready: boolean;
  /** While not ready: what is being done and how far, in one sentence. */
  readonly message: string;
  readonly tenants: number;
  readonly headSpans: number;
  readonly blocks: number;
  readonly blockSpans: number;
  readonly blockBytes: number;
  readonly walBytes: number;
  /** Absent in stores that do not compact. */
  readonly compaction?: CompactionStatus;
  /** Sentences about degraded state: quarantined files, read-only because the disk is full. Empty when healthy. */
  readonly problems: readonly string[];
}

export interface TraceStore {
  /** Errors: `invalid_argument` (malformed body: nothing is stored), `too_large`, `resource_exhausted`, `unavailable` (retry). */
  ingest(batch: IngestBatch): Promise<IngestResult>;
  /** `data` is undefined when no span of the trace is known. Ignores time ranges on purpose: a trace comes back whole. */
  trace(request: TraceRequest): Promise<Answer<Trace | undefined>>;
  search(request: SearchRequest): Promise<Answer<readonly TraceMatch[]>>;
  metrics(request: MetricsRequest): Promise<Answer<readonly MetricSeries[]>>;
  attributeNames(request: AttributeNamesRequest): Promise<Answer<AttributeNames>>;
  /** Distinct values, sorted by type, then value. */
  attributeValues(request: AttributeValuesRequest): Promise<Answer<readonly Static[]>>;
  /** Who calls whom: counted from every span of the range, or of the traces that match. */
  serviceGraph(request: ServiceGraphRequest): Promise<Answer<ServiceGraph>>;
  /** What a query would read, and why not more. Absent where there is nothing to plan. */
  explain?(request: ExplainRequest): Promise<Answer<Explanation>>;
  status(): StoreStatus;
  /** Makes everything durable and releases files and workers. Idempotent. */
  close(): Promise<void>;
}
