import { parseSpanId, parseTraceId } from '../trace/ids.ts';
import { emptyResource, serviceNameOf, spanKinds } from '../trace/model.ts';
import type { AnyValue, Attribute, InstrumentationScope, Resource, Span } from '../trace/model.ts';
import { base64FromBytes, bytesFromBase64 } from './base64.ts';
import {
  arrayAt,
  doubleAt,
  int64At,
  isObject,
  jsonDouble,
  jsonInteger,
  mismatch,
  objectAt,
  objectsAt,
  parseJson,
  stringAt,
  stringifyJson,
  uint32At,
} from './json.ts';
import type { JsonObject } from './json.ts';
import { parentOf, resourceOfProcess, shortTraceId, spanOfJaeger, warningsKey } from './jaeger-model.ts';
import type { JaegerReference, JaegerSpan } from './jaeger-model.ts';
import { errorCode, otelTagsOf } from './otel-tags.ts';
import { textOfValue, valueOfPlain } from './plain-value.ts';

/**
 * Jaeger's JSON: what its UI downloads and its query API answers, `{"data":[{"traceID","spans":[…],"processes":{…}}]}`.
 *
 * Processes are resources (`serviceName` is `service.name`), tags attributes, logs events (field `event` is the name), the first
 * CHILD_OF reference into the same trace the parent, other references links (a CHILD_OF among them is marked by the attribute
 * `opentracing.ref_type`). Tags of fixed names: see `otel-tags.ts`; `span.kind` is the kind.
 *
 * What Jaeger cannot say is lost on the way out: time below a microsecond; schema URLs; attributes of scopes and links; dropped
 * counts of resources, scopes, events and links; trace state and flags of links; arrays and maps become JSON text.
 *
 * Source: opentelemetry.io/docs/specs/otel/trace/sdk_exporters/jaeger; Jaeger's `model/json`.
 */
export function decodeJaegerJson(bytes: Uint8Array): Span[] {
  return spansFromJaeger(parseJson(bytes, 'jaeger'));
}

/** One entry of `data` per trace, in order of first appearance. */
export function encodeJaegerJson(spans: readonly Span[]): Uint8Array<ArrayBuffer> {
  const traces = new Map<string, Span[]>();
  for (const span of spans) {
    const trace = traces.get(span.traceId);
    if (trace === undefined) {
      traces.set(span.traceId, [span]);
    } else {
      trace.push(span);
    }
  }
  return stringifyJson({ data: [...traces].map(([traceId, traceSpans]) => traceToJaeger(traceId, traceSpans)) });
}

/** Of `{data: […]}`, a list of traces, or one trace. Errors: `invalid_argument`. */
export function spansFromJaeger(json: unknown): Span[] {
  const traces = Array.isArray(json) ? json : isObject(json) && 'data' in json ? arrayAt(json.data, 'data') : [json];
  return traces.flatMap((trace) => {
    if (!isObject(trace)) {
      throw mismatch('data', 'a trace', trace);
    }
    return readTrace(trace);
  });
}

function readTrace(trace: JsonObject): Span[] {
  const processes = Object.entries(objectAt(trace.processes, 'processes') ?? {});
  const resources = new Map(processes.map(([id, process]) => [id, readProcess(objectAt(process, 'processes'))]));
  const scopes = new Map<string, InstrumentationScope>();
  return objectsAt(trace.spans, 'spans').map((json) => {
    const inline = objectAt(json.process, 'process');
    const resource = inline === undefined ? resources.get(stringAt(json.processID, 'processID')) : readProcess(inline);
    return readSpan(json, resource ?? emptyResource, scopes);
  });
}

function readProcess(process: JsonObject | undefined): Resource {
  return resourceOfProcess(stringAt(process?.serviceName, 'serviceName'), readTags(process?.tags, 'process.tags'));
}

function readSpan(json: JsonObject, resource: Resource, scopes: Map<string, InstrumentationScope>): Span {
  const oldParent = stringAt(json.parentSpanID, 'parentSpanID');
  const span: JaegerSpan = {
    traceId: readTraceId(json.traceID, 'traceID'),
    spanId: readSpanId(json.spanID, 'spanID'),
    operationName: stringAt(json.operationName, 'operationName'),
    references: objectsAt(json.references, 'references').map((reference) => ({
      refType: stringAt(reference.refType, 'refType'),
      traceId: readTraceId(reference.traceID, 'references.traceID'),
      spanId: readSpanId(reference.spanID, 'references.spanID'),
    })),
    parentSpanId: oldParent === '' ? '' : readSpanId(oldParent, 'parentSpanID'),
    flags: uint32At(json.flags, 'flags'),
    startUnixNanos: nanosOfMicros(json.startTime, 'startTime'),
    durationNanos: nanosOfMicros(json.duration, 'duration'),
    tags: readTags(json.tags, 'tags'),
    logs: objectsAt(json.logs, 'logs').map((log) => ({
      timeUnixNanos: nanosOfMicros(log.timestamp, 'logs.timestamp'),
      fields: readTags(log.fields, 'logs.fields'),
    })),
    warnings: arrayAt(json.warnings, 'warnings').map((text) => stringAt(text, 'warnings')),
  };
  return spanOfJaeger(span, resource, scopes);
}

function readTags(json: unknown, field: string): Attribute[] {
  return objectsAt(json, field).map((tag) => ({ key: stringAt(tag.key, `${field}.key`), value: readTagValue(tag) }));
}

