/**
 * A trace as columns, the form that layout, drawing and analysis loop over. A row is a span; rows stand in pre-order of the tree with
 * siblings by start, so that the subtree of `row` is exactly `[row, subtreeEnd[row])` and a parent always comes before its children.
 */
import type { Resource, Span, SpanId, Trace, TraceId, UnixNanos } from './model.ts';
import { serviceNameOf } from './model.ts';
import { buildTree } from './tree.ts';
import type { TraceTree } from './tree.ts';

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

/**
 * The table of a trace. Offsets are exact up to 2^53 ns (104 days) from the base; a span farther away, whose clock is wrong anyway, is
 * shown rounded. Linear in the spans, but for sorting them.
 */
export function spanTableOf(trace: Trace): SpanTable {
  const sorted: Trace = { traceId: trace.traceId, spans: [...trace.spans].sort(byStart) };
  const tree = buildTree(sorted);
  const rowCount = tree.spanCount;
  const spans = Array.from(tree.preorder, (index) => sorted.spans[index]);
  const baseUnixNanos = sorted.spans[0]?.startUnixNanos ?? 0n;

  const rowOfIndex = new Uint32Array(rowCount);
  tree.preorder.forEach((index, row) => (rowOfIndex[index] = row));
  const parent = new Int32Array(rowCount);
  const depth = new Uint32Array(rowCount);
  const childCount = new Uint32Array(rowCount);
  const subtreeEnd = new Uint32Array(rowCount);
  const offsetNanos = new Float64Array(rowCount);
  const durationNanos = new Float64Array(rowCount);
  const kind = new Uint8Array(rowCount);
  const statusCode = new Uint8Array(rowCount);
  let traceNanos = 0;
  for (let row = 0; row < rowCount; row++) {
    const index = tree.preorder[row];
    const span = spans[row];
    parent[row] = tree.parent[index] < 0 ? -1 : rowOfIndex[tree.parent[index]];
    depth[row] = tree.depth[index];
    childCount[row] = tree.childStart[index + 1] - tree.childStart[index];
    offsetNanos[row] = Number(span.startUnixNanos - baseUnixNanos);
    durationNanos[row] = Number(span.endUnixNanos - span.startUnixNanos);
    kind[row] = span.kind;
    statusCode[row] = span.statusCode;
    traceNanos = Math.max(traceNanos, offsetNanos[row] + durationNanos[row]);
  }
  for (let row = rowCount - 1; row >= 0; row--) {
    subtreeEnd[row] = Math.max(subtreeEnd[row], row + 1);
    if (parent[row] >= 0) {
      subtreeEnd[parent[row]] = Math.max(subtreeEnd[parent[row]], subtreeEnd[row]);
    }
  }
  const [names, name] = dictionaryOf(spans.map((span) => span.name));
  const [services, service] = dictionaryOf(serviceNames(spans));
  return {
    traceId: trace.traceId,
    rowCount,
    baseUnixNanos,
    traceNanos,
    offsetNanos,
    durationNanos,
    parent,
    depth,
    subtreeEnd,
    childCount,
    names,
    name,
    services,
    service,
    kind,
    statusCode,
    flags: flagsOf(tree, rowOfIndex, spans),
    spans,
  };
}

function byStart(a: Span, b: Span): number {
  if (a.startUnixNanos !== b.startUnixNanos) {
    return a.startUnixNanos < b.startUnixNanos ? -1 : 1;
  }
  return a.spanId < b.spanId ? -1 : a.spanId > b.spanId ? 1 : 0;
}

/** Resources are shared between spans: each is read once. */
function serviceNames(spans: readonly Span[]): string[] {
  const known = new Map<Resource, string>();
  return spans.map(({ resource }) => {
    let service = known.get(resource);
    if (service === undefined) {
      service = serviceNameOf(resource);
      known.set(resource, service);
    }
    return service;
  });
}

/** The distinct texts, sorted, and the index of each text among them. */
function dictionaryOf(texts: readonly string[]): [readonly string[], Uint32Array] {
  const distinct = [...new Set(texts)].sort();
  const codes = new Map(distinct.map((text, code) => [text, code]));
  return [distinct, Uint32Array.from(texts, (text) => codes.get(text) ?? 0)];
}

function flagsOf(tree: TraceTree, rowOfIndex: Uint32Array, spans: readonly Span[]): Uint8Array {
  const flags = new Uint8Array(spans.length);
  for (const index of tree.orphans) {
    flags[rowOfIndex[index]] |= flagOrphan;
  }
  for (const index of tree.cycles) {
    flags[rowOfIndex[index]] |= flagCycle;
  }
  const firstRow = new Map<SpanId, number>();
  spans.forEach(({ spanId }, row) => {
    const first = firstRow.get(spanId);
    if (first === undefined) {
      firstRow.set(spanId, row);
    } else {
      flags[row] |= flagDuplicateId;
      flags[first] |= flagDuplicateId;
    }
  });
  return flags;
}
