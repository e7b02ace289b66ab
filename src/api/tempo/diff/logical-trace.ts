/** A trace as a comparison sees it: spans by what they mean (service, name, kind, place), not by their ids. */
import {
  attributeOf,
  serviceNameOf,
  spanKinds,
  statusCodes,
  type Attribute,
  type Span,
  type Trace,
} from '../../../trace/model.ts';
import { buildTree, type TraceTree } from '../../../trace/tree.ts';

export interface LogicalSpan {
  readonly service: string;
  readonly name: string;
  readonly kind: string;
  /** Service, name and kind in one text: equal for spans that mean the same operation. */
  readonly key: string;
  /** The key of the parent; `undefined` for roots and orphans. */
  readonly parentKey: string | undefined;
  /** Index of the parent in {@link LogicalTrace.spans}; −1 for none. */
  readonly parent: number;
  /** Place among its siblings, from 0. */
  readonly index: number;
  readonly depth: number;
  readonly startUnixNanos: bigint;
  readonly endUnixNanos: bigint;
  /** `undefined` when the span has no start, or ends before it starts. */
  readonly durationNanos: bigint | undefined;
  readonly status: string;
  readonly attributes: readonly Attribute[];
}

export interface LogicalTrace {
  readonly traceId: string;
  /** Each before its children, siblings by start. */
  readonly spans: readonly LogicalSpan[];
  readonly warnings: readonly DiffWarning[];
}

export interface DiffWarning {
  readonly code: 'high_cardinality_span_name' | 'invalid_duration' | 'zero_span_trace' | 'duplicate_span_id';
  readonly message: string;
}

const int64Max = 2n ** 63n - 1n;

/** `side` (base or compare) names the trace in warnings. */
export function logicalTrace(trace: Trace, side: string): LogicalTrace {
  const tree = buildTree(trace);
  const placeOf = new Int32Array(trace.spans.length).fill(-1);
  const childCount = new Uint32Array(trace.spans.length);
  let tops = 0;
  const spans: LogicalSpan[] = [];
  for (const at of cyclesLast(tree)) {
    const up = tree.parent[at];
    const parent = up === -1 ? -1 : placeOf[up];
    const index = up === -1 ? tops++ : childCount[up]++;
    placeOf[at] = spans.length;
    spans.push(logicalSpan(trace.spans[at], parent, index, tree.depth[at], spans[parent]?.key));
  }
  return { traceId: trace.traceId, spans, warnings: warningsOf(trace, spans, side) };
}

/** Every span before its children; what hangs on a cycle after what hangs on roots and orphans, as in Tempo. */
function cyclesLast({ preorder, parent, cycles }: TraceTree): readonly number[] {
  const cut = new Set(cycles);
  const [first, last]: [number[], number[]] = [[], []];
  let inCycle = false;
  for (const at of preorder) {
    inCycle = parent[at] === -1 ? cut.has(at) : inCycle;
    (inCycle ? last : first).push(at);
  }
  return [...first, ...last];
}

function logicalSpan(
  span: Span,
  parent: number,
  index: number,
  depth: number,
  parentKey: string | undefined
): LogicalSpan {
  const own = attributeOf(span.attributes, 'service.name');
  const service = own?.type === 'string' && own.value !== '' ? own.value : serviceNameOf(span.resource);
  const kind = spanKinds[span.kind] ?? String(span.kind);
  const nanos = span.endUnixNanos - span.startUnixNanos;
  const isTimed = span.startUnixNanos > 0n && nanos >= 0n && nanos <= int64Max;
  return {
    service,
    name: span.name,
    kind,
    key: JSON.stringify([service, span.name, kind]),
    parentKey,
    parent,
    index,
    depth,
    startUnixNanos: span.startUnixNanos,
    endUnixNanos: span.endUnixNanos,
    durationNanos: isTimed ? nanos : undefined,
    status: statusCodes[span.statusCode] ?? String(span.statusCode),
    attributes: span.attributes,
  };
}

/** Places among siblings, from a top of the trace down to the span. */
export function pathOf({ spans }: LogicalTrace, span: LogicalSpan): number[] {
  const path = [span.index];
  for (let up = span.parent; up !== -1; up = spans[up].parent) {
    path.push(spans[up].index);
  }
  return path.reverse();
}

/** Six digits, or eight of an id in hex: what does not belong into a name. */
const requestToken = /\b(?:\d{6,}|[0-9a-f][0-9a-f-]{7,})\b/i;

function warningsOf(trace: Trace, spans: readonly LogicalSpan[], side: string): DiffWarning[] {
  const warnings: DiffWarning[] = [];
  const named = spans.find(({ name }) => requestToken.test(name));
  if (named !== undefined) {
    warnings.push({
      code: 'high_cardinality_span_name',
      message: `the span name ${JSON.stringify(named.name)} of service ${JSON.stringify(named.service)} seems to hold an id: spans are matched by name, so the same operation of two requests may be told as added and removed`,
    });
  }
  const untimed = spans.filter(({ durationNanos }) => durationNanos === undefined).length;
  if (untimed > 0) {
    warnings.push({
      code: 'invalid_duration',
      message: `${side} trace: ${untimed} spans have no start or end before it; their duration is null in changes`,
    });
  }
  if (spans.length === 0) {
    warnings.push({ code: 'zero_span_trace', message: `${side} trace has no spans` });
  }
  const shared = spans.length - new Set(trace.spans.map(({ spanId, kind }) => `${spanId} ${kind}`)).size;
  if (shared > 0) {
    warnings.push({
      code: 'duplicate_span_id',
      message: `${side} trace: ${shared} spans share the id of another; children of that id are under the first`,
    });
  }
  return warnings;
}
