import type { ComparisonOperator } from '../../../traceql/ast.ts';
import type { Static } from '../../../traceql/static.ts';
import type { Mask } from './vector.ts';
import { none } from './vector.ts';

/**
 * The rows of `within` whose duration compares so with a number, exactly; `undefined` when the operand is no number that 64 bits hold.
 */
export function testDurations(
  nanos: BigInt64Array,
  op: ComparisonOperator,
  operand: Static,
  within: Mask
): Mask | undefined {
  const bounds = boundsOf(op, operand);
  if (bounds === undefined) {
    return undefined;
  }
  const { least, most, outside } = bounds;
  const mask = none(within.length);
  if (least > most) {
    return outside ? within : mask;
  }
  const inside = outside ? 0 : 1;
  for (let row = 0; row < mask.length; row++) {
    const isInside = nanos[row] >= least && nanos[row] <= most ? 1 : 0;
    mask[row] = within[row] & (isInside === inside ? 1 : 0);
  }
  return mask;
}

interface Bounds {
  readonly least: bigint;
  readonly most: bigint;
  /** What is sought lies outside of the bounds. */
  readonly outside: boolean;
}

const int64Min = -(2n ** 63n);
const int64Max = 2n ** 63n - 1n;

function boundsOf(op: ComparisonOperator, operand: Static): Bounds | undefined {
  let low: bigint;
  let high: bigint;
  if (operand.type === 'int' || operand.type === 'duration') {
    low = operand.value;
    high = operand.value;
  } else if (operand.type === 'float' && Math.abs(operand.value) < 2 ** 62) {
    // Between two integers: `low` is the one below, `high` the one above.
    low = BigInt(Math.floor(operand.value));
    high = BigInt(Math.ceil(operand.value));
  } else {
    return undefined;
  }
  if (low <= int64Min || high >= int64Max) {
    return undefined;
  }
  switch (op) {
    case '=':
      return { least: high, most: low, outside: false };
    case '!=':
      return { least: high, most: low, outside: true };
    case '<':
      return { least: int64Min, most: high - 1n, outside: false };
    case '<=':
      return { least: int64Min, most: low, outside: false };
    case '>':
      return { least: low + 1n, most: int64Max, outside: false };
    case '>=':
      return { least: high, most: int64Max, outside: false };
  }
}
