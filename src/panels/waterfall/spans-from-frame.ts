import { FieldType, type DataFrame } from '@grafana/data';
import { parseSpanId, parseTraceId } from '../../trace/ids.ts';
import {
  emptyResource,
  emptyScope,
  spanKinds,
  type AnyValue,
  type Attribute,
  type InstrumentationScope,
  type Resource,
  type Span,
  type SpanEvent,
  type SpanLink,
} from '../../trace/model.ts';

/** Whether the frame is a trace with spans, of whatever data source. */
export function isTraceFrame(frame: DataFrame): boolean {
  return (
    frame.length > 0 &&
    ['traceID', 'spanID', 'startTime', 'duration'].every((name) => valuesOf(frame, name) !== undefined)
  );
}

/**
 * The spans of trace frames. Frames carry milliseconds as doubles, so times come back to about a quarter of a microsecond. Ids that
 * are no hex numbers, which a data source of another kind may send, are kept as they are. Source: Grafana's trace frame contract.
 */
export function spansFromFrames(frames: readonly DataFrame[]): Span[] {
  return frames.filter(isTraceFrame).flatMap(spansFromFrame);
}

function spansFromFrame(frame: DataFrame): Span[] {
  const column = (name: string): ArrayLike<unknown> => valuesOf(frame, name) ?? [];
  const traceIds = column('traceID');
  const spanIds = column('spanID');
  const parents = column('parentSpanID');
  const names = column('operationName');
  const services = column('serviceName');
  const serviceTags = column('serviceTags');
  const starts = column('startTime');
  const durations = column('duration');
  const tags = column('tags');
  const logs = column('logs');
  const references = column('references');
  const kinds = column('kind');
  const statusCodes = column('statusCode');
  const statusMessages = column('statusMessage');
  const scopeNames = column('instrumentationLibraryName');
  const scopeVersions = column('instrumentationLibraryVersion');
  const scopeTags = column('instrumentationLibraryTags');
  const traceStates = column('traceState');
  const resources = resourceCache();
  const scopes = scopeCache();

  const spans: Span[] = [];
  for (let row = 0; row < frame.length; row++) {
    const startUnixNanos = nanosOf(starts[row]);
    const attributes = attributesOf(tags[row]);
    const parent = text(parents[row]);
    spans.push({
      traceId: parseTraceId(text(traceIds[row])) ?? text(traceIds[row]),
      spanId: parseSpanId(text(spanIds[row])) ?? text(spanIds[row]),
      parentSpanId: parent === '' ? '' : (parseSpanId(parent) ?? parent),
      traceState: text(traceStates[row]),
      flags: 0,
      name: text(names[row]),
      kind: kindOf(text(kinds[row]), attributes),
      startUnixNanos,
      endUnixNanos: startUnixNanos + nanosOf(durations[row]),
      attributes,
      droppedAttributesCount: 0,
      events: list(logs[row]).map(eventOf),
      droppedEventsCount: 0,
      links: list(references[row]).map(linkOf),
      droppedLinksCount: 0,
      statusCode: statusOf(statusCodes[row], attributes),
      statusMessage: text(statusMessages[row]),
      resource: resources(text(services[row]), serviceTags[row]),
      scope: scopes(text(scopeNames[row]), text(scopeVersions[row]), scopeTags[row]),
    });
  }
  return spans;
}

function valuesOf(frame: DataFrame, name: string): ArrayLike<unknown> | undefined {
  const field = frame.fields.find((candidate) => candidate.name === name && candidate.type !== FieldType.trace);
  return field?.values;
}

/** Whole milliseconds and the rest apart, because their product would not fit a double. */
function nanosOf(millis: unknown): bigint {
  if (typeof millis !== 'number' || !Number.isFinite(millis)) {
    return 0n;
  }
  const whole = Math.floor(millis);
  return BigInt(whole) * 1_000_000n + BigInt(Math.round((millis - whole) * 1e6));
}

