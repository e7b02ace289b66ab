/** Randomness as the engine sees it: passed in, so that a seed replays a failure. */
export interface Random {
  /** Uniform in [0, 1). */
  float(): number;
  /** Fills `bytes` with uniform random bytes and returns it. */
  fill(bytes: Uint8Array): Uint8Array;
}

/** Seeded generator (xoshiro128**, Blackman and Vigna): the same seed gives the same sequence everywhere. */
export function seededRandom(
  seed: number
): Random & { uint32(): number; below(bound: number): number; pick<T>(from: readonly T[]): T } {
  // splitmix32 spreads the seed over the four words of state.
  let mix = seed >>> 0;
  const next = (): number => {
    mix = (mix + 0x9e3779b9) >>> 0;
    let z = mix;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return (z ^ (z >>> 15)) >>> 0;
  };
  let a = next();
  let b = next();
  let c = next();
  let d = next();
  const rotl = (x: number, k: number): number => ((x << k) | (x >>> (32 - k))) >>> 0;
  const uint32 = (): number => {
    const result = Math.imul(rotl(Math.imul(b, 5), 7), 9) >>> 0;
    const t = (b << 9) >>> 0;
    c = (c ^ a) >>> 0;
    d = (d ^ b) >>> 0;
    b = (b ^ c) >>> 0;
    a = (a ^ d) >>> 0;
    c = (c ^ t) >>> 0;
    d = rotl(d, 11);
    return result;
  };
  const float = (): number => uint32() / 0x1_0000_0000;
  const below = (bound: number): number => Math.floor(float() * bound);
  return {
    uint32,
    float,
    below,
    pick: (from) => from[below(from.length)],
    fill(bytes) {
      for (let i = 0; i < bytes.length; i++) {
        bytes[i] = uint32() & 0xff;
      }
      return bytes;
    },
  };
}
