import type { Clock } from '../../base/clock.ts';

interface Bucket {
  tokens: number;
  filledMs: number;
}

/** Remembered tenants; one that is forgotten starts with a full bucket. */
const bucketsMax = 20_000;

/**
 * A rate for each tenant. A bucket that holds anything lets one request through whole, and owes what it was short of: no request is too
 * large to ever pass, and the average holds.
 */
export class TokenBuckets {
  private readonly clock: Clock;
  private readonly buckets = new Map<string, Bucket>();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** Whether the request may pass; if so, it is counted. Rate and size may change from call to call. */
  take(tenant: string, amount: number, perSecond: number, burst: number): boolean {
    const nowMs = this.clock.monotonicMs();
    let bucket = this.buckets.get(tenant);
    if (bucket === undefined) {
      if (this.buckets.size >= bucketsMax) {
        this.buckets.delete(this.buckets.keys().next().value as string);
      }
      bucket = { tokens: burst, filledMs: nowMs };
      this.buckets.set(tenant, bucket);
    }
    bucket.tokens = Math.min(burst, bucket.tokens + ((nowMs - bucket.filledMs) / 1000) * perSecond);
    bucket.filledMs = nowMs;
    if (bucket.tokens <= 0) {
      return false;
    }
    bucket.tokens -= amount;
    return true;
  }
}
