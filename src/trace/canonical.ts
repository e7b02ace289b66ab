import { hexFromBytes } from './ids.ts';
import type { AnyValue, Attribute, InstrumentationScope, Resource, Span } from './model.ts';

/**
 * The content of a span as one string, equal for equal content. Two copies of a span (a client's retry) are duplicates exactly when
 * ids and this string are equal. Order of attributes does not matter, order of events and links does.
 */
export function canonicalSpan(span: Span): string {
  return JSON.stringify([
    span.traceId,
    span.spanId,
    span.parentSpanId,
    span.traceState,
    span.flags,
    span.name,
    span.kind,
    String(span.startUnixNanos),
    String(span.endUnixNanos),
    canonicalAttributes(span.attributes),
    span.droppedAttributesCount,
    span.events.map((event) => [
      String(event.timeUnixNanos),
      event.name,
      canonicalAttributes(event.attributes),
      event.droppedAttributesCount,
    ]),
    span.droppedEventsCount,
    span.links.map((link) => [
      link.traceId,
      link.spanId,
      link.traceState,
      canonicalAttributes(link.attributes),
      link.droppedAttributesCount,
      link.flags,
    ]),
    span.droppedLinksCount,
    span.statusCode,
    span.statusMessage,
    canonicalResource(span.resource),
    canonicalScope(span.scope),
  ]);
}

export function canonicalResource(resource: Resource): unknown {
  return [canonicalAttributes(resource.attributes), resource.droppedAttributesCount, resource.schemaUrl];
}

export function canonicalScope(scope: InstrumentationScope): unknown {
  return [
    scope.name,
    scope.version,
    canonicalAttributes(scope.attributes),
    scope.droppedAttributesCount,
    scope.schemaUrl,
  ];
}

/** By key, then by value: equal for equal multisets. */
function canonicalAttributes(attributes: readonly Attribute[]): string[] {
  return attributes.map(({ key, value }) => JSON.stringify([key, canonicalValue(value)])).sort();
}

/** Every type and every value apart: 1 is not 1.0, 0.0 is not -0.0, "1" is not 1. */
export function canonicalValue(value: AnyValue): unknown {
  switch (value.type) {
    case 'string':
      return ['s', value.value];
    case 'bool':
      return ['b', value.value];
    case 'int':
      return ['i', String(value.value)];
    case 'double':
      return ['d', Object.is(value.value, -0) ? '-0' : String(value.value)];
    case 'bytes':
      return ['x', hexFromBytes(value.value)];
    case 'array':
      return ['a', value.value.map(canonicalValue)];
    case 'kvlist':
      return ['k', value.value.map((entry) => [entry.key, canonicalValue(entry.value)])];
    case 'empty':
      return ['e'];
  }
}
