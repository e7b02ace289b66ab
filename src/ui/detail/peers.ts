/** How slow a span is among its peers: spans of the same service and name in the hour up to its end. */
import type { Client, SecondsRange } from '../../api/client.ts';
import { serviceNameOf } from '../../trace/model.ts';
import type { Span } from '../../trace/model.ts';
import { quoted } from '../state/value-target.ts';

export interface PeerStanding {
  /** Peers of the hour, the span itself among them. */
  readonly count: number;
  /** How many of them were faster. */
  readonly fasterCount: number;
  readonly medianNanos: number | undefined;
  readonly isPartial: boolean;
}

const hourSeconds = 3_600;

/** TraceQL conditions that all peers meet, and the hour. */
export function peersOf(span: Span): { readonly conditions: string; readonly range: SecondsRange } {
  const service = serviceNameOf(span.resource);
  const endSeconds = Number(span.endUnixNanos / 1_000_000_000n) + 1;
  return {
    conditions: `resource.service.name = ${quoted(service)} && name = ${quoted(span.name)}`,
    range: { startSeconds: endSeconds - hourSeconds, endSeconds },
  };
}

/** Errors: CodedError of the client, for instance of a server without TraceQL metrics. */
export async function peerStanding(client: Client, span: Span, signal: AbortSignal): Promise<PeerStanding> {
  const { conditions, range } = peersOf(span);
  const durationNanos = span.endUnixNanos > span.startUnixNanos ? span.endUnixNanos - span.startUnixNanos : 0n;
  const ask = async (query: string): Promise<{ readonly value: number | undefined; readonly partial: boolean }> => {
    const { data, partial } = await client.metricsInstant(query, range, signal);
    return { value: data[0]?.value, partial };
  };
  const [all, faster, median] = await Promise.all([
    ask(`{ ${conditions} } | count_over_time()`),
    ask(`{ ${conditions} && duration < ${durationNanos}ns } | count_over_time()`),
    ask(`{ ${conditions} } | quantile_over_time(duration, 0.5)`),
  ]);
  return {
    count: all.value ?? 0,
    fasterCount: faster.value ?? 0,
    // Seconds, as TraceQL's metrics measure durations.
    medianNanos: median.value === undefined ? undefined : median.value * 1e9,
    isPartial: all.partial || faster.partial,
  };
}

/** Percent of peers that were faster, never rounded up to 100. */
export function percentileOf({ count, fasterCount }: PeerStanding): number {
  const percent = (100 * fasterCount) / Math.max(1, count);
  return percent >= 99 ? Math.floor(percent * 100) / 100 : Math.round(percent);
}
