import type { Reduction, TraceViewName } from '../../ui/state/view.ts';

/** Saved in dashboards. */
export interface WaterfallOptions {
  /** Which view of the trace comes first. */
  readonly view: TraceViewName;
  /** How much of it has a row at first; `auto`: the story of a large trace, every span of a small one. */
  readonly reduce: Reduction | 'auto';
}
