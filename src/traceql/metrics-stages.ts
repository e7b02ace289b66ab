/** What happens to finished series: ranks, filters, arithmetic. */
import type { SecondStage } from './ast.ts';
import type { Labels, Series } from './metrics-series.ts';
import { compareSeries, labelsKey } from './metrics-series.ts';
import type { Static } from './static.ts';
import { compare } from './static.ts';

export function applySecondStage(stage: SecondStage, series: readonly Series[], stepCount: number): readonly Series[] {
  if (stage.kind === 'rank') {
    return rank(stage.order, stage.limit, series, stepCount);
  }
  const { value } = stage.value;
  // Durations are series of seconds.
  const bound: Static = value.type === 'duration' ? { type: 'float', value: Number(value.value) / 1e9 } : value;
  return series.map(({ labels, values }) => ({
    labels,
    values: values.map((sample) => (compare(stage.op, { type: 'float', value: sample }, bound) ? sample : Number.NaN)),
  }));
}

/** Per step the `limit` greatest (or least) samples stay. Of equal ones `topk` keeps the first in the order of series, `bottomk` the last. */
function rank(
  order: 'topk' | 'bottomk',
  limit: number,
  series: readonly Series[],
  stepCount: number
): readonly Series[] {
  if (series.length <= limit) {
    return series;
  }
  const sign = order === 'topk' ? -1 : 1;
  const ordered = [...series].sort((a, b) => -sign * compareSeries(a, b));
  const kept = ordered.map(({ labels }) => ({ labels, values: new Float64Array(stepCount).fill(Number.NaN) }));
  for (let step = 0; step < stepCount; step++) {
    const candidates = ordered.flatMap(({ values }, index) => (Number.isNaN(values[step]) ? [] : [index]));
    // A stable sort: equal samples keep the order of series.
    candidates.sort((a, b) => compareNumbers(ordered[a].values[step], ordered[b].values[step]) * sign);
    for (const index of candidates.slice(0, limit)) {
      kept[index].values[step] = ordered[index].values[step];
    }
  }
  return kept;
}

/** Not a − b: infinities. */
function compareNumbers(a: number, b: number): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * `left op right`, step by step. Series meet those with equal labels, names aside; a side whose only series has no labels meets every
 * series of the other; what meets nothing is dropped. Two named series give one named `(rate / rate)`; with a number the labels stay.
 * Division by zero gives no sample.
 */
export function combineSeries(
  op: '+' | '-' | '*' | '/',
  left: readonly Series[] | number,
  right: readonly Series[] | number,
  stepCount: number
): readonly Series[] {
  if (typeof left === 'number') {
    const other = typeof right === 'number' ? [] : right;
    return other.map((series) => ({ ...series, values: series.values.map((value) => calculate(op, left, value)) }));
  }
  if (typeof right === 'number') {
    return left.map((series) => ({ ...series, values: series.values.map((value) => calculate(op, value, right)) }));
  }
  return pairs(left, right).map(([a, b]) => ({
    labels: mergeLabels(op, a.labels, b.labels),
    values: a.values.map((value, step) => calculate(op, value, b.values[step])),
  }));
}

type Pair = readonly [left: Series, right: Series];

function pairs(left: readonly Series[], right: readonly Series[]): readonly Pair[] {
  if (right.length === 1 && unnamed(right[0].labels).length === 0) {
    return left.map((series) => [series, right[0]]);
  }
  if (left.length === 1 && unnamed(left[0].labels).length === 0) {
    return right.map((series) => [left[0], series]);
  }
  const byLabels = new Map(right.map((series) => [matchKey(series.labels), series]));
  return left.flatMap((series) => {
    const other = byLabels.get(matchKey(series.labels));
    return other === undefined ? [] : [[series, other] as const];
  });
}

/** `by (a, b)` meets `by (b, a)`. */
function matchKey(labels: Labels): string {
  return labelsKey([...unnamed(labels)].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}

function unnamed(labels: Labels): Labels {
  return labels.filter(([name]) => name !== '__name__');
}

function mergeLabels(op: string, left: Labels, right: Labels): Labels {
  const [a, b] = [left, right].map((labels) => labels.find(([name]) => name === '__name__')?.[1]);
  const rest = unnamed(unnamed(left).length > 0 ? left : right);
  return a?.type === 'string' && b?.type === 'string'
    ? [['__name__', { type: 'string', value: `(${a.value} ${op} ${b.value})` }], ...rest]
    : rest;
}

function calculate(op: '+' | '-' | '*' | '/', a: number, b: number): number {
  switch (op) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '/':
      return b === 0 ? Number.NaN : a / b;
  }
}
