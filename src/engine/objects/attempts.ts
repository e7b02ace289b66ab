import type { Clock } from '../../base/clock.ts';
import { CodedError } from '../../base/coded-error.ts';
import type { Random } from '../../base/random.ts';
import { messageOf } from '../os-error.ts';
import { BucketError } from './bucket.ts';

export interface AttemptLimits {
  /** First try included. */
  readonly triesMax: number;
  /** The n-th pause is random, up to `pauseMsMin` × 2ⁿ and never more than `pauseMsMax`. */
  readonly pauseMsMin: number;
  readonly pauseMsMax: number;
  /** Of one try. */
  readonly timeoutMs: number;
  /** Added to the timeout for each MiB that a try moves: a slow line is not a dead one. */
  readonly timeoutMsPerMib: number;
  /** So many failures in a row open the circuit: nothing is asked for `circuitPauseMs`, then one request tries. */
  readonly circuitFailures: number;
  readonly circuitPauseMs: number;
  readonly parallelMax: number;
}

export const defaultAttemptLimits: AttemptLimits = {
  triesMax: 4,
  pauseMsMin: 100,
  pauseMsMax: 3000,
  timeoutMs: 10_000,
  timeoutMsPerMib: 1000,
  circuitFailures: 12,
  circuitPauseMs: 5000,
  parallelMax: 64,
};

/** Counts for metrics. */
export interface AttemptCounts {
  requests: number;
  retries: number;
  failures: number;
  /** Requests that were not sent because the circuit was open. */
  refused: number;
}

interface Circuit {
  readonly failuresInRow: number;
  /** Of the first of these failures. */
  readonly sinceMs: number;
  /** 0: closed. */
  readonly openUntilMs: number;
  /** Whether the one request that finds out is under way. */
  readonly isTrying: boolean;
  readonly reason: string;
}

const closedCircuit: Circuit = { failuresInRow: 0, sinceMs: 0, openUntilMs: 0, isTrying: false, reason: '' };

/**
 * How a store that may be slow, overloaded or away is asked: at most so many requests at once, each with a timeout, again after a random
 * pause when trying again may help, and not at all for a while when nothing has come back for long (so that a query over a thousand
 * blocks does not wait a thousand times).
 */
export class Attempts {
  readonly counts: AttemptCounts = { requests: 0, retries: 0, failures: 0, refused: 0 };
  private readonly name: string;
  private readonly clock: Clock;
  private readonly random: Random;
  private readonly limits: AttemptLimits;
  private readonly waiting: (() => void)[] = [];
  private running = 0;
  private circuit: Circuit = closedCircuit;

  constructor(name: string, clock: Clock, random: Random, limits: AttemptLimits) {
    this.name = name;
    this.clock = clock;
    this.random = random;
    this.limits = limits;
  }

  /** A sentence while the circuit is open. */
  get away(): string | undefined {
    const { openUntilMs, sinceMs, reason } = this.circuit;
    if (openUntilMs === 0) {
      return undefined;
    }
    const seconds = Math.round((this.clock.monotonicMs() - sinceMs) / 1000);
    return `object storage ${this.name} has not answered for ${seconds} s: ${reason}`;
  }

  /** Errors: {@link BucketError}, the last try's. */
  async run<T>(sizeBytes: number, task: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { triesMax, pauseMsMin, pauseMsMax } = this.limits;
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.once(sizeBytes, task);
      } catch (error) {
        if (attempt >= triesMax || !(error instanceof BucketError) || !error.isTransient || this.isOpen()) {
          throw error;
        }
        this.counts.retries++;
        await this.pause(this.random.float() * Math.min(pauseMsMax, pauseMsMin * 2 ** attempt));
      }
    }
  }

  private async once<T>(sizeBytes: number, task: (signal: AbortSignal) => Promise<T>): Promise<T> {
    this.enterCircuit();
    await this.acquire();
    this.counts.requests++;
    try {
      const result = await this.withTimeout(sizeBytes, task);
      this.circuit = closedCircuit;
      return result;
    } catch (error) {
      this.counts.failures++;
      this.noteFailure(error);
      throw error;
    } finally {
      this.release();
    }
  }

  private async withTimeout<T>(sizeBytes: number, task: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { timeoutMs, timeoutMsPerMib } = this.limits;
    const allowedMs = timeoutMs + (sizeBytes / 2 ** 20) * timeoutMsPerMib;
    const controller = new AbortController();
    let cancel: () => void = () => undefined;
    const late = new Promise<never>((_, reject) => {
      cancel = this.clock.schedule(allowedMs, () => {
        // First this rejection, then whatever the client makes of the signal.
        reject(new BucketError(`${this.name}: no answer within ${Math.round(allowedMs)} ms`, true));
        controller.abort();
      });
    });
    try {
      return await Promise.race([task(controller.signal), late]);
    } finally {
      cancel();
    }
  }

  private isOpen(): boolean {
    return this.circuit.openUntilMs > this.clock.monotonicMs();
  }

  private enterCircuit(): void {
    const { circuit } = this;
    if (circuit.openUntilMs === 0) {
      return;
    }
    if (this.isOpen() || circuit.isTrying) {
      this.counts.refused++;
      throw new BucketError(this.away ?? `${this.name} is away`, true);
    }
    this.circuit = { ...circuit, isTrying: true };
  }

  private noteFailure(error: unknown): void {
    if (error instanceof BucketError ? !error.isTransient : error instanceof CodedError) {
      // It has answered: what it refused is somebody else's fault.
      this.circuit = closedCircuit;
      return;
    }
    const { circuitFailures, circuitPauseMs } = this.limits;
    const nowMs = this.clock.monotonicMs();
    const { circuit } = this;
    const failuresInRow = circuit.failuresInRow + 1;
    const opens = failuresInRow >= circuitFailures || circuit.isTrying;
    this.circuit = {
      failuresInRow,
      sinceMs: circuit.failuresInRow === 0 ? nowMs : circuit.sinceMs,
      // Not all servers at the same moment.
      openUntilMs: opens ? nowMs + circuitPauseMs * (0.5 + this.random.float() / 2) : 0,
      isTrying: false,
      reason: messageOf(error),
    };
  }

  private pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.clock.schedule(delayMs, resolve);
    });
  }

  private async acquire(): Promise<void> {
    if (this.running >= this.limits.parallelMax) {
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    } else {
      this.running++;
    }
  }

  private release(): void {
    const next = this.waiting.shift();
    if (next === undefined) {
      this.running--;
    } else {
      next();
    }
  }
}
