import type { Query } from '../../traceql/ast.ts';
import type { Progress, RatedSource } from './candidates.ts';
import { type RowSetCache, traceIdBytesAt } from './fragments.ts';
import { RowMatcher } from './kernels/match.ts';
import { evaluationOf } from './kernels/plan.ts';
import type { SplitIndex } from './split-index.ts';

/** So many candidates may fail before it pays to evaluate whole row sets: one costs about what a thousand rows cost over columns. */
const missesMax = 16;

/**
 * Tells candidates of a search that do not match without building them. As long as most candidates match, nothing is done: the few that
 * are wanted are cheaper to build than a row set is to evaluate.
 */
export class ExactCandidates {
  private readonly matcher: RowMatcher | undefined;
  private readonly cache: RowSetCache;
  private readonly split: SplitIndex;
  private readonly progress: Progress;
  private misses = 0;

  /** `cache` reads every column of the query. */
  constructor(query: Query, cache: RowSetCache, split: SplitIndex, progress: Progress) {
    const evaluation = evaluationOf(query);
    this.matcher = evaluation.kind === 'kernel' ? new RowMatcher(evaluation, progress.poll) : undefined;
    this.cache = cache;
    this.split = split;
    this.progress = progress;
  }

  /** A candidate that was built did not match. True once: when {@link refine} has begun to pay. */
  missed(): boolean {
    this.misses++;
    return this.matcher !== undefined && this.misses === missesMax;
  }

  /** Takes the traces out of a rating that lie whole in this place and do not match. */
  readonly refine = async ({ source, rating }: RatedSource): Promise<void> => {
    const { matcher, split, progress } = this;
    if (matcher === undefined) {
      return;
    }
    await progress.point();
    const rowSet = await this.cache.rowSet(source);
    const { traces } = matcher.match(rowSet);
    let rest = 0;
    for (let ordinal = 0; ordinal < rating.length; ordinal++) {
      rest += rating[ordinal] !== 0 && traces[ordinal] === 0 ? 1 : 0;
    }
    await split.prepare(rest, progress);
    for (let ordinal = 0; ordinal < rating.length; ordinal++) {
      if (rating[ordinal] !== 0 && traces[ordinal] === 0 && !split.isSplit(source, traceIdBytesAt(rowSet, ordinal))) {
        rating[ordinal] = 0;
      }
    }
  };
}
