/** Series while they are worked on: labels and one number per step, NaN where there is none. */
import type { Static } from './static.ts';
import { compareStatics, compareText, staticKey } from './static.ts';

export type Labels = readonly (readonly [name: string, value: Static])[];

export interface Series {
  readonly labels: Labels;
  readonly values: Float64Array;
}

/** Equal for equal labels in the same order. */
export function labelsKey(labels: Labels): string {
  return JSON.stringify(labels.map(([name, value]) => [name, staticKey(value)]));
}

/** By number of labels, then names, then values. */
export function compareSeries(a: { readonly labels: Labels }, b: { readonly labels: Labels }): number {
  if (a.labels.length !== b.labels.length) {
    return a.labels.length - b.labels.length;
  }
  for (let i = 0; i < a.labels.length; i++) {
    const order = compareText(a.labels[i][0], b.labels[i][0]);
    if (order !== 0) {
      return order;
    }
  }
  for (let i = 0; i < a.labels.length; i++) {
    const order = compareStatics(a.labels[i][1], b.labels[i][1]);
    if (order !== 0) {
      return order;
    }
  }
  return 0;
}
