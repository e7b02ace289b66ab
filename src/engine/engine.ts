import type { ServiceGraph } from '../analysis/service-graph/model.ts';
import type { Clock } from '../base/clock.ts';
import type { Codecs } from '../base/codecs.ts';
import { CodedError, errorCodeOf } from '../base/coded-error.ts';
import type { Random } from '../base/random.ts';
import type {
  Answer,
  AttributeNames,
  AttributeNamesRequest,
  AttributeValuesRequest,
  IngestBatch,
  IngestResult,
  MetricsRequest,
  QueryProgress,
  SearchRequest,
  ServiceGraphRequest,
  StoreStatus,
  TraceRequest,
  TraceStore,
} from '../store/trace-store.ts';
import type { ExplainRequest, Explanation } from '../store/explanation.ts';
import { tenantsOf } from '../store/tenants.ts';
import type { Trace } from '../trace/model.ts';
import type { TraceMatch } from '../traceql/match.ts';
import type { MetricSeries } from '../traceql/metrics.ts';
import type { Static } from '../traceql/static.ts';
import { toOtlpProtobuf } from '../wire/transcode.ts';
import { DiskManifestStore } from './disk-manifest.ts';
import type { Disk } from './disk.ts';
import { silentLog, type EngineLog } from './engine-log.ts';
import { walkerVersion, type Verdict } from './head/walk.ts';
import { Heads, type HeadSlot } from './heads.ts';
import { defaultLimits, type EngineLimits, type TenantLimitsOf } from './limits.ts';
import { Maintenance } from './maintenance.ts';
import type { ManifestStore } from './manifest-store.ts';
import { messageOf } from './os-error.ts';
import { openStore, type OpenedStore } from './open-store.ts';
import { Pins, type OpenedPin, type Pin } from './pins.ts';
import { Problems } from './problems.ts';
import type { QueryLimits, QueryPayload, QueryReport, QueryRequest, QueryResult } from './query/index.ts';
import { commitRows, replayWal } from './replay.ts';
import type { WalEntry } from './wal/record.ts';
import { recoverWal } from './wal/recover.ts';
import { SlotPool } from './wal/slots.ts';
import { Wal, type SeededBugs } from './wal/wal.ts';
import type { Workers } from './workers.ts';

const memoryCheckMs = 50;

export interface EngineOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly random: Random;
  readonly codecs: Codecs;
  readonly workers: Workers;
  /** Where the manifest lives; the disk when absent. */
  readonly manifests?: ManifestStore;
  /** What is wrong with what the engine stands on, in sentences. */
  readonly outsideProblems?: () => readonly string[];
  readonly limits?: Partial<EngineLimits>;
  /** Limits of single tenants, where they differ from `limits`. */
  readonly tenantLimits?: TenantLimitsOf;
  readonly log?: EngineLog;
  /** Tests only. */
  readonly seededBugs?: SeededBugs;
}

/**
 * Opens the store on `disk`, or makes one. Resolves when the manifest has been read; the log is then replayed in the background:
 * until {@link Engine.whenReady} resolves, requests are refused as `unavailable` and `status()` tells how far it is.
 *
 * Errors: `corrupt`, `unsupported` (see {@link openStore}); the disk's.
 */
export async function openEngine(options: EngineOptions): Promise<Engine> {
  const limits = { ...defaultLimits, ...options.limits };
  const manifests = options.manifests ?? new DiskManifestStore(options.disk);
  return new Engine(options, limits, await openStore(options.disk, options.random, manifests), manifests);
}

/** The embedded trace store: heads and blocks of all tenants over one log and one manifest. */
export class Engine implements TraceStore {
  private readonly options: EngineOptions;
  private readonly limits: EngineLimits;
  private readonly manifests: ManifestStore;
  private readonly log: EngineLog;
  private readonly heads: Heads;
  private readonly pins: Pins;
  private readonly problems = new Problems();
  private readonly maintenance: Maintenance;
  private readonly opening: Promise<void>;
  private message = 'starting';
  private state: 'opening' | 'ready' | 'failed' | 'closed' = 'opening';
  private wal: Wal | undefined;
  private maintaining: Promise<void> | undefined;
  private cancelTick: () => void = () => undefined;
  private nextFlushMs = 0;
  private memoryCheckedMs = -memoryCheckMs;
  private memoryExceeded = false;
  private closing: Promise<void> | undefined;

