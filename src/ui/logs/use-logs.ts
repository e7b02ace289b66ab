import { useEffect, useMemo, useState } from 'react';
import type { SpanTable } from '../../trace/span-table.ts';
import { traceLogsOf } from './log-lines.ts';
import type { AskLogs, LogLines, TraceLogs } from './log-lines.ts';

/** Clocks of logs and spans differ a little, and a line may be written after its span has ended. */
const slackNanos = 5_000_000_000n;

export type LogsState =
  /** There is no source: the reason why nothing can be asked. */
  | { readonly kind: 'none'; readonly reason: string }
  | { readonly kind: 'asking' }
  | { readonly kind: 'failed'; readonly message: string }
  | {
      readonly kind: 'here';
      readonly logs: TraceLogs;
      readonly partial: boolean;
      readonly warnings: readonly string[];
    };

/** The log lines of the whole trace, asked once. */
export function useLogs(askLogs: AskLogs | undefined, table: SpanTable): LogsState {
  const [answer, setAnswer] = useState<{
    readonly table: SpanTable;
    readonly lines: LogLines | undefined;
    readonly message: string;
  }>();
  useEffect(() => {
    if (askLogs === undefined) {
      return undefined;
    }
    const controller = new AbortController();
    const request = {
      traceId: table.traceId,
      fromUnixNanos: table.baseUnixNanos - slackNanos,
      toUnixNanos: table.baseUnixNanos + BigInt(Math.ceil(table.traceNanos)) + slackNanos,
    };
    askLogs(request, controller.signal).then(
      (lines) => setAnswer({ table, lines, message: '' }),
      (error: unknown) =>
        controller.signal.aborted ||
        setAnswer({ table, lines: undefined, message: error instanceof Error ? error.message : String(error) })
    );
    return () => controller.abort();
  }, [askLogs, table]);
  return useMemo(() => {
    if (askLogs === undefined) {
      return { kind: 'none', reason: 'No log source is set up here.' };
    }
    if (answer?.table !== table) {
      return { kind: 'asking' };
    }
    if (answer.lines === undefined) {
      return { kind: 'failed', message: answer.message };
    }
    const { lines, partial, warnings, unavailable } = answer.lines;
    if (unavailable !== undefined) {
      return { kind: 'none', reason: unavailable };
    }
    return { kind: 'here', logs: traceLogsOf(table, lines), partial, warnings };
  }, [askLogs, answer, table]);
}
