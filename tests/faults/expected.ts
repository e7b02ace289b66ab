/** What was sent: a pure function of a body's number, so that the expected answer needs no storage. */
import { seededRandom } from '../../src/base/random.ts';
import { hexFromBytes } from '../../src/trace/ids.ts';
import { emptyScope, type Resource, type Span } from '../../src/trace/model.ts';
import { encodeTraces } from '../../src/wire/otlp-protobuf.ts';

const tracesPerBody = 3;
const spansPerHalf = 2;
export const spansPerBody = tracesPerBody * spansPerHalf;

const resource: Resource = {
  attributes: [{ key: 'service.name', value: { type: 'string', value: 'kill-9' } }],
  droppedAttributesCount: 0,
  schemaUrl: '',
};

export interface SentBodies {
  /** Spans of body `number`; bodies `2k` and `2k + 1` hold the halves of the same traces, so that most traces are split. */
  spans(number: number): readonly Span[];
  bytes(number: number): Uint8Array<ArrayBuffer>;
  /** Value of `span.body`. */
  name(number: number): string;
}

export function sentBodies(seed: number, nowUnixNanos: bigint): SentBodies {
  const name = (number: number): string => `body ${number}`;
  const spans = (number: number): Span[] => {
    const random = seededRandom(seed + (number >> 1));
    return Array.from({ length: tracesPerBody }, () => {
      const traceId = hexFromBytes(random.fill(new Uint8Array(16)));
      const ids = Array.from({ length: 2 * spansPerHalf }, () => hexFromBytes(random.fill(new Uint8Array(8))));
      const half = (number & 1) * spansPerHalf;
      return ids.slice(half, half + spansPerHalf).map((spanId, i) => {
        const startUnixNanos = nowUnixNanos - 60_000_000_000n + BigInt(number >> 1) * 1_000_000n + BigInt(half + i);
        return {
          traceId,
          spanId,
          parentSpanId: half + i === 0 ? '' : ids[0],
          traceState: '',
          flags: 1,
          name: `step ${half + i}`,
          kind: 1,
          startUnixNanos,
          endUnixNanos: startUnixNanos + 1000n,
          attributes: [{ key: 'body', value: { type: 'string', value: name(number) } }],
          droppedAttributesCount: 0,
          events: [],
          droppedEventsCount: 0,
          links: [],
          droppedLinksCount: 0,
          statusCode: 0,
          statusMessage: '',
          resource,
          scope: emptyScope,
        } satisfies Span;
      });
    }).flat();
  };
  return { spans, name, bytes: (number) => encodeTraces(spans(number)) as Uint8Array<ArrayBuffer> };
}

/** Span ids by trace id, in order. */
export function spanIdsOf(spans: Iterable<Span>): Map<string, string[]> {
  const byTrace = new Map<string, string[]>();
  for (const { traceId, spanId } of spans) {
    const ids = byTrace.get(traceId) ?? [];
    ids.push(spanId);
    byTrace.set(traceId, ids);
  }
  byTrace.forEach((ids) => ids.sort());
  return byTrace;
}
