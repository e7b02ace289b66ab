/** `trace-patch-v0`: what has to be done to the base trace to get the other one. */
import { equalBytes } from '../../../base/bytes.ts';
import type { AnyValue, Attribute } from '../../../trace/model.ts';
import { base64FromBytes } from '../../../wire/base64.ts';
import { jsonInteger } from '../../../wire/json.ts';
import { pathOf, type DiffWarning, type LogicalSpan, type LogicalTrace } from './logical-trace.ts';

export const patchFormat = 'trace-patch-v0';

/** Field names and order are Tempo's; absent sides of a change are JSON's null. */
export interface TracePatch {
  readonly version: typeof patchFormat;
  readonly base: TraceSize;
  readonly compare: TraceSize;
  readonly stats: PatchStats;
  readonly modified: readonly { readonly span: SpanPlace; readonly changes: readonly Change[] }[];
  readonly added: readonly SpanChange[];
  readonly removed: readonly SpanChange[];
  readonly warnings: readonly DiffWarning[];
}

interface TraceSize {
  readonly traceId: string;
  readonly spanCount: number;
}

export interface PatchStats {
  readonly spanCountA: number;
  readonly spanCountB: number;
  readonly matchedSpans: number;
  readonly modifiedSpans: number;
  readonly addedSpans: number;
  readonly removedSpans: number;
  readonly fieldChanges: number;
  readonly attributeChanges: number;
  readonly eventChanges: number;
  readonly truncated: boolean;
}

interface SpanPlace {
  readonly path: readonly number[];
  readonly service: string;
  readonly name: string;
  readonly kind: string;
}

export interface Change {
  readonly op: 'add' | 'remove' | 'modify';
  readonly target:
    | { readonly type: 'field'; readonly name: 'duration_nanos' | 'status' }
    | { readonly type: 'attribute'; readonly scope: 'span'; readonly key: string };
  readonly before: unknown;
  readonly after: unknown;
}

export interface SpanChange {
  readonly target: {
    readonly type: 'span';
    readonly path?: readonly number[];
    readonly parentPath?: readonly number[];
    readonly index?: number;
  };
  readonly span: SpanPlace & { readonly duration_nanos: unknown; readonly status: string };
}

/** Each span of `compare` finds at most one of `base` that means the same. */
export function tracePatch(base: LogicalTrace, compare: LogicalTrace): TracePatch {
  const partnerOf = matchSpans(base, compare);
  const taken = new Set(partnerOf);
  const modified = compare.spans.flatMap((span, at) => {
    const partner = base.spans[partnerOf[at]];
    const changes = partner === undefined ? [] : [...fieldChanges(partner, span), ...attributeChanges(partner, span)];
    return changes.length === 0 ? [] : [{ span: placeOf(compare, span), changes }];
  });
  const added = compare.spans.filter((_, at) => partnerOf[at] === -1).map((span) => addition(compare, span));
  const removed = base.spans.filter((_, at) => !taken.has(at)).map((span) => removal(base, span));
  const count = (type: Change['target']['type']): number =>
    modified.reduce((sum, { changes }) => sum + changes.filter(({ target }) => target.type === type).length, 0);
  return {
    version: patchFormat,
    base: { traceId: base.traceId, spanCount: base.spans.length },
    compare: { traceId: compare.traceId, spanCount: compare.spans.length },
    stats: {
      spanCountA: base.spans.length,
      spanCountB: compare.spans.length,
      matchedSpans: compare.spans.length - added.length,
      modifiedSpans: modified.length,
      addedSpans: added.length,
      removedSpans: removed.length,
      fieldChanges: count('field'),
      attributeChanges: count('attribute'),
      eventChanges: 0,
      truncated: false,
    },
    modified,
    added,
    removed,
    warnings: distinct([...base.warnings, ...compare.warnings]),
  };
}

/** One warning about names is enough; the others say which trace they are about. */
function distinct(warnings: readonly DiffWarning[]): DiffWarning[] {
  return warnings.filter(
    ({ code }, at) => code !== 'high_cardinality_span_name' || warnings.findIndex((other) => other.code === code) === at
  );
}

/**
 * For each span of `compare` the index of its partner in `base`, or −1: the first free one of the same key under a parent of the same key,
 * else the first free one of the same key. Linear: each queue only moves on.
 */
function matchSpans(base: LogicalTrace, compare: LogicalTrace): Int32Array {
  const queues = new Map<string, { readonly spans: number[]; at: number }>();
  const enqueue = (key: string, span: number): void => {
    const queue = queues.get(key);
    if (queue) {
      queue.spans.push(span);
    } else {
      queues.set(key, { spans: [span], at: 0 });
    }
  };
  base.spans.forEach((span, index) => {
    enqueue(span.key, index);
    if (span.parentKey !== undefined) {
      enqueue(`${span.parentKey} ${span.key}`, index);
    }
  });
  const isTaken = new Uint8Array(base.spans.length);
  const take = (key: string): number => {
    const queue = queues.get(key);
    while (queue !== undefined && queue.at < queue.spans.length) {
      const span = queue.spans[queue.at++];
      if (isTaken[span] === 0) {
        isTaken[span] = 1;
        return span;
      }
    }
    return -1;
  };
  return Int32Array.from(compare.spans, ({ key, parentKey }) => {
    const sibling = parentKey === undefined ? -1 : take(`${parentKey} ${key}`);
    return sibling === -1 ? take(key) : sibling;
  });
}

function placeOf(trace: LogicalTrace, span: LogicalSpan): SpanPlace {
  return { path: pathOf(trace, span), service: span.service, name: span.name, kind: span.kind };
}

