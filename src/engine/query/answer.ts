import type { Answer } from '../../store/trace-store.ts';
import type { Progress } from './candidates.ts';
import type { TraceReader } from './fragments.ts';
import { readBytesOf } from './view.ts';
import type { StoreView } from './view.ts';

/** Wraps the data of a query with what it did. */
export function answer<T>(view: StoreView, progress: Progress, reader: TraceReader, data: T): Answer<T> {
  return {
    data,
    partial: progress.missing !== undefined,
    warnings: progress.missing === undefined ? [] : [progress.missing],
    stats: {
      inspectedTraces: progress.inspectedTraces,
      inspectedSpans: progress.inspectedRows,
      inspectedBytes: readBytesOf(view),
      blocks: view.blocks.length,
      blocksRead: progress.blocksRead,
      soloTraces: reader.soloTraces,
      splitTraces: reader.splitTraces,
    },
  };
}
