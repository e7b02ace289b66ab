import { hexFromBytes } from '../trace/ids.ts';
import type { Attribute, InstrumentationScope, Resource, Span, SpanEvent, SpanLink } from '../trace/model.ts';
import { readKeyValue, writeKeyValues } from './otlp-any-value.ts';
import { ProtobufReader, ProtobufWriter } from './protobuf.ts';
import { groupSpans } from './span-groups.ts';

export {
  anyValueDepthMax,
  decodeAnyValue,
  decodeKeyValues,
  encodeAnyValue,
  encodeKeyValues,
} from './otlp-any-value.ts';

/**
 * Traces of the OpenTelemetry protocol to and from protobuf, as objects. Fields that the model does not know are skipped; an embedded
 * message that occurs twice is merged, a scalar that occurs twice counts as the last says, both as protobuf has it.
 *
 * Source: opentelemetry-proto 1.x, `opentelemetry/proto/trace/v1/trace.proto`.
 */

/**
 * Spans of a TracesData, which is an ExportTraceServiceRequest, which is Tempo's Trace, in the order of the bytes. Spans of one
 * resource or scope share the object.
 * Errors: `invalid_argument`: not protobuf, a trace id that is not 16 bytes, a span id that is not 8 bytes, values nested too deep.
 */
export function decodeTraces(bytes: Uint8Array): Span[] {
  return readTraces(new ProtobufReader(bytes, 'otlp'));
}

/** The body of {@link decodeTraces}, for a message that embeds one. */
export function readTraces(reader: ProtobufReader): Span[] {
  const spans: Span[] = [];
  while (reader.next()) {
    if (reader.field === 1) {
      readResourceSpans(reader.message(), spans);
    } else {
      reader.skip();
    }
  }
  return spans;
}

/** Spans grouped by resource and scope content, groups in order of first appearance, spans in order within a group. */
export function encodeTraces(spans: readonly Span[]): Uint8Array<ArrayBuffer> {
  const writer = new ProtobufWriter(Math.max(1024, 512 * spans.length));
  writeTraces(writer, spans);
  return writer.finish();
}

/** The body of {@link encodeTraces}, into a message that embeds one. */
export function writeTraces(writer: ProtobufWriter, spans: readonly Span[]): void {
  for (const { resource, scopes } of groupSpans(spans)) {
    const resourceMark = writer.begin(1);
    writeResource(writer, resource);
    for (const { scope, spans: scopeSpans } of scopes) {
      const scopeMark = writer.begin(2);
      writeScope(writer, scope);
      for (const span of scopeSpans) {
        const spanMark = writer.begin(2);
        writeSpan(writer, span);
        writer.end(spanMark);
      }
      writeText(writer, 3, scope.schemaUrl);
      writer.end(scopeMark);
    }
    writeText(writer, 3, resource.schemaUrl);
    writer.end(resourceMark);
  }
}

/** Concatenated Event fields of a Span, each with tag 11. Errors: `invalid_argument`. */
export function decodeEvents(bytes: Uint8Array): SpanEvent[] {
  const reader = new ProtobufReader(bytes, 'otlp');
  const events: SpanEvent[] = [];
  while (reader.next()) {
    if (reader.field === 11) {
      events.push(readEvent(reader.message()));
    } else {
      reader.skip();
    }
  }
  return events;
}

/** Concatenated Link fields of a Span, each with tag 13. Errors: `invalid_argument`. */
export function decodeLinks(bytes: Uint8Array): SpanLink[] {
  const reader = new ProtobufReader(bytes, 'otlp');
  const links: SpanLink[] = [];
  while (reader.next()) {
    if (reader.field === 13) {
      links.push(readLink(reader.message()));
    } else {
      reader.skip();
    }
  }
  return links;
}

/** Concatenated Event fields of a Span, each with tag 11. */
export function encodeEvents(events: readonly SpanEvent[]): Uint8Array<ArrayBuffer> {
  const writer = new ProtobufWriter(128 * events.length + 16);
  writeEvents(writer, events);
  return writer.finish();
}

/** Concatenated Link fields of a Span, each with tag 13. */
export function encodeLinks(links: readonly SpanLink[]): Uint8Array<ArrayBuffer> {
  const writer = new ProtobufWriter(64 * links.length + 16);
  writeLinks(writer, links);
  return writer.finish();
}

/**
 * ExportTraceServiceResponse. Empty when nothing was rejected and there is nothing to say, as the specification asks; 0 rejected spans
 * with a message is a warning.
 */
export function encodeExportResponse(rejectedSpans: number, message: string): Uint8Array<ArrayBuffer> {
  const writer = new ProtobufWriter(64);
  if (rejectedSpans !== 0 || message !== '') {
    const mark = writer.begin(1);
    if (rejectedSpans !== 0) {
      writer.int64(1, BigInt(rejectedSpans));
    }
    writeText(writer, 2, message);
    writer.end(mark);
  }
  return writer.finish();
}

