/**
 * Live tail: spans that match, as they are acknowledged. The server tells the hub of every batch after its commit; nothing is decoded while
 * nobody watches the tenant. A tail is a view of what passes by: it may miss spans when they are too many, and says how many.
 */
import type { Clock } from '../../base/clock.ts';
import { CodedError } from '../../base/coded-error.ts';
import { crc32c } from '../../base/crc32c.ts';
import { canonicalSpan } from '../../trace/canonical.ts';
import { mergeTrace } from '../../trace/merge.ts';
import type { Span, Trace, TraceId } from '../../trace/model.ts';
import type { Query } from '../../traceql/ast.ts';
import { tenantsOf } from '../../store/tenants.ts';
import type { IngestBatch } from '../../store/trace-store.ts';
import { decodeTraces } from '../../wire/otlp-protobuf.ts';
import { toOtlpProtobuf } from '../../wire/transcode.ts';
import { encodeUtf8 } from '../../wire/utf8.ts';
import { Tail } from './tail-queue.ts';

/** Each open tail evaluates every span of its tenant. */
const tailsMax = 50;
/** Of each second the hub may work so long: tails take at most a fifth of the main thread from ingest. */
const workMsPerSecond = 200;
/** Spans that are sent again soon (a retry) are told once. */
const recentSpansMax = 20_000;

interface Watched {
  readonly tails: Set<Tail>;
  /** Keys of spans told lately, oldest first. */
  readonly recent: Set<string>;
}

export class TailHub {
  private readonly clock: Clock;
  private readonly byTenant = new Map<string, Watched>();
  private openTails = 0;
  private secondStartMs = 0;
  private workedMs = 0;
  private closed = false;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** `tenant` may be several, see `federatedTenant`. At most `spansPerSecond` are told. Ends by `Tail.close()`. Errors: `resource_exhausted`, `unavailable` when closing. */
  open(tenant: string, query: Query, spansPerSecond: number): Tail {
    if (this.closed) {
      throw new CodedError('unavailable', 'the server is stopping');
    }
    if (this.openTails >= tailsMax) {
      throw new CodedError('resource_exhausted', `${tailsMax} live tails are open, which is the most at a time`);
    }
    const tenants = tenantsOf(tenant);
    const tail = new Tail({ query, spansPerSecond, clock: this.clock, onClose: () => this.remove(tenants, tail) });
    for (const name of tenants) {
      const watched = this.byTenant.get(name) ?? { tails: new Set<Tail>(), recent: new Set<string>() };
      this.byTenant.set(name, watched);
      watched.tails.add(tail);
    }
    this.openTails++;
    return tail;
  }

  isWatched(tenant: string): boolean {
    return this.byTenant.has(tenant);
  }

  /** To be called after the batch is durable, away from the path of its answer. The batch is one that the store has accepted. */
  publish(batch: IngestBatch): void {
    const watched = this.byTenant.get(batch.tenant);
    if (watched === undefined) {
      return;
    }
    const startMs = this.clock.monotonicMs();
    if (startMs - this.secondStartMs >= 1_000) {
      this.secondStartMs = startMs;
      this.workedMs = 0;
    }
    if (this.workedMs >= workMsPerSecond) {
      watched.tails.forEach((tail) => tail.skipRequest());
      return;
    }
    const traces = tracesOf(batch).map((trace) => withoutRecent(trace, watched.recent));
    for (const trace of traces) {
      watched.tails.forEach((tail) => tail.offer(trace));
    }
    this.workedMs += this.clock.monotonicMs() - startMs;
  }

  /** Ends every tail. */
  close(): void {
    this.closed = true;
    for (const { tails } of [...this.byTenant.values()]) {
      [...tails].forEach((tail) => tail.close());
    }
  }

  private remove(tenants: readonly string[], tail: Tail): void {
    let wasOpen = false;
    for (const tenant of tenants) {
      const watched = this.byTenant.get(tenant);
      wasOpen = watched?.tails.delete(tail) === true || wasOpen;
      if (watched?.tails.size === 0) {
        this.byTenant.delete(tenant);
      }
    }
    this.openTails -= wasOpen ? 1 : 0;
  }
}

/** By trace id, spans whose ids no store takes left out. */
function tracesOf(batch: IngestBatch): Trace[] {
  const byId = new Map<TraceId, Span[]>();
  for (const span of decodeTraces(toOtlpProtobuf(batch.encoding, batch.decoded))) {
    if (isId(span.traceId, 32) && isId(span.spanId, 16)) {
      const spans = byId.get(span.traceId);
      if (spans) {
        spans.push(span);
      } else {
        byId.set(span.traceId, [span]);
      }
    }
  }
  return [...byId].map(([traceId, spans]) => mergeTrace(traceId, [spans]));
}

function isId(hex: string, digits: number): boolean {
  return hex.length === digits && /[^0]/.test(hex);
}

function withoutRecent(trace: Trace, recent: Set<string>): Trace {
  const spans = trace.spans.filter((span) => {
    const key = `${span.traceId}${span.spanId}${crc32c(encodeUtf8(canonicalSpan(span)))}`;
    const isNew = !recent.has(key);
    recent.add(key);
    return isNew;
  });
  for (const key of recent) {
    if (recent.size <= recentSpansMax) {
      break;
    }
    recent.delete(key);
  }
  return { ...trace, spans };
}
