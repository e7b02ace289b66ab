import { traceOverlaps } from '../../store/time-range.ts';
import type { TimeRange } from '../../store/trace-store.ts';
import type { Trace } from '../../trace/model.ts';
import type { Query } from '../../traceql/ast.ts';
import { conditionsOf, fieldsOf } from '../../traceql/conditions.ts';
import { SourceRater } from './candidates.ts';
import type { Progress } from './candidates.ts';
import { columnsOfField } from './field-columns.ts';
import { findFragments, traceIdAt, traceIdBytesAt } from './fragments.ts';
import type { RowSetCache, TraceReader } from './fragments.ts';
import type { RowFrame } from './kernels/frame.ts';
import { RowMatcher } from './kernels/match.ts';
import { evaluationOf } from './kernels/plan.ts';
import { tracesInRange } from './kernels/whole-trace.ts';
import { markTraces, rowsOfTraces, withoutTraces } from './kernels/trace-masks.ts';
import { isNone, none } from './kernels/vector.ts';
import type { Mask } from './kernels/vector.ts';
import { isCertainAlone } from './scan.ts';
import { SplitIndex } from './split-index.ts';
import { placesOf } from './view.ts';
import type { Source, StoreView } from './view.ts';

/** Who gathers something from spans, and may have seen it all before. */
export interface SpanConsumer<Facts> {
  /** What it gathers from a span does not depend on other spans of the trace. */
  readonly isRowwise: boolean;
  /** Names what is gathered, filter included. */
  readonly name: string;
  /** Whether a source may tell something new: others are not read. */
  mayTell(source: Source): Promise<boolean>;
  /** Looks at a row set. Reads of the frame at once whatever could mark traces as unclear. */
  open(frame: RowFrame, source: Source): Promise<RowConsumer<Facts>>;
  add(facts: Facts): void;
  /** A whole trace, to be looked at by the reference. */
  takeTrace(trace: Trace): void;
}

export interface RowConsumer<Facts> {
  /** All that these rows tell, and about how many bytes that takes. */
  take(rows: Mask): { readonly facts: Facts; readonly bytes: number };
  /** Whether one of these rows may tell something new. */
  mayTell(rows: readonly number[]): boolean;
}

export interface SpanSearch {
  readonly view: StoreView;
  /** Absent: every span. */
  readonly filter: Query | undefined;
  readonly range: TimeRange;
  readonly progress: Progress;
  /** Reads every column that filter and consumer look at as rows. */
  readonly cache: RowSetCache;
  /** Reads what filter and consumer look at in traces. */
  readonly reader: TraceReader;
}

/**
 * Hands the spans that a filter selects, in whole traces of the range, to a consumer, as far as they may tell it something new. Traces
 * whole in one place are evaluated over columns; others come as traces, at the end. What whole row groups have told is kept in
 * `view.told`, so that it is read once.
 */
export async function consumeSpans<Facts>(search: SpanSearch, consumer: SpanConsumer<Facts>): Promise<void> {
  const { view, filter, range, progress, cache, reader } = search;
  const condition = filter === undefined ? ({ kind: 'true' } as const) : conditionsOf(filter);
  const evaluation = filter === undefined ? ({ kind: 'kernel', pipelines: undefined } as const) : evaluationOf(filter);
  const matcher = evaluation.kind === 'kernel' ? new RowMatcher(evaluation, progress.poll) : undefined;
  const rater = new SourceRater(condition, range, progress, cache);
  const rowwise = consumer.isRowwise && (filter === undefined || selectsRowwise(filter));
  const split = new SplitIndex(view);
  /** Left to the reference, by id. */
  const whole = new Map<string, Uint8Array>();
  for await (const source of rater.sources(placesOf(view), view)) {
    if (matcher !== undefined && rowwise && isWithin(source, range)) {
      await consumeRows(search, consumer, matcher, source, rater, whole);
      continue;
    }
    if (!(await consumer.mayTell(source))) {
      rater.leave(source);
      continue;
    }
    const rated = await rater.rate(source);
    if (rated === undefined) {
      continue;
    }
    const { rowSet } = rated;
    await split.prepare(rowSet.traceCount, progress);
    // A part of a trace that overlaps the range is enough to know that the trace does.
    const isEnough = markTraces(rowSet, rowwise ? tracesInRange(rowSet, range, Array.from(rated.rating.keys())) : []);
    const traces = sortTraces(
      rated.rating,
      (ordinal) => isEnough[ordinal] === 0 && split.isSplit(source, traceIdBytesAt(rowSet, ordinal)),
      rowwise
    );
    let rest = [...traces.split, ...traces.solo];
    if (matcher !== undefined) {
      const frame = matcher.open(rowSet);
      const rows = matcher.select(frame, rowsOfTraces(rowSet, tracesInRange(rowSet, range, traces.solo)));
      const opened = await consumer.open(frame, source);
      consumer.add(opened.take(withoutTraces(rows, rowSet, frame.unclear)).facts);
      const unclear = traces.solo.filter((ordinal) => frame.unclear[ordinal] === 1);
      reader.soloTraces += traces.solo.length - unclear.length;
      // What is new of a split trace may lie in a fragment that no condition holds in, and which nobody looks at for itself.
      rest = [...traces.split, ...unclear.filter((ordinal) => opened.mayTell(Array.from(rowSet.rowsOfTrace(ordinal))))];
    }
    for (const ordinal of rest) {
      whole.set(traceIdAt(rowSet, ordinal), traceIdBytesAt(rowSet, ordinal).slice());
    }
  }
  for (const [traceId, bytes] of whole) {
    await progress.point();
    const trace = await reader.read(traceId, await findFragments(view, bytes));
    if (traceOverlaps(trace, range)) {
      consumer.takeTrace(trace);
    }
  }
}

