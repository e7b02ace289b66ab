/**
 * A colour for each service of a trace. A name prefers a slot by its hash, so that a service looks the same in every trace and for every
 * person; where two services of one trace prefer the same, the later in sorted order takes the next free one. Red is for errors.
 */
import type { ThemeName } from './theme.ts';

/**
 * 24 slots: on dark and on light ground. Any two of a theme differ by ΔE ≥ 15 to eyes of all four kinds (normal, protanopia,
 * deuteranopia, tritanopia), each stands out ≥ 3:1 from its grounds, none is red. Found by simulated annealing over OKLCH; the test
 * measures them anew. Slots of one hue are spread, so that services which had to move look different.
 */
const slots: readonly (readonly [dark: string, light: string])[] = [
  ['#ffccb6', '#600094'],
  ['#f0f165', '#6a5f32'],
  ['#93fff0', '#4177ff'],
  ['#997bce', '#9972db'],
  ['#ad8f6c', '#b5766b'],
  ['#b1ff97', '#054e35'],
  ['#c1d1ff', '#1f00b7'],
  ['#a3673d', '#36003e'],
  ['#8da300', '#9a8605'],
  ['#8dcacf', '#7983b9'],
  ['#a44cd4', '#7447a7'],
  ['#c5bd81', '#7e5800'],
  ['#06856f', '#002523'],
  ['#7358ff', '#21005e'],
  ['#d6884d', '#6a2455'],
  ['#d1fd08', '#232100'],
  ['#2790ff', '#565a86'],
  ['#ca399b', '#952ccf'],
  ['#7a7901', '#4b3600'],
  ['#19b49a', '#2c9495'],
  ['#c1a6ff', '#452c72'],
  ['#fdb463', '#a34866'],
  ['#9ece01', '#828c41'],
  ['#90a3cd', '#5b3dfa'],
];

export const distinctColorsMax = slots.length;

/** The colour of `slot`, which wraps around; hex. */
export function slotColor(slot: number, theme: ThemeName): string {
  return slots[slot % slots.length][theme === 'light' ? 1 : 0];
}

/** Hex colours by service, for bars and badges on `theme`; ≥ 3:1 against its background. `services` without repeats, in any order. */
export function serviceColors(services: readonly string[], theme: ThemeName): ReadonlyMap<string, string> {
  const colors = new Map<string, string>();
  const taken = new Set<number>();
  for (const service of [...services].sort()) {
    const preferred = hashOf(service) % slots.length;
    let slot = preferred;
    // With more services than slots, sharing is unavoidable: everybody else keeps the preferred one.
    for (let step = 0; taken.size < slots.length && taken.has(slot); step++) {
      slot = (preferred + step) % slots.length;
    }
    taken.add(slot);
    colors.set(service, slotColor(slot, theme));
  }
  return colors;
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
