/** `--start`, `--end` and `--since` of the commands. */
import type { Command } from 'commander';
import { parseGoDuration, parsePrometheusDuration } from '../../api/duration.ts';
import type { TimeRange } from '../../store/trace-store.ts';
import { ConfigError } from '../config.ts';

export interface TimeOptions {
  readonly start?: string;
  readonly end?: string;
  readonly since?: string;
}

export function timeOptions(command: Command): Command {
  return command
    .option('--start <time>', 'traces that end at or after this time: RFC 3339 or unix seconds')
    .option('--end <time>', 'traces that start before this time')
    .option('--since <duration>', 'instead of --start: so long ago, such as 1h or 7d');
}

/** Errors: {@link ConfigError}. */
export function rangeOf(options: TimeOptions, nowUnixNanos: bigint): TimeRange {
  if (options.start !== undefined && options.since !== undefined) {
    throw new ConfigError('--start and --since exclude each other');
  }
  const end = options.end === undefined ? undefined : timeOf('--end', options.end);
  const start =
    options.since === undefined
      ? options.start === undefined
        ? undefined
        : timeOf('--start', options.start)
      : nowUnixNanos - durationOf(options.since);
  if (start !== undefined && end !== undefined && end <= start) {
    throw new ConfigError('--end must be after the start');
  }
  return { startUnixNanos: start, endUnixNanos: end };
}

function timeOf(option: string, text: string): bigint {
  if (/^\d{1,11}$/.test(text)) {
    return BigInt(text) * 1_000_000_000n;
  }
  const timeMs = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(timeMs)) {
    throw new ConfigError(`${option}: expected unix seconds or a time such as 2026-01-31T12:00:00Z, found ${text}`);
  }
  return BigInt(timeMs) * 1_000_000n;
}

function durationOf(text: string): bigint {
  const nanos = parsePrometheusDuration(text) ?? parseGoDuration(text);
  if (nanos === undefined || nanos <= 0n) {
    throw new ConfigError(`--since: expected a duration such as 1h or 7d, found ${text}`);
  }
  return nanos;
}