  constructor(options: EngineOptions, limits: EngineLimits, store: OpenedStore, manifests: ManifestStore) {
    this.options = options;
    this.limits = limits;
    this.manifests = manifests;
    this.log = options.log ?? silentLog;
    this.heads = new Heads(limits, options.tenantLimits);
    this.pins = new Pins(options.disk, options.codecs, (gone) => options.workers.forget(gone));
    const { log, heads, pins, problems } = this;
    const world = { ...options, manifests, limits, log, heads, pins, problems };
    this.maintenance = new Maintenance(world, store.manifest);
    pins.settleRemovals(store.removed, []);
    this.opening = this.replay(store);
    // Told by whenReady() and status(); nobody has to wait for it.
    this.opening.catch(() => undefined);
  }

  /** Errors: the disk's, when the log cannot be read. */
  whenReady(): Promise<void> {
    return this.opening;
  }

  async ingest(batch: IngestBatch): Promise<IngestResult> {
    const wal = this.admit(batch);
    const otlp = batch.encoding === 'otlp-protobuf' ? batch.decoded : toOtlpProtobuf(batch.encoding, batch.decoded);
    const { slot, verdict } = this.appendToHead(batch.tenant, otlp, wal.durableSequence);
    batch.freeDecoded?.();
    const result: IngestResult = {
      acceptedSpans: verdict.acceptedSpans,
      rejectedSpans: verdict.rejectedSpans,
      reason: verdict.reason,
    };
    if (verdict.acceptedSpans === 0) {
      return result;
    }
    const rows = slot.head.rowCount;
    slot.sealed ||= this.heads.isFull(slot);
    const entry: WalEntry = {
      tenant: batch.tenant,
      encoding: batch.encoding,
      compression: batch.compression,
      receivedUnixNanos: this.options.clock.unixNanos(),
      body: batch.body,
      notes: {
        acceptedSpans: verdict.acceptedSpans,
        rejectedSpans: verdict.rejectedSpans,
        walkerVersion,
        head: slot.id,
        limits: { ...slot.head.limits },
      },
    };
    slot.pendingRequests++;
    return new Promise((resolve, reject) => {
      wal.append(entry, {
        durable: (sequence) => {
          slot.pendingRequests--;
          commitRows(slot, rows, sequence, entry.receivedUnixNanos);
          if (slot.sealed) {
            this.maintainSoon(0);
          }
          resolve(result);
        },
        failed: (error) => {
          slot.pendingRequests--;
          slot.head.rollback(slot.durableRows);
          reject(error);
        },
      });
    });
  }

  trace({ tenant, traceId, signal }: TraceRequest): Promise<Answer<Trace | undefined>> {
    return this.query(tenant, { kind: 'trace', traceId }, signal);
  }

  search({ tenant, signal, onProgress, ...request }: SearchRequest): Promise<Answer<readonly TraceMatch[]>> {
    return this.query(tenant, { kind: 'search', ...request }, signal, onProgress);
  }

  metrics({ tenant, signal, onProgress, ...request }: MetricsRequest): Promise<Answer<readonly MetricSeries[]>> {
    return this.query(tenant, { kind: 'metrics', ...request }, signal, onProgress);
  }

  attributeNames({ tenant, signal, ...request }: AttributeNamesRequest): Promise<Answer<AttributeNames>> {
    return this.query(tenant, { kind: 'attribute-names', ...request }, signal);
  }

  attributeValues({ tenant, signal, ...request }: AttributeValuesRequest): Promise<Answer<readonly Static[]>> {
    return this.query(tenant, { kind: 'attribute-values', ...request }, signal);
  }

  serviceGraph({ tenant, signal, ...request }: ServiceGraphRequest): Promise<Answer<ServiceGraph>> {
    return this.query(tenant, { kind: 'service-graph', ...request }, signal);
  }

  explain({ tenant, signal, ...request }: ExplainRequest): Promise<Answer<Explanation>> {
    return this.query(tenant, { kind: 'explain', ...request }, signal);
  }

  /** All that a tenant has (or several, see `federatedTenant`), opened in this thread and held until it is released. */
  pin(tenant: string): Promise<OpenedPin> {
    return this.pins.open(this.pinned(tenant));
  }

  /** All that have spans in a head or are in the manifest, in order of name. */
  tenants(): string[] {
    return [...new Set([...this.maintenance.manifest.tenants.keys(), ...this.heads.tenants()])].sort();
  }

