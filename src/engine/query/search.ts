/**
 * Search: the newest N matching traces, exactly. Candidates are ordered by the earliest start known of them, which is never before the
 * true start of the whole trace; so once N matches are at hand that start no earlier than the next candidate, no other trace can be newer.
 */
import { traceOverlaps } from '../../store/time-range.ts';
import type { Answer, SearchRequest } from '../../store/trace-store.ts';
import { hexFromBytes } from '../../trace/ids.ts';
import { conditionsOf, fieldsOf } from '../../traceql/conditions.ts';
import { compileMatch } from '../../traceql/match.ts';
import type { TraceMatch } from '../../traceql/match.ts';
import { sortOf, traceOrder } from '../../traceql/order.ts';
import { Progress, SourceRater } from './candidates.ts';
import { ExactCandidates } from './exact-candidates.ts';
import { columnsToEvaluate } from './field-columns.ts';
import { findFragments, TraceReader } from './fragments.ts';
import type { Fragment } from './fragments.ts';
import { NewestFirst } from './newest-first.ts';
import type { Candidate } from './newest-first.ts';
import { SplitIndex } from './split-index.ts';
import { answer } from './answer.ts';
import type { StoreView } from './view.ts';

/** Between two looks at the client. */
const candidatesPerSlice = 64;

export async function searchView(view: StoreView, request: SearchRequest): Promise<Answer<readonly TraceMatch[]>> {
  const progress = new Progress(view, request.signal);
  const condition = conditionsOf(request.query);
  const reader = new TraceReader(columnsToEvaluate(fieldsOf(request.query)), progress.poll);
  const candidates = new NewestFirst(view, new SourceRater(condition, request.range, progress));
  const matches: TraceMatch[] = [];
  const order = traceOrder(request.query);
  /** By a value: any trace may come first, all are looked at. */
  const isSorted = sortOf(request.query) !== undefined;
  /** No trace that has not been evaluated starts later. */
  let frontier: bigint | undefined;
  if (request.onProgress) {
    const { onProgress } = request;
    progress.tell = () =>
      onProgress({
        stats: answer(view, progress, reader, undefined).stats,
        stepsDone: progress.stepsDone,
        stepsTotal: progress.steps,
        data: () => (frontier === undefined || isSorted ? [] : settledMatches(matches, frontier)),
      });
  }
  const split = new SplitIndex(view);
  const exact = new ExactCandidates(request.query, reader.scanCache, split, progress);
  const matchOf = compileMatch(request.query, request.spansPerSpanset, progress.poll);
  const done = new Set<string>();
  const isOver = (startUnixNanos: bigint): boolean => !isSorted && isComplete(matches, request.limit, startUnixNanos);
  await progress.within(async () => {
    for (let at = 0; ; at++) {
      const candidate = await candidates.next(isOver);
      if (candidate === undefined || isOver(candidate.startUnixNanos)) {
        return;
      }
      const traceId = hexFromBytes(candidate.traceId);
      if (done.has(traceId)) {
        continue;
      }
      done.add(traceId);
      frontier = candidate.startUnixNanos;
      if (at % candidatesPerSlice === candidatesPerSlice - 1) {
        await progress.point();
      }
      await split.prepare(1, progress);
      const fragments = await fragmentsOf(view, candidate, split);
      if (fragments === undefined) {
        continue;
      }
      const trace = await reader.read(traceId, fragments);
      const match = traceOverlaps(trace, request.range) ? matchOf(trace) : undefined;
      if (match === undefined) {
        if (exact.missed()) {
          await candidates.refine(exact.refine);
        }
      } else {
        insertInOrder(matches, match, request.limit, order);
      }
    }
  });
  return answer(view, progress, reader, matches);
}

/** `undefined` when the candidate needs other fragments and there are none. */
async function fragmentsOf(
  view: StoreView,
  { traceId, source, ordinal, onlyWhenSplit }: Candidate,
  split: SplitIndex
): Promise<readonly Fragment[] | undefined> {
  if (!split.isSplit(source, traceId)) {
    return onlyWhenSplit ? undefined : [{ source, ordinal }];
  }
  const fragments = await findFragments(view, traceId);
  return onlyWhenSplit && fragments.length === 1 ? undefined : fragments;
}

/** Whether no trace that starts at or before `startUnixNanos` can still enter the first `limit` matches. */
function isComplete(matches: readonly TraceMatch[], limit: number, startUnixNanos: bigint): boolean {
  return matches.length === limit && matches[limit - 1].startUnixNanos > startUnixNanos;
}

/** Those that no trace starting at `startUnixNanos` or earlier can come before. */
function settledMatches(matches: readonly TraceMatch[], startUnixNanos: bigint): TraceMatch[] {
  return matches.filter((match) => match.startUnixNanos > startUnixNanos);
}

function insertInOrder(
  matches: TraceMatch[],
  match: TraceMatch,
  limit: number,
  order: (a: TraceMatch, b: TraceMatch) => number
): void {
  let at = matches.length;
  while (at > 0 && order(match, matches[at - 1]) < 0) {
    at--;
  }
  matches.splice(at, 0, match);
  matches.length = Math.min(matches.length, limit);
}
