/**
 * Hashes for hash tables in memory: fast, not keyed, never stored. Every user verifies a hit by its bytes.
 */

/** Of `bytes[start, start + length)` behind `view`; the buffer must have three readable bytes after the range. */
export function hashRange(view: DataView, start: number, length: number): number {
  let hash = Math.imul(length + 0x3c6ef372, 0x9e3779b1);
  let at = start;
  if (length >= 16) {
    // Two chains side by side: each step of one waits for the step before it.
    let second = 0x7f4a7c15;
    for (const end = start + (length & ~7); at < end; at += 8) {
      hash = Math.imul(hash ^ view.getInt32(at, true), 0x85ebca6b);
      second = Math.imul(second ^ view.getInt32(at + 4, true), 0xc2b2ae35);
      hash ^= hash >>> 15;
      second ^= second >>> 13;
    }
    hash = Math.imul(hash, 0x9e3779b1) ^ second;
  }
  for (const end = start + (length & ~3); at < end; at += 4) {
    hash = Math.imul(hash ^ view.getInt32(at, true), 0x85ebca6b);
    hash ^= hash >>> 15;
  }
  const tail = length & 3;
  if (tail !== 0) {
    hash = Math.imul(hash ^ (view.getInt32(at, true) & tailMask(tail)), 0x85ebca6b);
    hash ^= hash >>> 15;
  }
  return mix(hash);
}

/** Of two 32-bit words. */
export function hashWords(low: number, high: number): number {
  return mix(Math.imul(low ^ 0x3c6ef372, 0x9e3779b1) ^ Math.imul(high + 0x7f4a7c15, 0x85ebca6b));
}

/** Keeps the low `byteCount` (1 to 3) bytes of a little-endian word. */
export function tailMask(byteCount: number): number {
  return (1 << (byteCount << 3)) - 1;
}

function mix(hash: number): number {
  let h = hash;
  h = Math.imul(h ^ (h >>> 16), 0xc2b2ae35);
  return h ^ (h >>> 13);
}
