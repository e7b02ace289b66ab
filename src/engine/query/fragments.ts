/**
 * Completing traces: all fragments of a trace, wherever they lie, whatever the time range and every other pruning say.
 */
import { neverPoll, type Poll } from '../../base/poll.ts';
import { hexFromBytes } from '../../trace/ids.ts';
import { compareSpans, mergeTrace } from '../../trace/merge.ts';
import type { Span, Trace } from '../../trace/model.ts';
import type { BlockReader } from '../block/block-reader.ts';
import { LruByBytes } from '../block/lru-by-bytes.ts';
import { soughtTrace, type SoughtTrace } from '../block/trace-filter.ts';
import type { ColumnKey, RowSet } from '../row-set.ts';
import { spansOfRows } from '../rows-to-spans.ts';
import { mapAtMost } from './map-at-most.ts';
import type { Source, StoreView } from './view.ts';
import type { ViewBlock } from './view-block.ts';

/** Where a part of a trace lies. */
export interface Fragment {
  readonly source: Source;
  readonly ordinal: number;
}

/** Every fragment of a trace in the view. */
export async function findFragments(view: StoreView, traceId: Uint8Array): Promise<Fragment[]> {
  const fragments: Fragment[] = [];
  view.heads.forEach((rowSet, index) => {
    const ordinal = rowSet.findTrace(traceId);
    if (ordinal >= 0) {
      fragments.push({ source: { kind: 'head', index, rowSet }, ordinal });
    }
  });
  const trace = soughtTrace(traceId);
  const asked: { readonly block: ViewBlock; readonly index: number }[] = [];
  view.blocks.forEach((block, at) => {
    if (block.mayHold(trace)) {
      asked.push({ block, index: view.heads.length + at });
    }
  });
  const found = await mapAtMost(asked, blocksAtOnce, ({ block, index }) => findInBlock(block, index, trace));
  return [...fragments, ...found.flat()];
}

/** Reads under way at a time: enough for a bucket's round trips, and not all of ten thousand blocks in memory. */
export const blocksAtOnce = 64;

async function findInBlock(block: ViewBlock, index: number, trace: SoughtTrace): Promise<Fragment[]> {
  await block.loadFilter();
  const reader = block.mayHold(trace) ? await block.open() : undefined;
  const places = await reader?.findTrace(trace.bytes);
  return (places ?? []).map(({ rowGroup, ordinal }) => ({
    source: { kind: 'row-group', index, reader: reader as BlockReader, rowGroup },
    ordinal,
  }));
}

/** So many traces of a row group are read by their pages; more of them, and reading it whole is cheaper. */
const tracesByPageMax = 2;

/** Of row sets that one query keeps: some two dozen with a dozen columns, and two or three with all of them. */
const openBytesMax = 48 * 2 ** 20;
/** Of a row: of its fixed columns, and of a coded one with its share of a dictionary. */
const fixedBytes = 40;
const codedBytes = 4;

/** Opens sources with a fixed choice of columns, keeping the latest few: neighbours in the answer are often neighbours in a row group. */
export class RowSetCache {
  private readonly columns: readonly ColumnKey[] | 'all';
  private readonly open = new LruByBytes<Promise<RowSet>>(openBytesMax);
  private readonly tracesRead = new Map<string, number>();

  constructor(columns: readonly ColumnKey[] | 'all') {
    this.columns = columns;
  }

  rowSet(source: Source): Promise<RowSet> | RowSet {
    if (source.kind === 'head') {
      return source.rowSet;
    }
    const key = `${source.index} ${source.rowGroup}`;
    let rowSet = this.open.get(key);
    if (rowSet === undefined) {
      rowSet = source.reader.readRowGroup(source.rowGroup, this.columns);
      this.open.set(key, rowSet, Math.min(openBytesMax / 4, this.bytesOf(source)));
    }
    return rowSet;
  }