/** google.rpc.Status: the body of an error answer. `code` is a gRPC status code. */
export function encodeStatus(code: number, message: string): Uint8Array<ArrayBuffer> {
  const writer = new ProtobufWriter(64);
  writeCount(writer, 1, code);
  writeText(writer, 2, message);
  return writer.finish();
}

function readResourceSpans(reader: ProtobufReader, into: Span[]): void {
  const attributes: Attribute[] = [];
  let droppedAttributesCount = 0;
  let schemaUrl = '';
  // The schema URL stands behind the spans, and the resource may.
  const scopeSpans: ProtobufReader[] = [];
  while (reader.next()) {
    switch (reader.field) {
      case 1: {
        const resource = reader.message();
        while (resource.next()) {
          if (resource.field === 1) {
            attributes.push(readKeyValue(resource.message()));
          } else if (resource.field === 2) {
            droppedAttributesCount = resource.uint32();
          } else {
            resource.skip();
          }
        }
        break;
      }
      case 2:
      case 1000: // InstrumentationLibrarySpans of OTLP 0.15: the same fields as ScopeSpans
        scopeSpans.push(reader.message());
        break;
      case 3:
        schemaUrl = reader.string();
        break;
      default:
        reader.skip();
    }
  }
  const resource: Resource = { attributes, droppedAttributesCount, schemaUrl };
  for (const scopeReader of scopeSpans) {
    readScopeSpans(scopeReader, resource, into);
  }
}

function readScopeSpans(reader: ProtobufReader, resource: Resource, into: Span[]): void {
  const attributes: Attribute[] = [];
  let name = '';
  let version = '';
  let droppedAttributesCount = 0;
  let schemaUrl = '';
  const spans: ProtobufReader[] = [];
  while (reader.next()) {
    switch (reader.field) {
      case 1: {
        const scope = reader.message();
        while (scope.next()) {
          switch (scope.field) {
            case 1:
              name = scope.string();
              break;
            case 2:
              version = scope.string();
              break;
            case 3:
              attributes.push(readKeyValue(scope.message()));
              break;
            case 4:
              droppedAttributesCount = scope.uint32();
              break;
            default:
              scope.skip();
          }
        }
        break;
      }
      case 2:
        spans.push(reader.message());
        break;
      case 3:
        schemaUrl = reader.string();
        break;
      default:
        reader.skip();
    }
  }
  const scope: InstrumentationScope = { name, version, attributes, droppedAttributesCount, schemaUrl };
  for (const spanReader of spans) {
    into.push(readSpan(spanReader, resource, scope));
  }
}

/** The body of one Span message. Errors: `invalid_argument`. */
export function readSpan(reader: ProtobufReader, resource: Resource, scope: InstrumentationScope): Span {
  const attributes: Attribute[] = [];
  const events: SpanEvent[] = [];
  const links: SpanLink[] = [];
  let traceId = '';
  let spanId = '';
  let parentSpanId = '';
  let traceState = '';
  let flags = 0;
  let name = '';
  let kind = 0;
  let startUnixNanos = 0n;
  let endUnixNanos = 0n;
  let droppedAttributesCount = 0;
  let droppedEventsCount = 0;
  let droppedLinksCount = 0;
  let statusCode = 0;
  let statusMessage = '';
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        traceId = hexFromBytes(reader.byteView());
        break;
      case 2:
        spanId = hexFromBytes(reader.byteView());
        break;
      case 3:
        traceState = reader.string();
        break;
      case 4:
        parentSpanId = hexFromBytes(reader.byteView());
        break;
      case 5:
        name = reader.string();
        break;
      case 6:
        kind = reader.int32();
        break;
      case 7:
        startUnixNanos = reader.fixed64();
        break;
      case 8:
        endUnixNanos = reader.fixed64();
        break;
      case 9:
        attributes.push(readKeyValue(reader.message()));
        break;
      case 10:
        droppedAttributesCount = reader.uint32();
        break;
      case 11:
        events.push(readEvent(reader.message()));
        break;
      case 12:
        droppedEventsCount = reader.uint32();
        break;
      case 13:
        links.push(readLink(reader.message()));
        break;
      case 14:
        droppedLinksCount = reader.uint32();
        break;
      case 15: {
        const status = reader.message();
        while (status.next()) {
          if (status.field === 2) {
            statusMessage = status.string();
          } else if (status.field === 3) {
            statusCode = status.int32();
          } else {
            status.skip();
          }
        }
        break;
      }
      case 16:
        flags = reader.fixed32();
        break;
      default:
        reader.skip();
    }
  }
  if (traceId.length !== 32) {
    throw reader.malformed(`trace id: need 16 bytes, have ${traceId.length / 2}`);
  }
  if (spanId.length !== 16) {
    throw reader.malformed(`span id: need 8 bytes, have ${spanId.length / 2}`);
  }
  if (parentSpanId.length !== 16 && parentSpanId !== '') {
    throw reader.malformed(`parent span id: need 0 or 8 bytes, have ${parentSpanId.length / 2}`);
  }
  return {
    traceId,
    spanId,
    // All zeros is no id; some SDKs send it for a root.
    parentSpanId: parentSpanId === zeroSpanId ? '' : parentSpanId,
    traceState,
    flags,
    name,
    kind,
    startUnixNanos,
    endUnixNanos,
    attributes,
    droppedAttributesCount,
    events,
    droppedEventsCount,
    links,
    droppedLinksCount,
    statusCode,
    statusMessage,
    resource,
    scope,
  };
}

