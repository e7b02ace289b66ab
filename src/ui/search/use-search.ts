import { useEffect, useMemo, useRef, useState } from 'react';
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

interface Settled {
  /** Identifies what was asked. */
  readonly request: object | undefined;
  readonly answer: ClientAnswer<SearchAnswer> | undefined;
  readonly error: unknown;
  readonly startMs: number;
  readonly endMs: number;
}

/** Asks whenever the view says something else, and every few seconds while it is live. */
export function useSearch(host: Host, view: SearchView): SearchState {
  const { query, range, limit, live } = view;
  const [round, setRound] = useState(0);
  const [settled, setSettled] = useState<Settled>({
    request: undefined,
    answer: undefined,
    error: undefined,
    startMs: 0,
    endMs: 0,
  });
  const request = useMemo(() => ({ query, range, limit, round }), [query, range, limit, round]);
  const running = useRef<AbortController>(undefined);

  useEffect(() => {
    const controller = new AbortController();
    running.current = controller;
    const seconds = rangeSeconds(request.range, host.nowMs());
    const axis = { startMs: seconds.startSeconds * 1_000, endMs: seconds.endSeconds * 1_000 };
    host.client
      .search({
        query: request.query,
        range: seconds,
        limit: request.limit,
        spansPerSpanset: 1,
        signal: controller.signal,
      })
      .then(
        (answer) => setSettled({ request, answer, error: undefined, ...axis }),
        (error: unknown) =>
          setSettled((before) =>
            // Canceled: what was there stays.
            controller.signal.aborted ? { ...before, request } : { request, answer: undefined, error, ...axis }
          )
      );
    return () => controller.abort();
  }, [host, request]);

  const isLoading = settled.request !== request;
  useEffect(() => {
    if (!live || isLoading) {
      return undefined;
    }
    const timer = window.setTimeout(() => setRound((n) => n + 1), liveIntervalMs);
    return () => window.clearTimeout(timer);
  }, [live, isLoading]);

  const { answer, error, startMs, endMs } = settled;
  const run = (): void => setRound((n) => n + 1);
  return { answer, error, startMs, endMs, isLoading, run, cancel: () => running.current?.abort() };
}
