/**
 * The one shape that queries, flush and compaction see: rows of spans as columns, be they in a head or in a row group of a block.
 *
 * Every column but the fixed ones is *coded*: a small unsigned code per row, 0 for absent, c for dictionary entry c − 1. A predicate is
 * evaluated once per dictionary entry and then looked up per row.
 *
 * Row sets are immutable; arrays belong to the row set and must not be written to.
 */

/**
 * Where a column's key comes from. Keys of scope `intrinsic` are fixed, see {@link intrinsicColumns}; the others are attribute keys
 * as sent.
 */
export type ColumnScope = 'intrinsic' | 'span' | 'resource' | 'instrumentation';

/**
 * How dictionary entries are typed. `any`: an OTLP AnyValue message (arrays, kvlists, bytes, empty) as protobuf bytes. `raw`: bytes
 * whose meaning the key gives. The same key arriving as int and as string makes two columns.
 */
export type ColumnType = 'string' | 'int' | 'double' | 'bool' | 'any' | 'raw';

export interface ColumnKey {
  readonly scope: ColumnScope;
  readonly key: string;
  readonly type: ColumnType;
}

/**
 * The coded intrinsic columns. Counts of 0, empty strings and absent messages are absent (code 0).
 * - `events`: the span's Event fields (tag 11 of Span, each with its tag) as received, concatenated; `links` likewise (tag 13).
 * - `*_extra`: KeyValue fields that have no column of their own (second occurrence of a key on one span), each as protobuf
 *   `KeyValue` with tag 1 and length, concatenated.
 */
export const intrinsicColumns = {
  name: 'string',
  status_message: 'string',
  trace_state: 'string',
  flags: 'int',
  dropped_attributes_count: 'int',
  dropped_events_count: 'int',
  dropped_links_count: 'int',
  events: 'raw',
  links: 'raw',
  span_extra: 'raw',
  resource_extra: 'raw',
  resource_dropped_attributes_count: 'int',
  resource_schema_url: 'string',
  scope_name: 'string',
  scope_version: 'string',
  scope_extra: 'raw',
  scope_dropped_attributes_count: 'int',
  scope_schema_url: 'string',
} as const satisfies Record<string, ColumnType>;
export type IntrinsicColumn = keyof typeof intrinsicColumns;

export type Codes = Uint8Array | Uint16Array | Uint32Array;

/** Takes the bytes of a value: `length` of them, beginning on word `word`; those behind, up to a whole word, are zero. */
export interface PlainSink {
  words(words: Int32Array, word: number, length: number): void;
}

/** Distinct values of a column, entry e in [0, size). Accessors must match the column's type. */
export interface ValueDictionary {
  readonly type: ColumnType;
  readonly size: number;
  /** About what it takes in memory, texts that have been decoded included; absent where nobody keeps it. */
  readonly memoryBytes?: number;
  /** UTF-8 of a string, bytes of `any` and `raw`; a view, valid as long as the dictionary. */
  bytesAt(entry: number): Uint8Array;
  /** Decoded (and cached) text of a `string` entry. */
  textAt(entry: number): string;
  /** `int`: exact. */
  intAt(entry: number): bigint;
  /** `double` as it is; `int` rounded to a double. */
  numberAt(entry: number): number;
  boolAt(entry: number): boolean;
  /** False: no entry includes these bytes. Absent where that costs more than to look at the entries. */
  someIncludes?(part: Uint8Array): boolean;
  /** Of events and links. False: none of them has an attribute with this key (UTF-8). Absent where that is not known. */
  mayHaveAttribute?(key: Uint8Array): boolean;
  /**
   * Hands over the bytes of `string`, `any` and `raw`, the eight little-endian bytes of `int` and `double`, without a view per value.
   * Absent where values are not kept in words.
   */
  copyWords?(entry: number, to: PlainSink): void;
}

export interface CodedColumn {
  readonly key: ColumnKey;
  readonly dictionary: ValueDictionary;
  /** One per row of the row set. */
  readonly codes: Codes;
}

/** A column that few rows have a value in. */
export interface SparseColumn {
  readonly key: ColumnKey;
  readonly dictionary: ValueDictionary;
  /** Ascending. */
  readonly rows: Uint32Array;
  /** Of each of `rows`; never 0. */
  readonly codes: Uint32Array;
}

/** A column is sparse when at most one of so many rows has a value. */
export const sparseShare = 16;

export interface RowSet {
  readonly rowCount: number;
  /** Traces of this row set: ordinals [0, traceCount). In blocks, ordinals ascend with the trace id and rows of a trace are contiguous. */
  readonly traceCount: number;
  /** 16 bytes per trace ordinal. */
  readonly traceIds: Uint8Array;
  /** Trace ordinal per row. */
  readonly traceOfRow: Uint32Array;
  /** Rows of one trace, ascending. */
  rowsOfTrace(ordinal: number): ArrayLike<number>;
  /** Ordinal of a trace id (16 bytes), or −1. */
  findTrace(traceId: Uint8Array): number;

  // Fixed columns, one entry per row.
  /** 8 bytes per row. */
  readonly spanIds: Uint8Array;
  /** 8 bytes per row; all zero for a root. */
  readonly parentSpanIds: Uint8Array;
  /** Unsigned nanoseconds since the epoch. */
  readonly startUnixNanos: BigUint64Array;
  /** end − start modulo 2^64: the end comes back exactly, also when it lies before the start. */
  readonly durationNanos: BigInt64Array;
  readonly kinds: Uint8Array;
  readonly statusCodes: Uint8Array;

  /** Keys of all coded columns that have a value in some row. */
  readonly columnKeys: readonly ColumnKey[];
  /** `undefined` when no row has a value. */
  column(scope: ColumnScope, key: string, type: ColumnType): CodedColumn | undefined;
  /**
   * The same column by its rows with a value, where they are few: thousands of rare keys cost what they hold, not an array over all rows
   * each. `undefined` where they are many (or none), and {@link column} is to be asked. Absent where there is no cheaper way.
   */
  sparseColumn?(scope: ColumnScope, key: string, type: ColumnType): SparseColumn | undefined;

  /**
   * A row set of few rows without the cost of whole columns: its row i is `rows[i]`, its trace ordinals are its own. Absent where
   * whole columns are at hand anyway.
   */
  narrow?(rows: ArrayLike<number>): RowSet;
}
