import type { Clock } from '../base/clock.ts';

/** The machine's clock; wall time in whole milliseconds. */
export function nodeClock(): Clock {
  return {
    unixNanos: () => BigInt(Date.now()) * 1_000_000n,
    monotonicMs: () => performance.now(),
    schedule(delayMs, task) {
      const timer = setTimeout(task, delayMs);
      return () => clearTimeout(timer);
    },
  };
}
