import type { RowSet } from '../../row-set.ts';
import type { Pipeline } from '../../../traceql/ast.ts';
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
  private readonly pipelines: readonly Pipeline[] | undefined;
  private readonly poll: () => void;
  private readonly regexes = new RegexCache();

  /**
   * Without pipelines every row is selected. `poll` is called every millisecond of work or so; what it throws ends the work.
   */
  constructor({ pipelines }: { readonly pipelines: readonly Pipeline[] | undefined }, poll: () => void) {
    this.pipelines = pipelines;
    this.poll = poll;
  }

  /** The row set has every column that the query reads. */
  open(rows: RowSet): RowFrame {
    return new RowFrame(rows, this.regexes, this.poll);
  }

  /** The rows that the query selects, where `within` has whole traces. Meaningless for those the frame then has as unclear. */
  select(frame: RowFrame, within: Mask): Mask {
    if (this.pipelines === undefined) {
      return within;
    }
    const selected = none(within.length);
    for (const pipeline of this.pipelines) {
      addRows(selected, runPipeline(frame, pipeline, within));
    }
    return selected;
  }

  /** All traces of a row set. */
  match(rows: RowSet): RowMatch {
    const frame = this.open(rows);
    const selected = this.select(frame, none(rows.rowCount).fill(1));
    const traces = frame.unclear.slice();
    for (let row = selected.indexOf(1); row !== -1; row = selected.indexOf(1, row + 1)) {
      traces[rows.traceOfRow[row]] = 1;
    }
    return { rows: selected, unclear: frame.unclear, traces };
  }
}
