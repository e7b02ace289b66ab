import type { Span } from '../../src/trace/model.ts';
import { encodeTraces } from '../../src/wire/otlp-protobuf.ts';
import { openShop, shopTrace } from './shop.ts';

export interface ShopStreamOptions {
  readonly seed: number;
  /** Exactly so many in all; the last trace may lack its last spans. */
  readonly spans: number;
  /** When the first request arrives. */
  readonly startUnixNanos: bigint;
  /** In the time of the spans, not of the generator. Default 10,000: a million spans are 100 seconds of shop. */
  readonly spansPerSecond?: number;
  /** Default 1,000, about what a collector's batch processor sends. */
  readonly spansPerBody?: number;
}

/** Mean of the routes; decides only how close together requests arrive. */
const spansPerTrace = 7.6;
/** Traces under way at the same time: their spans mix in one body, and a trace is spread over two or three. */
const bodiesInFlight = 4;

/**
 * Spans in bodies as a collector sends them: ordered by end, so that children come before parents and traces mix and spread over
 * bodies. Holds a few bodies' worth in memory, whatever `spans` is.
 */
export function* shopBatches(options: ShopStreamOptions): Generator<Span[]> {
  const { seed, spans, startUnixNanos, spansPerSecond = 10_000, spansPerBody = 1_000 } = options;
  const shop = openShop(seed);
  const meanGapNanos = (1e9 * spansPerTrace) / spansPerSecond;
  let offsetNanos = 0;
  let left = spans;
  let waiting: Span[] = [];
  while (left > 0) {
    while (left > 0 && waiting.length < bodiesInFlight * spansPerBody) {
      const trace = shopTrace(shop, startUnixNanos + BigInt(Math.floor(offsetNanos)));
      // Requests arrive independently of each other.
      offsetNanos -= meanGapNanos * Math.log(1 - shop.random.float());
      const taken = trace.length <= left ? trace : trace.slice(0, left);
      left -= taken.length;
      waiting.push(...taken);
    }
    waiting.sort((a, b) => (a.endUnixNanos < b.endUnixNanos ? -1 : a.endUnixNanos > b.endUnixNanos ? 1 : 0));
    const ready = left > 0 ? 1 : Math.ceil(waiting.length / spansPerBody);
    for (let body = 0; body < ready; body++) {
      yield waiting.slice(body * spansPerBody, (body + 1) * spansPerBody);
    }
    waiting = waiting.slice(ready * spansPerBody);
  }
}

/** The same as OTLP protobuf request bodies. */
export function* shopBodies(options: ShopStreamOptions): Generator<Uint8Array<ArrayBuffer>> {
  for (const batch of shopBatches(options)) {
    yield encodeTraces(batch);
  }
}
