/** How option values are written in files, variables and flags: `64MiB`, `14d`, `127.0.0.1:4317`. Each schema takes text or the typed value. */
import { z } from 'zod';
import { parseGoDuration, parsePrometheusDuration } from '../api/duration.ts';

/** Where a door listens; `undefined` (written `off`) closes the door. */
export interface ListenAddress {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
}

export const bool = z.union([
  z.boolean(),
  z.enum(['true', 'false', '1', '0']).transform((text) => text === 'true' || text === '1'),
]);

export const positiveNumber = z.coerce.number().positive();

const byteUnits: Readonly<Record<string, number>> = {
  '': 1,
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
};

/** Whole and above 0. */
export const count = z.coerce.number().int().positive();

/** Whole; 0 where it means "no limit". */
export const countOrZero = z.coerce.number().int().nonnegative();

/** Bytes: a number, or text with a unit. */
export const bytes = z.union([z.number().int().positive(), z.string()]).transform(toBytes);

/** As {@link bytes}; `0` is allowed. */
export const bytesOrZero = z.union([z.number().int().nonnegative(), z.string()]).transform(toBytes);

function toBytes(value: number | string, context: z.core.$RefinementCtx): number {
  const match = /^(\d+(?:\.\d+)?)\s*(B|KB|MB|GB|KiB|MiB|GiB)?$/.exec(String(value).trim());
  if (!match) {
    context.addIssue({ code: 'custom', message: `expected a size such as 64MiB, found ${JSON.stringify(value)}` });
    return z.NEVER;
  }
  return Math.round(Number(match[1]) * byteUnits[match[2] ?? '']);
}

/** Milliseconds, from text such as `30s`, `1h30m`, `14d`. */
export const durationMs = z.string().transform((value, context) => toMs(value, 1n, context));

/** As {@link durationMs}; `0` is allowed. */
export const durationMsOrZero = z
  .union([z.literal(0).transform(String), z.string()])
  .transform((value, context) => toMs(value, 0n, context));

function toMs(value: string, nanosMin: bigint, context: z.core.$RefinementCtx): number {
  const nanos = parsePrometheusDuration(value) ?? parseGoDuration(value);
  if (nanos === undefined || nanos < nanosMin) {
    context.addIssue({
      code: 'custom',
      message: `expected a duration such as 30s or 14d, found ${JSON.stringify(value)}`,
    });
    return z.NEVER;
  }
  return Number(nanos / 1_000_000n);
}

export const listenAddress = z.string().transform((value, context): ListenAddress | undefined => {
  if (value === 'off') {
    return undefined;
  }
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s]*)):(\d{1,5})$/.exec(value);
  if (!match || Number(match[3]) > 65_535) {
    context.addIssue({
      code: 'custom',
      message: `expected host:port, [v6]:port or off, found ${JSON.stringify(value)}`,
    });
    return z.NEVER;
  }
  return { host: match[1] ?? (match[2] || '0.0.0.0'), port: Number(match[3]) };
});

/** A list in YAML, or text with commas. */
export const textList = z.union([
  z.array(z.string()),
  z.string().transform((text) =>
    text
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== '')
  ),
]);

/** Only these reach no other machine. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}