  status(): StoreStatus {
    const blocks = [...this.maintenance.manifest.tenants.values()].flatMap((tenant) => tenant.blocks);
    const readOnly = this.wal?.readOnlyReason;
    return {
      ready: this.state === 'ready',
      message: this.message,
      tenants: new Set([...this.maintenance.manifest.tenants.keys(), ...this.heads.tenants()]).size,
      headSpans: [...this.heads.all()].reduce((sum, { durableRows }) => sum + durableRows, 0),
      blocks: blocks.length,
      blockSpans: blocks.reduce((sum, { meta }) => sum + meta.spans, 0),
      blockBytes: blocks.reduce((sum, { meta }) => sum + meta.sizeBytes, 0),
      walBytes: this.wal?.liveBytes ?? 0,
      compaction: this.maintenance.compactor.status(),
      problems: [
        ...(readOnly === undefined ? [] : [readOnly]),
        ...(this.options.outsideProblems?.() ?? []),
        ...this.problems.list(),
      ],
    };
  }

  /** Cuts all heads into blocks now. Errors: `unavailable` when some could not be written; `status()` says why. */
  async flush(): Promise<void> {
    this.requireReady();
    await this.maintaining;
    this.heads.sealAll();
    this.nextFlushMs = 0;
    await this.maintain();
    if (this.problems.list().some((sentence) => sentence.startsWith('flush of tenant'))) {
      throw new CodedError('unavailable', 'not all heads could be flushed');
    }
  }

  /** Merges blocks until there is nothing to gain. Ends early when a merge fails; `status()` says why. */
  async compact(): Promise<void> {
    this.requireReady();
    let gained = true;
    while (gained) {
      gained = await this.maintenance.compactor.start();
    }
  }

  /** One round of what the engine does by itself about once a second: flush, retention, free space. Rounds do not overlap. */
  maintain(): Promise<void> {
    this.maintaining ??= this.maintainOnce().finally(() => {
      this.maintaining = undefined;
    });
    return this.maintaining;
  }

  close(): Promise<void> {
    this.closing ??= this.closeOnce();
    return this.closing;
  }

  private requireReady(): void {
    if (this.state !== 'ready') {
      throw new CodedError('unavailable', this.message);
    }
  }

  /** Everything that may refuse a request before it costs anything. */
  private admit(batch: IngestBatch): Wal {
    this.requireReady();
    const { wal } = this;
    if (wal === undefined || wal.readOnlyReason !== undefined) {
      throw new CodedError('unavailable', wal?.readOnlyReason ?? this.message);
    }
    const refusal = this.manifests.refusal?.() ?? this.problems.of('space');
    if (refusal !== undefined) {
      throw new CodedError('unavailable', refusal);
    }
    const { walBytesMax, walSegmentBytes } = this.limits;
    // Heads are cut from walBytesMax on; what is beyond comes from blocks that cannot be written.
    if (wal.liveBytes > walBytesMax + 4 * walSegmentBytes) {
      throw new CodedError(
        'unavailable',
        `the write-ahead log holds ${wal.liveBytes} bytes, at most ${walBytesMax}, because blocks cannot be written`
      );
    }
    if (batch.decoded.length > this.limits.bodyBytesMax) {
      throw new CodedError('too_large', `body of ${batch.decoded.length} bytes, at most ${this.limits.bodyBytesMax}`);
    }
    if (wal.queuedBytes > this.limits.walQueueBytesMax || this.overMemory()) {
      throw new CodedError('resource_exhausted', 'the disk does not keep up: try again later');
    }
    this.requireRoomForTenant(batch.tenant);
    this.requireRoomForTraces(batch.tenant);
    return wal;
  }

  /** Looked up a few times a second: adding up ten thousand heads for every request would be the larger cost. */
  private overMemory(): boolean {
    const nowMs = this.options.clock.monotonicMs();
    if (nowMs - this.memoryCheckedMs >= memoryCheckMs) {
      this.memoryCheckedMs = nowMs;
      this.memoryExceeded = this.heads.memoryBytes > 2 * this.limits.headsBytesMax;
    }
    return this.memoryExceeded;
  }

  private requireRoomForTenant(tenant: string): void {
    const { tenants } = this.maintenance.manifest;
    if (tenants.has(tenant) || this.heads.of(tenant).length > 0) {
      return;
    }
    // Counted exactly only when the quick sum, which counts some twice, is too high: it is asked for every new tenant.
    const { tenantsMax } = this.limits;
    if (tenants.size + this.heads.tenantCount >= tenantsMax && this.tenants().length >= tenantsMax) {
      throw new CodedError('resource_exhausted', `tenant ${tenant} would be one more than ${this.limits.tenantsMax}`);
    }
  }

