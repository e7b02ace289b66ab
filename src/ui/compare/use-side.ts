import { useEffect, useMemo, useState } from 'react';
import { comparedTraceOf } from '../../analysis/compare.ts';
import type { ComparedTrace } from '../../analysis/compare.ts';
import type { Client } from '../../api/client.ts';
import { mergeTrace } from '../../trace/merge.ts';
import { spanTableOf } from '../../trace/span-table.ts';
import type { OpenFile } from '../file/FilePage.tsx';

/** One side of a comparison: still to be chosen, on its way, there, or not to be had, with the reason in words. */
export type Side =
  | { readonly kind: 'empty' }
  | { readonly kind: 'loading' }
  | { readonly kind: 'found'; readonly trace: ComparedTrace; readonly warnings: readonly string[] }
  | { readonly kind: 'failed'; readonly reason: string };

interface Loaded {
  readonly traceId: string;
  readonly side: Side;
}

/** `side` as `CompareView` has it. */
export function useSide(client: Client, side: string, files: readonly OpenFile[]): Side {
  const isFile = side.startsWith('file');
  const ofFile = useMemo(() => (isFile ? sideOfFile(side, files) : undefined), [isFile, side, files]);
  const [loaded, setLoaded] = useState<Loaded>();
  const wanted = isFile ? '' : side;
  useEffect(() => {
    if (wanted === '') {
      return undefined;
    }
    const controller = new AbortController();
    client.trace(wanted, controller.signal).then(
      ({ data, partial, warnings }) =>
        setLoaded({
          traceId: wanted,
          side: data
            ? {
                kind: 'found',
                trace: comparedTraceOf(spanTableOf(mergeTrace(wanted, [data]))),
                warnings: partial ? ['This trace is partial.', ...warnings] : warnings,
              }
            : { kind: 'failed', reason: `The server knows no span of trace ${wanted}.` },
        }),
      (error: unknown) => {
        if (!controller.signal.aborted) {
          setLoaded({
            traceId: wanted,
            side: { kind: 'failed', reason: error instanceof Error ? error.message : String(error) },
          });
        }
      }
    );
    return () => controller.abort();
  }, [client, wanted]);
  if (ofFile) {
    return ofFile;
  }
  if (wanted === '') {
    return { kind: 'empty' };
  }
  return loaded?.traceId === wanted ? loaded.side : { kind: 'loading' };
}

/** Of the newest file that has the trace. */
function sideOfFile(side: string, files: readonly OpenFile[]): Side {
  if (files.length === 0) {
    return { kind: 'failed', reason: 'No file is open: a link cannot carry one. Choose it again.' };
  }
  const wanted = side.slice('file:'.length);
  for (const file of [...files].reverse()) {
    const traceIds = [...new Set(file.spans.map(({ traceId }) => traceId))];
    const traceId = wanted === '' && traceIds.length === 1 ? traceIds[0] : traceIds.find((id) => id === wanted);
    if (traceId !== undefined) {
      const spans = file.spans.filter((span) => span.traceId === traceId);
      return { kind: 'found', trace: comparedTraceOf(spanTableOf(mergeTrace(traceId, [spans]))), warnings: [] };
    }
  }
  return {
    kind: 'failed',
    reason:
      wanted === ''
        ? 'The file has several traces: open the one to compare, then choose Compare there.'
        : `There is no trace ${wanted} in the opened files.`,
  };
}
