/** Time as the engine sees it: passed in, so that tests and simulations own it. */
export interface Clock {
  /** Wall clock, nanoseconds since the Unix epoch. May jump. */
  unixNanos(): bigint;
  /** Milliseconds from an arbitrary origin; never goes back. For timeouts and measuring. */
  monotonicMs(): number;
  /** Calls `task` once after at least `delayMs`; the returned function cancels it. */
  schedule(delayMs: number, task: () => void): () => void;
}
