/**
 * XXH64 with seed 0, the hash of Parquet's bloom filters, on pairs of 32-bit words: a BigInt per multiplication would be 50 times slower.
 *
 * Source: Cyan4973/xxHash, `doc/xxhash_spec.md`.
 */

// The five primes of the specification, high and low words, as signed words: arithmetic on them stays in integers.
const prime1High = 0x9e3779b1 | 0;
const prime1Low = 0x85ebca87 | 0;
const prime2High = 0xc2b2ae3d | 0;
const prime2Low = 0x27d4eb4f | 0;
const prime3High = 0x165667b1 | 0;
const prime3Low = 0x9e3779f9 | 0;
const prime4High = 0x85ebca77 | 0;
const prime4Low = 0xc2b2ae63 | 0;
const prime5High = 0x27d4eb2f | 0;
const prime5Low = 0x165667c5 | 0;

const laneTurns = [1, 7, 12, 18];

/**
 * A hasher that is used again and again; {@link hash} leaves its answer in `high` and `low` (signed words). 64-bit values are pairs of
 * local words throughout: a helper that answers both would have to allocate or to go through memory.
 */
export class XxHash64 {
  high = 0;
  low = 0;
  // Four lanes of the 32-byte stripes: high and low words.
  private readonly lanes = new Int32Array(8);

  /** Of `bytes[start, end)`. */
  hash(bytes: Uint8Array, start = 0, end = bytes.length): void {
    let at = start;
    if (end - start >= 32) {
      at = this.stripes(bytes, start, end);
    } else {
      this.high = prime5High;
      this.low = prime5Low;
    }
    let low = (this.low + (end - start)) | 0;
    let high = (this.high + (low >>> 0 < this.low >>> 0 ? 1 : 0)) | 0;
    for (; at + 8 <= end; at += 8) {
      // hash = rotate(hash ^ round(0, input), 27) · prime1 + prime4
      let inputLow = word(bytes, at);
      let inputHigh = productHigh(word(bytes, at + 4), inputLow, prime2High, prime2Low);
      inputLow = Math.imul(inputLow, prime2Low);
      const turned = (inputHigh << 31) | (inputLow >>> 1);
      inputLow = (inputLow << 31) | (inputHigh >>> 1);
      inputHigh = productHigh(turned, inputLow, prime1High, prime1Low);
      high ^= inputHigh;
      low ^= Math.imul(inputLow, prime1Low);
      const turnedHigh = (high << 27) | (low >>> 5);
      const turnedLow = (low << 27) | (high >>> 5);
      high = productHigh(turnedHigh, turnedLow, prime1High, prime1Low);
      const product = Math.imul(turnedLow, prime1Low);
      low = (product + prime4Low) | 0;
      high = (high + prime4High + (low >>> 0 < product >>> 0 ? 1 : 0)) | 0;
    }
    if (at + 4 <= end) {
      // hash = rotate(hash ^ input · prime1, 23) · prime2 + prime3
      const input = word(bytes, at);
      high ^= productHigh(0, input, prime1High, prime1Low);
      low ^= Math.imul(input, prime1Low);
      const turnedHigh = (high << 23) | (low >>> 9);
      const turnedLow = (low << 23) | (high >>> 9);
      high = productHigh(turnedHigh, turnedLow, prime2High, prime2Low);
      const product = Math.imul(turnedLow, prime2Low);
      low = (product + prime3Low) | 0;
      high = (high + prime3High + (low >>> 0 < product >>> 0 ? 1 : 0)) | 0;
      at += 4;
    }
    for (; at < end; at++) {
      // hash = rotate(hash ^ byte · prime5, 11) · prime1
      const byte = bytes[at];
      high ^= productHigh(0, byte, prime5High, prime5Low);
      low ^= Math.imul(byte, prime5Low);
      const turnedHigh = (high << 11) | (low >>> 21);
      const turnedLow = (low << 11) | (high >>> 21);
      high = productHigh(turnedHigh, turnedLow, prime1High, prime1Low);
      low = Math.imul(turnedLow, prime1Low);
    }
    low ^= high >>> 1; // >>> 33
    high = productHigh(high, low, prime2High, prime2Low);
    low = Math.imul(low, prime2Low);
    low ^= (low >>> 29) | (high << 3);
    high ^= high >>> 29;
    high = productHigh(high, low, prime3High, prime3Low);
    low = Math.imul(low, prime3Low);
    this.low = low ^ high; // >>> 32
    this.high = high;
  }

