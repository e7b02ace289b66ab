import type { TimeRange } from '../../store/trace-store.ts';
import type { TraceCondition } from '../../traceql/conditions.ts';
import type { ColumnKey, RowSet } from '../row-set.ts';
import { Meter, OverBudget } from './control.ts';
import type { RowSetCache } from './fragments.ts';
import type { BlockReader } from '../block/block-reader.ts';
import { pruneBlock, pruneSource, type Pruned } from './prune.ts';
import { ReadAhead } from './read-ahead.ts';
import { columnsOfCondition, mapLeaves, rateTraces } from './scan.ts';
import { placesOf, readBytesOf, rowGroupsOf } from './view.ts';
import type { Place, Source, StoreView } from './view.ts';

/** Counters and budgets of one query, reported in its answer. */
export class Progress {
  private readonly view: StoreView;
  private readonly signal: AbortSignal | undefined;
  private readonly meter: Meter;
  inspectedRows = 0;
  inspectedTraces = 0;
  blocksRead = 0;
  /** Parts of about equal size, known from the manifest alone; and those that have been rated or left out. */
  readonly steps: number;
  stepsDone = 0;
  /** Called at every point; for those who want to see the query run. */
  tell: (() => void) | undefined;
  /** Says what the answer lacks, once a budget is used up. */
  missing: string | undefined;

  constructor(view: StoreView, signal: AbortSignal | undefined) {
    this.view = view;
    this.signal = signal;
    this.meter = new Meter(view.control);
    this.steps = placesOf(view).reduce((sum, place) => sum + stepsOf(place), 0);
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

  /** When all has been looked at: the answer is put together though a budget is used up, but not for nobody. */
  readonly pollClient = (): void => {
    this.signal?.throwIfAborted();
    this.meter.pollClient();
  };

  /** Runs the work of a query. When a budget is used up the work ends there, and `missing` says so. */
  async within(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof OverBudget)) {
        throw error;
      }
      const done = this.stepsDone === 0 ? '' : ` after ${this.stepsDone} of ${this.steps} parts of the store`;
      this.missing = `${error.message}: the answer is what it had found${done}`;
    }
  }
}

/** A row group has about so many rows. */
const spansPerStep = 49_152;

function stepsOf(place: Place): number {
  return place.kind === 'head' ? 1 : Math.max(1, Math.round(place.block.meta.spans / spansPerStep));
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
  for await (const source of rater.sources(placesOf(view), view)) {
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

/** Footers on a near disk: reading the next ones while this one is looked at. */
const opensAhead = 4;

function readerOf(place: Place): Promise<BlockReader | undefined> {
  return place.kind === 'block' ? place.block.open() : Promise.resolve(undefined);
}

function keyOf(source: Source): string {
  return source.kind === 'head' ? `${source.index}` : `${source.index} ${source.rowGroup}`;
}

/** Rates sources for one query, in whatever order it wants them. */
export class SourceRater {
  private readonly condition: TraceCondition;
  private readonly range: TimeRange;
  private readonly progress: Progress;
  private readonly cache: RowSetCache | undefined;
  private readonly columns: readonly ColumnKey[];
  private readonly blocksRead = new Set<number>();
  private readonly stepsOfReader = new Map<BlockReader, number>();
  private openings: ReadAhead<Place, BlockReader | undefined> | undefined;
  /** Of sources that were asked ahead. */
  private readonly verdicts = new Map<string, Pruned | undefined>();

  constructor(condition: TraceCondition, range: TimeRange, progress: Progress, cache?: RowSetCache) {
    this.condition = pollingCondition(condition, progress.poll);
    this.range = range;
    this.progress = progress;
    this.cache = cache;
    this.columns = columnsOfCondition(condition);
  }

  /** Places that may hold an answer, as far as the manifest says. The others are counted as done. */
  remaining(places: readonly Place[]): Place[] {
    return places.filter((place) => {
      const remains = place.kind === 'head' || pruneBlock(place.block, this.condition, this.range) === undefined;
      this.progress.stepsDone += remains ? 0 : stepsOf(place);
      return remains;
    });
  }

  /** Tells in which order places will be opened, if at all, so that they are read in few round trips. */
  expect(order: readonly Place[], { readsAhead = 0 }: Pick<StoreView, 'readsAhead'>): void {
    const blocks = order.filter(({ kind }) => kind === 'block');
    this.openings = new ReadAhead(blocks, Math.max(readsAhead, opensAhead), async (place) => {
      const reader = await readerOf(place);
      // Where a read is a round trip, what prunes the row groups comes along.
      if (reader !== undefined && readsAhead > 0) {
        await Promise.all(
          rowGroupsOf(reader, place.index).map(async (source) => {
            this.verdicts.set(keyOf(source), await pruneSource(source, this.condition, this.range));
          })
        );
      }
      return reader;
    });
  }

  /** The sources of a place, none when its block cannot be opened. */
  async open(place: Place): Promise<readonly Source[]> {
    if (place.kind === 'head') {
      return [place];
    }
    await this.progress.point();
    const reader = await (this.openings?.take(place) ?? place.block.open());
    if (reader === undefined) {
      this.progress.stepsDone += stepsOf(place);
      return [];
    }
    this.stepsOfReader.set(reader, stepsOf(place));
    return rowGroupsOf(reader, place.index);
  }

  /** Sources that may hold an answer, in the order of `places`. Each is to be rated or left. */
  async *sources(places: readonly Place[], view: Pick<StoreView, 'readsAhead'>): AsyncGenerator<Source> {
    const remaining = this.remaining(places);
    this.expect(remaining, view);
    for (const place of remaining) {
      yield* await this.open(place);
    }
  }

  /** Counts a place as done that has not been opened. */
  leavePlace(place: Place): void {
    this.progress.stepsDone += stepsOf(place);
  }

  /** Counts the source as done. */
  leave(source: Source): void {
    if (source.kind === 'head') {
      this.progress.stepsDone++;
      return;
    }
    const steps = this.stepsOfReader.get(source.reader) ?? 0;
    const groups = source.reader.rowGroups.length;
    const doneBefore = Math.floor((steps * source.rowGroup) / groups);
    this.progress.stepsDone += Math.floor((steps * (source.rowGroup + 1)) / groups) - doneBefore;
  }

  /** Whether no trace of the source can match, as far as that can be told without reading it; else it counts as read. */
  async isPruned(source: Source): Promise<boolean> {
    const { progress } = this;
    await progress.point();
    this.leave(source);
    const key = keyOf(source);
    const verdict = this.verdicts.has(key)
      ? this.verdicts.get(key)
      : await pruneSource(source, this.condition, this.range);
    if (verdict !== undefined) {
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
