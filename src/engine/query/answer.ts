import type { Answer } from '../../store/trace-store.ts';
import type { Progress } from './candidates.ts';
import type { TraceReader } from './fragments.ts';
import type { StoreView } from './view.ts';

/** Wraps the data of a query with what it did. */
export function answer<T>(view: StoreView, progress: Progress, reader: TraceReader, data: T): Answer<T> {
  return {
    data,
    partial: false,
    warnings: [],
    stats: {
      inspectedTraces: progress.inspectedTraces,
      inspectedSpans: progress.inspectedRows,
      inspectedBytes: view.blocks.reduce((sum, { readBytes }) => sum + readBytes, 0),
      blocks: view.blocks.length,
      blocksRead: progress.blocksRead,
      soloTraces: reader.soloTraces,
      splitTraces: reader.splitTraces,
    },
  };
}
