/** One open trace with a life: columns at once, everything that needs attributes asynchronously, wherever it is worked out. */
import type { AttributeColumn, AttributeKey, Matches } from '../../trace/attribute-columns.ts';
import type { Span } from '../../trace/model.ts';
import type { TraceModel } from './model.ts';

/** How many rows' attributes are at hand. */
export interface TraceProgress {
  readonly loaded: number;
  readonly total: number;
  /** Where questions about attributes are answered: in this browser, or, for what is not here, by the server. */
  readonly where: 'here' | 'server';
}

/** Signals of the standard's form: a panel, a page and a test each have one. */
export type Signal = Pick<AbortSignal, 'aborted' | 'addEventListener' | 'removeEventListener'>;

/**
 * Errors of every question: CodedError with a sentence for the person; `canceled` after `signal` fires, and for questions that were
 * open, or are asked, when the trace is closed.
 */
export interface TraceData {
  /** As it is shown: clocks corrected where the spans prove them wrong. */
  readonly model: TraceModel;
  /** As it was sent. The same object where no clock was corrected. */
  readonly sentModel: TraceModel;
  /** Sentences about how the trace was read: that it is worked on in the page itself, that it is partial. */
  readonly warnings: readonly string[];
  readonly progress: TraceProgress;
  /** Calls `listener` whenever `progress` is another object. The returned function ends it. */
  readonly subscribe: (listener: () => void) => () => void;
  /** The whole span of a row. */
  span(row: number, signal?: Signal): Promise<Span>;
  /** By scope, then key, then type. Waits for the attributes of all rows. */
  keys(signal?: Signal): Promise<readonly AttributeKey[]>;
  /** Of the key with this scope, name and type; a key that no row has is a column of nothing. */
  column(key: Pick<AttributeKey, 'scope' | 'key' | 'type'>, signal?: Signal): Promise<AttributeColumn>;
  /**
   * Rows in which `text` occurs, whatever the case: in name, service, span id, status message, names of events, or any attribute as
   * `key=value`. Every row for an empty text.
   */
  find(text: string, signal?: Signal): Promise<Matches>;
  /** A TraceQL query without metrics, over this trace alone: rows of all its spansets. Errors: `query_invalid`. */
  filter(traceql: string, signal?: Signal): Promise<Matches>;
  /** Whole spans of these rows, or of all. */
  spans(rows?: Uint32Array, signal?: Signal): Promise<readonly Span[]>;
  /** Frees all of it. */
  close(): void;
}
