/** How many queries run at once, and who waits: more than the threads can take would only make all of them late. */
import { CodedError } from '../base/coded-error.ts';
import type { Clock } from '../base/clock.ts';
import type { TraceStore } from '../store/trace-store.ts';

export interface QueryAdmissionLimits {
  /** Running, of all tenants and of one. */
  readonly runningMax: number;
  readonly runningPerTenantMax: number;
  /** Waiting, of one tenant. */
  readonly waitingPerTenantMax: number;
  /** A query that has waited so long is refused: its client would have given up on the answer. */
  readonly waitMsMax: number;
}

interface Waiter {
  readonly tenant: string;
  readonly admit: () => void;
}

/** Lets queries in, tenants in turn, those of one tenant in order. */
export class QueryAdmission {
  private readonly limits: QueryAdmissionLimits;
  private readonly clock: Clock;
  private readonly running = new Map<string, number>();
  /** By tenant; the tenant whose turn it is first. */
  private readonly waiting = new Map<string, Waiter[]>();
  private runningTotal = 0;

  constructor(limits: QueryAdmissionLimits, clock: Clock) {
    this.limits = limits;
    this.clock = clock;
  }

  get runningCount(): number {
    return this.runningTotal;
  }

  get waitingCount(): number {
    return [...this.waiting.values()].reduce((sum, { length }) => sum + length, 0);
  }

  /** Runs `query` when it is its turn. Errors: `resource_exhausted` when too many wait, or for too long; the reason of `signal`; the query's. */
  async run<T>(tenant: string, signal: AbortSignal | undefined, query: () => Promise<T>): Promise<T> {
    signal?.throwIfAborted();
    if (this.hasRoom(tenant) && !this.waiting.has(tenant)) {
      this.enter(tenant);
    } else {
      await this.turn(tenant, signal);
    }
    try {
      return await query();
    } finally {
      this.leave(tenant);
    }
  }

  private turn(tenant: string, signal: AbortSignal | undefined): Promise<void> {
    const { waitingPerTenantMax, waitMsMax } = this.limits;
    const queue = this.waiting.get(tenant) ?? [];
    if (queue.length >= waitingPerTenantMax) {
      throw new CodedError(
        'resource_exhausted',
        `${queue.length} queries wait already (limit query_queue_max): try again later`
      );
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiter: Waiter = { tenant, admit: resolve };
    const giveUp = (reason: unknown): void => {
      this.remove(waiter);
      reject(reason);
    };
    const onAbort = (): void => giveUp(signal?.reason);
    const stopTimer = this.clock.schedule(waitMsMax, () =>
      giveUp(
        new CodedError(
          'resource_exhausted',
          `the query waited ${waitMsMax} ms for its turn (limit query_queue_timeout): try again later`
        )
      )
    );
    signal?.addEventListener('abort', onAbort, { once: true });
    queue.push(waiter);
    this.waiting.set(tenant, queue);
    return promise.finally(() => {
      stopTimer();
      signal?.removeEventListener('abort', onAbort);
    });
  }

  private hasRoom(tenant: string): boolean {
    const { runningMax, runningPerTenantMax } = this.limits;
    return this.runningTotal < runningMax && (this.running.get(tenant) ?? 0) < runningPerTenantMax;
  }

  private enter(tenant: string): void {
    this.runningTotal++;
    this.running.set(tenant, (this.running.get(tenant) ?? 0) + 1);
  }

  private leave(tenant: string): void {
    this.runningTotal--;
    const left = (this.running.get(tenant) ?? 0) - 1;
    if (left > 0) {
      this.running.set(tenant, left);
    } else {
      this.running.delete(tenant);
    }
    for (const [next, queue] of this.waiting) {
      if (this.hasRoom(next)) {
        const waiter = queue[0];
        this.remove(waiter);
        this.moveToEnd(next);
        this.enter(next);
        waiter.admit();
        return;
      }
    }
  }

  private remove(waiter: Waiter): void {
    const queue = this.waiting.get(waiter.tenant) ?? [];
    const rest = queue.filter((other) => other !== waiter);
    if (rest.length === 0) {
      this.waiting.delete(waiter.tenant);
    } else {
      this.waiting.set(waiter.tenant, rest);
    }
  }

  private moveToEnd(tenant: string): void {
    const queue = this.waiting.get(tenant);
    if (queue !== undefined) {
      this.waiting.delete(tenant);
      this.waiting.set(tenant, queue);
    }
  }
}

/** The store behind two admissions: a look-up of one trace does not wait for the scans of others. */
export function admitting(store: TraceStore, scans: QueryAdmission, lookups: QueryAdmission): TraceStore {
  const explain = store.explain?.bind(store);
  return {
    ingest: (batch) => store.ingest(batch),
    trace: (request) => lookups.run(request.tenant, request.signal, () => store.trace(request)),
    search: (request) => scans.run(request.tenant, request.signal, () => store.search(request)),
    metrics: (request) => scans.run(request.tenant, request.signal, () => store.metrics(request)),
    attributeNames: (request) => scans.run(request.tenant, request.signal, () => store.attributeNames(request)),
    attributeValues: (request) => scans.run(request.tenant, request.signal, () => store.attributeValues(request)),
    serviceGraph: (request) => scans.run(request.tenant, request.signal, () => store.serviceGraph(request)),
    explain: explain && ((request) => scans.run(request.tenant, request.signal, () => explain(request))),
    status: () => store.status(),
    close: () => store.close(),
  };
}