  /** About, when all that is read has been decoded. */
  private bytesOf({ reader, rowGroup }: Source & { readonly kind: 'row-group' }): number {
    const { columns } = this;
    const count =
      columns === 'all' ? reader.columnKeys.length : columns.filter((key) => reader.hasColumn(rowGroup, key)).length;
    return reader.rowGroups[rowGroup].rowCount * (fixedBytes + codedBytes * count);
  }

  /** One trace of a row group that is not open, read by its pages; `undefined` from the third on: then the row group is read. */
  trace({ source, ordinal }: Fragment): Promise<RowSet> | undefined {
    if (source.kind === 'head') {
      return undefined;
    }
    const key = `${source.index} ${source.rowGroup}`;
    const count = (this.tracesRead.get(key) ?? 0) + 1;
    this.tracesRead.set(key, count);
    return this.open.get(key) !== undefined || count > tracesByPageMax
      ? undefined
      : source.reader.readTrace(source.rowGroup, ordinal, this.columns);
  }
}

/** The spans of one fragment, with the columns the cache reads. */
async function spansOfFragment(cache: RowSetCache, fragment: Fragment, poll: Poll): Promise<Span[]> {
  const { source, ordinal } = fragment;
  const trace = await cache.trace(fragment);
  if (trace !== undefined) {
    return spansOfRows(
      trace,
      Uint32Array.from({ length: trace.rowCount }, (_, row) => row),
      poll
    );
  }
  const rowSet = await cache.rowSet(source);
  return spansOfRows(rowSet, rowSet.rowsOfTrace(ordinal), poll);
}

/** Whether two spans share an id. */
function repeatsId(parts: readonly (readonly Span[])[]): boolean {
  const ids = new Set<string>();
  return parts.some((spans) => spans.some(({ spanId }) => ids.size === ids.add(spanId).size));
}

/**
 * Reads traces for the evaluator, with the columns the query needs; with all of them where spans share an id, be it in one place or in
 * several: then it is their content that says which are duplicates, and which comes first.
 */
export class TraceReader {
  private readonly some: RowSetCache;
  private readonly all = new RowSetCache('all');
  private readonly poll: Poll;
  soloTraces = 0;
  splitTraces = 0;
  spans = 0;

  /** `poll` is called about every millisecond while a trace of very many spans is built. */
  constructor(columns: readonly ColumnKey[] | 'all', poll = neverPoll) {
    this.poll = poll;
    this.some = columns === 'all' ? this.all : new RowSetCache(columns);
  }

  /** The cache that solo traces are read through; scans share it. */
  get scanCache(): RowSetCache {
    return this.some;
  }

  async read(traceId: string, fragments: readonly Fragment[]): Promise<Trace> {
    let parts = await this.parts(this.some, fragments);
    // All of their content tells duplicates, and decides the order of spans that share id and start.
    if (this.some !== this.all && repeatsId(parts)) {
      parts = await this.parts(this.all, fragments);
    }
    if (fragments.length === 1) {
      return this.solo(traceId, parts[0]);
    }
    this.splitTraces++;
    const trace = mergeTrace(traceId, parts);
    this.spans += trace.spans.length;
    return trace;
  }

  private async parts(cache: RowSetCache, fragments: readonly Fragment[]): Promise<Span[][]> {
    const parts: Span[][] = [];
    for (const fragment of fragments) {
      parts.push(await spansOfFragment(cache, fragment, this.poll));
    }
    return parts;
  }

  /** A solo trace whose spans are at hand. */
  private solo(traceId: string, spans: Span[]): Trace {
    this.soloTraces++;
    this.spans += spans.length;
    return { traceId, spans: spans.sort(compareSpans) };
  }
}

/** The id of a trace ordinal as hex. */
export function traceIdAt(rowSet: RowSet, ordinal: number): string {
  return hexFromBytes(rowSet.traceIds, ordinal * 16, ordinal * 16 + 16);
}

/** The id of a trace ordinal as 16 bytes; a view. */
export function traceIdBytesAt(rowSet: RowSet, ordinal: number): Uint8Array {
  return rowSet.traceIds.subarray(ordinal * 16, ordinal * 16 + 16);
}
