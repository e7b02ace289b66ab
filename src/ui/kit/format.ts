const units: readonly (readonly [nanos: number, name: string])[] = [
  [86_400e9, 'd'],
  [3_600e9, 'h'],
  [60e9, 'm'],
  [1e9, 's'],
  [1e6, 'ms'],
  [1e3, 'µs'],
];

/** Three digits that matter and a unit: `1.24 s`, `340 µs`, `2 h 5 m`, `0 ns`. */
export function formatNanos(nanos: number): string {
  if (nanos < 0) {
    return `−${formatNanos(-nanos)}`;
  }
  const unit = units.findIndex(([size]) => nanos >= size);
  if (unit < 0) {
    return `${Math.round(nanos)} ns`;
  }
  const [size, name] = units[unit];
  // Minutes and above in two whole units, as people say them.
  if (unit < 3) {
    const whole = Math.floor(nanos / size);
    const rest = Math.round((nanos - whole * size) / units[unit + 1][0]);
    return rest === 0 ? `${whole} ${name}` : `${whole} ${name} ${rest} ${units[unit + 1][1]}`;
  }
  const value = nanos / size;
  const digits = value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return `${trimZeros(value.toFixed(digits))} ${name}`;
}

function trimZeros(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

/** `just now`, `12 s ago`, `3 m ago`, `2 h ago`, `5 d ago`; `in 4 s` for a clock ahead of ours. */
export function formatAgo(unixMs: number, nowMs: number): string {
  const seconds = Math.round((nowMs - unixMs) / 1_000);
  const size = Math.abs(seconds);
  if (size < 2) {
    return 'just now';
  }
  const [value, unit] =
    size < 60
      ? [size, 's']
      : size < 3_600
        ? [size / 60, 'm']
        : size < 86_400
          ? [size / 3_600, 'h']
          : [size / 86_400, 'd'];
  const text = `${Math.floor(value)} ${unit}`;
  return seconds > 0 ? `${text} ago` : `in ${text}`;
}

/** Local date and time with milliseconds: `2026-11-21 00:31:07.123`. */
export function formatTime(unixMs: number): string {
  const date = new Date(unixMs);
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const millis = String(date.getMilliseconds()).padStart(3, '0');
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${millis}`;
}

export function formatCount(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en-US')} ${count === 1 ? one : many}`;
}

export { formatValue, plainValue } from '../../trace/value-text.ts';
