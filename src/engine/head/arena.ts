import { CodedError } from '../../base/coded-error.ts';

/**
 * Where something begins in an arena: slab index × 2^18 + word in the slab, as 32 bits.
 */
export type Address = number;

export const slabOf = (address: Address): number => address >>> 18;
export const wordOf = (address: Address): number => address & 0x3ffff;

const slabWordsMin = 1 << 10; // 4 KiB: a head of a tenant with ten spans is a handful of these
const slabWordsMax = 1 << 18; // 1 MiB: what an address can reach inside one slab
const ownSlabWords = 1 << 14; // from 64 KiB on an allocation gets its own slab: no waste at slab ends
const slabCountMax = 1 << 14;

/** A point to go back to. */
export interface ArenaMark {
  readonly slabCount: number;
  readonly bump: number;
  readonly next: number;
}

/**
 * Memory of one head: SharedArrayBuffers that only grow in number and never move, so that readers in other threads keep what they
 * hold. Allocations are whole 32-bit words; their contents are undefined (memory given back by {@link release} is used again).
 */
export class Arena {
  /** One view each per slab, by slab index. */
  readonly words: Int32Array<SharedArrayBuffer>[] = [];
  readonly bytes: Uint8Array<SharedArrayBuffer>[] = [];
  byteLength = 0;
  /** Of the writer's hash tables, which stand outside: kept up to date by those who own them, as adding them up takes time. */
  outsideBytes = 0;
  /** The slab that small allocations come from, and the next free word in it. */
  private bump = -1;
  private next = 0;
  private end = 0;

  allocate(wordCount: number): Address {
    if (wordCount >= ownSlabWords) {
      return this.addSlab(wordCount) << 18;
    }
    if (this.next + wordCount > this.end) {
      // As much again as there is: half of a small head is at most slack.
      const doubled = Math.min(slabWordsMax, Math.max(slabWordsMin, this.byteLength >> 3));
      const words = Math.max(doubled, wordCount);
      this.bump = this.addSlab(words);
      this.next = 0;
      this.end = words;
    }
    const address = (this.bump << 18) | this.next;
    this.next += wordCount;
    return address;
  }

  mark(): ArenaMark {
    return { slabCount: this.words.length, bump: this.bump, next: this.next };
  }

  /** Forgets everything allocated since `mark`. */
  release(mark: ArenaMark): void {
    while (this.words.length > mark.slabCount) {
      this.byteLength -= this.bytes.pop()!.byteLength;
      this.words.pop();
    }
    this.bump = mark.bump;
    this.next = mark.next;
    this.end = mark.bump < 0 ? 0 : this.words[mark.bump].length;
  }

  private addSlab(wordCount: number): number {
    const index = this.words.length;
    if (index >= slabCountMax) {
      throw new CodedError('resource_exhausted', `head: all ${slabCountMax} slabs are in use`);
    }
    const buffer = new SharedArrayBuffer(wordCount * 4);
    this.words.push(new Int32Array(buffer));
    this.bytes.push(new Uint8Array(buffer));
    this.byteLength += buffer.byteLength;
    return index;
  }
}

/**
 * The geometry of a list kept in chunks: the first chunk holds 2^firstBits entries, each next one twice as many, up to 2^lastBits,
 * and so on. Known by arithmetic alone, so that entry → chunk needs no search.
 */
export interface ChunkShape {
  readonly firstBits: number;
  readonly lastBits: number;
  readonly entryWords: number;
}

/** Index of the chunk that holds `entry`. */
export function chunkOfEntry(shape: ChunkShape, entry: number): number {
  const x = entry + (1 << shape.firstBits);
  return x < 1 << shape.lastBits
    ? 31 - Math.clz32(x) - shape.firstBits
    : shape.lastBits - shape.firstBits + (x >>> shape.lastBits) - 1;
}

/** First entry of a chunk. */
export function chunkStart(shape: ChunkShape, chunk: number): number {
  const doublings = shape.lastBits - shape.firstBits;
  return chunk <= doublings
    ? (1 << (shape.firstBits + chunk)) - (1 << shape.firstBits)
    : (1 << shape.lastBits) * (chunk - doublings + 1) - (1 << shape.firstBits);
}

/** Entries that a chunk holds. */
export function chunkCapacity(shape: ChunkShape, chunk: number): number {
  return 1 << Math.min(shape.firstBits + chunk, shape.lastBits);
}
