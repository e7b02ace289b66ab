/**
 * A trace as columns, the form that layout, drawing and analysis loop over. A row is a span; rows stand in pre-order of the tree with
 * siblings by start, so that the subtree of `row` is exactly `[row, subtreeEnd[row])` and a parent always comes before its children.
 */
import { bytesFromHex, hexFromBytes } from './ids.ts';
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
  /** Eight bytes a row. */
  readonly spanIds: Uint8Array;
  /** Ids that are not eight bytes, as some files and data frames have them, by row; {@link spanIdAt} reads both. */
  readonly oddSpanIds: ReadonlyMap<number, SpanId>;
  /** Distinct messages, sorted, and each row's index into them. */
  readonly statusMessages: readonly string[];
  readonly statusMessage: Uint32Array;
  /** Events of `row`: `[eventStart[row], eventStart[row + 1])` of the columns below, in the span's order. */
  readonly eventStart: Uint32Array;
  /** From the base, as `offsetNanos`. */
  readonly eventOffsetNanos: Float64Array;
  readonly eventNames: readonly string[];
  readonly eventName: Uint32Array;
}

/** A table whose spans are at hand. */
export interface WholeSpanTable extends SpanTable {
  /** The span of each row: everything that is read for one row at a time. */
  readonly spans: readonly Span[];
}

/** The span id of a row: hex, but for an odd one. */
export function spanIdAt(table: SpanTable, row: number): SpanId {
  return table.oddSpanIds.get(row) ?? hexFromBytes(table.spanIds, 8 * row, 8 * row + 8);
}

/** The first row with this span id; −1 when there is none. */
export function rowOfSpanId(table: SpanTable, spanId: SpanId): number {
  const wanted = idBytes(spanId);
  if (wanted === undefined) {
    return [...table.oddSpanIds].find(([, odd]) => odd === spanId)?.[0] ?? -1;
  }
  const { spanIds, oddSpanIds } = table;
  for (let row = 0, at = 0; row < table.rowCount; row++, at += 8) {
    if (spanIds[at] === wanted[0] && wanted.every((byte, i) => spanIds[at + i] === byte) && !oddSpanIds.has(row)) {
      return row;
    }
  }
  return -1;
}

/** `undefined` for an odd id. */
function idBytes(spanId: SpanId): Uint8Array | undefined {
  return spanId.length === 16 && spanId === spanId.toLowerCase() ? bytesFromHex(spanId) : undefined;
}

/**
 * The table of a trace. Offsets are exact up to 2^53 ns (104 days) from the base; a span farther away, whose clock is wrong anyway, is
 * shown rounded. Linear in the spans, but for sorting them.
 */
export function spanTableOf(trace: Trace): WholeSpanTable {
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
  const [statusMessages, statusMessage] = dictionaryOf(spans.map((span) => span.statusMessage));
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
    ...spanIdsOf(spans),
    statusMessages,
    statusMessage,
    ...eventsOf(spans, baseUnixNanos),
    spans,
  };
}

function spanIdsOf(spans: readonly Span[]): Pick<SpanTable, 'spanIds' | 'oddSpanIds'> {
  const spanIds = new Uint8Array(8 * spans.length);
  const oddSpanIds = new Map<number, SpanId>();
  spans.forEach(({ spanId }, row) => {
    const bytes = idBytes(spanId);
    if (bytes === undefined) {
      oddSpanIds.set(row, spanId);
    } else {
      spanIds.set(bytes, 8 * row);
    }
  });
  return { spanIds, oddSpanIds };
}

function eventsOf(
  spans: readonly Span[],
  baseUnixNanos: UnixNanos
): Pick<SpanTable, 'eventStart' | 'eventOffsetNanos' | 'eventNames' | 'eventName'> {
  const eventStart = new Uint32Array(spans.length + 1);
  spans.forEach(({ events }, row) => (eventStart[row + 1] = eventStart[row] + events.length));
  const events = spans.flatMap((span) => span.events);
  const [eventNames, eventName] = dictionaryOf(events.map((event) => event.name));
  const eventOffsetNanos = Float64Array.from(events, (event) => Number(event.timeUnixNanos - baseUnixNanos));
  return { eventStart, eventOffsetNanos, eventNames, eventName };
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
