/**
 * Candidates of a search, newest first, without a look at sources that are older than what has been found: a source is rated only when it
 * may hold a trace that starts at or after the newest candidate at hand.
 */
import { unreachable } from '../../base/assert.ts';
import type { RowSet } from '../row-set.ts';
import type { RatedSource, SourceRater } from './candidates.ts';
import { traceIdBytesAt } from './fragments.ts';
import { isCertainAlone } from './scan.ts';
import { placesOf } from './view.ts';
import type { Place, Source, StoreView } from './view.ts';

/** A trace that may match. */
export interface Candidate {
  /** 16 bytes. */
  readonly traceId: Uint8Array;
  /** The trace starts then or earlier. */
  readonly startUnixNanos: bigint;
  readonly source: Source;
  readonly ordinal: number;
  /** Can only match together with fragments elsewhere. */
  readonly onlyWhenSplit: boolean;
}

/** No time is later. */
const endOfTime = 0xffff_ffff_ffff_ffffn;

/** A place that has not been opened, or a source that has not been rated. */
interface Waiting {
  readonly part: Place | Source;
  readonly endUnixNanos: bigint;
}

/** A rated source and its candidates that have not been taken yet. */
interface Rated extends RatedSource {
  readonly queue: OrdinalsByStart;
}

/** Takes candidates out of a rating that are certain not to match. */
export type Refinement = (rated: RatedSource) => Promise<void>;

/** Yields nothing more when its consumer stops: what is older is never read. */
export class NewestFirst {
  private readonly rater: SourceRater;
  /** Newest last. */
  private readonly waiting: Waiting[];
  private rated: Rated[] = [];
  private refinement: Refinement | undefined;

  constructor(view: StoreView, rater: SourceRater) {
    this.rater = rater;
    this.waiting = rater
      .remaining(placesOf(view))
      .map((part) => ({ part, endUnixNanos: latestStartOf(part) }))
      .sort((a, b) => (a.endUnixNanos < b.endUnixNanos ? -1 : a.endUnixNanos > b.endUnixNanos ? 1 : 0));
    const order = this.waiting.map(({ part }) => part as Place).reverse();
    rater.expect(order, view);
  }

  /**
   * The next candidate, `undefined` when there is none. No later one starts after it. `isOver` is asked with the latest start that an
   * unread source can hold: when it is over, nothing is read for it.
   */
  async next(isOver: (startUnixNanos: bigint) => boolean): Promise<Candidate | undefined> {
    for (;;) {
      const newest = this.newest();
      const next = this.waiting.at(-1);
      if (next === undefined || (newest !== undefined && newest.queue.startUnixNanos > next.endUnixNanos)) {
        return newest === undefined ? undefined : take(newest);
      }
      if (isOver(next.endUnixNanos)) {
        return undefined;
      }
      this.waiting.pop();
      if (next.part.kind === 'block') {
        const sources = await this.rater.open(next.part);
        sources.forEach((source) => this.insert(source));
        continue;
      }
      const rated = await this.rater.rate(next.part);
      if (rated !== undefined) {
        await this.refinement?.(rated);
        this.rated.push({ ...rated, queue: new OrdinalsByStart(rated.rowSet, rated.rating) });
      }
    }
  }

  /** From now on candidates are refined source by source, also those that wait already. */
  async refine(refinement: Refinement): Promise<void> {
    this.refinement = refinement;
    const rated: Rated[] = [];
    for (const { source, rowSet, rating, queue } of this.rated) {
      queue.keepIn(rating);
      if (queue.size > 0) {
        await refinement({ source, rowSet, rating });
        rated.push({ source, rowSet, rating, queue: new OrdinalsByStart(rowSet, rating) });
      }
    }
    this.rated = rated;
  }

  /** A row group of an opened block: its place is near the end. */
  private insert(part: Source): void {
    const endUnixNanos = latestStartOf(part);
    let at = this.waiting.length;
    while (at > 0 && this.waiting[at - 1].endUnixNanos > endUnixNanos) {
      at--;
    }
    this.waiting.splice(at, 0, { part, endUnixNanos });
  }

  private newest(): Rated | undefined {
    let newest: Rated | undefined;
    for (const rated of this.rated) {
      if (rated.queue.size > 0 && (newest === undefined || rated.queue.isLaterThan(newest.queue))) {
        newest = rated;
      }
    }
    return newest;
  }
}

/** Those that may hold the latest spans first. */
export function newestFirst<Part extends Place | Source>(parts: readonly Part[]): Part[] {
  const known = parts.map((part) => ({ part, latest: latestStartOf(part) }));
  return known.sort((a, b) => (a.latest > b.latest ? -1 : a.latest < b.latest ? 1 : 0)).map(({ part }) => part);
}

/** No span of the part starts later. */
export function latestStartOf(part: Place | Source): bigint {
  switch (part.kind) {
    case 'head':
      return endOfTime;
    case 'block':
      return part.block.known.endUnixNanos;
    case 'row-group':
      return part.reader.rowGroups[part.rowGroup].endUnixNanos;
    default:
      return unreachable(part);
  }
}

