import type { Theme } from '../kit/theme.ts';
import type { TraceFocus } from '../state/view.ts';
import type { TraceModel } from './model.ts';
import type { TraceData } from './trace-data.ts';

/** What each view of a trace besides the waterfall gets: one selection, one filter, one stretch of time. */
export interface TraceViewProps {
  readonly data: TraceData;
  readonly model: TraceModel;
  readonly focus: TraceFocus;
  /** −1 for none. */
  readonly selectedRow: number;
  /** 1 for rows that match text and filter and touch the zoom; `undefined`: every row. */
  readonly scope: Uint8Array | undefined;
  readonly colors: readonly string[];
  /** Row → index into `colors`. */
  readonly colorCodes: ArrayLike<number>;
  readonly theme: Theme;
  onFocus(focus: TraceFocus, history: 'push' | 'replace'): void;
  onSelectRow(row: number): void;
}
