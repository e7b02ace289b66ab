/**
 * What keeps a running query from going on for ever: who waits for it, and how much it may use. Asked between slices of work (`point`) and
 * inside long loops (`poll`).
 */
import { CodedError } from '../../base/coded-error.ts';

/** Budgets of one query. Over one of them it ends with what it has, and says what is missing. */
export interface QueryLimits {
  readonly queryTimeMsMax: number;
  /** Taken from the disk, not from caches. */
  readonly queryBytesMax: number;
  /** Looked at: the rows of every row group rated, and the spans of every trace completed. */
  readonly querySpansMax: number;
  /** Of everything the query's thread holds. */
  readonly queryMemoryBytesMax: number;
}

/** The world of one running query. */
export interface QueryControl {
  readonly limits: QueryLimits;
  /** When the query began, as {@link nowMs} tells it. */
  readonly startedMs: number;
  /** Whether nobody waits for the answer any more. */
  stopped(): boolean;
  /** Milliseconds from an arbitrary origin. */
  nowMs(): number;
  memoryBytes(): number;
  /** Lets other tasks, sockets and timers run. */
  breathe?(): Promise<void>;
}

/** The query has used up a budget: caught where the answer is made, never seen outside. */
export class OverBudget extends CodedError {
  override readonly name = 'OverBudget';

  constructor(limit: keyof QueryLimits, sentence: string) {
    super('resource_exhausted', `${sentence} (limit ${limit})`);
  }
}

/** Between two turns given away. Other tasks of the thread wait so long at most for each query that runs. */
const sliceMs = 4;
/** Asking the heap for its size costs a few microseconds. */
const memoryCheckMs = 20;

/** One query's use of its budgets. */
export class Meter {
  private readonly control: QueryControl | undefined;
  private breathedMs: number;
  private memoryCheckedMs: number;

  /** Without a control nothing is bounded. */
  constructor(control: QueryControl | undefined) {
    this.control = control;
    this.breathedMs = control?.startedMs ?? 0;
    this.memoryCheckedMs = this.breathedMs;
  }

  /**
   * Between slices of work. Errors: `canceled` when nobody waits any more; {@link OverBudget}.
   *
   * @param used of the countable budgets
   */
  async point(used: { readonly bytes: number; readonly spans: number }): Promise<void> {
    const { control } = this;
    if (control === undefined) {
      return;
    }
    const { limits } = control;
    this.poll();
    if (used.bytes > limits.queryBytesMax) {
      throw new OverBudget('queryBytesMax', `the query has read ${used.bytes} bytes, at most ${limits.queryBytesMax}`);
    }
    if (used.spans > limits.querySpansMax) {
      throw new OverBudget(
        'querySpansMax',
        `the query has looked at ${used.spans} spans, at most ${limits.querySpansMax}`
      );
    }
    if (control.breathe !== undefined && control.nowMs() - this.breathedMs >= sliceMs) {
      await control.breathe();
      this.breathedMs = control.nowMs();
      this.poll();
    }
  }

  /** Inside a slice, every few thousand steps of a loop. Errors: as for `point`. */
  poll(): void {
    const { control } = this;
    if (control === undefined) {
      return;
    }
    this.pollClient();
    const { limits } = control;
    const nowMs = control.nowMs();
    if (nowMs - control.startedMs > limits.queryTimeMsMax) {
      throw new OverBudget('queryTimeMsMax', `the query has run for ${limits.queryTimeMsMax} ms`);
    }
    if (nowMs - this.memoryCheckedMs >= memoryCheckMs) {
      this.memoryCheckedMs = nowMs;
      const bytes = control.memoryBytes();
      if (bytes > limits.queryMemoryBytesMax) {
        throw new OverBudget(
          'queryMemoryBytesMax',
          `queries hold ${bytes} bytes of memory, at most ${limits.queryMemoryBytesMax}`
        );
      }
    }
  }

  /** As `poll`, whatever the budgets say. Errors: `canceled`. */
  pollClient(): void {
    if (this.control?.stopped() === true) {
      throw new CodedError('canceled', 'nobody waits for the answer any more');
    }
  }
}
