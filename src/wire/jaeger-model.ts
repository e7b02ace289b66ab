import { emptyResource, emptyScope, spanKinds } from '../trace/model.ts';
import type { AnyValue, Attribute, InstrumentationScope, Resource, Span, SpanEvent, SpanLink } from '../trace/model.ts';
import { errorCode, takeOtelTags } from './otel-tags.ts';
import { textOfValue } from './plain-value.ts';

/**
 * A span as Jaeger models it, whatever it came in (JSON, Thrift, protobuf), and the one place where it becomes ours.
 *
 * Source: opentelemetry.io/docs/specs/otel/trace/sdk_exporters/jaeger; Jaeger's `model.proto` and `jaeger.thrift`.
 */
export interface JaegerSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly operationName: string;
  readonly references: readonly JaegerReference[];
  /** Of spans that name their parent beside the references; used when no reference tells. Empty or zeros: none. */
  readonly parentSpanId: string;
  readonly flags: number;
  readonly startUnixNanos: bigint;
  readonly durationNanos: bigint;
  readonly tags: readonly Attribute[];
  readonly logs: readonly JaegerLog[];
  readonly warnings: readonly string[];
}

export interface JaegerReference {
  readonly refType: string;
  readonly traceId: string;
  readonly spanId: string;
}

export interface JaegerLog {
  readonly timeUnixNanos: bigint;
  readonly fields: readonly Attribute[];
}

/** Where Jaeger itself keeps its warnings when it speaks OTLP. */
export const warningsKey = '@jaeger@warnings';

/** `scopes` is shared by the spans of one body, so that spans group by identity. */
export function spanOfJaeger(jaeger: JaegerSpan, resource: Resource, scopes: Map<string, InstrumentationScope>): Span {
  const tags = takeOtelTags(jaeger.tags);
  const attributes: Attribute[] = [];
  let kind = 0;
  for (const tag of tags.attributes) {
    if (tag.key === 'span.kind' && kind === 0 && kindOf(tag.value) > 0) {
      kind = kindOf(tag.value);
    } else if (!(isErrorMark(tag) && tags.hasStatusCode && tags.statusCode === errorCode)) {
      attributes.push(tag);
    }
  }
  if (jaeger.warnings.length > 0) {
    const warnings = jaeger.warnings.map((value): AnyValue => ({ type: 'string', value }));
    attributes.push({ key: warningsKey, value: { type: 'array', value: warnings } });
  }
  const parent = parentOf(jaeger.references, jaeger.traceId);
  const parentSpanId = parent?.spanId ?? jaeger.parentSpanId;
  return {
    traceId: jaeger.traceId,
    spanId: jaeger.spanId,
    parentSpanId: /^0*$/.test(parentSpanId) ? '' : parentSpanId,
    traceState: tags.traceState,
    flags: jaeger.flags,
    name: jaeger.operationName,
    kind,
    startUnixNanos: BigInt.asUintN(64, jaeger.startUnixNanos),
    endUnixNanos: BigInt.asUintN(64, jaeger.startUnixNanos + jaeger.durationNanos),
    attributes,
    droppedAttributesCount: tags.droppedAttributesCount,
    events: jaeger.logs.map(eventOf),
    droppedEventsCount: tags.droppedEventsCount,
    // A FOLLOWS_FROM parent stays a link beside, so that it goes back as it came.
    links: jaeger.references
      .filter((reference) => reference !== parent || reference.refType !== 'CHILD_OF')
      .map(linkOf),
    droppedLinksCount: tags.droppedLinksCount,
    statusCode: tags.statusCode,
    statusMessage: tags.statusMessage,
    resource,
    scope: sharedScope(scopes, tags.scopeName, tags.scopeVersion),
  };
}

/** A Jaeger process; `service.name` first. */
export function resourceOfProcess(serviceName: string, tags: readonly Attribute[]): Resource {
  const name: Attribute[] =
    serviceName === '' ? [] : [{ key: 'service.name', value: { type: 'string', value: serviceName } }];
  return { ...emptyResource, attributes: [...name, ...tags] };
}

/** One object per scope, so that spans group by identity. */
export function sharedScope(
  scopes: Map<string, InstrumentationScope>,
  name: string,
  version: string
): InstrumentationScope {
  const key = JSON.stringify([name, version]);
  let scope = scopes.get(key);
  if (scope === undefined) {
    scope = { ...emptyScope, name, version };
    scopes.set(key, scope);
  }
  return scope;
}

/** As Jaeger chooses: the first CHILD_OF in the trace, else the first FOLLOWS_FROM in the trace. */
export function parentOf(references: readonly JaegerReference[], traceId: string): JaegerReference | undefined {
  const own = references.filter((reference) => reference.traceId === traceId);
  return own.find((reference) => reference.refType === 'CHILD_OF') ?? own[0];
}

/** 64-bit trace ids are written with 16 digits, as Jaeger and Zipkin do. */
export function shortTraceId(traceId: string): string {
  return traceId.length === 32 && traceId.startsWith('0000000000000000') ? traceId.slice(16) : traceId;
}

function linkOf({ refType, traceId, spanId }: JaegerReference): SpanLink {
  const attributes: Attribute[] =
    refType === 'CHILD_OF' ? [{ key: 'opentracing.ref_type', value: { type: 'string', value: 'child_of' } }] : [];
  return { traceId, spanId, traceState: '', attributes, droppedAttributesCount: 0, flags: 0 };
}

function eventOf({ timeUnixNanos, fields }: JaegerLog): SpanEvent {
  const nameAt = fields.findIndex(({ key, value }) => key === 'event' && value.type === 'string');
  return {
    timeUnixNanos: BigInt.asUintN(64, timeUnixNanos),
    name: nameAt < 0 ? '' : textOfValue(fields[nameAt].value),
    attributes: fields.filter((_, index) => index !== nameAt),
    droppedAttributesCount: 0,
  };
}

function isErrorMark({ key, value }: Attribute): boolean {
  return key === 'error' && value.type === 'bool' && value.value;
}

/** 0 for what is no kind. */
function kindOf(value: AnyValue): number {
  return value.type === 'string' ? Math.max(0, (spanKinds as readonly string[]).indexOf(value.value)) : 0;
}
