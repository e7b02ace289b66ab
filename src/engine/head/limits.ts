/** What the walker cuts or refuses. The defaults lose nothing ordinary (`docs/limits.md`). */
export interface HeadLimits {
  /** A longer string is cut at a character and ends in `…`; a longer array, kvlist or byte string is dropped and counted. */
  readonly attributeValueBytesMax: number;
  /** Per span, resource and instrumentation scope; the rest is dropped and `droppedAttributesCount` raised. */
  readonly attributesMax: number;
  /** Of one trace in one head; the rest is rejected. */
  readonly spansPerTraceMax: number;
  /** Attribute columns of one scope in one head. Keys beyond keep their values in the `*_extra` columns. */
  readonly columnsMax: number;
}

export const defaultHeadLimits: HeadLimits = {
  attributeValueBytesMax: 1 << 20,
  attributesMax: 10_000,
  spansPerTraceMax: 1_000_000,
  // A column costs about 1 KiB before its first value: 16 MiB at most for keys nobody meant to make columns.
  columnsMax: 16_384,
};
