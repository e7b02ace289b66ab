import { useEffect, useMemo } from 'react';
import type { ReactElement } from 'react';
import type { Span } from '../../trace/model.ts';
import { traceDataOfSpans } from './spans-data.ts';
import type { TraceData } from './trace-data.ts';
import { TracePane } from './TracePane.tsx';
import type { TracePaneProps } from './TracePane.tsx';

export interface SpansPaneProps extends Omit<TracePaneProps, 'data'> {
  /** Of one trace, without duplicates, in any order; at least one. */
  readonly spans: readonly Span[];
}

/** A trace whose spans are at hand, as panels have them. */
export function SpansPane({ spans, ...props }: SpansPaneProps): ReactElement {
  return <TracePane {...props} data={useSpansData(spans)} />;
}

/** Closed when other spans come, or the view goes. */
function useSpansData(spans: readonly Span[]): TraceData {
  const data = useMemo(() => traceDataOfSpans(spans), [spans]);
  // Strict mode runs effects twice: what is closed must not be used again, so closing waits until the view is gone for good.
  useEffect(() => {
    const shown = data;
    let isShown = true;
    return () => {
      isShown = false;
      window.setTimeout(() => !isShown && shown.close(), 0);
    };
  }, [data]);
  return data;
}
