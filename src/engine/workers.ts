/**
 * Off-thread work as the engine sees it. `server/` runs tasks in worker threads, tests run the same functions in place.
 * Payloads and results are structured-cloneable plain data; heads travel as SharedArrayBuffer handles, not as copies.
 */
export interface Workers {
  /** Errors: what the task threw, with its code kept; `unavailable` when the worker died. */
  run<Payload, Result>(task: string, payload: Payload, signal?: AbortSignal): Promise<Result>;
  close(): Promise<void>;
}