  private requireRoomForTraces(tenant: string): void {
    const liveTracesMax = this.options.tenantLimits?.(tenant).liveTracesMax ?? 0;
    if (liveTracesMax === 0) {
      return;
    }
    const slots = this.heads.of(tenant);
    const liveTraces = slots.reduce((sum, { head }) => sum + head.traceCount, 0);
    if (liveTraces >= liveTracesMax) {
      slots.forEach((slot) => {
        slot.sealed = true;
      });
      this.maintainSoon(0);
      throw new CodedError(
        'resource_exhausted',
        `tenant ${tenant} has ${liveTraces} traces that are in no block yet, at most ${liveTracesMax}: try again soon`
      );
    }
  }

  /** Errors: `invalid_argument`; nothing stays of the request then. */
  private appendToHead(
    tenant: string,
    otlp: Uint8Array,
    durableSequence: number
  ): { slot: HeadSlot; verdict: Verdict } {
    const slot = this.heads.activeFor(tenant, durableSequence, this.options.clock.monotonicMs());
    try {
      return { slot, verdict: slot.head.append(otlp) };
    } catch (error) {
      if (errorCodeOf(error) !== 'resource_exhausted' || slot.head.rowCount === 0) {
        throw error;
      }
      // The head has no address space left: the request goes to the next one.
      slot.sealed = true;
      const next = this.heads.activeFor(tenant, durableSequence, this.options.clock.monotonicMs());
      return { slot: next, verdict: next.head.append(otlp) };
    }
  }

  /** What a query of the tenant sees. */
  private pinned(tenant: string): Pin {
    const tenants = tenantsOf(tenant);
    return this.pins.pin(
      tenants.flatMap((name) => this.heads.of(name)),
      tenants.flatMap((name) => {
        const blocks = this.maintenance.manifest.tenants.get(name)?.blocks;
        return blocks === undefined ? [] : [blocks];
      })
    );
  }

  /** The query runs in a worker, on what is pinned now. */
  private async query<T, SoFar = T>(
    tenant: string,
    request: QueryRequest,
    signal: AbortSignal | undefined,
    onProgress?: (progress: QueryProgress<SoFar>) => void
  ): Promise<Answer<T>> {
    this.requireReady();
    const pin = this.pinned(tenant);
    const payload: QueryPayload = {
      heads: pin.heads,
      blocks: pin.blockLists,
      request,
      limits: queryLimitsOf({ ...this.limits, ...this.options.tenantLimits?.(tenant) }),
      reports: onProgress !== undefined,
    };
    const onReport = (report: unknown): void => {
      // What `metricsView` and `searchView` tell, copied between threads.
      const { data, ...rest } = report as QueryReport;
      onProgress?.({ ...rest, data: () => data as SoFar });
    };
    const work = this.options.workers.run<QueryPayload, QueryResult>('query', payload, signal, onReport);
    const { answer, damaged } = await work.finally(() => pin.release());
    damaged.forEach(({ path, warning }) => this.problems.set(`block ${path}`, warning));
    // As above.
    return answer as Answer<T>;
  }

  private async replay(store: OpenedStore): Promise<void> {
    const { disk, codecs, clock, seededBugs } = this.options;
    const { limits, heads } = this;
    store.problems.forEach((problem, i) => this.report(`store ${i}`, problem));
    try {
      const startMs = clock.monotonicMs();
      this.message = 'reading the write-ahead log';
      const recovery = await recoverWal({
        disk,
        storeId: store.storeId,
        coveredFloor: store.manifest.coveredFloor,
        isCovered: (tenant, sequence) => this.maintenance.isCovered(tenant, sequence),
        seededBugs,
      });
      recovery.problems.forEach((problem, i) => this.report(`wal ${i}`, problem));
      let sealings = 0;
      let flushing: Promise<unknown> = Promise.resolve();
      const onProgress = async (done: number, total: number, frontier: number) => {
        this.message = `replaying the write-ahead log: ${Math.floor((100 * done) / total)} % (${done} of ${total} requests)`;
        this.maintenance.setFrontier(() => frontier);
        if (heads.sealings !== sealings) {
          // One head is cut while the next one fills: the memory of the steady state, and both cores at work.
          sealings = heads.sealings;
          await flushing;
          flushing = this.maintenance.flushSealed(1);
        }
      };
      const nowMs = () => clock.monotonicMs();
      const world = { disk, codecs, limits, heads, nowMs, onProgress };
      const problems = await replayWal(world, recovery, store.storeId);
      await flushing;
      problems.forEach((problem, i) => this.report(`replay ${i}`, problem));
      await this.openWal(store.storeId, recovery);
      this.log.info('write-ahead log replayed', {
        requests: recovery.addresses.length,
        durationMs: Math.round(clock.monotonicMs() - startMs),
      });
      if (this.state === 'opening') {
        this.state = 'ready';
        this.message = 'ready';
        this.maintainSoon(limits.maintenanceIntervalMs);
      }
    } catch (error) {
      this.state = 'failed';
      this.message = `the write-ahead log cannot be replayed: ${messageOf(error)}`;
      this.log.error(this.message);
      throw error;
    }
  }

