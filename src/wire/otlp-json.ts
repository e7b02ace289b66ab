import { bytesFromHex, hexFromBytes } from '../trace/ids.ts';
import { spanKinds, statusCodes } from '../trace/model.ts';
import type { InstrumentationScope, Resource, Span, SpanEvent, SpanLink } from '../trace/model.ts';
import { base64FromBytes, bytesFromBase64 } from './base64.ts';
import {
  integerAt,
  mismatch,
  objectAt,
  objectsAt,
  parseJson,
  stringAt,
  stringifyJson,
  uint32At,
  uint64At,
} from './json.ts';
import type { JsonObject } from './json.ts';
import { attributesFromJson, attributesToJson } from './otlp-json-value.ts';
import { groupSpans } from './span-groups.ts';

/**
 * Traces of the OpenTelemetry protocol in JSON, and the same message as Tempo writes it.
 *
 * Source: opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding; for Tempo, protobuf's JSON mapping with default values left out.
 */
export interface TracesJsonOptions {
  /** OTLP asks for hex; Tempo sends protobuf's base64. */
  readonly ids: 'hex' | 'base64';
  /** OTLP asks for numbers; Tempo sends names. */
  readonly enums: 'number' | 'name';
  /** `trace` wraps `{"trace":{"resourceSpans":[…]}}`, as Tempo's v2 answer; `batches` is its v1 answer. */
  readonly topKey: 'resourceSpans' | 'batches' | 'trace';
  /** Tempo's messages have no flags of spans and links, and a strict client of Tempo refuses fields that it does not know. */
  readonly withoutFlags?: boolean;
}

export const otlpJsonOptions: TracesJsonOptions = { ids: 'hex', enums: 'number', topKey: 'resourceSpans' };
export const tempoV1JsonOptions: TracesJsonOptions = {
  ids: 'base64',
  enums: 'name',
  topKey: 'batches',
  withoutFlags: true,
};
export const tempoV2JsonOptions: TracesJsonOptions = {
  ids: 'base64',
  enums: 'name',
  topKey: 'trace',
  withoutFlags: true,
};

/**
 * Takes every form that {@link encodeTracesJson} writes, ids in hex or base64, integers as strings or numbers, enums as numbers or
 * names. Unknown fields are ignored; null is absent.
 * Errors: `invalid_argument`.
 */
export function decodeTracesJson(bytes: Uint8Array): Span[] {
  const json = parseJson(bytes, 'otlp');
  const top = objectAt(json, 'body');
  if (top === undefined) {
    throw mismatch('body', 'an object', json);
  }
  return tracesFromJson(top);
}

/** Default values are left out in every form; all OTLP readers must take that. Spans are grouped as `encodeTraces` does. */
export function encodeTracesJson(
  spans: readonly Span[],
  options: TracesJsonOptions = otlpJsonOptions
): Uint8Array<ArrayBuffer> {
  return stringifyJson(tracesToJson(spans, options));
}

/** {@link decodeTracesJson} of a parsed body. */
export function tracesFromJson(top: JsonObject): Span[] {
  const message = objectAt(top.trace, 'trace') ?? top;
  const spans: Span[] = [];
  for (const field of ['resourceSpans', 'batches']) {
    for (const resourceSpans of objectsAt(message[field], field)) {
      readResourceSpans(resourceSpans, spans);
    }
  }
  return spans;
}

/** {@link encodeTracesJson} before it is text. */
export function tracesToJson(spans: readonly Span[], options: TracesJsonOptions): JsonObject {
  const resourceSpans = groupSpans(spans).map(({ resource, scopes }) => ({
    resource: {
      attributes: listToJson(attributesToJson(resource.attributes)),
      droppedAttributesCount: resource.droppedAttributesCount || undefined,
    },
    scopeSpans: scopes.map(({ scope, spans: scopeSpans }) => ({
      scope: {
        name: scope.name || undefined,
        version: scope.version || undefined,
        attributes: listToJson(attributesToJson(scope.attributes)),
        droppedAttributesCount: scope.droppedAttributesCount || undefined,
      },
      spans: scopeSpans.map((span) => spanToJson(span, options)),
      schemaUrl: scope.schemaUrl || undefined,
    })),
    schemaUrl: resource.schemaUrl || undefined,
  }));
  switch (options.topKey) {
    case 'resourceSpans':
      return { resourceSpans };
    case 'batches':
      return { batches: listToJson(resourceSpans) };
    case 'trace':
      return { trace: { resourceSpans: listToJson(resourceSpans) } };
  }
}

