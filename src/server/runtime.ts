/** What every door shares. */
import { randomBytes } from 'node:crypto';
import { CodedError, errorCodeOf, type ErrorCode } from '../base/coded-error.ts';
import type { Clock } from '../base/clock.ts';
import type { BuildInfo } from '../api/exchange.ts';
import type { TailHub } from '../api/stream/tail.ts';
import type { ArrivalLog } from '../api/vivace/arrivals.ts';
import type { IngestBatch, IngestResult, TraceStore } from '../store/trace-store.ts';
import type { ByteBudget } from './admission.ts';
import type { Config } from './config.ts';
import type { OpenTraceCache } from '../api/open-trace/cache.ts';
import type { Gate } from './gate.ts';
import type { Logger } from './log.ts';
import type { Overrides } from './overrides/overrides.ts';
import type { Telemetry } from './telemetry.ts';

export interface Runtime {
  readonly config: Config;
  readonly build: BuildInfo;
  readonly clock: Clock;
  readonly log: Logger;
  readonly gate: Gate;
  readonly overrides: Overrides;
  readonly budget: ByteBudget;
  readonly telemetry: Telemetry;
  readonly arrivals: ArrivalLog;
  readonly opening: Opening;
  readonly tails: TailHub;
  readonly openTraces: OpenTraceCache;
}

/** The store while it opens (a replay may take long) and after. */
export interface Opening {
  store: TraceStore | undefined;
  /** While there is no store: what is being done, in one sentence. */
  message: string;
}

/** Errors: `unavailable` while the store opens. */
export function storeOf(opening: Opening): TraceStore {
  if (opening.store === undefined) {
    throw new CodedError('unavailable', opening.message);
  }
  return opening.store;
}

/** Counts and logs a fault of ours; returns the id that client and log share. */
export function reportInternal(runtime: Runtime, door: string, error: unknown): string {
  const errorId = randomBytes(4).toString('hex');
  runtime.telemetry.failed(door);
  runtime.log.error({ door, errorId, error }, 'a handler failed');
  return errorId;
}

/** Counts a request that a door refused, and remembers why for those who look. `tenant` is undefined while it is not known. */
export function refused(runtime: Runtime, door: string, tenant: string | undefined, error: unknown): ErrorCode {
  const code = errorCodeOf(error);
  runtime.telemetry.refused(door, code);
  runtime.arrivals.refused(door, tenant, code, error instanceof CodedError ? error.message : '');
  return code;
}

/** Gives a batch to the store and counts it. */
export async function ingest(runtime: Runtime, protocol: string, batch: IngestBatch): Promise<IngestResult> {
  const startMs = runtime.clock.monotonicMs();
  const watched = runtime.tails.isWatched(batch.tenant);
  const decodedBytes = batch.decoded.length;
  const result = await storeOf(runtime.opening).ingest(watched ? { ...batch, freeDecoded: undefined } : batch);
  runtime.telemetry.ingested(protocol, {
    spans: result.acceptedSpans,
    rejected: result.rejectedSpans,
    bytes: decodedBytes,
    seconds: (runtime.clock.monotonicMs() - startMs) / 1000,
  });
  runtime.arrivals.arrived(protocol, batch.tenant, {
    spans: result.acceptedSpans,
    bytes: decodedBytes,
    rejected: result.rejectedSpans,
    reason: result.reason,
  });
  if (result.acceptedSpans > 0 && watched) {
    // After the answer: who watches must not make senders wait, nor fail them.
    setImmediate(() => publish(runtime, protocol, batch));
  }
  return result;
}

function publish(runtime: Runtime, protocol: string, batch: IngestBatch): void {
  try {
    runtime.tails.publish(batch);
  } catch (error) {
    reportInternal(runtime, protocol, error);
  }
}
