/**
 * A sparse histogram of durations: a bucket per 1/128 of a power of two, so that every quantile is within 0.8 % of the true one's bucket
 * and its middle within 0.4 %. Counts are exact, and two histograms add up to that of both.
 */
const bucketsPerOctave = 128;

export class Durations {
  private readonly buckets = new Map<number, number>();
  count = 0;

  /** Negative durations (a span that ends before it starts) count as 0. */
  add(nanos: number): void {
    const bucket = bucketOf(nanos);
    this.buckets.set(bucket, (this.buckets.get(bucket) ?? 0) + 1);
    this.count++;
  }

  addAll(other: Durations): void {
    for (const [bucket, count] of other.buckets) {
      this.buckets.set(bucket, (this.buckets.get(bucket) ?? 0) + count);
    }
    this.count += other.count;
  }

  /** The smallest duration that `share` of all do not exceed, to within 0.4 %; 0 when there are none. Ascending `shares`. */
  quantiles(shares: readonly number[]): number[] {
    const ordered = [...this.buckets].sort(([a], [b]) => a - b);
    let at = 0;
    let seen = 0;
    return shares.map((share) => {
      const rank = Math.max(1, Math.ceil(share * this.count));
      while (at < ordered.length && seen + ordered[at][1] < rank) {
        seen += ordered[at][1];
        at++;
      }
      return at < ordered.length ? middleOf(ordered[at][0]) : 0;
    });
  }
}

/** −1 for 0 and below, the value itself below one octave's worth of buckets: there every nanosecond is its own. */
function bucketOf(nanos: number): number {
  if (nanos < 1) {
    return -1;
  }
  const octave = Math.floor(Math.log2(nanos));
  // A rounded logarithm may be one off at a power of two.
  const exact = 2 ** octave > nanos ? octave - 1 : 2 ** (octave + 1) <= nanos ? octave + 1 : octave;
  return exact * bucketsPerOctave + Math.floor((nanos / 2 ** exact - 1) * bucketsPerOctave);
}

function middleOf(bucket: number): number {
  if (bucket < 0) {
    return 0;
  }
  const octave = Math.floor(bucket / bucketsPerOctave);
  const low = 2 ** octave * (1 + (bucket % bucketsPerOctave) / bucketsPerOctave);
  // Durations are whole nanoseconds: a bucket narrower than one holds the value at its lower edge, rounded up.
  const width = 2 ** octave / bucketsPerOctave;
  return width <= 1 ? Math.ceil(low) : Math.round(low + width / 2);
}
