import { emptyResource, serviceNameOf, spanKinds } from '../trace/model.ts';
import type { AnyValue, Attribute, InstrumentationScope, Resource, Span, SpanEvent, SpanLink } from '../trace/model.ts';
import {
  arrayAt,
  isObject,
  jsonInteger,
  mismatch,
  objectAt,
  objectsAt,
  parseJson,
  parseJsonText,
  stringAt,
  stringifyJson,
  uint32At,
} from './json.ts';
import type { JsonObject } from './json.ts';
import { nanosOfMicros, readSpanId, readTraceId } from './jaeger-json.ts';
import { sharedScope, shortTraceId } from './jaeger-model.ts';
import { errorCode, otelTagsOf, takeOtelTags } from './otel-tags.ts';
import { attributesOfPlain, plainOfAttributes, textOfValue } from './plain-value.ts';

/**
 * Zipkin's JSON, version 2: a list of spans.
 *
 * `localEndpoint.serviceName` is the resource's `service.name`, its address `network.local.*` on the span; `remoteEndpoint` is
 * `peer.service` and `network.peer.*`. Tags are string attributes, annotations events; an event with attributes is the annotation
 * `{"name":{attributes}}`. A shared span (server side of one RPC under the client's id) is marked by `zipkin.shared`, a forced
 * sample by `zipkin.debug`. Links are tags `otlp.link.<n>`, as the OpenTelemetry collector writes them. Tags of fixed names: see
 * `otel-tags.ts`; `error` holds the status message.
 *
 * What Zipkin cannot say is lost on the way out: time below a microsecond and negative durations; types of attributes (all become
 * text, of equal keys the first counts); the difference between resource and span attributes; schema URLs, attributes of scopes,
 * flags, kind `internal`; dropped counts of resources, scopes, events and links.
 *
 * Source: zipkin.io/zipkin-api (zipkin2-api.yaml); opentelemetry.io/docs/specs/otel/trace/sdk_exporters/zipkin.
 */
export function decodeZipkinJson(bytes: Uint8Array): Span[] {
  return spansFromZipkin(parseJson(bytes, 'zipkin'));
}

export function encodeZipkinJson(spans: readonly Span[]): Uint8Array<ArrayBuffer> {
  return stringifyJson(spans.map(spanToZipkin));
}

/** Of a list of spans, or of traces (lists of spans, as Zipkin's `/api/v2/traces` answers). Errors: `invalid_argument`. */
export function spansFromZipkin(json: unknown): Span[] {
  const resources = new Map<string, Resource>();
  const scopes = new Map<string, InstrumentationScope>();
  return arrayAt(json ?? undefined, 'body')
    .flatMap((entry) => (Array.isArray(entry) ? entry : [entry]))
    .map((entry) => {
      if (!isObject(entry)) {
        throw mismatch('body', 'a list of spans', entry);
      }
      return readSpan(entry, resources, scopes);
    });
}

function readSpan(json: JsonObject, resources: Map<string, Resource>, scopes: Map<string, InstrumentationScope>): Span {
  const local = objectAt(json.localEndpoint, 'localEndpoint');
  const parentId = stringAt(json.parentId, 'parentId');
  const startUnixNanos = nanosOfMicros(json.timestamp, 'timestamp');
  const tagEntries = Object.entries(objectAt(json.tags, 'tags') ?? {});
  const tags = takeOtelTags(tagEntries.map(([key, value]) => textAttribute(key, tagText(value))));
  const links: SpanLink[] = [];
  const attributes: Attribute[] = [];
  let errorText: string | undefined;
  for (const tag of tags.attributes) {
    const link = tag.key.startsWith(linkPrefix) ? linkOfText(textOfValue(tag.value)) : undefined;
    if (link !== undefined) {
      links.push(link);
    } else if (tag.key === 'error' && tags.hasStatusCode && tags.statusCode === errorCode) {
      errorText = textOfValue(tag.value);
    } else {
      attributes.push(tag);
    }
  }
  attributes.push(...endpointAttributes(local, 'network.local'));
  attributes.push(
    ...endpointAttributes(objectAt(json.remoteEndpoint, 'remoteEndpoint'), 'network.peer', 'peer.service')
  );
  for (const [field, key] of markKeys) {
    if (json[field] === true) {
      attributes.push({ key, value: { type: 'bool', value: true } });
    }
  }
  const kind = (spanKinds as readonly string[]).indexOf(stringAt(json.kind, 'kind').toLowerCase());
  return {
    traceId: readTraceId(json.traceId, 'traceId'),
    spanId: readSpanId(json.id, 'id'),
    parentSpanId: /^0*$/.test(parentId) ? '' : readSpanId(parentId, 'parentId'),
    traceState: tags.traceState,
    flags: 0,
    name: stringAt(json.name, 'name'),
    kind: Math.max(0, kind),
    startUnixNanos: BigInt.asUintN(64, startUnixNanos),
    endUnixNanos: BigInt.asUintN(64, startUnixNanos + nanosOfMicros(json.duration, 'duration')),
    attributes,
    droppedAttributesCount: tags.droppedAttributesCount,
    events: objectsAt(json.annotations, 'annotations').map(readAnnotation),
    droppedEventsCount: tags.droppedEventsCount,
    links,
    droppedLinksCount: tags.droppedLinksCount,
    statusCode: tags.statusCode,
    statusMessage: tags.statusMessage || (errorText ?? ''),
    resource: sharedResource(resources, stringAt(local?.serviceName, 'localEndpoint.serviceName')),
    scope: sharedScope(scopes, tags.scopeName, tags.scopeVersion),
  };
}

