import assert from 'node:assert/strict';
import type { Clock } from '../../src/base/clock.ts';
import { seededRandom } from '../../src/base/random.ts';
import type { CompactPayload } from '../../src/engine/compaction/compact.ts';
import { DiskManifestStore } from '../../src/engine/disk-manifest.ts';
import type { Disk } from '../../src/engine/disk.ts';
import { openEngine, type Engine } from '../../src/engine/engine.ts';
import type { EngineLimits } from '../../src/engine/limits.ts';
import { spansOfRows } from '../../src/engine/rows-to-spans.ts';
import type { OpenedPin } from '../../src/engine/pins.ts';
import type { RowSet } from '../../src/engine/row-set.ts';
import { inPlaceWorkers } from '../../src/engine/tasks.ts';
import type { SeededBugs } from '../../src/engine/wal/wal.ts';
import { nodeCodecs } from '../../src/server/node-codecs.ts';
import type { IngestBatch } from '../../src/store/trace-store.ts';
import { mergeTrace } from '../../src/trace/merge.ts';
import { emptyScope, type Resource, type Span } from '../../src/trace/model.ts';
import type { Workers } from '../../src/engine/workers.ts';
import type { Compact } from './compaction-oracle.ts';
import type { WrapManifests } from './lying-manifests.ts';
import { encodeTraces } from '../../src/wire/otlp-protobuf.ts';

export const secondNanos = 1_000_000_000n;
/** 2026-01-01T00:00:00Z. */
const originUnixNanos = 1_767_225_600n * secondNanos;

/** A clock that moves when it is told to; scheduled tasks never run: the workload calls `maintain()` itself. */
export class SimClock implements Clock {
  private nowNanos = originUnixNanos;

  unixNanos(): bigint {
    return this.nowNanos;
  }

  monotonicMs(): number {
    return Number((this.nowNanos - originUnixNanos) / 1_000_000n);
  }

  schedule(): () => void {
    return () => undefined;
  }

  advance(nanos: bigint): void {
    this.nowNanos += nanos;
  }
}

/** Small enough that a short run rolls segments, cuts heads and meets every bound. */
export const simLimits: Partial<EngineLimits> = {
  walSegmentBytes: 3072,
  walBatchBytesMax: 2048,
  walFreeSegmentsMax: 2,
  headRowsMax: 24,
  retentionMs: 3_600_000,
  retentionDropShareMax: 1,
  compactionFanIn: 2,
};

const resource: Resource = {
  attributes: [{ key: 'service.name', value: { type: 'string', value: 'sim' } }],
  droppedAttributesCount: 0,
  schemaUrl: '',
};

/** Request `number` is always the same one span: what should come back needs no memory. Three numbers in a row share a trace. */
export function spanOf(number: number): Span {
  const start = originUnixNanos + BigInt(number) * 1_000_000n;
  return {
    traceId: (Math.floor(number / 3) + 1).toString(16).padStart(32, '0'),
    spanId: (number + 1).toString(16).padStart(16, '0'),
    parentSpanId: '',
    traceState: '',
    flags: 0,
    name: `request ${number}`,
    kind: 2,
    startUnixNanos: start,
    endUnixNanos: start + 5_000_000n,
    attributes: [{ key: 'number', value: { type: 'int', value: BigInt(number) } }],
    droppedAttributesCount: 0,
    events: [],
    droppedEventsCount: 0,
    links: [],
    droppedLinksCount: 0,
    statusCode: 0,
    statusMessage: '',
    resource,
    scope: emptyScope,
  };
}

/** Numbers are spread over two tenants. */
export function tenantOf(number: number): string {
  return number % 7 === 0 ? 'other' : 'single-tenant';
}

export const tenants = ['single-tenant', 'other'];

export function batchOf(number: number): IngestBatch {
  const body = encodeTraces([spanOf(number)]);
  return { tenant: tenantOf(number), encoding: 'otlp-protobuf', compression: 'identity', body, decoded: body };
}

