/** A trace as a file in each format that we write, and what of it the format could not hold. */
import { canonicalSpan } from '../trace/canonical.ts';
import type { Span } from '../trace/model.ts';
import { decodeTraceFile } from './detect.ts';
import { encodeJaegerJson } from './jaeger-json.ts';
import { encodeTracesJson } from './otlp-json.ts';
import { encodeTraces } from './otlp-protobuf.ts';
import { encodeZipkinJson } from './zipkin-json.ts';

export const exportFormats = ['otlp-json', 'otlp-protobuf', 'jaeger-json', 'zipkin-json'] as const;
export type ExportFormat = (typeof exportFormats)[number];

export interface ExportedTrace {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly contentType: string;
  /** After the base of the file's name. */
  readonly suffix: string;
}

/** One part of the spans that did not come through whole. */
export interface Loss {
  readonly what: string;
  readonly spanCount: number;
}

export function exportTrace(format: ExportFormat, spans: readonly Span[]): ExportedTrace {
  switch (format) {
    case 'otlp-json':
      return {
        bytes: encodeTracesJson(spans, { ids: 'hex', enums: 'number', topKey: 'resourceSpans' }),
        contentType: 'application/json',
        suffix: '.json',
      };
    case 'otlp-protobuf':
      return { bytes: encodeTraces(spans), contentType: 'application/x-protobuf', suffix: '.pb' };
    case 'jaeger-json':
      return { bytes: encodeJaegerJson(spans), contentType: 'application/json', suffix: '.jaeger.json' };
    case 'zipkin-json':
      return { bytes: encodeZipkinJson(spans), contentType: 'application/json', suffix: '.zipkin.json' };
  }
}

/**
 * What a reader of the file will not find as it was, measured by reading the file again. Empty for a file that holds everything. `spans`
 * are of one trace, as they were given to {@link exportTrace}.
 */
export function lossesOf(spans: readonly Span[], { bytes }: ExportedTrace): readonly Loss[] {
  if (spans.length === 0) {
    return [];
  }
  const read = new Map<string, Span[]>();
  for (const span of decodeTraceFile(bytes).spans) {
    const known = read.get(span.spanId);
    if (known) {
      known.push(span);
    } else {
      read.set(span.spanId, [span]);
    }
  }
  const counts = new Map<string, number>();
  const add = (what: string): void => void counts.set(what, (counts.get(what) ?? 0) + 1);
  for (const span of spans) {
    // Of copies with one id the first is read back first.
    const back = read.get(span.spanId)?.shift();
    if (back === undefined) {
      add('the span itself');
    } else if (canonicalSpan(back) !== canonicalSpan(span)) {
      const parts = partNames.filter((part) => canonicalSpan(spanParts[part](span, back)) !== canonicalSpan(span));
      (parts.length === 0 ? ['other details'] : parts).forEach(add);
    }
  }
  return [...counts].map(([what, spanCount]) => ({ what, spanCount }));
}

/** Each part by itself: the span as it was, but for this part, which is as it came back. */
const spanParts = {
  'times, rounded to microseconds': (span: Span, back: Span): Span => ({
    ...span,
    startUnixNanos: back.startUnixNanos,
    endUnixNanos: back.endUnixNanos,
  }),
  attributes: (span: Span, back: Span): Span => ({ ...span, attributes: back.attributes }),
  'the resource': (span: Span, back: Span): Span => ({ ...span, resource: back.resource }),
  'the instrumentation scope': (span: Span, back: Span): Span => ({ ...span, scope: back.scope }),
  events: (span: Span, back: Span): Span => ({ ...span, events: back.events }),
  links: (span: Span, back: Span): Span => ({ ...span, links: back.links }),
  kind: (span: Span, back: Span): Span => ({ ...span, kind: back.kind }),
  status: (span: Span, back: Span): Span => ({
    ...span,
    statusCode: back.statusCode,
    statusMessage: back.statusMessage,
  }),
  'flags and trace state': (span: Span, back: Span): Span => ({
    ...span,
    flags: back.flags,
    traceState: back.traceState,
  }),
  'name and parent': (span: Span, back: Span): Span => ({
    ...span,
    name: back.name,
    parentSpanId: back.parentSpanId,
  }),
  'counts of what was dropped': (span: Span, back: Span): Span => ({
    ...span,
    droppedAttributesCount: back.droppedAttributesCount,
    droppedEventsCount: back.droppedEventsCount,
    droppedLinksCount: back.droppedLinksCount,
  }),
} as const;
const partNames = Object.keys(spanParts) as (keyof typeof spanParts)[];
