/** Log lines from the server that this page is from. */
import type { AskLogs } from '../ui/index.ts';

interface Body {
  readonly configured: boolean;
  readonly lines: readonly {
    readonly timeUnixNanos: string;
    readonly spanId: string;
    readonly level: string;
    readonly source: string;
    readonly line: string;
  }[];
  readonly partial: boolean;
  readonly warnings: readonly string[];
}

/** Errors: what the server says, as an Error with that sentence. */
export const askServerLogs: AskLogs = async ({ traceId, spanIds, fromUnixNanos, toUnixNanos }, signal) => {
  const start = fromUnixNanos < 0n ? 0n : fromUnixNanos;
  const params = new URLSearchParams({ traceId, start: String(start), end: String(toUnixNanos) });
  const response = await fetch(`/api/vivace/logs?${params.toString()}`, { signal });
  if (!response.ok) {
    throw new Error((await response.text()).slice(0, 300));
  }
  const body = (await response.json()) as Body;
  const lines = body.lines.map(({ spanId, timeUnixNanos, ...rest }) => ({
    ...rest,
    timeUnixNanos: BigInt(timeUnixNanos),
    spanId: spanId === '' ? undefined : spanId,
  }));
  return {
    lines:
      spanIds === undefined ? lines : lines.filter(({ spanId }) => spanId !== undefined && spanIds.includes(spanId)),
    partial: body.partial,
    warnings: body.warnings,
    ...(body.configured ? {} : { unavailable: 'The server has no log source (option logs_loki_url).' }),
  };
};
