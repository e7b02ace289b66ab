import { createDataFrame, FieldType, type DataFrame, type DataLink, type Field } from '@grafana/data';
import { hexFromBytes } from '../../trace/ids.ts';
import {
  serviceNameOf,
  spanKinds,
  type AnyValue,
  type Attribute,
  type Span,
  type UnixNanos,
} from '../../trace/model.ts';

/** A key and value as Grafana's trace view shows it; `type` in Jaeger's words. */
export interface TraceKeyValue {
  readonly key: string;
  readonly value: string | number | boolean;
  readonly type: 'string' | 'bool' | 'int64' | 'float64' | 'binary' | 'json';
}

export interface TraceFrameOptions {
  readonly refId: string;
  /** Put on the trace id; Grafana's trace view shows them on every span. */
  readonly links?: readonly DataLink[];
  /** Put on the span's attributes: where Grafana's trace view looks for profiles. */
  readonly tagLinks?: readonly DataLink[];
  /** A panel that Explore should use in place of its own trace view. */
  readonly panelId?: string;
}

/**
 * A trace as the frame that Grafana's trace view, its Traces panel and our waterfall panel read: one row per span, times and
 * durations in milliseconds. Source: Grafana's trace data frame contract, Explore and Traces panel 11–13.
 */
export function traceFrame(spans: readonly Span[], options: TraceFrameOptions): DataFrame {
  return createDataFrame({
    refId: options.refId,
    name: 'Trace',
    meta: {
      preferredVisualisationType: 'trace',
      custom: { traceFormat: 'otlp' },
      ...(options.panelId === undefined ? {} : { preferredVisualisationPluginId: options.panelId }),
    },
    fields: columns(spans, options),
  });
}

/** What Grafana takes as "no such trace": one field without values. */
export function emptyTraceFrame(refId: string): DataFrame {
  return createDataFrame({
    refId,
    name: 'Trace',
    meta: { preferredVisualisationType: 'trace' },
    fields: [{ name: 'trace', type: FieldType.trace, config: {}, values: [] }],
  });
}

function columns(spans: readonly Span[], { links = [], tagLinks = [] }: TraceFrameOptions): Field[] {
  const column = (name: string, type: FieldType, valueOf: (span: Span) => unknown): Field => ({
    name,
    type,
    config: {},
    values: spans.map(valueOf),
  });
  // Spans of one resource share one array: a trace of 100,000 spans has few resources.
  const resourceTags = memoized(
    (span: Span) => span.resource,
    (resource) => keyValues(resource.attributes)
  );
  const scopeTags = memoized(
    (span: Span) => span.scope,
    (scope) => keyValues(scope.attributes)
  );
  return [
    { ...column('traceID', FieldType.string, (span) => span.traceId), config: { links: [...links] } },
    column('spanID', FieldType.string, (span) => span.spanId),
    column('parentSpanID', FieldType.string, (span) => span.parentSpanId),
    column('operationName', FieldType.string, (span) => span.name),
    column('serviceName', FieldType.string, (span) => serviceNameOf(span.resource)),
    column('serviceTags', FieldType.other, resourceTags),
    column('startTime', FieldType.number, (span) => millisOf(span.startUnixNanos)),
    column('duration', FieldType.number, durationMillisOf),
    {
      ...column('tags', FieldType.other, (span) => keyValues(span.attributes)),
      config: tagLinks.length === 0 ? {} : { links: [...tagLinks] },
    },
    column('logs', FieldType.other, (span) =>
      span.events.map((event) => ({
        timestamp: millisOf(event.timeUnixNanos),
        name: event.name,
        fields: keyValues(event.attributes),
      }))
    ),
    column('references', FieldType.other, (span) =>
      span.links.map((link) => ({ traceID: link.traceId, spanID: link.spanId, tags: keyValues(link.attributes) }))
    ),
    column('kind', FieldType.string, (span) => spanKinds[span.kind] ?? 'unspecified'),
    // Trace views of older hosts fail on any other number.
    column('statusCode', FieldType.number, (span) =>
      span.statusCode === 1 || span.statusCode === 2 ? span.statusCode : 0
    ),
    column('statusMessage', FieldType.string, (span) => span.statusMessage),
    column('instrumentationLibraryName', FieldType.string, (span) => span.scope.name),
    column('instrumentationLibraryVersion', FieldType.string, (span) => span.scope.version),
    // Not among `tags`: there, scope attributes would look like the span's own. Only our panel reads this field.
    column('instrumentationLibraryTags', FieldType.other, scopeTags),
    column('traceState', FieldType.string, (span) => span.traceState),
    column('warnings', FieldType.other, warningsOf),
  ];
}

/** Milliseconds since the epoch; a double holds them to about a quarter of a microsecond. */
function millisOf(time: UnixNanos): number {
  return Number(time / 1_000_000n) + Number(time % 1_000_000n) / 1e6;
}

/** Never negative: the trace view draws a bar of this length. {@link warningsOf} says what was really there. */
function durationMillisOf(span: Span): number {
  return Math.max(0, Number(span.endUnixNanos - span.startUnixNanos) / 1e6);
}

function warningsOf(span: Span): string[] {
  const warnings: string[] = [];
  if (span.endUnixNanos < span.startUnixNanos) {
    warnings.push(`The span ends ${Number(span.startUnixNanos - span.endUnixNanos) / 1e6} ms before it starts.`);
  }
  if (span.droppedAttributesCount > 0) {
    warnings.push(`${span.droppedAttributesCount} attributes were dropped by the sender.`);
  }
  if (span.droppedEventsCount > 0) {
    warnings.push(`${span.droppedEventsCount} events were dropped by the sender.`);
  }
  if (span.droppedLinksCount > 0) {
    warnings.push(`${span.droppedLinksCount} links were dropped by the sender.`);
  }
  return warnings;
}

function keyValues(attributes: readonly Attribute[]): TraceKeyValue[] {
  return attributes.map(({ key, value }) => ({ key, ...plainValue(value) }));
}

function plainValue(value: AnyValue): Omit<TraceKeyValue, 'key'> {
  switch (value.type) {
    case 'string':
      return { value: value.value, type: 'string' };
    case 'bool':
      return { value: value.value, type: 'bool' };
    case 'int': {
      const number = Number(value.value);
      return { value: Number.isSafeInteger(number) ? number : String(value.value), type: 'int64' };
    }
    case 'double':
      // NaN and infinities have no JSON form; the frame may be saved in a dashboard snapshot.
      return { value: Number.isFinite(value.value) ? value.value : String(value.value), type: 'float64' };
    case 'bytes':
      return { value: hexFromBytes(value.value), type: 'binary' };
    case 'array':
    case 'kvlist':
      return { value: JSON.stringify(jsonOf(value)), type: 'json' };
    case 'empty':
      return { value: '', type: 'string' };
  }
}

function jsonOf(value: AnyValue): unknown {
  switch (value.type) {
    case 'array':
      return value.value.map(jsonOf);
    case 'kvlist':
      return Object.fromEntries(value.value.map((entry) => [entry.key, jsonOf(entry.value)]));
    case 'empty':
      return undefined;
    default:
      return plainValue(value).value;
  }
}

/** `derive` of each distinct `keyOf(span)`, computed once. */
function memoized<K extends object, V>(keyOf: (span: Span) => K, derive: (key: K) => V): (span: Span) => V {
  const known = new Map<K, V>();
  return (span) => {
    const key = keyOf(span);
    let value = known.get(key);
    if (value === undefined) {
      value = derive(key);
      known.set(key, value);
    }
    return value;
  };
}
