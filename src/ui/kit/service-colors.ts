/**
 * A colour for each service of a trace. A name prefers a hue by its hash, so that a service looks the same in every trace and for every
 * person; where two services of one trace prefer the same, the later in sorted order takes the next free one. Red is for errors.
 */

import { contrast } from './contrast.ts';
import { themeOf } from './theme.ts';

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

/** The two steps of contrast that neighbouring slots alternate between: hues 13° apart must also differ in lightness. */
const contrasts = { dark: [5.2, 8], light: [3.5, 5.6] } as const;

/** All colours of a theme weigh the same on its background: lightness follows from the contrast, since yellow is light by nature. */
function colorOf(slot: number, theme: 'dark' | 'light'): string {
  const background = themeOf(theme).surface;
  const wanted = contrasts[theme][slot % 2];
  const step = theme === 'dark' ? 0.01 : -0.01;
  let lightness = theme === 'dark' ? 0.35 : 0.75;
  let color = hexOfHsl(hues[slot], 0.52, lightness);
  while (contrast(color, background) < wanted) {
    lightness += step;
    color = hexOfHsl(hues[slot], 0.52, lightness);
  }
  return color;
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