export interface SimEngineOptions {
  readonly clock: Clock;
  readonly seed: number;
  readonly seededBugs?: SeededBugs;
  readonly limits?: Partial<EngineLimits>;
  readonly wrapManifests?: WrapManifests;
  /** In place of the real compaction. */
  readonly compact?: Compact;
}

export function openSimEngine(disk: Disk, options: SimEngineOptions): Promise<Engine> {
  return openEngine({
    disk,
    clock: options.clock,
    random: seededRandom(options.seed),
    codecs: nodeCodecs,
    workers: workersWith(disk, options.compact),
    manifests: options.wrapManifests?.(new DiskManifestStore(disk), disk),
    limits: { ...simLimits, ...options.limits },
    seededBugs: options.seededBugs,
  });
}

function workersWith(disk: Disk, compact: Compact | undefined): Workers {
  const workers = inPlaceWorkers({ disk, codecs: nodeCodecs });
  return compact === undefined
    ? workers
    : {
        forget: (gone) => workers.forget(gone),
        close: () => workers.close(),
        run: <Payload, Result>(
          task: string,
          payload: Payload,
          signal?: AbortSignal,
          report?: (report: unknown) => void
        ) =>
          task === 'compact'
            ? (compact(payload as CompactPayload, disk) as Promise<Result>)
            : workers.run<Payload, Result>(task, payload, signal, report),
      };
}

/**
 * How often each request's span comes back over heads and blocks of all tenants. `dedupe` false counts copies, as a query that forgot
 * to merge would.
 */
export async function countSpans(engine: Engine, dedupe = true): Promise<Map<number, number>> {
  const counts = new Map<number, number>();
  for (const tenant of tenants) {
    for (const spans of (await spansByTrace(engine, tenant)).values()) {
      for (const span of dedupe ? mergeTrace(spans[0].traceId, [spans]).spans : spans) {
        const number = Number.parseInt(span.spanId, 16) - 1;
        assert.equal(tenantOf(number), tenant, `span ${number} is in tenant ${tenant}`);
        assert.deepEqual(span, spanOf(number), `span ${number} came back changed`);
        counts.set(number, (counts.get(number) ?? 0) + 1);
      }
    }
  }
  return counts;
}

/** Pins now, reads when it is called: what is pinned stays readable whatever is flushed, compacted or dropped meanwhile. */
export async function pinnedRead(engine: Engine): Promise<() => Promise<unknown>> {
  const pins = await Promise.all(tenants.map((tenant) => engine.pin(tenant)));
  return async () => {
    for (const pin of pins) {
      await spansOfPin(pin);
    }
  };
}

async function spansByTrace(engine: Engine, tenant: string): Promise<Map<string, Span[]>> {
  const spans = await spansOfPin(await engine.pin(tenant));
  return Map.groupBy(spans, ({ traceId }) => traceId);
}

async function spansOfPin(pin: OpenedPin): Promise<Span[]> {
  const all: Span[] = [];
  try {
    const sources: RowSet[][] = pin.heads.map((head) => [head]);
    for (const { reader, warning } of pin.blocks) {
      assert.ok(reader, warning);
      const rowSets: RowSet[] = [];
      for (let rowGroup = 0; rowGroup < reader.rowGroups.length; rowGroup++) {
        rowSets.push(await reader.readRowGroup(rowGroup, 'all'));
      }
      sources.push(rowSets);
    }
    for (const rowSets of sources) {
      const spans = rowSets.flatMap((rowSet) =>
        spansOfRows(
          rowSet,
          Array.from({ length: rowSet.rowCount }, (_, row) => row)
        )
      );
      assert.equal(new Set(spans.map(({ spanId }) => spanId)).size, spans.length, 'a head or block holds a span twice');
      all.push(...spans);
    }
  } finally {
    pin.release();
  }
  return all;
}
