import { CodedError } from '../../src/base/coded-error.ts';
import type { seededRandom } from '../../src/base/random.ts';
import type { Engine } from '../../src/engine/engine.ts';
import type { Oracle } from './oracle.ts';
import { batchOf, pinnedRead, secondNanos, type SimClock } from './world.ts';

export interface WorkloadOptions {
  readonly steps: number;
  readonly random: ReturnType<typeof seededRandom>;
  readonly clock: SimClock;
  readonly oracle: Oracle;
  /** Numbers the requests on from here. */
  readonly firstNumber: number;
  /**
   * Chance of a client's retry of any earlier request, of a flush, of two hours passing and retention, of a compaction, of a query that
   * reads what it pinned a few steps later.
   */
  readonly retryShare?: number;
  readonly flushShare?: number;
  readonly retentionShare?: number;
  readonly compactShare?: number;
  readonly lateReadShare?: number;
}

/**
 * Sends requests, a few at a time, as clients with retries do; now and then flushes, compacts or reads meanwhile, or
 * lets time pass. Answers the next free number.
 */
export async function runWorkload(engine: Engine, options: WorkloadOptions): Promise<number> {
  const { random, clock, oracle } = options;
  const {
    retryShare = 0.2,
    flushShare = 0.12,
    retentionShare = 0.02,
    compactShare = 0.12,
    lateReadShare = 0.06,
  } = options;
  let next = options.firstNumber;
  let flushing: Promise<void> = Promise.resolve();
  let compacting: Promise<void> = Promise.resolve();
  let lateRead: (() => Promise<unknown>) | undefined;
  for (let step = 0; step < options.steps; step++) {
    const choice = random.float();
    if (choice < flushShare) {
      // Clients do not wait for it.
      flushing = tolerant(engine.flush());
    } else if (choice < flushShare + retentionShare) {
      oracle.settled().forEach((number) => oracle.record({ kind: 'expirable', number }));
      clock.advance(7200n * secondNanos);
      await flushing;
      await engine.maintain();
    } else if (choice < flushShare + retentionShare + compactShare) {
      compacting = tolerant(engine.compact());
    } else if (choice < flushShare + retentionShare + compactShare + lateReadShare) {
      await lateRead?.();
      lateRead = await pinnedRead(engine);
    } else {
      const numbers = Array.from({ length: 1 + random.below(4) }, () =>
        next > 0 && random.float() < retryShare ? random.below(next) : next++
      );
      await Promise.all(numbers.map((number) => send(engine, oracle, number)));
    }
    clock.advance(secondNanos / 10n);
  }
  await flushing;
  await compacting;
  await lateRead?.();
  return next;
}

async function send(engine: Engine, oracle: Oracle, number: number): Promise<void> {
  oracle.record({ kind: 'sent', number });
  await tolerant(
    engine.ingest(batchOf(number)).then(() => {
      oracle.record({ kind: 'acked', number });
    })
  );
}

/** An honest refusal is fine; anything else is a bug. */
async function tolerant(task: Promise<unknown>): Promise<void> {
  try {
    await task;
  } catch (error) {
    if (!(error instanceof CodedError) || !['unavailable', 'resource_exhausted'].includes(error.code)) {
      throw error;
    }
  }
}
