import { CorruptionError } from '../base/coded-error.ts';
import type { TimeRange } from '../store/trace-store.ts';
import { traceOverlaps } from '../store/time-range.ts';
import { mergeTrace } from '../trace/merge.ts';
import type { Span, Trace } from '../trace/model.ts';
import { RowSetCache } from './query/fragments.ts';
import { rowGroupsOf, type Source } from './query/view.ts';
import type { BlockReader } from './block/block-reader.ts';
import type { RowSet } from './row-set.ts';
import { spansOfRows } from './rows-to-spans.ts';

/** Trace ids fall into buckets by their first two bytes. */
const bucketCount = 0x1_0000;
/** As far as one bucket allows: about 60 MB of objects. */
const partitionSpansMaxDefault = 20_000;

/** Heads and opened blocks of one tenant. */
export interface OpenedView {
  readonly heads: readonly RowSet[];
  readonly blocks: readonly BlockReader[];
}

export interface AllTracesOptions {
  readonly range: TimeRange;
  /** A source that cannot be read is left out; called once for each. */
  readonly onDamage: (error: CorruptionError) => void;
  readonly signal?: AbortSignal;
  /** Spans built at a time. */
  readonly partitionSpansMax?: number;
}

/**
 * Every trace of the view that overlaps the range, whole and without duplicates, in the order of the buckets of their ids. Memory is
 * bounded by the spans of one bucket and of one trace, not by the store.
 *
 * Errors: the disk's; damage is told to `onDamage`.
 */
export async function* allTraces(view: OpenedView, options: AllTracesOptions): AsyncGenerator<Trace> {
  const sources = new Sources(view, options);
  const spansOfBucket = new Uint32Array(bucketCount);
  for (const source of sources.list.filter((candidate) => mayOverlap(candidate, options.range))) {
    await sources.count(source, spansOfBucket);
  }
  for (const [first, last] of partitionsOf(spansOfBucket, options.partitionSpansMax)) {
    options.signal?.throwIfAborted();
    const fragments = new Map<string, Span[]>();
    for (const source of sources.list) {
      for (const span of await sources.spans(source, first, last)) {
        const known = fragments.get(span.traceId);
        if (known === undefined) {
          fragments.set(span.traceId, [span]);
        } else {
          known.push(span);
        }
      }
    }
    for (const [traceId, spans] of fragments) {
      const trace = mergeTrace(traceId, [spans]);
      if (traceOverlaps(trace, options.range)) {
        yield trace;
      }
    }
  }
}

/** Runs of buckets, both ends inclusive, with about so many spans each as are built at a time; empty buckets are in none. */
export function partitionsOf(spansOfBucket: Uint32Array, spansMax = partitionSpansMaxDefault): [number, number][] {
  const partitions: [number, number][] = [];
  let sum = 0;
  for (let bucket = 0; bucket < spansOfBucket.length; bucket++) {
    const spans = spansOfBucket[bucket];
    if (spans === 0) {
      continue;
    }
    const open = partitions.at(-1);
    if (open !== undefined && sum + spans <= spansMax) {
      open[1] = bucket;
      sum += spans;
    } else {
      partitions.push([bucket, bucket]);
      sum = spans;
    }
  }
  return partitions;
}

class Sources {
  readonly list: readonly Source[];
  private readonly options: AllTracesOptions;
  private readonly cache = new RowSetCache('all');
  private readonly damaged = new Set<Source>();
  /** Trace ordinals of a head by ascending bucket: a head has its traces in order of arrival. */
  private readonly orders = new Map<RowSet, Uint32Array>();

  constructor({ heads, blocks }: OpenedView, options: AllTracesOptions) {
    this.list = [
      ...heads.map((rowSet, index): Source => ({ kind: 'head', index, rowSet })),
      ...blocks.flatMap((reader, index) => rowGroupsOf(reader, heads.length + index)),
    ];
    this.options = options;
  }

  /** Adds the source's spans to the counts. */
  async count(source: Source, spansOfBucket: Uint32Array): Promise<void> {
    await this.guarded(source, async () => {
      if (source.kind === 'head') {
        for (let ordinal = 0; ordinal < source.rowSet.traceCount; ordinal++) {
          spansOfBucket[bucketOf(source.rowSet.traceIds, ordinal)] += source.rowSet.rowsOfTrace(ordinal).length;
        }
        return;
      }
      // Of a row group only the ids are read: its spans are shared out evenly.
      const traceIds = await source.reader.readTraceIds(source.rowGroup);
      const { rowCount, traceCount } = source.reader.rowGroups[source.rowGroup];
      for (let ordinal = 0; ordinal < traceCount; ordinal++) {
        spansOfBucket[bucketOf(traceIds, ordinal)] += Math.ceil(rowCount / traceCount);
      }
    });
  }

  /** The source's spans of traces in buckets `first` to `last`. */
  async spans(source: Source, first: number, last: number): Promise<Span[]> {
    if (source.kind === 'row-group') {
      const { minTraceId, maxTraceId } = source.reader.rowGroups[source.rowGroup];
      if (parseInt(maxTraceId.slice(0, 4), 16) < first || parseInt(minTraceId.slice(0, 4), 16) > last) {
        return [];
      }
    }
    const spans = await this.guarded(source, async () => {
      const rowSet = await this.cache.rowSet(source);
      const rows: number[] = [];
      const order = source.kind === 'head' ? this.orderOf(rowSet) : undefined;
      const ordinalAt = (position: number): number => order?.[position] ?? position;
      const bucketAt = (position: number): number => bucketOf(rowSet.traceIds, ordinalAt(position));
      const start = lowerBound(rowSet.traceCount, (position) => bucketAt(position) >= first);
      for (let position = start; position < rowSet.traceCount && bucketAt(position) <= last; position++) {
        const rowsOfTrace = rowSet.rowsOfTrace(ordinalAt(position));
        for (let i = 0; i < rowsOfTrace.length; i++) {
          rows.push(rowsOfTrace[i]);
        }
      }
      return rows.length === 0 ? [] : spansOfRows(rowSet, rows);
    });
    return spans ?? [];
  }

  /** `undefined` for a source that is damaged, or has been found so before. */
  private async guarded<T>(source: Source, read: () => Promise<T>): Promise<T | undefined> {
    if (this.damaged.has(source)) {
      return undefined;
    }
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof CorruptionError)) {
        throw error;
      }
      this.damaged.add(source);
      this.options.onDamage(error);
      return undefined;
    }
  }

  private orderOf(rowSet: RowSet): Uint32Array {
    let order = this.orders.get(rowSet);
    if (order === undefined) {
      order = Uint32Array.from({ length: rowSet.traceCount }, (_, ordinal) => ordinal);
      order.sort((a, b) => bucketOf(rowSet.traceIds, a) - bucketOf(rowSet.traceIds, b));
      this.orders.set(rowSet, order);
    }
    return order;
  }
}

function bucketOf(traceIds: Uint8Array, ordinal: number): number {
  return (traceIds[16 * ordinal] << 8) | traceIds[16 * ordinal + 1];
}

/** The first position in [0, end) from which `holds`, or `end`. */
function lowerBound(end: number, holds: (position: number) => boolean): number {
  let [low, high] = [0, end];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(middle)) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

function mayOverlap(source: Source, { startUnixNanos, endUnixNanos }: TimeRange): boolean {
  if (source.kind === 'head') {
    return true;
  }
  const group = source.reader.rowGroups[source.rowGroup];
  return (
    (endUnixNanos === undefined || group.startUnixNanos < endUnixNanos) &&
    (startUnixNanos === undefined || group.endUnixNanos >= startUnixNanos)
  );
}