const linkPrefix = 'otlp.link.';
const markKeys = [
  ['shared', 'zipkin.shared'],
  ['debug', 'zipkin.debug'],
] as const;

function sharedResource(resources: Map<string, Resource>, serviceName: string): Resource {
  let resource = resources.get(serviceName);
  if (resource === undefined) {
    resource = { ...emptyResource, attributes: serviceName === '' ? [] : [textAttribute('service.name', serviceName)] };
    resources.set(serviceName, resource);
  }
  return resource;
}

/** Zipkin asks for strings; some tools send numbers and booleans. */
function tagText(value: unknown): string {
  return isObject(value) || Array.isArray(value)
    ? JSON.stringify(value)
    : value === null
      ? ''
      : stringAt(String(value), 'tags');
}

function endpointAttributes(endpoint: JsonObject | undefined, prefix: string, serviceKey?: string): Attribute[] {
  const attributes: Attribute[] = [];
  const serviceName = stringAt(endpoint?.serviceName, 'serviceName');
  if (serviceKey !== undefined && serviceName !== '') {
    attributes.push(textAttribute(serviceKey, serviceName));
  }
  for (const field of ['ipv4', 'ipv6'] as const) {
    const address = stringAt(endpoint?.[field], field);
    if (address !== '') {
      attributes.push(textAttribute(`${prefix}.address`, address));
    }
  }
  const port = uint32At(endpoint?.port, 'port');
  if (port !== 0) {
    attributes.push({ key: `${prefix}.port`, value: { type: 'int', value: BigInt(port) } });
  }
  return attributes;
}

function readAnnotation(json: JsonObject): SpanEvent {
  const text = stringAt(json.value, 'annotations.value');
  const timeUnixNanos = BigInt.asUintN(64, nanosOfMicros(json.timestamp, 'annotations.timestamp'));
  const [name, attributes] = eventOfText(text) ?? [text, []];
  return { timeUnixNanos, name, attributes, droppedAttributesCount: 0 };
}

function eventOfText(text: string): [name: string, attributes: Attribute[]] | undefined {
  if (!text.startsWith('{') || !text.endsWith('}}')) {
    return undefined;
  }
  const json = parsedOrUndefined(text);
  const entries = isObject(json) ? Object.entries(json) : [];
  return entries.length === 1 && isObject(entries[0][1])
    ? [entries[0][0], attributesOfPlain(entries[0][1])]
    : undefined;
}

/** trace id | span id | trace state | attributes as JSON | dropped attributes; `undefined` when it is another text. */
function linkOfText(text: string): SpanLink | undefined {
  const match = /^((?:[0-9a-f]{2})*)\|((?:[0-9a-f]{2})*)\|([^|]*)\|(\{.*\})\|(\d{1,9})$/s.exec(text);
  const attributes = match === null ? undefined : parsedOrUndefined(match[4]);
  if (match === null || !isObject(attributes)) {
    return undefined;
  }
  return {
    traceId: match[1],
    spanId: match[2],
    traceState: match[3],
    attributes: attributesOfPlain(attributes),
    droppedAttributesCount: Number(match[5]),
    flags: 0,
  };
}

