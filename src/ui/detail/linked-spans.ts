/** Spans at the other end of a link: those that link to a span, and the one that a link names. */
import type { Client } from '../../api/client.ts';
import type { Span, SpanId, SpanLink, TraceId, UnixNanos } from '../../trace/model.ts';

export interface LinkedSpan {
  readonly traceId: TraceId;
  readonly spanId: SpanId;
  readonly service: string;
  readonly name: string;
  readonly startUnixNanos: UnixNanos;
  readonly durationNanos: number;
}

/** More than a person reads; more are said to be there. */
export const linkedSpansMax = 50;

const hourSeconds = 3_600;
/** Who reads from a queue may come days later. */
const laterSeconds = 7 * 24 * hourSeconds;

const selected = 'select(name, resource.service.name)';

/** Spans of any trace of the server that link to `span`. Errors: CodedError of the client. */
export async function spansLinkingTo(client: Client, span: Span, signal: AbortSignal): Promise<readonly LinkedSpan[]> {
  const startSeconds = Number(span.startUnixNanos / 1_000_000_000n);
  return search(
    client,
    `{ link:traceID = "${span.traceId}" && link:spanID = "${span.spanId}" } | ${selected}`,
    { startSeconds: startSeconds - hourSeconds, endSeconds: startSeconds + laterSeconds },
    signal
  );
}

/** The span that a link of `span` names; `undefined` when the server does not know it. */
export async function spanOfLink(
  client: Client,
  span: Span,
  link: SpanLink,
  signal: AbortSignal
): Promise<LinkedSpan | undefined> {
  const startSeconds = Number(span.startUnixNanos / 1_000_000_000n);
  const found = await search(
    client,
    `{ trace:id = "${link.traceId}" && span:id = "${link.spanId}" } | ${selected}`,
    { startSeconds: startSeconds - laterSeconds, endSeconds: startSeconds + hourSeconds },
    signal
  );
  return found[0];
}

async function search(
  client: Client,
  query: string,
  range: { readonly startSeconds: number; readonly endSeconds: number },
  signal: AbortSignal
): Promise<readonly LinkedSpan[]> {
  const { data } = await client.search({
    query,
    range,
    limit: linkedSpansMax,
    spansPerSpanset: linkedSpansMax,
    signal,
  });
  return data.traces
    .flatMap((trace) =>
      trace.spans.map((found): LinkedSpan => ({
        traceId: trace.traceId,
        spanId: found.spanId,
        service: found.attributes.find(([key]) => /(^|\.)service\.name$/.test(key))?.[1] ?? trace.rootServiceName,
        name: found.name || (found.attributes.find(([key]) => key === 'name')?.[1] ?? ''),
        startUnixNanos: found.startUnixNanos,
        durationNanos: found.durationNanos,
      }))
    )
    .sort((a, b) => (a.startUnixNanos < b.startUnixNanos ? -1 : a.startUnixNanos > b.startUnixNanos ? 1 : 0))
    .slice(0, linkedSpansMax);
}

/** From the end of the earlier to the start of the later span; negative where they overlap. */
export function queueNanos(producer: Times, consumer: Times): number {
  return Number(consumer.startUnixNanos - producer.startUnixNanos) - producer.durationNanos;
}

export interface Times {
  readonly startUnixNanos: UnixNanos;
  readonly durationNanos: number;
}

/** Shares (0 to 1) of one axis that holds both spans: where each begins and how long it is. */
export function sharedAxis(spans: readonly Times[]): readonly { readonly start: number; readonly length: number }[] {
  const base = spans.reduce(
    (least, { startUnixNanos }) => (startUnixNanos < least ? startUnixNanos : least),
    spans[0].startUnixNanos
  );
  const offsets = spans.map(({ startUnixNanos }) => Number(startUnixNanos - base));
  const end = Math.max(1, ...spans.map(({ durationNanos }, i) => offsets[i] + Math.max(0, durationNanos)));
  return spans.map(({ durationNanos }, i) => ({ start: offsets[i] / end, length: Math.max(0, durationNanos) / end }));
}