/** By the declared type; a tag without one, or with a value its type cannot hold, is what its JSON says. */
function readTagValue({ type, value }: JsonObject): AnyValue {
  const kind = typeof type === 'string' ? type.toLowerCase() : '';
  if (kind === 'int64' && value !== null && isNumberOrText(value)) {
    return { type: 'int', value: int64At(value, 'tags.value') };
  }
  if (kind === 'float64' && value !== null && isNumberOrText(value)) {
    return { type: 'double', value: doubleAt(value, 'tags.value') };
  }
  if (kind === 'bool' && (value === 'true' || value === 'false')) {
    return { type: 'bool', value: value === 'true' };
  }
  if (kind === 'binary' && typeof value === 'string') {
    const bytes = bytesFromBase64(value);
    if (bytes !== undefined) {
      return { type: 'bytes', value: bytes };
    }
  }
  return valueOfPlain(value);
}

function isNumberOrText(value: unknown): boolean {
  return typeof value === 'number' || typeof value === 'bigint' || typeof value === 'string';
}

/** One entry of `data`. */
export function traceToJaeger(traceId: string, spans: readonly Span[]): JsonObject {
  const processIds = new Map<Resource, string>();
  const idOfContent = new Map<string, string>();
  const processes: Record<string, unknown> = {};
  const processIdOf = (resource: Resource): string => {
    let id = processIds.get(resource);
    if (id === undefined) {
      const process = processToJaeger(resource);
      const content = JSON.stringify(process);
      id = idOfContent.get(content) ?? `p${idOfContent.size + 1}`;
      idOfContent.set(content, id);
      processes[id] = process;
      processIds.set(resource, id);
    }
    return id;
  };
  return {
    traceID: shortTraceId(traceId),
    spans: spans.map((span) => spanToJaeger(span, processIdOf(span.resource))),
    processes,
    warnings: null,
  };
}

function processToJaeger(resource: Resource): JsonObject {
  const serviceName = serviceNameOf(resource);
  const nameAt = serviceName === '' ? -1 : resource.attributes.findIndex(({ key }) => key === 'service.name');
  const tags = resource.attributes.filter((_, index) => index !== nameAt).map(tagToJaeger);
  return { serviceName, tags };
}

function spanToJaeger(span: Span, processID: string): JsonObject {
  const warnings = span.attributes.find(({ key, value }) => key === warningsKey && isTextList(value));
  const tags = span.attributes.filter((attribute) => attribute !== warnings);
  if (span.kind !== 0) {
    tags.push(textTag('span.kind', spanKinds[span.kind] ?? String(span.kind)));
  }
  const otelTags = otelTagsOf(span);
  tags.push(...otelTags);
  if (otelTags.some(({ key }) => key === 'otel.status_code') && span.statusCode === errorCode) {
    tags.push({ key: 'error', value: { type: 'bool', value: true } });
  }
  const startMicros = span.startUnixNanos / 1000n;
  return {
    traceID: shortTraceId(span.traceId),
    spanID: span.spanId,
    operationName: span.name,
    references: referencesOf(span).map(({ refType, traceId, spanId }) => ({
      refType,
      traceID: shortTraceId(traceId),
      spanID: spanId,
    })),
    startTime: jsonInteger(startMicros),
    duration: jsonInteger((span.endUnixNanos - span.startUnixNanos) / 1000n),
    flags: span.flags || undefined,
    tags: tags.map(tagToJaeger),
    logs: span.events.map((event) => ({
      timestamp: jsonInteger(event.timeUnixNanos / 1000n),
      fields: [...(event.name === '' ? [] : [textTag('event', event.name)]), ...event.attributes].map(tagToJaeger),
    })),
    processID,
    warnings: warnings?.value.type === 'array' ? warnings.value.value.map(textOfValue) : null,
  };
}

function referencesOf(span: Span): JaegerReference[] {
  const references = span.links.map(({ traceId, spanId, attributes }): JaegerReference => {
    const isChildOf = attributes.some(
      ({ key, value }) => key === 'opentracing.ref_type' && textOfValue(value) === 'child_of'
    );
    return { refType: isChildOf ? 'CHILD_OF' : 'FOLLOWS_FROM', traceId, spanId };
  });
  // A link may be the parent already, if Jaeger would choose it.
  if (span.parentSpanId === '' || parentOf(references, span.traceId)?.spanId === span.parentSpanId) {
    return references;
  }
  return [{ refType: 'CHILD_OF', traceId: span.traceId, spanId: span.parentSpanId }, ...references];
}

function tagToJaeger({ key, value }: Attribute): JsonObject {
  switch (value.type) {
    case 'bool':
      return { key, type: 'bool', value: value.value };
    case 'int':
      return { key, type: 'int64', value: jsonInteger(value.value) };
    case 'double':
      return { key, type: 'float64', value: jsonDouble(value.value) };
    case 'bytes':
      return { key, type: 'binary', value: base64FromBytes(value.value) };
    default:
      return { key, type: 'string', value: textOfValue(value) };
  }
}

function textTag(key: string, value: string): Attribute {
  return { key, value: { type: 'string', value } };
}

function isTextList(value: AnyValue): boolean {
  return value.type === 'array' && value.value.length > 0 && value.value.every(({ type }) => type === 'string');
}

/** Microseconds, in files of some tools with a fraction. */
export function nanosOfMicros(json: unknown, field: string): bigint {
  return typeof json === 'number' && Number.isFinite(json) && !Number.isInteger(json)
    ? BigInt(Math.round(json * 1000))
    : 1000n * int64At(json, field);
}

/** Ids are written with or without leading zeros, 64-bit trace ids too. */
export function readTraceId(json: unknown, field: string): string {
  const id = parseTraceId(stringAt(json, field));
  if (id === undefined) {
    throw mismatch(field, 'a trace id in hex', json);
  }
  return id;
}

export function readSpanId(json: unknown, field: string): string {
  const id = parseSpanId(stringAt(json, field));
  if (id === undefined) {
    throw mismatch(field, 'a span id in hex', json);
  }
  return id;
}
