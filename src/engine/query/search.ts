/**
 * Search: the newest N matching traces, exactly. Candidates are ordered by the earliest start known of them, which is never before the
 * true start of the whole trace; so once N matches are at hand that start no earlier than the next candidate, no other trace can be newer.
 */
import { traceOverlaps } from '../../store/time-range.ts';
import type { Answer, SearchRequest } from '../../store/trace-store.ts';
import { conditionsOf, fieldsOf } from '../../traceql/conditions.ts';
import { compileMatch } from '../../traceql/match.ts';
import type { TraceMatch } from '../../traceql/match.ts';
import { Progress, ratedSources } from './candidates.ts';
import { columnsToEvaluate } from './field-columns.ts';
import { findFragments, traceIdAt, TraceReader } from './fragments.ts';
import type { Fragment } from './fragments.ts';
import { isCertainAlone } from './scan.ts';
import { SplitIndex } from './split-index.ts';
import { answer } from './answer.ts';
import type { Source, StoreView } from './view.ts';

interface Candidate {
  readonly traceId: string;
  /** The trace starts then or earlier. */
  readonly startUnixNanos: bigint;
  readonly source: Source;
  readonly ordinal: number;
  /** Can only match together with fragments elsewhere. */
  readonly onlyWhenSplit: boolean;
}

/** Beyond so many candidates it is cheaper to count all trace ids once than to ask every source for each. */
const probesMax = 512;

/** Between two looks at the client. */
const candidatesPerSlice = 64;

export async function searchView(view: StoreView, request: SearchRequest): Promise<Answer<readonly TraceMatch[]>> {
  const progress = new Progress(view, request.signal);
  const condition = conditionsOf(request.query);
  const reader = new TraceReader(columnsToEvaluate(fieldsOf(request.query)));
  const candidates: Candidate[] = [];
  const matches: TraceMatch[] = [];
  let candidatesDone = 0;
  if (request.onProgress) {
    const { onProgress } = request;
    progress.tell = () => {
      // Rating is the first half of the work, evaluating the second.
      const share = candidatesDone / Math.max(1, candidates.length);
      const next = candidates.at(candidatesDone);
      onProgress({
        stats: answer(view, progress, reader, undefined).stats,
        stepsDone: progress.sourcesDone + Math.floor(progress.sources * share),
        stepsTotal: 2 * progress.sources,
        data: () => (next === undefined ? matches.slice() : settledMatches(matches, next.startUnixNanos)),
      });
    };
  }
  for await (const { source, rowSet, rating } of ratedSources(view, condition, request.range, progress)) {
    const starts = startOfTraces(rowSet, rating);
    for (let ordinal = 0; ordinal < rating.length; ordinal++) {
      if (rating[ordinal] !== 0) {
        candidates.push({
          traceId: traceIdAt(rowSet, ordinal),
          startUnixNanos: starts[ordinal],
          source,
          ordinal,
          onlyWhenSplit: !isCertainAlone(rating[ordinal]),
        });
      }
    }
  }
  candidates.sort((a, b) => newestFirst(a, b));

  const matchOf = compileMatch(request.query, request.spansPerSpanset);
  const done = new Set<string>();
  let split: SplitIndex | undefined;
  for (const [at, candidate] of candidates.entries()) {
    if (isComplete(matches, request.limit, candidate.startUnixNanos)) {
      break;
    }
    if (done.has(candidate.traceId)) {
      continue;
    }
    done.add(candidate.traceId);
    candidatesDone = at;
    if (at % candidatesPerSlice === candidatesPerSlice - 1) {
      await progress.point();
    }
    if (split === undefined && at >= probesMax) {
      split = await SplitIndex.of(view);
    }
    const fragments = await fragmentsOf(view, candidate, split, reader);
    if (fragments === undefined) {
      continue;
    }
    const trace = await reader.read(candidate.traceId, fragments);
    if (traceOverlaps(trace, request.range)) {
      const match = matchOf(trace);
      if (match !== undefined) {
        insertNewestFirst(matches, match, request.limit);
      }
    }
  }
  return answer(view, progress, reader, matches);
}

/** `undefined` when the candidate needs other fragments and there are none. */
async function fragmentsOf(
  view: StoreView,
  candidate: Candidate,
  split: SplitIndex | undefined,
  reader: TraceReader
): Promise<readonly Fragment[] | undefined> {
  const { source, ordinal } = candidate;
  if (split !== undefined) {
    const rowSet = await reader.scanCache.rowSet(source);
    if (!split.isSplit(rowSet, ordinal)) {
      return candidate.onlyWhenSplit ? undefined : [{ source, ordinal }];
    }
  }
  const fragments = await findFragments(view, idBytes(candidate.traceId));
  return candidate.onlyWhenSplit && fragments.length === 1 ? undefined : fragments;
}

function idBytes(traceId: string): Uint8Array {
  const bytes = new Uint8Array(16);
  for (let i = 0; i < 16; i++) {
    bytes[i] = Number.parseInt(traceId.slice(2 * i, 2 * i + 2), 16);
  }
  return bytes;
}

/** Earliest start per rated trace. */
function startOfTraces(
  rowSet: { readonly traceOfRow: Uint32Array; readonly startUnixNanos: BigUint64Array; readonly traceCount: number },
  rating: Uint8Array
): BigUint64Array {
  const starts = new BigUint64Array(rowSet.traceCount).fill(0xffff_ffff_ffff_ffffn);
  const { traceOfRow, startUnixNanos } = rowSet;
  for (let row = 0; row < traceOfRow.length; row++) {
    const trace = traceOfRow[row];
    if (rating[trace] !== 0 && startUnixNanos[row] < starts[trace]) {
      starts[trace] = startUnixNanos[row];
    }
  }
  return starts;
}

/** By start, newest first, then by trace id. */
export function newestFirst(
  a: { readonly startUnixNanos: bigint; readonly traceId: string },
  b: { readonly startUnixNanos: bigint; readonly traceId: string }
): number {
  if (a.startUnixNanos !== b.startUnixNanos) {
    return a.startUnixNanos > b.startUnixNanos ? -1 : 1;
  }
  return a.traceId < b.traceId ? -1 : a.traceId > b.traceId ? 1 : 0;
}

/** Whether no trace that starts at or before `startUnixNanos` can still enter the first `limit` matches. */
function isComplete(matches: readonly TraceMatch[], limit: number, startUnixNanos: bigint): boolean {
  return matches.length === limit && matches[limit - 1].startUnixNanos > startUnixNanos;
}

/** Those that no trace starting at `startUnixNanos` or earlier can come before. */
function settledMatches(matches: readonly TraceMatch[], startUnixNanos: bigint): TraceMatch[] {
  return matches.filter((match) => match.startUnixNanos > startUnixNanos);
}

function insertNewestFirst(matches: TraceMatch[], match: TraceMatch, limit: number): void {
  let at = matches.length;
  while (at > 0 && newestFirst(match, matches[at - 1]) < 0) {
    at--;
  }
  matches.splice(at, 0, match);
  matches.length = Math.min(matches.length, limit);
}
