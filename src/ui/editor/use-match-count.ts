import { useEffect, useState } from 'react';
import type { Client, SecondsRange } from '../../api/client.ts';

export interface MatchCount {
  readonly traces: number;
  /** There may be more. */
  readonly isLimit: boolean;
}

/** So many are counted; more say no more to somebody who writes a query. */
const countMax = 100;
const settleMs = 600;

/**
 * How many traces a search would find, while it is being written: asked when the text has stood still for a moment, cancelled by the next
 * change. `undefined` without a text, until the answer is here, and when there is none.
 */
export function useMatchCount(
  client: Client,
  search: string | undefined,
  { startSeconds, endSeconds }: SecondsRange
): MatchCount | undefined {
  const [counted, setCounted] = useState<{ readonly key: string; readonly count: MatchCount }>();
  const key = `${search} ${startSeconds} ${endSeconds}`;
  useEffect(() => {
    if (search === undefined) {
      return undefined;
    }
    const controller = new AbortController();
    const timer = setTimeout(() => {
      const range = { startSeconds, endSeconds };
      client
        .search({ query: search, range, limit: countMax, spansPerSpanset: 1, signal: controller.signal })
        .then(({ data, partial }) => {
          const traces = data.traces.length;
          setCounted({ key, count: { traces, isLimit: traces >= countMax || partial } });
        })
        // The query says what is wrong when it is run; a count is only a help.
        .catch(() => undefined);
    }, settleMs);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [client, search, startSeconds, endSeconds, key]);
  return search !== undefined && counted?.key === key ? counted.count : undefined;
}

/** `no trace matches`, `1 trace matches`, `100 traces or more match`. */
export function matchText({ traces, isLimit }: MatchCount): string {
  const some = traces === 0 ? 'no trace' : traces === 1 ? '1 trace' : `${traces} traces`;
  return isLimit ? `${some} or more match` : `${some} ${traces <= 1 ? 'matches' : 'match'}`;
}
