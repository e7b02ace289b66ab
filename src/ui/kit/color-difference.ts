/** How different two colours look, also to people who see fewer of them. Colours are `#rrggbb`. */

export const visions = ['normal', 'protanopia', 'deuteranopia', 'tritanopia'] as const;
export type Vision = (typeof visions)[number];

/** On linear RGB. Source: Machado, Oliveira, Fernandes 2009, severity 1. */
const matrices: Readonly<Record<Vision, readonly number[]>> = {
  normal: [1, 0, 0, 0, 1, 0, 0, 0, 1],
  protanopia: [0.152286, 1.052583, -0.204868, 0.114503, 0.786281, 0.099216, -0.003882, -0.048116, 1.051998],
  deuteranopia: [0.367322, 0.860646, -0.227968, 0.280085, 0.672501, 0.047413, -0.01182, 0.04294, 0.968881],
  tritanopia: [1.255528, -0.076749, -0.178779, -0.078411, 0.930809, 0.147602, 0.004733, 0.691367, 0.3039],
};

/** ΔE*ab (CIE 1976) of two colours as `vision` sees them; 2 is just noticed, 15 is seen at a glance. */
export function colorDifference(a: string, b: string, vision: Vision): number {
  const [l1, a1, b1] = labOf(a, vision);
  const [l2, a2, b2] = labOf(b, vision);
  return Math.hypot(l1 - l2, a1 - a2, b1 - b2);
}

/** The least ΔE of two colours over all four visions. */
export function leastDifference(a: string, b: string): number {
  return Math.min(...visions.map((vision) => colorDifference(a, b, vision)));
}

/** CIE L*a*b* with white D65 of the colour as `vision` sees it. Source: CIE 15, IEC 61966-2-1. */
function labOf(hex: string, vision: Vision): readonly [number, number, number] {
  const rgb = [1, 3, 5].map((start) => {
    const value = Number.parseInt(hex.slice(start, start + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  const m = matrices[vision];
  const [r, g, b] = [0, 3, 6].map((row) =>
    Math.min(1, Math.max(0, m[row] * rgb[0] + m[row + 1] * rgb[1] + m[row + 2] * rgb[2]))
  );
  const f = (t: number): number => (t > 0.008856 ? Math.cbrt(t) : 7.787 * t + 16 / 116);
  const x = f((0.4124564 * r + 0.3575761 * g + 0.1804375 * b) / 0.95047);
  const y = f(0.2126729 * r + 0.7151522 * g + 0.072175 * b);
  const z = f((0.0193339 * r + 0.119192 * g + 0.9503041 * b) / 1.08883);
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}
