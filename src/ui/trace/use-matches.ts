import { useDeferredValue, useMemo } from 'react';
import type { Matches } from '../../trace/attribute-columns.ts';
import type { TraceFocus } from '../state/view.ts';
import type { TraceData } from './trace-data.ts';
import { useAnswer, useFound, useProgress } from './use-trace-data.ts';

export interface FoundMatches {
  /** Rows that have both the text and what the filter asks for; `undefined` when neither is set, and until the first answer is there. */
  readonly matches: Matches | undefined;
  /** The filter's fault, or why it could not be asked. */
  readonly filterError: unknown;
}

/** A filter is written without braces; a query with braces of its own (structure, pipelines) is taken as it is. */
export function queryOfFilter(filter: string): string {
  return /^\s*\(*\s*\{/.test(filter) ? filter : `{ ${filter} }`;
}

/** What the text to find and the filter choose, together. */
export function useMatches(data: TraceData, { find, filter = '' }: Pick<TraceFocus, 'find' | 'filter'>): FoundMatches {
  const progress = useProgress(data);
  const found = useFound(data, useDeferredValue(find), progress);
  const question = `${filter}\n${progress.loaded}`;
  const asked = filter.trim() === '' ? undefined : (signal: AbortSignal) => data.filter(queryOfFilter(filter), signal);
  const { value: filtered, error: filterError } = useAnswer(data, question, asked);
  const matches = useMemo(() => bothOf(found, filtered), [found, filtered]);
  return { matches, filterError };
}

function bothOf(found: Matches | undefined, filtered: Matches | undefined): Matches | undefined {
  if (found === undefined || filtered === undefined) {
    return found ?? filtered;
  }
  let count = 0;
  const matches = found.matches.map((isFound, row) => {
    const isBoth = isFound & filtered.matches[row];
    count += isBoth;
    return isBoth;
  });
  const isPartial = found.isPartial || filtered.isPartial;
  return { matches, count, isPartial, searched: found.isPartial ? found.searched : filtered.searched };
}