function readResourceSpans(json: JsonObject, into: Span[]): void {
  const resourceJson = objectAt(json.resource, 'resource');
  const resource: Resource = {
    attributes: attributesFromJson(resourceJson?.attributes, 'resource.attributes'),
    droppedAttributesCount: uint32At(resourceJson?.droppedAttributesCount, 'resource.droppedAttributesCount'),
    schemaUrl: stringAt(json.schemaUrl, 'resourceSpans.schemaUrl'),
  };
  for (const field of ['scopeSpans', 'instrumentationLibrarySpans']) {
    for (const scopeSpans of objectsAt(json[field], field)) {
      const scopeJson = objectAt(scopeSpans.scope ?? scopeSpans.instrumentationLibrary, 'scope');
      const scope: InstrumentationScope = {
        name: stringAt(scopeJson?.name, 'scope.name'),
        version: stringAt(scopeJson?.version, 'scope.version'),
        attributes: attributesFromJson(scopeJson?.attributes, 'scope.attributes'),
        droppedAttributesCount: uint32At(scopeJson?.droppedAttributesCount, 'scope.droppedAttributesCount'),
        schemaUrl: stringAt(scopeSpans.schemaUrl, 'scopeSpans.schemaUrl'),
      };
      for (const span of objectsAt(scopeSpans.spans, 'spans')) {
        into.push(spanFromJson(span, resource, scope));
      }
    }
  }
}

function spanFromJson(json: JsonObject, resource: Resource, scope: InstrumentationScope): Span {
  const status = objectAt(json.status, 'status');
  const parentSpanId = idFromJson(json.parentSpanId, 'parentSpanId');
  if (parentSpanId !== '' && parentSpanId.length !== 16) {
    throw mismatch('parentSpanId', 'an id of 8 bytes', json.parentSpanId);
  }
  return {
    traceId: idOfLength(json.traceId, 'traceId', 16),
    spanId: idOfLength(json.spanId, 'spanId', 8),
    parentSpanId: /^0*$/.test(parentSpanId) ? '' : parentSpanId,
    traceState: stringAt(json.traceState, 'traceState'),
    flags: uint32At(json.flags, 'flags'),
    name: stringAt(json.name, 'name'),
    kind: enumFromJson(json.kind, 'kind', kindNames),
    startUnixNanos: uint64At(json.startTimeUnixNano, 'startTimeUnixNano'),
    endUnixNanos: uint64At(json.endTimeUnixNano, 'endTimeUnixNano'),
    attributes: attributesFromJson(json.attributes, 'attributes'),
    droppedAttributesCount: uint32At(json.droppedAttributesCount, 'droppedAttributesCount'),
    events: objectsAt(json.events, 'events').map(eventFromJson),
    droppedEventsCount: uint32At(json.droppedEventsCount, 'droppedEventsCount'),
    links: objectsAt(json.links, 'links').map(linkFromJson),
    droppedLinksCount: uint32At(json.droppedLinksCount, 'droppedLinksCount'),
    statusCode: enumFromJson(status?.code, 'status.code', statusNames),
    statusMessage: stringAt(status?.message, 'status.message'),
    resource,
    scope,
  };
}

function eventFromJson(json: JsonObject): SpanEvent {
  return {
    timeUnixNanos: uint64At(json.timeUnixNano, 'events.timeUnixNano'),
    name: stringAt(json.name, 'events.name'),
    attributes: attributesFromJson(json.attributes, 'events.attributes'),
    droppedAttributesCount: uint32At(json.droppedAttributesCount, 'events.droppedAttributesCount'),
  };
}