/**
 * A source all of whose spans count, each for itself: neither is it asked which traces may match, nor where else they have fragments.
 * Adds to `whole` what only the reference can tell.
 */
async function consumeRows<Facts>(
  { view, cache, progress, reader }: SpanSearch,
  consumer: SpanConsumer<Facts>,
  matcher: RowMatcher,
  source: Source,
  rater: SourceRater,
  whole: Map<string, Uint8Array>
): Promise<void> {
  const key = source.kind === 'head' ? undefined : toldKey(source, consumer.name);
  const told = key === undefined ? undefined : (view.told?.get(key) as Facts | undefined);
  if (told !== undefined) {
    consumer.add(told);
    rater.leave(source);
    return;
  }
  if (!(await consumer.mayTell(source))) {
    rater.leave(source);
    return;
  }
  if (await rater.isPruned(source)) {
    return;
  }
  const rowSet = await cache.rowSet(source);
  const frame = matcher.open(rowSet);
  const rows = matcher.select(frame, none(rowSet.rowCount).fill(1));
  const opened = await consumer.open(frame, source);
  const { facts, bytes } = opened.take(withoutTraces(rows, rowSet, frame.unclear));
  consumer.add(facts);
  progress.inspectedRows += rowSet.rowCount;
  progress.inspectedTraces += rowSet.traceCount;
  reader.soloTraces += rowSet.traceCount;
  for (let trace = frame.unclear.indexOf(1); trace !== -1; trace = frame.unclear.indexOf(1, trace + 1)) {
    reader.soloTraces--;
    if (opened.mayTell(Array.from(rowSet.rowsOfTrace(trace)))) {
      whole.set(traceIdAt(rowSet, trace), traceIdBytesAt(rowSet, trace).slice());
    }
  }
  if (key !== undefined && isNone(frame.unclear)) {
    view.told?.set(key, facts, bytes + key.length * 2);
  }
}

/** Blocks never change, nor do their paths come again. */
function toldKey({ reader, rowGroup }: Source & { readonly kind: 'row-group' }, name: string): string {
  return `${reader.meta.path} ${rowGroup} ${name}`;
}

/** Whether every trace with a span in the source overlaps the range. */
function isWithin(source: Source, { startUnixNanos: from, endUnixNanos: to }: TimeRange): boolean {
  if (from === undefined && to === undefined) {
    return true;
  }
  if (source.kind === 'head') {
    return false;
  }
  const { startUnixNanos, endUnixNanos } = source.reader.rowGroups[source.rowGroup];
  return (from === undefined || startUnixNanos >= from) && (to === undefined || endUnixNanos < to);
}

/** Ordinals of the traces that may match: those in several places, and those whole in this one. */
function sortTraces(
  rating: Uint8Array,
  isSplit: (ordinal: number) => boolean,
  rowwise: boolean
): { readonly split: readonly number[]; readonly solo: readonly number[] } {
  const split: number[] = [];
  const solo: number[] = [];
  for (let ordinal = 0; ordinal < rating.length; ordinal++) {
    if (rating[ordinal] !== 0 && isSplit(ordinal)) {
      split.push(ordinal);
    } else if (rowwise ? rating[ordinal] !== 0 : isCertainAlone(rating[ordinal])) {
      solo.push(ordinal);
    }
  }
  return { split, solo };
}

/** Whether each span is selected for itself, whatever the rest of its trace. */
function selectsRowwise(filter: Query): boolean {
  const fields = fieldsOf(filter);
  return (
    filter.body.kind === 'pipeline' &&
    filter.body.stages.every(({ kind }) => kind === 'spanset-filter' || kind === 'select') &&
    fields !== 'all' &&
    fields.every((field) => !columnsOfField(field).wholeTrace)
  );
}