  /** Leaves the merged lanes in `high` and `low`; answers where the rest begins. */
  private stripes(bytes: Uint8Array, start: number, end: number): number {
    const lanes = this.lanes;
    // prime1 + prime2, prime2, 0, −prime1
    lanes[1] = prime1Low + prime2Low;
    lanes[0] = prime1High + prime2High + (lanes[1] >>> 0 < prime1Low >>> 0 ? 1 : 0);
    lanes[2] = prime2High;
    lanes[3] = prime2Low;
    lanes[4] = 0;
    lanes[5] = 0;
    lanes[6] = ~prime1High;
    lanes[7] = -prime1Low;
    let at = start;
    for (; at + 32 <= end; at += 32) {
      for (let lane = 0; lane < 8; lane += 2) {
        const from = at + 4 * lane;
        this.round(lanes[lane], lanes[lane + 1], word(bytes, from + 4), word(bytes, from));
        lanes[lane] = this.high;
        lanes[lane + 1] = this.low;
      }
    }
    let high = 0;
    let low = 0;
    for (let lane = 0; lane < 8; lane += 2) {
      const turns = laneTurns[lane >> 1];
      const turnedHigh = (lanes[lane] << turns) | (lanes[lane + 1] >>> (32 - turns));
      const turnedLow = (lanes[lane + 1] << turns) | (lanes[lane] >>> (32 - turns));
      const sum = (low + turnedLow) | 0;
      high = (high + turnedHigh + (sum >>> 0 < low >>> 0 ? 1 : 0)) | 0;
      low = sum;
    }
    for (let lane = 0; lane < 8; lane += 2) {
      // hash = (hash ^ round(0, lane)) · prime1 + prime4
      this.round(0, 0, lanes[lane], lanes[lane + 1]);
      const mixedLow = low ^ this.low;
      const product = Math.imul(mixedLow, prime1Low);
      const productUpper = productHigh(high ^ this.high, mixedLow, prime1High, prime1Low);
      low = (product + prime4Low) | 0;
      high = (productUpper + prime4High + (low >>> 0 < product >>> 0 ? 1 : 0)) | 0;
    }
    this.high = high;
    this.low = low;
    return at;
  }

  /** `high` and `low` become rotate(lane + input · prime2, 31) · prime1. */
  private round(laneHigh: number, laneLow: number, inputHigh: number, inputLow: number): void {
    const product = Math.imul(inputLow, prime2Low);
    const low = (product + laneLow) | 0;
    const high =
      (productHigh(inputHigh, inputLow, prime2High, prime2Low) + laneHigh + (low >>> 0 < product >>> 0 ? 1 : 0)) | 0;
    const turnedHigh = (high << 31) | (low >>> 1);
    const turnedLow = (low << 31) | (high >>> 1);
    this.high = productHigh(turnedHigh, turnedLow, prime1High, prime1Low);
    this.low = Math.imul(turnedLow, prime1Low);
  }
}

/** High word of the 64-bit product; its low word is `Math.imul(aLow, bLow)`. */
function productHigh(aHigh: number, aLow: number, bHigh: number, bLow: number): number {
  const a0 = aLow & 0xffff;
  const a1 = aLow >>> 16;
  const b0 = bLow & 0xffff;
  const b1 = bLow >>> 16;
  // High word of the product of the low words, in limbs of 16 bits; no partial sum exceeds 32 bits.
  const first = (Math.imul(a1, b0) + (Math.imul(a0, b0) >>> 16)) | 0;
  const second = (Math.imul(a0, b1) + (first & 0xffff)) | 0;
  const carry = (Math.imul(a1, b1) + (first >>> 16) + (second >>> 16)) | 0;
  return (Math.imul(aHigh, bLow) + Math.imul(aLow, bHigh) + carry) | 0;
}

function word(bytes: Uint8Array, at: number): number {
  return bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
}
