import type { Client } from '../api/client.ts';
import type { AskLogs } from './logs/log-lines.ts';
import type { View } from './state/view.ts';

/**
 * Where the state of the screen lives. On the page and in the app it is the URL; in a panel it is memory. Views are plain data, so
 * that any state can be linked to and restored.
 */
export interface ViewState {
  get(): View;
  /** `push` makes a new step for Back; `replace` is for what a person would not want to step through (zoom, folds, typing). */
  set(view: View, history: 'push' | 'replace'): void;
  /** Calls `listener` after every change, Back and Forward included. The returned function ends it. */
  subscribe(listener: () => void): () => void;
  /** A link to `view`, for `<a href>` and "copy link". */
  href(view: View): string;
}

/** Small things remembered for this person on this machine: theme, column width. */
export interface Preferences {
  get(key: string): string | undefined;
  set(key: string, value: string): void;
}

/** The programs that run in workers; each door (page, plugin) knows where its build has put their files. */
export type WorkerName = 'layout' | 'trace';

/**
 * A new worker that runs the named program. It throws where the browser or a policy of the page forbids workers, or the worker has an
 * `error` event at its start: either way the caller does the work in slices of the main thread.
 */
export type StartWorker = (name: WorkerName) => Worker;

/** All that the UI needs from where it runs: the standalone page, a Grafana app page, a panel. */
export interface Host {
  readonly client: Client;
  readonly viewState: ViewState;
  readonly preferences: Preferences;
  /** Absent where workers cannot be had. */
  readonly startWorker?: StartWorker;
  /** Milliseconds since the Unix epoch. */
  nowMs(): number;
  copyText(text: string): Promise<void>;
  saveFile(name: string, contentType: string, bytes: Uint8Array): void;
  /** Which theme to use, and who decides: `host` hides the toggle (Grafana has its own). */
  readonly theme: { readonly decidedBy: 'host'; readonly name: 'dark' | 'light' } | { readonly decidedBy: 'person' };
  /** The nonce of a strict Content-Security-Policy, for libraries that insert style elements. */
  readonly styleNonce?: string;
  /** Log lines of a trace; absent where no log source is set up. */
  readonly logs?: AskLogs;
  /** Compressed files are opened through this; `undefined` where the host cannot. */
  readonly gunzip?: (bytes: Uint8Array) => Promise<Uint8Array>;
}
