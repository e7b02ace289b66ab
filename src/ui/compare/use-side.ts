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

interface FileSource {
  readonly file: OpenFile;
  readonly traceId: string;
}

interface Loaded {
  readonly wanted: string | undefined;
  readonly source: ReturnType<typeof sourceOfFile> | undefined;
  readonly side: Side;
}

/** `side` as `CompareView` has it. */
export function useSide(client: Client, side: string, files: readonly OpenFile[]): Side {
  const [loaded, setLoaded] = useState<Loaded>();
  const source = useMemo(() => (side.startsWith('file') ? sourceOfFile(side, files) : undefined), [side, files]);
  const wanted = side === '' || (source && 'reason' in source) ? undefined : side;
  useEffect(() => {
    if (wanted === undefined) {
      return undefined;
    }
    const controller = new AbortController();
    const asked =
      source && 'file' in source ? ofFile(source, controller.signal) : ofServer(client, wanted, controller.signal);
    asked.then(
      (found) => setLoaded({ wanted, source, side: found }),
      (error: unknown) => {
        if (!controller.signal.aborted) {
          const reason = error instanceof Error ? error.message : String(error);
          setLoaded({ wanted, source, side: { kind: 'failed', reason } });
        }
      }
    );
    return () => controller.abort();
  }, [client, wanted, source]);
  if (side === '') {
    return { kind: 'empty' };
  }
  if (source && 'reason' in source) {
    return { kind: 'failed', reason: source.reason };
  }
  return loaded !== undefined && loaded.wanted === wanted && loaded.source === source
    ? loaded.side
    : { kind: 'loading' };
}

async function ofServer(client: Client, traceId: string, signal: AbortSignal): Promise<Side> {
  const { data, partial, warnings } = await client.trace(traceId, signal);
  return data
    ? {
        kind: 'found',
        trace: comparedTraceOf(spanTableOf(mergeTrace(traceId, [data]))),
        warnings: partial ? ['This trace is partial.', ...warnings] : warnings,
      }
    : { kind: 'failed', reason: `The server knows no span of trace ${traceId}.` };
}

async function ofFile({ file, traceId }: FileSource, signal: AbortSignal): Promise<Side> {
  const spans = await file.engine.ask({ kind: 'file-spans', traceId }, signal);
  return { kind: 'found', trace: comparedTraceOf(spanTableOf({ traceId, spans })), warnings: [] };
}

/** The newest file that has the trace, or why there is none. */
function sourceOfFile(side: string, files: readonly OpenFile[]): FileSource | { readonly reason: string } {
  if (files.length === 0) {
    return { reason: 'No file is open: a link cannot carry one. Choose it again.' };
  }
  const wanted = side.slice('file:'.length);
  for (const file of [...files].reverse()) {
    const [first, second] = file.traces;
    const trace = wanted === '' && second === undefined ? first : file.traces.find(({ traceId }) => traceId === wanted);
    if (trace !== undefined) {
      return { file, traceId: trace.traceId };
    }
  }
  return {
    reason:
      wanted === ''
        ? 'The file has several traces: open the one to compare, then choose Compare there.'
        : `There is no trace ${wanted} in the opened files.`,
  };
}
