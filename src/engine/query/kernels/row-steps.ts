import type { Steps } from '../../../traceql/metrics.ts';
import type { Mask } from './vector.ts';

/** Some rows, ascending, and the step each starts in. */
export interface RowSteps {
  readonly rows: Uint32Array;
  readonly steps: Uint32Array;
}

/** The rows of `mask` that start within the range. */
export function rowsInSteps(mask: Mask, starts: BigUint64Array, steps: Steps): RowSteps {
  const rows = new Uint32Array(mask.length);
  const stepOf = new Uint32Array(mask.length);
  const length = steps.stepNanos * BigInt(steps.count);
  // Doubles are exact up to 104 days; where the range is longer, steps are worked out in 64 bits.
  const count =
    length < 2n ** 52n ? fill(mask, starts, steps, rows, stepOf) : fillExactly(mask, starts, steps, rows, stepOf);
  return { rows: rows.subarray(0, count), steps: stepOf.subarray(0, count) };
}

function fill(mask: Mask, starts: BigUint64Array, steps: Steps, rows: Uint32Array, stepOf: Uint32Array): number {
  const words = new Uint32Array(starts.buffer, starts.byteOffset, 2 * starts.length);
  const step = Number(steps.stepNanos);
  const low = Number(BigInt.asUintN(32, steps.startUnixNanos));
  const high = Number(steps.startUnixNanos >> 32n);
  const last = Number(steps.endUnixNanos - steps.startUnixNanos);
  let count = 0;
  for (let row = 0; row < mask.length; row++) {
    if (mask[row] === 0) {
      continue;
    }
    // Beyond 2^53 not exact, but then surely outside.
    const after = (words[2 * row + 1] - high) * 0x1_0000_0000 + (words[2 * row] - low);
    if (after > 0 && after <= last) {
      let at = Math.floor((after - 1) / step);
      // The quotient may have been rounded up to the next integer.
      if (at * step > after - 1) {
        at--;
      }
      rows[count] = row;
      stepOf[count++] = at;
    }
  }
  return count;
}

function fillExactly(mask: Mask, starts: BigUint64Array, steps: Steps, rows: Uint32Array, stepOf: Uint32Array): number {
  let count = 0;
  for (let row = mask.indexOf(1); row !== -1; row = mask.indexOf(1, row + 1)) {
    const at = steps.stepOf(starts[row]);
    if (at !== -1) {
      rows[count] = row;
      stepOf[count++] = at;
    }
  }
  return count;
}
