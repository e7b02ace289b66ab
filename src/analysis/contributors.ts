/** The spans that everybody waited for longest. */
export interface Contributor {
  readonly row: number;
  readonly nanos: number;
  /** Of the whole trace, 0 to 1. */
  readonly share: number;
}

export const contributorsMax = 10;

/** By their part of the critical path, longest first; spans without any are left out. */
export function topContributors(
  criticalNanos: Float64Array,
  traceNanos: number,
  countMax = contributorsMax
): readonly Contributor[] {
  const top: number[] = [];
  for (let row = 0; row < criticalNanos.length; row++) {
    if (
      criticalNanos[row] <= 0 ||
      (top.length === countMax && criticalNanos[row] <= criticalNanos[top[countMax - 1]])
    ) {
      continue;
    }
    // A list of ten: inserting is cheaper than sorting everything.
    let at = top.length;
    while (at > 0 && criticalNanos[top[at - 1]] < criticalNanos[row]) {
      at--;
    }
    top.splice(at, 0, row);
    top.length = Math.min(top.length, countMax);
  }
  return top.map((row) => ({
    row,
    nanos: criticalNanos[row],
    share: traceNanos === 0 ? 0 : criticalNanos[row] / traceNanos,
  }));
}
