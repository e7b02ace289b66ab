/**
 * Split-block bloom filters: blocks of 256 bits, eight bits a value, one in each word of its block.
 *
 * Source: apache/parquet-format, `BloomFilter.md`.
 */
import { XxHash64 } from './xxhash64.ts';

/** 10 bits a value: about 1.2 bytes each and one false positive in a hundred. */
const bitsPerValue = 10;
const blockBytes = 32;
const salts = [0x47b6137b, 0x44974d91, 0x8824ad5b, 0xa2b7289d, 0x705495c7, 0x2df1424b, 0x9efc4947, 0x5c6bfb31];

/** The upper word of a value's hash chooses the block, the lower one the bits; signed words. */
export interface BloomHash {
  readonly high: number;
  readonly low: number;
}

/** Collects the hashes of distinct values and makes the filter when their number is known. */
export class BloomBuilder {
  private readonly hasher = new XxHash64();
  private hashes: Int32Array;
  private count = 0;

  /** `valueCount`: about so many values will come. */
  constructor(valueCount: number) {
    this.hashes = new Int32Array(2 * valueCount);
  }

  /** A value in PLAIN encoding, without the length of a byte array. */
  add(bytes: Uint8Array, start = 0, end = bytes.length): void {
    this.hasher.hash(bytes, start, end);
    if (2 * this.count === this.hashes.length) {
      const larger = new Int32Array(4 * this.count + 2);
      larger.set(this.hashes);
      this.hashes = larger;
    }
    this.hashes[2 * this.count] = this.hasher.high;
    this.hashes[2 * this.count + 1] = this.hasher.low;
    this.count++;
  }

  /** The bitset, little-endian words. */
  finish(): Uint8Array {
    const blockCount = Math.max(1, Math.ceil((this.count * bitsPerValue) / (8 * blockBytes)));
    const bitset = new Uint8Array(blockCount * blockBytes);
    for (let i = 0; i < this.count; i++) {
      const block = blockOf(this.hashes[2 * i], blockCount);
      const low = this.hashes[2 * i + 1];
      for (let word = 0; word < 8; word++) {
        const bit = Math.imul(low, salts[word]) >>> 27;
        bitset[block + 4 * word + (bit >>> 3)] |= 1 << (bit & 7);
      }
    }
    return bitset;
  }
}

/** For a value that many filters are asked for. */
export function bloomHash(value: Uint8Array): BloomHash {
  const { high, low } = hashed(value);
  return { high, low };
}

function hashed(value: Uint8Array): XxHash64 {
  const hasher = new XxHash64();
  hasher.hash(value);
  return hasher;
}

/** False: the value is not among those added. `bitset` is a whole number of blocks. */
export function bloomMayContain(bitset: Uint8Array, value: Uint8Array): boolean {
  return bloomMayContainHash(bitset, hashed(value));
}

/** As {@link bloomMayContain}. */
export function bloomMayContainHash(bitset: Uint8Array, { high, low }: BloomHash): boolean {
  const block = blockOf(high, bitset.length / blockBytes);
  for (let word = 0; word < 8; word++) {
    const bit = Math.imul(low, salts[word]) >>> 27;
    if ((bitset[block + 4 * word + (bit >>> 3)] & (1 << (bit & 7))) === 0) {
      return false;
    }
  }
  return true;
}

/** Byte offset of the block that the upper 32 bits choose. */
function blockOf(high: number, blockCount: number): number {
  return Math.floor(((high >>> 0) * blockCount) / 0x1_0000_0000) * blockBytes;
}
