import type { RowSet } from '../../row-set.ts';
import type { Evaluation } from './plan.ts';
import { RegexCache, RowFrame } from './frame.ts';
import { runPipeline } from './spansets.ts';
import { addRows, none } from './vector.ts';
import type { Mask } from './vector.ts';

/** What a kernel says about the traces of a row set, as if each lay whole in it. */
export interface RowMatch {
  /** Rows that the query selects. Meaningless for unclear traces. */
  readonly rows: Mask;
  /** By trace ordinal: 1 where only the reference evaluator can tell. */
  readonly unclear: Uint8Array;
  /** By trace ordinal: 1 where some row is selected or it is unclear. */
  readonly traces: Uint8Array;
}

/** A query's kernels, ready to be run over one row set after the other. */
export class RowMatcher {
  private readonly evaluation: Evaluation & { readonly kind: 'kernel' };
  private readonly poll: () => void;
  private readonly regexes = new RegexCache();

  /** `poll` is called every millisecond of work or so; what it throws ends the work. */
  constructor(evaluation: Evaluation & { readonly kind: 'kernel' }, poll: () => void) {
    this.evaluation = evaluation;
    this.poll = poll;
  }

  /** `within`: the rows of the traces that matter; all when absent. The row set has every column that the query reads. */
  match(rows: RowSet, within: Mask = none(rows.rowCount).fill(1)): RowMatch {
    const frame = new RowFrame(rows, this.regexes, this.poll);
    const selected = none(rows.rowCount);
    for (const pipeline of this.evaluation.pipelines) {
      addRows(selected, runPipeline(frame, pipeline, within));
    }
    const traces = frame.unclear.slice();
    for (let row = selected.indexOf(1); row !== -1; row = selected.indexOf(1, row + 1)) {
      traces[rows.traceOfRow[row]] = 1;
    }
    return { rows: selected, unclear: frame.unclear, traces };
  }
}
