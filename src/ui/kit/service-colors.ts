/**
 * A colour for each service of a trace. A name prefers a hue by its hash, so that a service looks the same in every trace and for every
 * person; where two services of one trace prefer the same, the later in sorted order takes the next free one. Red is for errors.
 */

// 24 hues without the reds (345° to 20°). Neighbours in this list are far apart on the circle, so that a moved service still looks different.
const hues: readonly number[] = [
  210, 150, 280, 40, 180, 320, 100, 240, 60, 195, 265, 130, 30, 225, 300, 165, 80, 252, 335, 115, 50, 188, 292, 140,
];

/** Hex colours by service, for bars and badges on `theme`; ≥ 3:1 against its background. `services` without repeats, in any order. */
export function serviceColors(services: readonly string[], theme: 'dark' | 'light'): ReadonlyMap<string, string> {
  const colors = new Map<string, string>();
  const taken = new Set<number>();
  for (const service of [...services].sort()) {
    const preferred = hashOf(service) % hues.length;
    let slot = preferred;
    // With more services than hues, sharing is unavoidable: everybody keeps the preferred one.
    for (let step = 0; taken.size < hues.length && taken.has(slot); step++) {
      slot = (preferred + step) % hues.length;
    }
    taken.add(slot);
    colors.set(service, colorOf(slot, theme));
  }
  return colors;
}

function colorOf(slot: number, theme: 'dark' | 'light'): string {
  const hue = hues[slot];
  // Yellow and green are light by nature: they need less lightness on white and can bear less saturation on black.
  const bright = hue >= 30 && hue <= 195;
  if (theme === 'dark') {
    return hexOfHsl(hue, bright ? 0.42 : 0.58, slot % 2 === 0 ? 0.56 : 0.66);
  }
  return hexOfHsl(hue, bright ? 0.62 : 0.56, bright ? (slot % 2 === 0 ? 0.34 : 0.29) : slot % 2 === 0 ? 0.5 : 0.42);
}

/** FNV-1a over UTF-16 units, mixed once more because short names differ in few bits. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return (hash ^ (hash >>> 13)) >>> 0;
}

function hexOfHsl(hue: number, saturation: number, lightness: number): string {
  const amplitude = saturation * Math.min(lightness, 1 - lightness);
  const channel = (shift: number): string => {
    const k = (shift + hue / 30) % 12;
    const value = lightness - amplitude * Math.max(-1, Math.min(k - 3, 9 - k, 1));
    return Math.round(value * 255)
      .toString(16)
      .padStart(2, '0');
  };
  return `#${channel(0)}${channel(8)}${channel(4)}`;
}