function linkFromJson(json: JsonObject): SpanLink {
  return {
    traceId: idFromJson(json.traceId, 'links.traceId'),
    spanId: idFromJson(json.spanId, 'links.spanId'),
    traceState: stringAt(json.traceState, 'links.traceState'),
    attributes: attributesFromJson(json.attributes, 'links.attributes'),
    droppedAttributesCount: uint32At(json.droppedAttributesCount, 'links.droppedAttributesCount'),
    flags: uint32At(json.flags, 'links.flags'),
  };
}

function spanToJson(span: Span, options: TracesJsonOptions): JsonObject {
  const hasStatus = span.statusCode !== 0 || span.statusMessage !== '';
  return {
    traceId: idToJson(span.traceId, options),
    spanId: idToJson(span.spanId, options),
    traceState: span.traceState || undefined,
    parentSpanId: idToJson(span.parentSpanId, options),
    flags: options.withoutFlags ? undefined : span.flags || undefined,
    name: span.name || undefined,
    kind: enumToJson(span.kind, kindNames, options),
    startTimeUnixNano: timeToJson(span.startUnixNanos),
    endTimeUnixNano: timeToJson(span.endUnixNanos),
    attributes: listToJson(attributesToJson(span.attributes)),
    droppedAttributesCount: span.droppedAttributesCount || undefined,
    events: listToJson(
      span.events.map((event) => ({
        timeUnixNano: timeToJson(event.timeUnixNanos),
        name: event.name || undefined,
        attributes: listToJson(attributesToJson(event.attributes)),
        droppedAttributesCount: event.droppedAttributesCount || undefined,
      }))
    ),
    droppedEventsCount: span.droppedEventsCount || undefined,
    links: listToJson(
      span.links.map((link) => ({
        traceId: idToJson(link.traceId, options),
        spanId: idToJson(link.spanId, options),
        traceState: link.traceState || undefined,
        attributes: listToJson(attributesToJson(link.attributes)),
        droppedAttributesCount: link.droppedAttributesCount || undefined,
        flags: options.withoutFlags ? undefined : link.flags || undefined,
      }))
    ),
    droppedLinksCount: span.droppedLinksCount || undefined,
    status: hasStatus
      ? { message: span.statusMessage || undefined, code: enumToJson(span.statusCode, statusNames, options) }
      : undefined,
  };
}

/** Index = number. */
const kindNames: readonly string[] = spanKinds.map((kind) => `SPAN_KIND_${kind.toUpperCase()}`);
const statusNames: readonly string[] = statusCodes.map((code) => `STATUS_CODE_${code.toUpperCase()}`);

function enumFromJson(json: unknown, field: string, names: readonly string[]): number {
  if (typeof json === 'string') {
    const number = names.indexOf(json);
    if (number >= 0) {
      return number;
    }
  }
  return Number(integerAt(json, field, -(2n ** 31n), 2n ** 31n - 1n));
}

function enumToJson(value: number, names: readonly string[], options: TracesJsonOptions): string | number | undefined {
  if (value === 0) {
    return undefined;
  }
  return options.enums === 'name' ? (names[value] ?? value) : value;
}

function idOfLength(json: unknown, field: string, sizeBytes: number): string {
  const id = idFromJson(json, field);
  if (id.length !== 2 * sizeBytes) {
    throw mismatch(field, `an id of ${sizeBytes} bytes`, json);
  }
  return id;
}

/** Hex digits, else base64: base64 of 8 or 16 bytes is padded with `=`, so the two cannot be mistaken. */
function idFromJson(json: unknown, field: string): string {
  const text = stringAt(json, field);
  if (bytesFromHex(text) !== undefined) {
    return text.toLowerCase();
  }
  const bytes = bytesFromBase64(text);
  if (bytes === undefined) {
    throw mismatch(field, 'an id in hex or base64', json);
  }
  return hexFromBytes(bytes);
}

function idToJson(id: string, options: TracesJsonOptions): string | undefined {
  if (id === '') {
    return undefined;
  }
  return options.ids === 'hex' ? id : base64FromBytes(bytesFromHex(id) ?? new Uint8Array());
}

function timeToJson(unixNanos: bigint): string | undefined {
  return unixNanos === 0n ? undefined : String(unixNanos);
}

/** Empty lists are default values. */
function listToJson<T>(list: readonly T[]): readonly T[] | undefined {
  return list.length === 0 ? undefined : list;
}