function take({ source, rowSet, rating, queue }: Rated): Candidate {
  const { startUnixNanos } = queue;
  const ordinal = queue.take();
  return {
    traceId: traceIdBytesAt(rowSet, ordinal),
    startUnixNanos,
    source,
    ordinal,
    onlyWhenSplit: !isCertainAlone(rating[ordinal]),
  };
}

/**
 * A heap of trace ordinals, latest start on top: of thousands that match, a search takes a few. Times are compared as pairs of words; a
 * BigInt for each would be the larger part of the work.
 */
class OrdinalsByStart {
  private readonly heap: Uint32Array;
  private count = 0;
  /** Earliest start by ordinal: low word, high word. */
  private readonly starts: Uint32Array;

  constructor(rowSet: RowSet, rating: Uint8Array) {
    let rated = 0;
    for (let ordinal = 0; ordinal < rating.length; ordinal++) {
      rated += rating[ordinal] === 0 ? 0 : 1;
    }
    this.starts = startsOf(rowSet, rating, rated);
    this.heap = new Uint32Array(rated);
    for (let ordinal = 0; ordinal < rating.length; ordinal++) {
      if (rating[ordinal] !== 0) {
        this.heap[this.count++] = ordinal;
      }
    }
    for (let at = (this.count >>> 1) - 1; at >= 0; at--) {
      this.sink(at);
    }
  }

  get size(): number {
    return this.count;
  }

  /** Takes those out of the rating that have been taken from here. */
  keepIn(rating: Uint8Array): void {
    const kept = new Uint8Array(rating.length);
    for (let at = 0; at < this.count; at++) {
      kept[this.heap[at]] = 1;
    }
    for (let ordinal = 0; ordinal < rating.length; ordinal++) {
      rating[ordinal] *= kept[ordinal];
    }
  }

  /** Of the ordinal on top. */
  get startUnixNanos(): bigint {
    const at = 2 * this.heap[0];
    return (BigInt(this.starts[at + 1]) << 32n) | BigInt(this.starts[at]);
  }

  isLaterThan(other: OrdinalsByStart): boolean {
    const a = 2 * this.heap[0];
    const b = 2 * other.heap[0];
    const high = this.starts[a + 1] - other.starts[b + 1];
    return high > 0 || (high === 0 && this.starts[a] > other.starts[b]);
  }

  /** Takes the ordinal on top away. */
  take(): number {
    const top = this.heap[0];
    this.heap[0] = this.heap[--this.count];
    this.sink(0);
    return top;
  }

  private sink(from: number): void {
    const { heap, count } = this;
    const ordinal = heap[from];
    let at = from;
    for (let child = 2 * at + 1; child < count; child = 2 * at + 1) {
      if (child + 1 < count && this.isLater(heap[child + 1], heap[child])) {
        child++;
      }
      if (!this.isLater(heap[child], ordinal)) {
        break;
      }
      heap[at] = heap[child];
      at = child;
    }
    if (count > 0) {
      heap[at] = ordinal;
    }
  }

  private isLater(a: number, b: number): boolean {
    const { starts } = this;
    return starts[2 * a + 1] === starts[2 * b + 1]
      ? starts[2 * a] > starts[2 * b]
      : starts[2 * a + 1] > starts[2 * b + 1];
  }
}

/** For so few traces the rows are looked up one by one, where the row set can. */
const narrowTracesMax = 64;

/** Earliest start of each rated trace, as words (low, high). */
function startsOf(rowSet: RowSet, rating: Uint8Array, rated: number): Uint32Array {
  const starts = new Uint32Array(2 * rating.length).fill(0xffff_ffff);
  const note = (trace: number, low: number, high: number): void => {
    const at = 2 * trace;
    if (high < starts[at + 1] || (high === starts[at + 1] && low < starts[at])) {
      starts[at] = low;
      starts[at + 1] = high;
    }
  };
  if (rowSet.narrow !== undefined && rated <= narrowTracesMax) {
    const rows: number[] = [];
    for (let trace = 0; trace < rating.length; trace++) {
      if (rating[trace] !== 0) {
        const rowsOfTrace = rowSet.rowsOfTrace(trace);
        for (let i = 0; i < rowsOfTrace.length; i++) {
          rows.push(rowsOfTrace[i]);
        }
      }
    }
    const words = wordsOf(rowSet.narrow(rows).startUnixNanos);
    rows.forEach((row, i) => note(rowSet.traceOfRow[row], words[2 * i], words[2 * i + 1]));
    return starts;
  }
  const { traceOfRow } = rowSet;
  const words = wordsOf(rowSet.startUnixNanos);
  for (let row = 0; row < traceOfRow.length; row++) {
    if (rating[traceOfRow[row]] !== 0) {
      note(traceOfRow[row], words[2 * row], words[2 * row + 1]);
    }
  }
  return starts;
}

function wordsOf(times: BigUint64Array): Uint32Array {
  return new Uint32Array(times.buffer, times.byteOffset, 2 * times.length);
}
