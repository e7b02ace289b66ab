/** Spans for tests of analysis and layout: drawn by numbers, `[parent, start, end]` in nanoseconds, the index is the id. */
import type { Span } from '../trace/model.ts';
import { emptyResource, emptyScope } from '../trace/model.ts';
import { spanTableOf } from '../trace/span-table.ts';
import type { WholeSpanTable } from '../trace/span-table.ts';

export interface DrawnSpan {
  /** Index of the parent, or −1. */
  readonly parent: number;
  readonly start: number;
  readonly end: number;
  readonly service?: string;
  readonly isError?: boolean;
  /** Its index, by default. */
  readonly name?: string;
}

export const traceId = '0af7651916cd43dd8448eb211c80319c';

export function spanIdOf(index: number): string {
  return (index + 1).toString(16).padStart(16, '0');
}

export function drawnSpans(drawn: readonly DrawnSpan[]): Span[] {
  return drawn.map(({ parent, start, end, service = 'a', isError = false, name }, index) => ({
    traceId,
    spanId: spanIdOf(index),
    parentSpanId: parent < 0 ? '' : spanIdOf(parent),
    traceState: '',
    flags: 0,
    name: name ?? `span ${index}`,
    kind: 1,
    startUnixNanos: 1_000_000_000n + BigInt(start),
    endUnixNanos: 1_000_000_000n + BigInt(end),
    attributes: [],
    droppedAttributesCount: 0,
    events: [],
    droppedEventsCount: 0,
    links: [],
    droppedLinksCount: 0,
    statusCode: isError ? 2 : 0,
    statusMessage: '',
    resource: { ...emptyResource, attributes: [{ key: 'service.name', value: { type: 'string', value: service } }] },
    scope: emptyScope,
  }));
}

export function drawnTable(drawn: readonly DrawnSpan[]): WholeSpanTable {
  return spanTableOf({ traceId, spans: drawnSpans(drawn) });
}
