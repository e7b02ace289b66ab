/** Log lines of a trace, from wherever the host has them. */
import type { SpanTable } from '../../trace/span-table.ts';
import { rowOfSpanId } from '../../trace/span-table.ts';

export interface LogLine {
  readonly timeUnixNanos: bigint;
  /** The span that wrote it; `undefined` where the line does not say. */
  readonly spanId: string | undefined;
  /** `info`, `error`, …; empty where the line does not say. */
  readonly level: string;
  /** Of whom it is: the service, or what the source calls it. */
  readonly source: string;
  readonly line: string;
}

export interface LogLines {
  /** By time. */
  readonly lines: readonly LogLine[];
  /** There are more than these. */
  readonly partial: boolean;
  readonly warnings: readonly string[];
  /** Why there is nothing to ask, in words; the lines are none then. */
  readonly unavailable?: string;
}

export interface LogRequest {
  readonly traceId: string;
  /** Only lines of these spans; absent: all of the trace. */
  readonly spanIds?: readonly string[];
  /** Half-open. */
  readonly fromUnixNanos: bigint;
  readonly toUnixNanos: bigint;
}

/** Errors: CodedError with a sentence for the person. */
export type AskLogs = (request: LogRequest, signal: AbortSignal) => Promise<LogLines>;

/** Lines beside the rows of a trace. */
export interface TraceLogs {
  readonly lines: readonly LogLine[];
  /** From the table's base, as `offsetNanos`. */
  readonly offsetNanos: Float64Array;
  /** By line: its span's row, −1 where it has none in this trace. */
  readonly row: Int32Array;
  /** Lines of `row`: `lineOfRow[rowStart[row] .. rowStart[row + 1])`. */
  readonly rowStart: Uint32Array;
  readonly lineOfRow: Uint32Array;
}

export function traceLogsOf(table: SpanTable, lines: readonly LogLine[]): TraceLogs {
  const known = new Map<string, number>();
  const row = Int32Array.from(lines, ({ spanId }) => {
    if (spanId === undefined) {
      return -1;
    }
    let found = known.get(spanId);
    if (found === undefined) {
      found = rowOfSpanId(table, spanId);
      known.set(spanId, found);
    }
    return found;
  });
  const rowStart = new Uint32Array(table.rowCount + 1);
  row.forEach((at) => at >= 0 && rowStart[at + 1]++);
  for (let at = 0; at < table.rowCount; at++) {
    rowStart[at + 1] += rowStart[at];
  }
  const next = rowStart.slice();
  const lineOfRow = new Uint32Array(rowStart[table.rowCount]);
  row.forEach((at, line) => {
    if (at >= 0) {
      lineOfRow[next[at]++] = line;
    }
  });
  return {
    lines,
    offsetNanos: Float64Array.from(lines, ({ timeUnixNanos }) => Number(timeUnixNanos - table.baseUnixNanos)),
    row,
    rowStart,
    lineOfRow,
  };
}

export function isErrorLevel(level: string): boolean {
  return /^(err|error|fatal|crit|critical|emerg|panic|alert)/i.test(level);
}
