/**
 * Off-thread work as the engine sees it. `server/` runs tasks in worker threads, tests run the same functions in place.
 * Payloads, reports and results are structured-cloneable plain data; heads travel as SharedArrayBuffer handles, not as copies.
 */
export interface Workers {
  /**
   * When `signal` aborts, the caller has its reason at once and the task is told to stop. `onReport` gets what the task shows of itself
   * before it ends, in order.
   *
   * Errors: what the task threw, with its code kept; `unavailable` when the worker died.
   */
  run<Payload, Result>(
    task: string,
    payload: Payload,
    signal?: AbortSignal,
    onReport?: (report: unknown) => void
  ): Promise<Result>;
  /** Told to every worker: what it keeps for later tasks is not needed any more. */
  forget(gone: Gone): void;
  close(): Promise<void>;
}

/** Files that are removed and heads that have become blocks. */
export interface Gone {
  readonly paths?: readonly string[];
  /** See `PinnedHead.key`. */
  readonly heads?: readonly string[];
}

/** What a running task knows of who asked for it. */
export interface TaskContext {
  /** Whether nobody waits for the result any more. Cheap: to be asked every few milliseconds of work, also inside loops. */
  stopped(): boolean;
  report(report: unknown): void;
}