const zeroSpanId = '0000000000000000';

function readEvent(reader: ProtobufReader): SpanEvent {
  const attributes: Attribute[] = [];
  let timeUnixNanos = 0n;
  let name = '';
  let droppedAttributesCount = 0;
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        timeUnixNanos = reader.fixed64();
        break;
      case 2:
        name = reader.string();
        break;
      case 3:
        attributes.push(readKeyValue(reader.message()));
        break;
      case 4:
        droppedAttributesCount = reader.uint32();
        break;
      default:
        reader.skip();
    }
  }
  return { timeUnixNanos, name, attributes, droppedAttributesCount };
}

/** Ids of a link are kept at whatever length they came: nothing is looked up by them until somebody follows the link. */
function readLink(reader: ProtobufReader): SpanLink {
  const attributes: Attribute[] = [];
  let traceId = '';
  let spanId = '';
  let traceState = '';
  let droppedAttributesCount = 0;
  let flags = 0;
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        traceId = hexFromBytes(reader.byteView());
        break;
      case 2:
        spanId = hexFromBytes(reader.byteView());
        break;
      case 3:
        traceState = reader.string();
        break;
      case 4:
        attributes.push(readKeyValue(reader.message()));
        break;
      case 5:
        droppedAttributesCount = reader.uint32();
        break;
      case 6:
        flags = reader.fixed32();
        break;
      default:
        reader.skip();
    }
  }
  return { traceId, spanId, traceState, attributes, droppedAttributesCount, flags };
}

function writeResource(writer: ProtobufWriter, resource: Resource): void {
  const mark = writer.begin(1);
  writeKeyValues(writer, 1, resource.attributes);
  writeCount(writer, 2, resource.droppedAttributesCount);
  writer.end(mark);
}

function writeScope(writer: ProtobufWriter, scope: InstrumentationScope): void {
  const mark = writer.begin(1);
  writeText(writer, 1, scope.name);
  writeText(writer, 2, scope.version);
  writeKeyValues(writer, 3, scope.attributes);
  writeCount(writer, 4, scope.droppedAttributesCount);
  writer.end(mark);
}

/** The body of one Span message. */
export function writeSpan(writer: ProtobufWriter, span: Span): void {
  writer.hex(1, span.traceId);
  writer.hex(2, span.spanId);
  writeText(writer, 3, span.traceState);
  if (span.parentSpanId !== '') {
    writer.hex(4, span.parentSpanId);
  }
  writeText(writer, 5, span.name);
  if (span.kind !== 0) {
    writer.int32(6, span.kind);
  }
  writeTime(writer, 7, span.startUnixNanos);
  writeTime(writer, 8, span.endUnixNanos);
  writeKeyValues(writer, 9, span.attributes);
  writeCount(writer, 10, span.droppedAttributesCount);
  writeEvents(writer, span.events);
  writeCount(writer, 12, span.droppedEventsCount);
  writeLinks(writer, span.links);
  writeCount(writer, 14, span.droppedLinksCount);
  if (span.statusCode !== 0 || span.statusMessage !== '') {
    const mark = writer.begin(15);
    writeText(writer, 2, span.statusMessage);
    if (span.statusCode !== 0) {
      writer.int32(3, span.statusCode);
    }
    writer.end(mark);
  }
  if (span.flags !== 0) {
    writer.fixed32(16, span.flags);
  }
}

function writeEvents(writer: ProtobufWriter, events: readonly SpanEvent[]): void {
  for (const event of events) {
    const mark = writer.begin(11);
    writeTime(writer, 1, event.timeUnixNanos);
    writeText(writer, 2, event.name);
    writeKeyValues(writer, 3, event.attributes);
    writeCount(writer, 4, event.droppedAttributesCount);
    writer.end(mark);
  }
}

function writeLinks(writer: ProtobufWriter, links: readonly SpanLink[]): void {
  for (const link of links) {
    const mark = writer.begin(13);
    if (link.traceId !== '') {
      writer.hex(1, link.traceId);
    }
    if (link.spanId !== '') {
      writer.hex(2, link.spanId);
    }
    writeText(writer, 3, link.traceState);
    writeKeyValues(writer, 4, link.attributes);
    writeCount(writer, 5, link.droppedAttributesCount);
    if (link.flags !== 0) {
      writer.fixed32(6, link.flags);
    }
    writer.end(mark);
  }
}

function writeText(writer: ProtobufWriter, field: number, text: string): void {
  if (text !== '') {
    writer.string(field, text);
  }
}

function writeCount(writer: ProtobufWriter, field: number, count: number): void {
  if (count !== 0) {
    writer.uint32(field, count);
  }
}

function writeTime(writer: ProtobufWriter, field: number, unixNanos: bigint): void {
  if (unixNanos !== 0n) {
    writer.fixed64(field, unixNanos);
  }
}
