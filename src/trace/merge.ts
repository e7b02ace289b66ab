import { canonicalSpan } from './canonical.ts';
import type { Span, Trace, TraceId } from './model.ts';

/**
 * One trace from all its fragments. Duplicates (same span id and canonical content) count once; spans that share an id but differ
 * are all kept. Sorted by start, then span id, then canonical content, so that the answer does not depend on where fragments lay.
 */
export function mergeTrace(traceId: TraceId, fragments: readonly (readonly Span[])[]): Trace {
  const byId = new Map<string, Span | Span[]>();
  const spans: Span[] = [];
  for (const fragment of fragments) {
    for (const span of fragment) {
      const seen = byId.get(span.spanId);
      if (seen === undefined) {
        byId.set(span.spanId, span);
      } else {
        const same = Array.isArray(seen) ? seen : [seen];
        const content = canonicalSpan(span);
        if (same.some((other) => canonicalSpan(other) === content)) {
          continue;
        }
        byId.set(span.spanId, [...same, span]);
      }
      spans.push(span);
    }
  }
  return { traceId, spans: spans.sort(compareSpans) };
}

/** By start, then span id, then canonical content: a total order on distinct spans of one trace. */
export function compareSpans(a: Span, b: Span): number {
  if (a.startUnixNanos !== b.startUnixNanos) {
    return a.startUnixNanos < b.startUnixNanos ? -1 : 1;
  }
  if (a.spanId !== b.spanId) {
    return a.spanId < b.spanId ? -1 : 1;
  }
  const contentA = canonicalSpan(a);
  const contentB = canonicalSpan(b);
  return contentA < contentB ? -1 : contentA > contentB ? 1 : 0;
}
