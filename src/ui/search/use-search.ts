import { useEffect, useRef, useState } from 'react';
import type { ClientAnswer, SearchAnswer } from '../../api/client.ts';
import type { Host } from '../host.ts';
import { rangeSeconds } from '../state/view.ts';
import type { SearchView } from '../state/view.ts';

export interface SearchState {
  /** The last answer; stays while the next one is on its way. */
  readonly answer: ClientAnswer<SearchAnswer> | undefined;
  readonly error: unknown;
  readonly isLoading: boolean;
  /** The range that was asked, Unix milliseconds: the axis of the chart. */
  readonly startMs: number;
  readonly endMs: number;
  /** Asks again. */
  run(): void;
  cancel(): void;
}

/** Long enough to be calm, short enough to feel live. */
const liveIntervalMs = 3_000;

/** Asks whenever the view says something else, and every few seconds while it is live. */
export function useSearch(host: Host, view: SearchView): SearchState {
  const [round, setRound] = useState(0);
  const [state, setState] = useState<Omit<SearchState, 'run' | 'cancel'>>({
    answer: undefined,
    error: undefined,
    isLoading: true,
    startMs: 0,
    endMs: 0,
  });
  const running = useRef<AbortController>(undefined);

  useEffect(() => {
    const controller = new AbortController();
    running.current = controller;
    let timer: number | undefined;
    const range = rangeSeconds(view.range, host.nowMs());
    const axis = { startMs: range.startSeconds * 1_000, endMs: range.endSeconds * 1_000 };
    setState((before) => ({ ...before, isLoading: true }));
    host.client
      .search({ query: view.query, range, limit: view.limit, spansPerSpanset: 1, signal: controller.signal })
      .then(
        (answer) => setState({ answer, error: undefined, isLoading: false, ...axis }),
        (error: unknown) =>
          controller.signal.aborted
            ? setState((before) => ({ ...before, isLoading: false }))
            : setState({ answer: undefined, error, isLoading: false, ...axis })
      )
      .finally(() => {
        if (view.live && running.current === controller) {
          timer = window.setTimeout(() => setRound((n) => n + 1), liveIntervalMs);
        }
      });
    return () => {
      running.current = undefined;
      controller.abort();
      window.clearTimeout(timer);
    };
  }, [host, view.query, view.range, view.limit, view.live, round]);

  return { ...state, run: () => setRound((n) => n + 1), cancel: () => running.current?.abort() };
}
