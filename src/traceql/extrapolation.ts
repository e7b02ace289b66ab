/** `with (extrapolate = true)`: metrics count a sampled span as often as the spans it stands for. */
import type { Query } from './ast.ts';
import { hintOf } from './ast.ts';

export function extrapolates(query: Query): boolean {
  const hint = hintOf(query, 'extrapolate');
  return hint?.type === 'bool' && hint.value;
}

/** Hex digits of thresholds and random values: they have 56 bits. */
const digits = 14;
const all = 1n << 56n;

/**
 * How many spans one stands for that was kept by OpenTelemetry's consistent probability sampling (OTEP 235): 2⁵⁶ ⁄ (2⁵⁶ − `th`) of the member
 * `ot` of the trace state. With a random value `rv` it is rounded to a whole number, up as often as its fraction says, so that sums keep
 * their expectation. 1 for what says nothing, or nothing well-formed.
 */
export function adjustedCount(traceState: string): number {
  const member = traceState
    .split(',')
    .map((each) => each.trim())
    .find((each) => each.startsWith('ot='));
  const fields = new Map((member?.slice(3) ?? '').split(';').map((field) => split(field)));
  const threshold = fields.get('th');
  const random = fields.get('rv');
  if (
    threshold === undefined ||
    !/^[0-9a-f]{1,14}$/.test(threshold) ||
    (random !== undefined && !/^[0-9a-f]{14}$/.test(random))
  ) {
    return 1;
  }
  const count = Number(all) / Number(all - BigInt(`0x${threshold.padEnd(digits, '0')}`));
  if (random === undefined || Number.isInteger(count)) {
    return count;
  }
  const whole = Math.floor(count);
  // Doubles have 53 bits.
  const share = Number(BigInt(`0x${random}`) >> 3n) / 2 ** 53;
  return share < count - whole ? whole + 1 : whole;
}

function split(field: string): [key: string, value: string] {
  const at = field.indexOf(':');
  return at === -1 ? [field, ''] : [field.slice(0, at), field.slice(at + 1)];
}