  private async openWal(storeId: Uint8Array, recovery: Awaited<ReturnType<typeof recoverWal>>): Promise<void> {
    const { disk, seededBugs } = this.options;
    const { walSegmentBytes, walBatchBytesMax, walFreeSegmentsMax } = this.limits;
    const slots = new SlotPool(disk, {
      free: [],
      nextNumber: recovery.nextSlotNumber,
      freeSlotsMax: walFreeSegmentsMax,
    });
    for (const slot of recovery.freeSlots) {
      await slots.giveBack(slot, slot.sizeBytes === walSegmentBytes);
    }
    const wal = new Wal({
      disk,
      storeId,
      segmentBytes: walSegmentBytes,
      batchBytesMax: walBatchBytesMax,
      segments: recovery.segments,
      slots,
      durableSequence: recovery.sequence,
      segmentSequence: recovery.segmentSequence,
      seededBugs,
    });
    this.wal = wal;
    this.maintenance.attachWal(wal);
    await this.maintenance.freeWal();
    if (slots.freeCount === 0) {
      // So that the first request does not wait for the file; it is made then should this fail.
      await slots.prepare(walSegmentBytes).catch(() => undefined);
    }
    if (recovery.absent.length > 0) {
      await noteAbsent(wal, recovery.absent, this.options.clock.unixNanos());
    }
  }

  private report(cause: string, problem: string): void {
    this.problems.set(cause, problem);
    this.log.warn(problem);
  }

  private maintainSoon(delayMs: number): void {
    this.cancelTick();
    if (this.state === 'ready') {
      this.cancelTick = this.options.clock.schedule(delayMs, () => {
        void this.maintain().finally(() => this.maintainSoon(this.limits.maintenanceIntervalMs));
      });
    }
  }

  private async maintainOnce(): Promise<void> {
    const { wal, heads, limits, problems } = this;
    const nowMs = this.options.clock.monotonicMs();
    try {
      const freeBytes = await this.options.disk.freeBytes();
      problems.set(
        'space',
        freeBytes >= limits.freeBytesMin
          ? undefined
          : `the disk has ${freeBytes} free bytes, less than ${limits.freeBytesMin}: nothing is taken in until there is room`
      );
      heads.sealFull(nowMs);
      if (wal !== undefined) {
        heads.sealForPressure(
          wal.liveBytes,
          wal.pinningOldest((tenant, sequence) => this.maintenance.isCovered(tenant, sequence))
        );
      }
      if (nowMs >= this.nextFlushMs && !(await this.maintenance.flushSealed())) {
        this.nextFlushMs = nowMs + limits.flushRetryMs;
      }
      await this.maintenance.retain();
      // Not waited for: flushes go on meanwhile.
      void this.maintenance.compactor.start();
      problems.set('maintenance', undefined);
    } catch (error) {
      this.report('maintenance', `maintenance fails and is tried again: ${messageOf(error)}`);
    }
  }

  private async closeOnce(): Promise<void> {
    await this.opening.catch(() => undefined);
    this.state = 'closed';
    this.message = 'shutting down';
    this.cancelTick();
    const { compactor } = this.maintenance;
    compactor.stop();
    await this.wal?.close();
    await this.maintaining;
    await this.options.workers.close();
    await compactor.close();
    await this.manifests.close();
  }
}

function queryLimitsOf(limits: EngineLimits): QueryLimits {
  const { queryTimeMsMax, queryBytesMax, querySpansMax, queryMemoryBytesMax } = limits;
  return { queryTimeMsMax, queryBytesMax, querySpansMax, queryMemoryBytesMax };
}

/** So that the next start does not report again what this one has. */
function noteAbsent(
  wal: Wal,
  absent: readonly (readonly [number, number])[],
  receivedUnixNanos: bigint
): Promise<void> {
  const entry: WalEntry = {
    tenant: '',
    encoding: 'otlp-protobuf',
    compression: 'identity',
    receivedUnixNanos,
    body: new Uint8Array(0),
    notes: { absent },
  };
  return new Promise((resolve) => {
    // Without the note the next start says it once more, which is better than not starting.
    wal.append(entry, { durable: () => resolve(), failed: () => resolve() }, 'notice');
  });
}
