/**
 * Durations as text, in the two dialects of the Tempo API: Go's (`1h30m`, `1.5s`, `10us`) and Prometheus' (`1d2h`, whole numbers).
 */

const goUnitNanos: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};

const prometheusUnits: readonly (readonly [unit: string, nanos: bigint])[] = [
  ['y', 365n * 86_400_000_000_000n],
  ['w', 7n * 86_400_000_000_000n],
  ['d', 86_400_000_000_000n],
  ['h', 3_600_000_000_000n],
  ['m', 60_000_000_000n],
  ['s', 1_000_000_000n],
  ['ms', 1_000_000n],
];

/** Nanoseconds of a Go duration; `undefined` when it is none. */
export function parseGoDuration(text: string): bigint | undefined {
  if (text === '0') {
    return 0n;
  }
  const match = /^([+-]?)((?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/.exec(text);
  if (!match) {
    return undefined;
  }
  let nanos = 0n;
  for (const [, amount, unit] of text.matchAll(/(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g)) {
    const [whole, fraction = ''] = amount.split('.');
    const unitNanos = BigInt(goUnitNanos[unit]);
    nanos += BigInt(whole || '0') * unitNanos + (BigInt(fraction || '0') * unitNanos) / 10n ** BigInt(fraction.length);
  }
  return match[1] === '-' ? -nanos : nanos;
}

/** Nanoseconds of a Prometheus duration: units in descending order, each at most once. `undefined` when it is none. */
export function parsePrometheusDuration(text: string): bigint | undefined {
  if (text === '0') {
    return 0n;
  }
  const match = /^(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$/.exec(text);
  if (!match || text === '') {
    return undefined;
  }
  return prometheusUnits.reduce((sum, [, nanos], i) => sum + BigInt(match[i + 1] ?? '0') * nanos, 0n);
}

/** As Go prints it: `1h0m5s`, `1.5s`, `250ms`, `0s`. */
export function formatGoDuration(nanos: bigint): string {
  if (nanos === 0n) {
    return '0s';
  }
  const sign = nanos < 0n ? '-' : '';
  const magnitude = nanos < 0n ? -nanos : nanos;
  if (magnitude < 1_000n) {
    return `${sign}${magnitude}ns`;
  }
  if (magnitude < 1_000_000n) {
    return `${sign}${decimal(magnitude, 1_000n)}µs`;
  }
  if (magnitude < 1_000_000_000n) {
    return `${sign}${decimal(magnitude, 1_000_000n)}ms`;
  }
  const minutes = magnitude / 60_000_000_000n;
  const seconds = `${decimal(magnitude % 60_000_000_000n, 1_000_000_000n)}s`;
  if (minutes === 0n) {
    return sign + seconds;
  }
  const hours = minutes / 60n;
  return hours === 0n ? `${sign}${minutes}m${seconds}` : `${sign}${hours}h${minutes % 60n}m${seconds}`;
}

/** `value / unit` without trailing zeros. */
function decimal(value: bigint, unit: bigint): string {
  const fraction = String(value % unit)
    .padStart(String(unit).length - 1, '0')
    .replace(/0+$/, '');
  return fraction === '' ? String(value / unit) : `${value / unit}.${fraction}`;
}
