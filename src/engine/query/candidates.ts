import type { TimeRange } from '../../store/trace-store.ts';
import type { TraceCondition } from '../../traceql/conditions.ts';
import type { ColumnKey, RowSet } from '../row-set.ts';
import { Meter, OverBudget } from './control.ts';
import type { RowSetCache } from './fragments.ts';
import { pruneSource, type Pruned } from './prune.ts';
import { ReadAhead } from './read-ahead.ts';
import { columnsOfCondition, mapLeaves, rateTraces } from './scan.ts';
import { readBytesOf, sourcesOf } from './view.ts';
import type { Source, StoreView } from './view.ts';

/** Counters and budgets of one query, reported in its answer. */
export class Progress {
  private readonly view: StoreView;
  private readonly signal: AbortSignal | undefined;
  private readonly meter: Meter;
  inspectedRows = 0;
  inspectedTraces = 0;
  blocksRead = 0;
  /** Sources there are, and those that have been rated or left out. */
  sources = 0;
  sourcesDone = 0;
  /** Called at every point; for those who want to see the query run. */
  tell: (() => void) | undefined;
  /** Says what the answer lacks, once a budget is used up. */
  missing: string | undefined;

  constructor(view: StoreView, signal: AbortSignal | undefined) {
    this.view = view;
    this.signal = signal;
    this.meter = new Meter(view.control);
  }

  /** Between slices of work: gives way to others, stops when the client has gone or a budget is used up. */
  async point(): Promise<void> {
    this.signal?.throwIfAborted();
    this.tell?.();
    await this.meter.point({ bytes: readBytesOf(this.view), spans: this.inspectedRows });
  }

  /** Inside a slice, every few thousand steps of a loop: as `point`, without giving way. */
  readonly poll = (): void => {
    this.signal?.throwIfAborted();
    this.meter.poll();
  };

  /** Runs the work of a query. When a budget is used up the work ends there, and `missing` says so. */
  async within(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof OverBudget)) {
        throw error;
      }
      const done = this.sources === 0 ? '' : ` after ${this.sourcesDone} of ${this.sources} parts of the store`;
      this.missing = `${error.message}: the answer is what it had found${done}`;
    }
  }
}

/** A source that has been rated: `rating[ordinal]` as {@link rateTraces} says. */
export interface RatedSource {
  readonly source: Source;
  readonly rowSet: RowSet;
  readonly rating: Uint8Array;
}

/**
 * Rates the traces of every source that may hold an answer, one source after the other. The row set yielded has the columns the
 * condition needs (through `cache` when the caller evaluates the same row sets anyway).
 */
export async function* ratedSources(
  view: StoreView,
  condition: TraceCondition,
  range: TimeRange,
  progress: Progress,
  cache?: RowSetCache
): AsyncGenerator<RatedSource> {
  const rater = new SourceRater(condition, range, progress, cache);
  const sources = sourcesOf(view);
  progress.sources = sources.length;
  rater.expect(sources, view.readsAhead ?? 0);
  for (const source of sources) {
    const rated = await rater.rate(source);
    if (rated !== undefined) {
      yield rated;
    }
  }
}

/** Between two looks inside a dictionary: a regular expression takes some microseconds a value. */
const valuesPerPoll = 256;

/** The condition with a look at client and budgets now and then while values are tested. */
function pollingCondition(condition: TraceCondition, poll: () => void): TraceCondition {
  let values = 0;
  return mapLeaves(condition, (leaf) => ({
    ...leaf,
    accepts: (value) => {
      if (++values % valuesPerPoll === 0) {
        poll();
      }
      return leaf.accepts(value);
    },
  }));
}

/** Rates sources for one query, in whatever order it wants them. */
export class SourceRater {
  private readonly condition: TraceCondition;
  private readonly range: TimeRange;
  private readonly progress: Progress;
  private readonly cache: RowSetCache | undefined;
  private readonly columns: readonly ColumnKey[];
  private readonly blocksRead = new Set<number>();
  private verdicts: ReadAhead<Source, Pruned | undefined>;

  constructor(condition: TraceCondition, range: TimeRange, progress: Progress, cache?: RowSetCache) {
    this.condition = pollingCondition(condition, progress.poll);
    this.range = range;
    this.progress = progress;
    this.cache = cache;
    this.columns = columnsOfCondition(condition);
    this.verdicts = this.expecting([], 0);
  }

  /** Tells in which order sources will be rated, if at all, so that what prunes them is read in few round trips. */
  expect(order: readonly Source[], readsAhead: number): void {
    this.verdicts = this.expecting(order, readsAhead);
  }

  private expecting(order: readonly Source[], readsAhead: number): ReadAhead<Source, Pruned | undefined> {
    return new ReadAhead(order, readsAhead, (source) => pruneSource(source, this.condition, this.range));
  }

  /** Whether no trace of the source can match, as far as that can be told without reading it; else it counts as read. */
  async isPruned(source: Source): Promise<boolean> {
    const { progress } = this;
    await progress.point();
    progress.sourcesDone++;
    if ((await this.verdicts.take(source)) !== undefined) {
      return true;
    }
    if (source.kind === 'row-group') {
      this.blocksRead.add(source.index);
      progress.blocksRead = this.blocksRead.size;
    }
    return false;
  }

  /** `undefined` when no trace of the source can match. */
  async rate(source: Source): Promise<RatedSource | undefined> {
    const { condition, progress } = this;
    if (await this.isPruned(source)) {
      return undefined;
    }
    const rowSet = this.cache
      ? await this.cache.rowSet(source)
      : source.kind === 'head'
        ? source.rowSet
        : await source.reader.readRowGroup(source.rowGroup, this.columns);
    const rating = rateTraces(rowSet, condition);
    progress.inspectedRows += rowSet.rowCount;
    progress.inspectedTraces += rowSet.traceCount;
    return rating.some((value) => value !== 0) ? { source, rowSet, rating } : undefined;
  }
}
