import type { Clock } from '../../base/clock.ts';

/** A clock that moves when it is told to, and then runs what was to be run. */
export class ManualClock implements Clock {
  private nowMs = 1_800_000_000_000;
  private tasks: { readonly atMs: number; readonly task: () => void }[] = [];

  unixNanos(): bigint {
    return BigInt(Math.round(this.nowMs)) * 1_000_000n;
  }

  monotonicMs(): number {
    return this.nowMs;
  }

  schedule(delayMs: number, task: () => void): () => void {
    const entry = { atMs: this.nowMs + delayMs, task };
    this.tasks.push(entry);
    return () => {
      this.tasks = this.tasks.filter((other) => other !== entry);
    };
  }

  /** Time passes; between two tasks everything that waits on promises alone has its turns. */
  async advance(ms: number): Promise<void> {
    const endMs = this.nowMs + ms;
    for (;;) {
      await turns();
      const next = this.tasks.filter(({ atMs }) => atMs <= endMs).sort((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined) {
        break;
      }
      this.tasks = this.tasks.filter((other) => other !== next);
      this.nowMs = Math.max(this.nowMs, next.atMs);
      next.task();
    }
    this.nowMs = endMs;
    await turns();
  }
}

async function turns(): Promise<void> {
  for (let i = 0; i < 200; i++) {
    await undefined;
  }
}
