import type { Query } from '../../traceql/ast.ts';
import type { Fragment, RowSetCache } from './fragments.ts';
import { RowMatcher } from './kernels/match.ts';
import { evaluationOf } from './kernels/plan.ts';

/** So many candidates may fail before it pays to evaluate whole row sets: one costs about what a thousand rows cost over columns. */
const missesMax = 16;

/**
 * Tells candidates of a search that do not match without building them. As long as most candidates match, nothing is done: the few that
 * are wanted are cheaper to build than a row set is to evaluate.
 */
export class ExactCandidates {
  private readonly matcher: RowMatcher | undefined;
  private readonly cache: RowSetCache;
  /** By source: traces that match, 1 by ordinal. */
  private readonly matching = new Map<string, Uint8Array>();
  private misses = 0;

  /** `cache` reads every column of the query. */
  constructor(query: Query, cache: RowSetCache, poll: () => void) {
    const evaluation = evaluationOf(query);
    this.matcher = evaluation.kind === 'kernel' ? new RowMatcher(evaluation, poll) : undefined;
    this.cache = cache;
  }

  /** A candidate that was built did not match. */
  missed(): void {
    this.misses++;
  }

  /** Whether a trace may match that lies whole in this place; false is certain. */
  async mayMatch({ source, ordinal }: Fragment): Promise<boolean> {
    if (this.matcher === undefined || this.misses < missesMax) {
      return true;
    }
    const key = source.kind === 'head' ? `${source.index}` : `${source.index} ${source.rowGroup}`;
    let traces = this.matching.get(key);
    if (traces === undefined) {
      traces = this.matcher.match(await this.cache.rowSet(source)).traces;
      this.matching.set(key, traces);
    }
    return traces[ordinal] === 1;
  }
}
