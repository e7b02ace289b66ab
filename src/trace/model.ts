/**
 * A trace as plain objects: the slow, obvious form that the reference evaluator, tests, codecs and a person work on. The engine
 * stores columns and builds these only for the spans that somebody will see.
 *
 * Source: OpenTelemetry protocol 1.x, `opentelemetry.proto.trace.v1`.
 */

/** Absolute time: nanoseconds since the Unix epoch, unsigned 64 bit. */
export type UnixNanos = bigint;

/** 32 lower-case hex digits. */
export type TraceId = string;
/** 16 lower-case hex digits. */
export type SpanId = string;

/** A value as OTLP types it. `empty` is an AnyValue with no field set. */
export type AnyValue =
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'bool'; readonly value: boolean }
  /** Signed 64 bit. */
  | { readonly type: 'int'; readonly value: bigint }
  | { readonly type: 'double'; readonly value: number }
  | { readonly type: 'bytes'; readonly value: Uint8Array }
  | { readonly type: 'array'; readonly value: readonly AnyValue[] }
  | { readonly type: 'kvlist'; readonly value: readonly Attribute[] }
  | { readonly type: 'empty' };

export interface Attribute {
  readonly key: string;
  readonly value: AnyValue;
}

/** In OTLP's numbering, which is also the stored one. */
export const spanKinds = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'] as const;
export type SpanKind = (typeof spanKinds)[number];

/** In OTLP's numbering. */
export const statusCodes = ['unset', 'ok', 'error'] as const;
export type StatusCode = (typeof statusCodes)[number];

export interface Resource {
  readonly attributes: readonly Attribute[];
  readonly droppedAttributesCount: number;
  readonly schemaUrl: string;
}

export interface InstrumentationScope {
  readonly name: string;
  readonly version: string;
  readonly attributes: readonly Attribute[];
  readonly droppedAttributesCount: number;
  readonly schemaUrl: string;
}

export interface SpanEvent {
  readonly timeUnixNanos: UnixNanos;
  readonly name: string;
  readonly attributes: readonly Attribute[];
  readonly droppedAttributesCount: number;
}

export interface SpanLink {
  readonly traceId: TraceId;
  readonly spanId: SpanId;
  readonly traceState: string;
  readonly attributes: readonly Attribute[];
  readonly droppedAttributesCount: number;
  readonly flags: number;
}

export interface Span {
  readonly traceId: TraceId;
  readonly spanId: SpanId;
  /** Empty for a root. May name a span that is not there. */
  readonly parentSpanId: SpanId | '';
  readonly traceState: string;
  readonly flags: number;
  readonly name: string;
  /** Unknown numbers are kept as they came; names for 0–5 are in {@link spanKinds}. */
  readonly kind: number;
  readonly startUnixNanos: UnixNanos;
  /** May be before the start: shown as it came. */
  readonly endUnixNanos: UnixNanos;
  readonly attributes: readonly Attribute[];
  readonly droppedAttributesCount: number;
  readonly events: readonly SpanEvent[];
  readonly droppedEventsCount: number;
  readonly links: readonly SpanLink[];
  readonly droppedLinksCount: number;
  /** Names for 0–2 are in {@link statusCodes}. */
  readonly statusCode: number;
  readonly statusMessage: string;
  /** Shared by identity between spans of one resource where the source allows it. */
  readonly resource: Resource;
  readonly scope: InstrumentationScope;
}

/** All spans known of one trace, deduplicated, by start, then span id. */
export interface Trace {
  readonly traceId: TraceId;
  readonly spans: readonly Span[];
}

export const emptyResource: Resource = { attributes: [], droppedAttributesCount: 0, schemaUrl: '' };
export const emptyScope: InstrumentationScope = {
  name: '',
  version: '',
  attributes: [],
  droppedAttributesCount: 0,
  schemaUrl: '',
};

/** The value of `key`, first occurrence; `undefined` when absent. */
export function attributeOf(attributes: readonly Attribute[], key: string): AnyValue | undefined {
  for (const attribute of attributes) {
    if (attribute.key === key) {
      return attribute.value;
    }
  }
  return undefined;
}

/** `service.name` of the resource, or the empty string. */
export function serviceNameOf(resource: Resource): string {
  const value = attributeOf(resource.attributes, 'service.name');
  return value?.type === 'string' ? value.value : '';
}

/** end − start as a signed number of 64 bits; negative when the span ends before it starts, or 292 years and more after it. */
export function durationNanosOf(span: Span): bigint {
  return BigInt.asIntN(64, span.endUnixNanos - span.startUnixNanos);
}
