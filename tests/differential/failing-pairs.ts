/**
 * Layouts (by seed) on which engine and reference once differed: they run first. A seed means what the generators make of it today, so
 * what it once showed stands beside it.
 */
export const failingSeeds: readonly { readonly seed: number; readonly showed: string }[] = [
  { seed: 7, showed: 'values of rootName, where a fragment without the root was taken to have nothing new to tell' },
];
