/**
 * A trace as columns, the form that layout, drawing and analysis loop over. A row is a span; rows stand in pre-order of the tree with
 * siblings by start, so that the subtree of `row` is exactly `[row, subtreeEnd[row])` and a parent always comes before its children.
 */
import type { Span, SpanId, Trace, TraceId, UnixNanos } from './model.ts';
import { serviceNameOf } from './model.ts';
import { buildTree } from './tree.ts';

/** The parent is named but not in the trace; the row stands at the top level. */
export const flagOrphan = 1;
/** The row was its own ancestor; the cycle was cut above it. */
export const flagCycle = 2;
/** Another row has the same span id. */
export const flagDuplicateId = 4;

export interface SpanTable {
  readonly traceId: TraceId;
  readonly rowCount: number;
  /** The earliest start. Offsets count from here. */
  readonly baseUnixNanos: UnixNanos;
  /** From the base to the latest end. */
  readonly traceNanos: number;
  readonly offsetNanos: Float64Array;
  /** End − start, as it came: may be negative. */
  readonly durationNanos: Float64Array;
  /** −1 at the top level. */
  readonly parent: Int32Array;
  readonly depth: Uint32Array;
  /** One past the last row of the subtree. */
  readonly subtreeEnd: Uint32Array;
  readonly childCount: Uint32Array;
  /** Distinct names, and each row's index into them. */
  readonly names: readonly string[];
  readonly name: Uint32Array;
  /** Distinct services, sorted, and each row's index into them. */
  readonly services: readonly string[];
  readonly service: Uint32Array;
  /** In OTLP's numbering (see `spanKinds`, `statusCodes`). */
  readonly kind: Uint8Array;
  readonly statusCode: Uint8Array;
  /** Bits `flagOrphan`, `flagCycle`, `flagDuplicateId`. */
  readonly flags: Uint8Array;
  /** The span of each row: everything that is read for one row at a time. */
  readonly spans: readonly Span[];
}

/** Offsets beyond this would not be exact in a double (104 days). */
const offsetNanosMax = BigInt(Number.MAX_SAFE_INTEGER);
