/**
 * Sums of doubles that do not depend on the order of the addends: each keeps what rounding lost beside it (Knuth, TAOCP 2, 4.2.2,
 * theorem B), about 106 bits in all. One sum a slot; an infinite or NaN sum is that of plain addition.
 */
export class CompensatedSums {
  readonly sums: Float64Array;
  /** What rounding has lost of each sum. */
  readonly rests: Float64Array;

  constructor(count: number) {
    this.sums = new Float64Array(count);
    this.rests = new Float64Array(count);
  }

  /** `rest`: what rounding has lost of the value, when it is a sum itself. */
  add(slot: number, value: number, rest = 0): void {
    const before = this.sums[slot];
    const sum = before + value;
    const added = sum - before;
    this.sums[slot] = sum;
    this.rests[slot] += before - (sum - added) + (value - added) + rest;
  }

  /** Rounded once. */
  total(slot: number): number {
    const sum = this.sums[slot];
    return Number.isFinite(sum) ? sum + this.rests[slot] : sum;
  }
}
