/** Answers for language models (`Accept: application/vnd.grafana.llm`): hex ids, plain values, attributes as objects. */
import { hexFromBytes } from '../../trace/ids.ts';
import {
  durationNanosOf,
  serviceNameOf,
  spanKinds,
  statusCodes,
  type AnyValue,
  type Attribute,
  type Span,
} from '../../trace/model.ts';
import { jsonDouble, jsonInteger, stringifyJson } from '../../wire/json.ts';
import { groupSpans } from '../../wire/span-groups.ts';
import type { MetadataMetrics, TraceByIdMetrics, TraceByIdResponse } from '../../wire/tempo.ts';
import type { ApiResponse } from '../exchange.ts';
import { contentTypes } from '../exchange.ts';

export function llmTraceResponse({ trace, metrics, status = 'COMPLETE', message }: TraceByIdResponse): ApiResponse {
  if (trace.length === 0) {
    return llmResponse({});
  }
  const services = groupSpans(trace).map(({ resource, scopes }) => ({
    serviceName: serviceNameOf(resource) || undefined,
    resource: plainAttributes(resource.attributes.filter(({ key }) => key !== 'service.name')),
    scopes: scopes.map(({ scope, spans }) => ({
      name: scope.name || undefined,
      version: scope.version || undefined,
      spans: spans.map(plainSpan),
    })),
  }));
  return llmResponse({
    trace: { traceId: trace[0].traceId, services },
    metrics: plainMetrics(metrics),
    status,
    message: message || undefined,
  });
}

/** Values by type. */
export function llmValuesResponse(
  values: readonly { readonly type: string; readonly value: string }[],
  metrics: MetadataMetrics
): ApiResponse {
  const tagValues: Record<string, string[]> = {};
  for (const { type, value } of values) {
    (tagValues[type] ??= []).push(value);
  }
  return llmResponse({ tagValues, metrics: plainMetrics(metrics) });
}

function llmResponse(value: unknown): ApiResponse {
  return { status: 200, contentType: `${contentTypes.llm}+json`, body: stringifyJson(value) };
}

function plainSpan(span: Span): unknown {
  return {
    spanId: span.spanId,
    name: span.name,
    parentSpanId: span.parentSpanId || undefined,
    kind: span.kind === 0 ? undefined : `SPAN_KIND_${(spanKinds[span.kind] ?? String(span.kind)).toUpperCase()}`,
    startTimeUnixNano: String(span.startUnixNanos),
    endTimeUnixNano: String(span.endUnixNanos),
    durationMs: Number(durationNanosOf(span)) / 1e6 || undefined,
    attributes: plainAttributes(span.attributes),
    events: filled(
      span.events.map(({ name, timeUnixNanos, attributes }) => ({
        name,
        timeUnixNano: String(timeUnixNanos),
        attributes: plainAttributes(attributes),
      }))
    ),
    links: filled(
      span.links.map(({ traceId, spanId, attributes }) => ({
        traceId,
        spanId,
        attributes: plainAttributes(attributes),
      }))
    ),
    status: {
      code: `STATUS_CODE_${(statusCodes[span.statusCode] ?? String(span.statusCode)).toUpperCase()}`,
      // Tempo tells no message of a status that is not set.
      message: span.statusCode === 0 ? '' : span.statusMessage,
    },
  };
}

const filled = <T>(list: readonly T[]): readonly T[] | undefined => (list.length === 0 ? undefined : list);

/** `undefined` when there is none. Of equal keys the last counts, as in Tempo. */
function plainAttributes(attributes: readonly Attribute[]): unknown {
  return attributes.length === 0
    ? undefined
    : Object.fromEntries(attributes.map(({ key, value }) => [key, plainValue(value)]));
}

function plainValue(value: AnyValue): unknown {
  switch (value.type) {
    case 'string':
    case 'bool':
      return value.value;
    case 'int':
      return jsonInteger(value.value);
    case 'double':
      return jsonDouble(value.value);
    case 'bytes':
      return hexFromBytes(value.value);
    case 'array':
      return value.value.map(plainValue);
    case 'kvlist':
      return plainAttributes(value.value) ?? {};
    case 'empty':
      return null;
  }
}

/** Counts are numbers here; those that are 0 are left out. */
function plainMetrics(metrics: TraceByIdMetrics | MetadataMetrics | undefined): unknown {
  const plain = Object.entries(metrics ?? {}).flatMap(([name, value]): [string, unknown][] => {
    const number = typeof value === 'object' ? plainMetrics(value as MetadataMetrics) : Number(value);
    return number === 0 || number === undefined ? [] : [[name, number]];
  });
  return plain.length === 0 ? undefined : Object.fromEntries(plain);
}
