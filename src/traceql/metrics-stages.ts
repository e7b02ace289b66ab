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

/** Per step the `limit` greatest (or least) samples stay; ties go by the order of series. */
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
  const ordered = [...series].sort(compareSeries);
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
 * series of the other; what meets nothing is dropped. Division by zero gives no sample.
 */
export function combineSeries(
  op: '+' | '-' | '*' | '/',
  name: string,
  left: readonly Series[] | number,
  right: readonly Series[] | number,
  stepCount: number
): readonly Series[] {
  const result: Series[] = [];
  for (const [labels, a, b] of pairs(left, right, stepCount)) {
    const values = a.map((value, step) => calculate(op, value, b[step]));
    result.push({ labels: [['__name__', { type: 'string', value: name }], ...labels], values });
  }
  return result;
}

type Pair = readonly [labels: Labels, left: Float64Array, right: Float64Array];

function pairs(
  left: readonly Series[] | number,
  right: readonly Series[] | number,
  stepCount: number
): readonly Pair[] {
  const lefts = typeof left === 'number' ? [constant(left, stepCount)] : left.map(unnamed);
  const rights = typeof right === 'number' ? [constant(right, stepCount)] : right.map(unnamed);
  if (rights.length === 1 && rights[0].labels.length === 0) {
    return lefts.map(({ labels, values }) => [labels, values, rights[0].values]);
  }
  if (lefts.length === 1 && lefts[0].labels.length === 0) {
    return rights.map(({ labels, values }) => [labels, lefts[0].values, values]);
  }
  const byLabels = new Map(rights.map((series) => [labelsKey(series.labels), series.values]));
  return lefts.flatMap(({ labels, values }) => {
    const other = byLabels.get(labelsKey(labels));
    return other === undefined ? [] : [[labels, values, other] as const];
  });
}

/** Labels sorted, so that `by (a, b)` meets `by (b, a)`. */
function unnamed({ labels, values }: Series): Series {
  const rest = labels.filter(([name]) => name !== '__name__');
  return { labels: rest.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)), values };
}

function constant(value: number, stepCount: number): Series {
  return { labels: [], values: new Float64Array(stepCount).fill(value) };
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
