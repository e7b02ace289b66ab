import { plainValue } from '../kit/format.ts';
import type { Attribute, Span } from '../../trace/model.ts';
import { spanKinds, statusCodes } from '../../trace/model.ts';

/** A span as indented JSON for a person to read or copy; the exact export is OTLP JSON of the whole trace. */
export function spanJson(span: Span): string {
  return JSON.stringify(
    {
      traceId: span.traceId,
      spanId: span.spanId,
      parentSpanId: span.parentSpanId || undefined,
      traceState: span.traceState || undefined,
      name: span.name,
      kind: spanKinds[span.kind] ?? span.kind,
      startUnixNanos: String(span.startUnixNanos),
      endUnixNanos: String(span.endUnixNanos),
      status: { code: statusCodes[span.statusCode] ?? span.statusCode, message: span.statusMessage || undefined },
      attributes: plain(span.attributes),
      events: span.events.map((event) => ({
        timeUnixNanos: String(event.timeUnixNanos),
        name: event.name,
        attributes: plain(event.attributes),
      })),
      links: span.links.map((link) => ({
        traceId: link.traceId,
        spanId: link.spanId,
        attributes: plain(link.attributes),
      })),
      resource: plain(span.resource.attributes),
      scope: { name: span.scope.name, version: span.scope.version, attributes: plain(span.scope.attributes) },
    },
    undefined,
    2
  );
}

function plain(attributes: readonly Attribute[]): Record<string, unknown> {
  // A key may come twice, or be `__proto__`: own properties only.
  const record = Object.create(null) as Record<string, unknown>;
  for (const { key, value } of attributes) {
    record[key] = plainValue(value);
  }
  return record;
}
