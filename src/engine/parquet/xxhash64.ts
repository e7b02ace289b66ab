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

/** A hasher that is used again and again; {@link hash} leaves its answer in `high` and `low` (signed words). */
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
      this.high = prime5High | 0;
      this.low = prime5Low | 0;
    }
    this.add(0, end - start);
    for (; at + 8 <= end; at += 8) {
      const high = this.high;
      const low = this.low;
      this.round(0, 0, word(bytes, at + 4), word(bytes, at));
      this.high ^= high;
      this.low ^= low;
      this.rotate(27);
      this.multiply(prime1High, prime1Low);
      this.add(prime4High, prime4Low);
    }
    if (at + 4 <= end) {
      const high = this.high;
      const low = this.low;
      this.high = 0;
      this.low = word(bytes, at);
      this.multiply(prime1High, prime1Low);
      this.high ^= high;
      this.low ^= low;
      this.rotate(23);
      this.multiply(prime2High, prime2Low);
      this.add(prime3High, prime3Low);
      at += 4;
    }
    for (; at < end; at++) {
      const high = this.high;
      const low = this.low;
      this.high = 0;
      this.low = bytes[at];
      this.multiply(prime5High, prime5Low);
      this.high ^= high;
      this.low ^= low;
      this.rotate(11);
      this.multiply(prime1High, prime1Low);
    }
    this.avalanche();
  }

  private stripes(bytes: Uint8Array, start: number, end: number): number {
    const lanes = this.lanes;
    // prime1 + prime2, prime2, 0, −prime1
    this.high = prime1High | 0;
    this.low = prime1Low | 0;
    this.add(prime2High, prime2Low);
    lanes[0] = this.high;
    lanes[1] = this.low;
    lanes[2] = prime2High;
    lanes[3] = prime2Low;
    lanes[4] = 0;
    lanes[5] = 0;
    this.high = ~prime1High;
    this.low = ~prime1Low;
    this.add(0, 1);
    lanes[6] = this.high;
    lanes[7] = this.low;
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
      this.high = lanes[lane];
      this.low = lanes[lane + 1];
      this.rotate(laneTurns[lane >> 1]);
      this.add(high, low);
      high = this.high;
      low = this.low;
    }
    for (let lane = 0; lane < 8; lane += 2) {
      this.round(0, 0, lanes[lane], lanes[lane + 1]);
      this.high ^= high;
      this.low ^= low;
      this.multiply(prime1High, prime1Low);
      this.add(prime4High, prime4Low);
      high = this.high;
      low = this.low;
    }
    return at;
  }

  /** rotate(lane + input · prime2, 31) · prime1 */
  private round(laneHigh: number, laneLow: number, inputHigh: number, inputLow: number): void {
    this.high = inputHigh;
    this.low = inputLow;
    this.multiply(prime2High, prime2Low);
    this.add(laneHigh, laneLow);
    this.rotate(31);
    this.multiply(prime1High, prime1Low);
  }

  private avalanche(): void {
    this.low ^= this.high >>> 1; // >>> 33
    this.multiply(prime2High, prime2Low);
    this.low ^= (this.low >>> 29) | (this.high << 3);
    this.high ^= this.high >>> 29;
    this.multiply(prime3High, prime3Low);
    this.low ^= this.high; // >>> 32
  }

  private add(high: number, low: number): void {
    const sum = (this.low >>> 0) + (low >>> 0);
    this.high = (this.high + high + (sum > 0xffffffff ? 1 : 0)) | 0;
    this.low = sum | 0;
  }

  /** Left by 1 to 31 bits. */
  private rotate(bits: number): void {
    const { high, low } = this;
    this.high = (high << bits) | (low >>> (32 - bits));
    this.low = (low << bits) | (high >>> (32 - bits));
  }

  private multiply(bHigh: number, bLow: number): void {
    const aHigh = this.high;
    const aLow = this.low;
    const a0 = aLow & 0xffff;
    const a1 = aLow >>> 16;
    const b0 = bLow & 0xffff;
    const b1 = bLow >>> 16;
    // High word of the product of the low words, in limbs of 16 bits; no partial sum exceeds 32 bits.
    const first = (Math.imul(a1, b0) + (Math.imul(a0, b0) >>> 16)) | 0;
    const second = (Math.imul(a0, b1) + (first & 0xffff)) | 0;
    const carry = (Math.imul(a1, b1) + (first >>> 16) + (second >>> 16)) | 0;
    this.high = (Math.imul(aHigh, bLow) + Math.imul(aLow, bHigh) + carry) | 0;
    this.low = Math.imul(aLow, bLow);
  }
}

function word(bytes: Uint8Array, at: number): number {
  return bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
}