/** Text that only looks like JSON is text. */
function parsedOrUndefined(text: string): unknown {
  try {
    return parseJsonText(text, 'zipkin');
  } catch {
    return undefined;
  }
}

export function spanToZipkin(span: Span): JsonObject {
  const tags = new Map<string, string>();
  const keep = (key: string, value: string): void => {
    if (!tags.has(key)) {
      tags.set(key, value);
    }
  };
  const marks: Record<string, true> = {};
  const local: Record<string, unknown> = { serviceName: serviceNameOf(span.resource) || undefined };
  const remote: Record<string, unknown> = {};
  for (const { key, value } of span.attributes) {
    const mark = markKeys.find(([, markKey]) => markKey === key && value.type === 'bool' && value.value);
    if (mark !== undefined) {
      marks[mark[0]] = true;
    } else if (
      !takeEndpoint(local, 'network.local', undefined, key, value) &&
      !takeEndpoint(remote, 'network.peer', 'peer.service', key, value)
    ) {
      keep(key, textOfValue(value));
    }
  }
  // Zipkin's own place for the message, unless an attribute has it.
  const hasErrorTag = span.statusCode === errorCode && !tags.has('error');
  for (const { key, value } of otelTagsOf(span)) {
    if (!(hasErrorTag && key === 'otel.status_description')) {
      keep(key, textOfValue(value));
    }
  }
  if (hasErrorTag) {
    keep('error', span.statusMessage);
  }
  span.links.forEach((link, index) => keep(`${linkPrefix}${index}`, textOfLink(link)));
  for (const { key, value } of span.resource.attributes) {
    if (key !== 'service.name') {
      keep(key, textOfValue(value));
    }
  }
  const durationNanos = span.endUnixNanos - span.startUnixNanos;
  return {
    traceId: shortTraceId(span.traceId),
    id: span.spanId,
    parentId: span.parentSpanId || undefined,
    name: span.name || undefined,
    kind: span.kind >= 2 ? spanKinds[span.kind]?.toUpperCase() : undefined,
    timestamp: span.startUnixNanos < 1000n ? undefined : jsonInteger(span.startUnixNanos / 1000n),
    // Zipkin reads 0 as unknown: what took less than a microsecond took one.
    duration: durationNanos <= 0n ? undefined : jsonInteger(durationNanos < 1000n ? 1n : durationNanos / 1000n),
    localEndpoint: endpointOf(local),
    remoteEndpoint: endpointOf(remote),
    annotations: span.events.map((event) => ({
      timestamp: jsonInteger(event.timeUnixNanos / 1000n),
      value:
        event.attributes.length === 0
          ? event.name
          : JSON.stringify({ [event.name]: plainOfAttributes(event.attributes) }),
    })),
    tags: Object.fromEntries(tags),
    ...marks,
  };
}

/** Fills a field of the endpoint that is still free; false when the attribute is a tag. */
function takeEndpoint(
  endpoint: Record<string, unknown>,
  prefix: string,
  serviceKey: string | undefined,
  key: string,
  value: AnyValue
): boolean {
  const text = value.type === 'string' ? value.value : '';
  let field: string | undefined;
  if (key === serviceKey && text !== '') {
    field = 'serviceName';
  } else if (key === `${prefix}.address`) {
    field = text.includes(':') ? 'ipv6' : /^\d+\.\d+\.\d+\.\d+$/.test(text) ? 'ipv4' : undefined;
  } else if (key === `${prefix}.port` && value.type === 'int' && value.value > 0n && value.value < 65536n) {
    field = 'port';
  }
  if (field === undefined || endpoint[field] !== undefined) {
    return false;
  }
  endpoint[field] = value.type === 'int' ? Number(value.value) : text;
  return true;
}

function endpointOf(endpoint: Record<string, unknown>): JsonObject | undefined {
  return Object.values(endpoint).some((value) => value !== undefined) ? endpoint : undefined;
}

function textOfLink(link: SpanLink): string {
  const attributes = JSON.stringify(plainOfAttributes(link.attributes));
  return `${link.traceId}|${link.spanId}|${link.traceState}|${attributes}|${link.droppedAttributesCount}`;
}

function textAttribute(key: string, value: string): Attribute {
  return { key, value: { type: 'string', value } };
}