function snapshotOf(trace: LogicalTrace, span: LogicalSpan): SpanChange['span'] {
  return { ...placeOf(trace, span), duration_nanos: jsonInteger(span.durationNanos ?? 0n), status: span.status };
}

function addition(trace: LogicalTrace, span: LogicalSpan): SpanChange {
  const snapshot = snapshotOf(trace, span);
  const parentPath = snapshot.path.length > 1 ? snapshot.path.slice(0, -1) : undefined;
  return { target: { type: 'span', parentPath, index: span.index }, span: snapshot };
}

function removal(trace: LogicalTrace, span: LogicalSpan): SpanChange {
  const snapshot = snapshotOf(trace, span);
  return { target: { type: 'span', path: snapshot.path }, span: snapshot };
}

/** A fifth slower or faster, and by more than 1 ms: less is noise between two runs. */
const durationTolerance = { relative: 0.2, absolute: 1e6 };
/** Of attributes that are magnitudes. */
const magnitudeTolerance = { relative: 0.05, absolute: 0 };
/** Sizes, numbers of tokens and durations of OpenTelemetry's semantic conventions. Any other number is compared exactly. */
const magnitude =
  /^(http\.(request|response)(\.body)?\.size|http\.(request|response)_content_length(_uncompressed)?|messaging\.message\.(body|envelope)\.size|(rpc\.)?message\.(un)?compressed_size|file\.size|gen_ai\.usage\.[a-z_.]*tokens|gen_ai\.response\.time_to_first_chunk|app\.jank\.period)$/;

function isClose(a: number, b: number, { relative, absolute }: { relative: number; absolute: number }): boolean {
  return Object.is(a, b) || a === b || Math.abs(a - b) <= absolute + relative * Math.max(Math.abs(a), Math.abs(b));
}

function fieldChanges(base: LogicalSpan, compare: LogicalSpan): Change[] {
  const changes: Change[] = [];
  const [before, after] = [base.durationNanos, compare.durationNanos];
  const isSteady =
    before === undefined || after === undefined
      ? before === after
      : isClose(Number(before), Number(after), durationTolerance);
  const plain = (nanos: bigint | undefined): unknown => (nanos === undefined ? null : jsonInteger(nanos));
  if (!isSteady) {
    const target = { type: 'field', name: 'duration_nanos' } as const;
    changes.push({ op: 'modify', target, before: plain(before), after: plain(after) });
  }
  if (base.status !== compare.status) {
    const target = { type: 'field', name: 'status' } as const;
    changes.push({ op: 'modify', target, before: base.status, after: compare.status });
  }
  return changes;
}

/** By key. */
function attributeChanges(base: LogicalSpan, compare: LogicalSpan): Change[] {
  const [before, after] = [mapOf(base.attributes), mapOf(compare.attributes)];
  const keys = [...new Set([...before.keys(), ...after.keys()])].sort();
  return keys.flatMap((key): Change[] => {
    const [old, fresh] = [before.get(key), after.get(key)];
    const target = { type: 'attribute', scope: 'span', key } as const;
    if (old === undefined || fresh === undefined) {
      const op = old === undefined ? 'add' : 'remove';
      return [{ op, target, before: old ? plainOf(old) : null, after: fresh ? plainOf(fresh) : null }];
    }
    const isSame =
      magnitude.test(key) && isNumber(old) && isNumber(fresh)
        ? isClose(Number(old.value), Number(fresh.value), magnitudeTolerance)
        : sameValue(old, fresh);
    return isSame ? [] : [{ op: 'modify', target, before: plainOf(old), after: plainOf(fresh) }];
  });
}

/** Of equal keys the last counts, as in Tempo. */
function mapOf(attributes: readonly Attribute[]): Map<string, AnyValue> {
  return new Map(attributes.map(({ key, value }) => [key, value]));
}

type NumberValue = Extract<AnyValue, { type: 'int' | 'double' }>;

function isNumber(value: AnyValue): value is NumberValue {
  return value.type === 'int' || value.type === 'double';
}

/** An int equals a double of the same value; NaN equals itself. */
function sameValue(a: AnyValue, b: AnyValue): boolean {
  if (isNumber(a) && isNumber(b)) {
    const [x, y] = [Number(a.value), Number(b.value)];
    return a.type === 'int' && b.type === 'int' ? a.value === b.value : x === y || (Number.isNaN(x) && Number.isNaN(y));
  }
  if (a.type === 'bytes' && b.type === 'bytes') {
    return equalBytes(a.value, b.value);
  }
  if (a.type === 'array' && b.type === 'array') {
    return a.value.length === b.value.length && a.value.every((element, at) => sameValue(element, b.value[at]));
  }
  if (a.type === 'kvlist' && b.type === 'kvlist') {
    const [left, right] = [mapOf(a.value), mapOf(b.value)];
    return (
      left.size === right.size && [...left].every(([key, value]) => right.has(key) && sameValue(value, right.get(key)!))
    );
  }
  return a.type === b.type && 'value' in a && 'value' in b ? a.value === b.value : a.type === b.type;
}

function plainOf(value: AnyValue): unknown {
  switch (value.type) {
    case 'string':
    case 'bool':
      return value.value;
    case 'int':
      return jsonInteger(value.value);
    case 'double':
      return Number.isFinite(value.value) ? value.value : nameOf(value.value);
    case 'bytes':
      return base64FromBytes(value.value);
    case 'array':
      return value.value.map(plainOf);
    case 'kvlist':
      return Object.fromEntries([...mapOf(value.value)].map(([key, nested]) => [key, plainOf(nested)]));
    case 'empty':
      return null;
  }
}

/** JSON has no number for these; the spelling is Go's. */
const nameOf = (value: number): string => (Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf');