function kindOf(kind: string, attributes: readonly Attribute[]): number {
  const named = kind !== '' ? kind : attributes.find(({ key }) => key === 'span.kind')?.value;
  const word = typeof named === 'object' && named.type === 'string' ? named.value : named;
  return typeof word === 'string' ? Math.max(0, (spanKinds as readonly string[]).indexOf(word.toLowerCase())) : 0;
}

/** Jaeger and Zipkin say `error` as an attribute. */
function statusOf(code: unknown, attributes: readonly Attribute[]): number {
  if (typeof code === 'number' && code !== 0) {
    return code;
  }
  const isError = attributes.some(
    ({ key, value }) =>
      key === 'error' && (value.type === 'bool' || value.type === 'string') && String(value.value) === 'true'
  );
  return isError ? 2 : 0;
}

/** Rows of one service mostly share one array of tags. */
function resourceCache(): (service: string, tags: unknown) => Resource {
  const known = new Map<string, Resource>();
  return (service, tags) => {
    const key = `${service}\0${JSON.stringify(tags ?? [])}`;
    let resource = known.get(key);
    if (resource === undefined) {
      const attributes = attributesOf(tags);
      const named = attributes.some((attribute) => attribute.key === 'service.name');
      const own: Attribute[] =
        named || service === '' ? [] : [{ key: 'service.name', value: { type: 'string', value: service } }];
      resource = { ...emptyResource, attributes: [...own, ...attributes] };
      known.set(key, resource);
    }
    return resource;
  };
}

function scopeCache(): (name: string, version: string, tags: unknown) => InstrumentationScope {
  const known = new Map<string, InstrumentationScope>();
  return (name, version, tags) => {
    const key = JSON.stringify([name, version, tags]);
    let scope = known.get(key);
    if (scope === undefined) {
      scope = { ...emptyScope, name, version, attributes: attributesOf(tags) };
      known.set(key, scope);
    }
    return scope;
  };
}

function eventOf(log: unknown): SpanEvent {
  const { timestamp, name, fields } = record(log);
  const attributes = attributesOf(fields);
  // Jaeger has no event names: the convention is an attribute `event`.
  const named = attributes.find(({ key }) => key === 'event')?.value;
  const fallback = named?.type === 'string' ? named.value : '';
  return {
    timeUnixNanos: nanosOf(timestamp),
    name: text(name) || fallback,
    attributes: text(name) === '' && fallback !== '' ? attributes.filter(({ key }) => key !== 'event') : attributes,
    droppedAttributesCount: 0,
  };
}

function linkOf(reference: unknown): SpanLink {
  const { traceID, spanID, tags } = record(reference);
  return {
    traceId: parseTraceId(text(traceID)) ?? text(traceID),
    spanId: parseSpanId(text(spanID)) ?? text(spanID),
    traceState: '',
    attributes: attributesOf(tags),
    droppedAttributesCount: 0,
    flags: 0,
  };
}

function attributesOf(tags: unknown): Attribute[] {
  return list(tags).map((tag) => {
    const { key, value, type } = record(tag);
    return { key: text(key), value: valueOf(value, type) };
  });
}

/** `type` is a hint in Jaeger's words; most data sources leave it out. */
function valueOf(value: unknown, type: unknown): AnyValue {
  switch (typeof value) {
    case 'string':
      if (type === 'int64' && /^-?\d{1,19}$/.test(value)) {
        return { type: 'int', value: BigInt(value) };
      }
      return { type: 'string', value };
    case 'boolean':
      return { type: 'bool', value };
    case 'number':
      return Number.isSafeInteger(value) && type !== 'float64'
        ? { type: 'int', value: BigInt(value) }
        : { type: 'double', value };
    default:
      return value === undefined || value === null
        ? { type: 'empty' }
        : { type: 'string', value: JSON.stringify(value) };
  }
}

/** Columns of objects travel as JSON text from some backends. */
function list(value: unknown): readonly unknown[] {
  if (typeof value === 'string' && value.startsWith('[')) {
    try {
      return list(JSON.parse(value));
    } catch {
      return [];
    }
  }
  return Array.isArray(value) ? value : [];
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : value === undefined || value === null ? '' : String(value);
}
