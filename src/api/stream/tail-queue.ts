import type { Clock } from '../../base/clock.ts';
import type { Span, Trace } from '../../trace/model.ts';
import { serviceNameOf, spanKinds, statusCodes } from '../../trace/model.ts';
import type { Query } from '../../traceql/ast.ts';
import { compileMatch, type SpanMatch, type TraceMatch } from '../../traceql/match.ts';
import { message, messageToJson } from '../../wire/protobuf-schema.ts';
import type { JsonKeyValue } from '../../wire/tempo.ts';
import { anyValueOf } from '../tempo/shape.ts';

/** A span as a tail tells it. `attributes` are those that the query reads or selects, by bare name. */
export interface TailSpan {
  readonly traceID: string;
  readonly spanID: string;
  readonly parentSpanID: string;
  readonly serviceName: string;
  readonly name: string;
  readonly kind: string;
  readonly status: string;
  readonly startTimeUnixNano: string;
  /** Of a span that ends before it starts: 0. */
  readonly durationNanos: string;
  readonly attributes: readonly JsonKeyValue[];
}

/** What a tail could not tell since it last said so. */
export interface TailLoss {
  /** Matching spans above the rate, or that the client was too slow for. */
  readonly spans: number;
  /** Requests that the server had no time to look at. */
  readonly requests: number;
}

export type TailMessage =
  | { readonly type: 'spans'; /** JSON, each a {@link TailSpan}. */ readonly spans: readonly string[] }
  | ({ readonly type: 'dropped' } & TailLoss);

export interface TailOptions {
  readonly query: Query;
  readonly spansPerSecond: number;
  readonly clock: Clock;
  readonly onClose: () => void;
}

/** What waits for a client that does not read: then spans are dropped and counted. */
const queueCharactersMax = 2 ** 20;
/** So that many spans are one line, and a line stays far below what a reader buffers. */
const lineCharactersMax = 64 * 1024;

/** One live tail: filled by the hub, emptied by its client at the client's pace. */
export class Tail implements AsyncIterable<TailMessage> {
  private readonly options: TailOptions;
  private readonly matchOf: (trace: Trace) => TraceMatch | undefined;
  private readonly queue: string[] = [];
  private queueCharacters = 0;
  private droppedSpans = 0;
  private skippedRequests = 0;
  private secondStartMs = -1_000;
  private toldThisSecond = 0;
  private closed = false;
  private wake: () => void = () => undefined;

  constructor(options: TailOptions) {
    this.options = options;
    this.matchOf = compileMatch(options.query, Number.MAX_SAFE_INTEGER);
  }

  /** The part of a trace that has just arrived. */
  offer(trace: Trace): void {
    const match = trace.spans.length === 0 ? undefined : this.matchOf(trace);
    if (match === undefined || this.closed) {
      return;
    }
    const spans = new Map(trace.spans.map((span) => [span.spanId, span]));
    for (const found of match.spansets[0].spans) {
      const span = spans.get(found.spanId);
      if (span === undefined || !this.mayTell()) {
        this.droppedSpans++;
        continue;
      }
      const text = JSON.stringify(messageToJson(tailSpan, describe(span, found)));
      this.queue.push(text);
      this.queueCharacters += text.length;
      this.toldThisSecond++;
    }
    this.wake();
  }

  /** A request went by unseen. */
  skipRequest(): void {
    this.skippedRequests++;
    this.wake();
  }

  close(): void {
    if (!this.closed) {
      this.closed = true;
      this.options.onClose();
      this.wake();
    }
  }

  /** Ends when the tail is closed; ending the iteration closes it. */
  async *[Symbol.asyncIterator](): AsyncGenerator<TailMessage> {
    try {
      while (!this.closed) {
        if (this.queue.length > 0) {
          yield { type: 'spans', spans: this.take() };
        } else if (this.droppedSpans + this.skippedRequests > 0) {
          yield { type: 'dropped', spans: this.droppedSpans, requests: this.skippedRequests };
          this.droppedSpans = 0;
          this.skippedRequests = 0;
        } else {
          await new Promise<void>((resolve) => {
            this.wake = resolve;
          });
        }
      }
    } finally {
      this.close();
    }
  }

  private mayTell(): boolean {
    const nowMs = this.options.clock.monotonicMs();
    if (nowMs - this.secondStartMs >= 1_000) {
      this.secondStartMs = nowMs;
      this.toldThisSecond = 0;
    }
    return this.toldThisSecond < this.options.spansPerSecond && this.queueCharacters < queueCharactersMax;
  }

  private take(): string[] {
    let characters = 0;
    let count = 0;
    while (count < this.queue.length && (count === 0 || characters + this.queue[count].length <= lineCharactersMax)) {
      characters += this.queue[count].length;
      count++;
    }
    this.queueCharacters -= characters;
    return this.queue.splice(0, count);
  }
}

/** For its JSON alone: 64-bit integers as strings, doubles that JSON has no number for by name. */
const tailSpan = message<TailSpan>('TailSpan', {
  traceID: [1, 'string'],
  spanID: [2, 'string'],
  parentSpanID: [3, 'string'],
  serviceName: [4, 'string'],
  name: [5, 'string'],
  kind: [6, 'string'],
  status: [7, 'string'],
  startTimeUnixNano: [8, 'uint64'],
  durationNanos: [9, 'uint64'],
  attributes: [10, 'keyValues'],
});

function describe(span: Span, found: SpanMatch): TailSpan {
  return {
    traceID: span.traceId,
    spanID: span.spanId,
    parentSpanID: span.parentSpanId,
    serviceName: serviceNameOf(span.resource),
    name: span.name,
    kind: spanKinds[span.kind] ?? 'unspecified',
    status: statusCodes[span.statusCode] ?? 'unset',
    startTimeUnixNano: String(span.startUnixNanos),
    durationNanos: String(found.durationNanos < 0n ? 0n : found.durationNanos),
    attributes: found.attributes.map(([key, value]) => ({ key, value: anyValueOf(value) })),
  };
}
