/** Spans in, series out: the metrics functions. `compare()` has a file of its own. */
import { CompensatedSums } from '../base/compensated-sums.ts';
import { neverPoll } from '../base/poll.ts';
import type { Span } from '../trace/model.ts';
import type { Field, FieldReference, MetricsAggregate } from './ast.ts';
import { printField } from './attributes.ts';
import type { TraceFacts } from './fields.ts';
import { fieldValues } from './fields.ts';
import type { Steps } from './metrics.ts';
import type { ExemplarReservoir } from './metrics-exemplars.ts';
import type { Labels, Series } from './metrics-series.ts';
import { labelsKey } from './metrics-series.ts';
import type { Static } from './static.ts';
import { isNumeric, nil } from './static.ts';

export interface Collector {
  /** A span that starts in `step`. */
  add(facts: TraceFacts, index: number, step: number, exemplars: ExemplarReservoir): void;
  /** Offers such a span as an exemplar without counting it. */
  offer(facts: TraceFacts, index: number, step: number, exemplars: ExemplarReservoir): void;
  finish(): readonly Series[];
}

/** One function over one group: takes measured values, gives series. */
export interface Accumulator {
  /** `value` as the function measures it: seconds for durations. */
  add(value: Static, step: number): void;
  /**
   * `count` spans at once, counted elsewhere: `measured` is the least, the greatest or the sum of their values, as the function folds
   * them, or the bound of the bucket they all fall into (see {@link bucketBound}). `rest`: what rounding has lost of a sum.
   */
  merge(step: number, count: number, measured: number, rest?: number): void;
  finish(labels: Labels): readonly Series[];
}

export interface FunctionCollector extends Collector {
  readonly kind: 'function';
  readonly aggregate: MetricsAggregate;
  /** The group of the spans with these labels, see {@link labelsOf}. */
  group(labels: Labels): Accumulator;
}

export function functionCollector(
  aggregate: MetricsAggregate,
  steps: Steps,
  weightOf: (span: Span) => number,
  poll = neverPoll
): FunctionCollector {
  const groups = new Map<string, { labels: Labels; accumulator: Accumulator }>();
  const groupOf = (labels: Labels): Accumulator => {
    const key = labelsKey(labels);
    let group = groups.get(key);
    if (group === undefined) {
      group = { labels, accumulator: startAccumulator(aggregate, steps) };
      groups.set(key, group);
    }
    return group.accumulator;
  };
  /** `undefined` for a span that the function cannot measure. */
  const read = (facts: TraceFacts, index: number): { value: Static; labels: Labels } | undefined => {
    const { argument } = aggregate;
    const value = argument === undefined ? nil : firstValue(argument.field, facts, index);
    return argument !== undefined && !isMeasurable(aggregate, value)
      ? undefined
      : { value, labels: groupLabels(aggregate, facts, index) };
  };
  return {
    kind: 'function',
    aggregate,
    group: groupOf,
    add: (facts, index, step, exemplars) => {
      const span = read(facts, index);
      if (span !== undefined) {
        addWeighted(groupOf(span.labels), aggregate, span.value, step, weightOf(facts.trace.spans[index]));
        offerExemplar(aggregate, span.labels, span.value, facts, index, step, exemplars);
      }
    },
    offer: (facts, index, step, exemplars) => {
      const span = read(facts, index);
      if (span !== undefined) {
        offerExemplar(aggregate, span.labels, span.value, facts, index, step, exemplars);
      }
    },
    finish: () =>
      Array.from(groups.values(), ({ accumulator, labels }) => {
        poll();
        return accumulator.finish(labels);
      }).flat(),
  };
}

/** As many such spans. The least and the greatest value are those of one. */
function addWeighted(
  accumulator: Accumulator,
  { name }: MetricsAggregate,
  value: Static,
  step: number,
  weight: number
): void {
  if (weight === 1) {
    accumulator.add(value, step);
    return;
  }
  const isBucketed = name === 'quantile_over_time' || name === 'histogram_over_time';
  const isSummed = name === 'sum_over_time' || name === 'avg_over_time';
  const measured = isBucketed ? (bucketOf(value) ?? 0) : isSummed ? measure(value) * weight : measure(value);
  accumulator.merge(step, weight, measured);
}

/** The value of a field on a span, the first where it has several; nil when absent. */
export function firstValue(field: Field, facts: TraceFacts, index: number): Static {
  return fieldValues(field, facts.trace.spans[index], facts.trace, facts).at(0) ?? nil;
}

/** Whether the function counts a span whose argument has this value. */
export function isMeasurable({ name }: MetricsAggregate, value: Static): boolean {
  return name === 'quantile_over_time' || name === 'histogram_over_time'
    ? bucketOf(value) !== undefined
    : isNumeric(value);
}

function offerExemplar(
  aggregate: MetricsAggregate,
  labels: Labels,
  value: Static,
  facts: TraceFacts,
  index: number,
  step: number,
  exemplars: ExemplarReservoir
): void {
  switch (aggregate.name) {
    case 'rate':
    case 'count_over_time':
      exemplars.offer(labelsKey(labels), facts, index, step, undefined);
      break;
    case 'histogram_over_time':
      exemplars.offer(
        labelsKey([...unnamed(labels), bucketLabel(bucketOf(value) ?? 0)]),
        facts,
        index,
        step,
        undefined
      );
      break;
    case 'quantile_over_time':
      exemplars.offer(
        labelsKey([...unnamed(labels), quantileLabel(aggregate.quantiles[0])]),
        facts,
        index,
        step,
        measure(value)
      );
      break;
    default:
      exemplars.offer(labelsKey(labels), facts, index, step, measure(value));
  }
}

// Groups.

/**
 * The values of `by (…)`, nil ones left out; all nil: the first as text `nil`, or none where a bucket or a quantile is a label anyway.
 * Without `by` the name of the function.
 */
function groupLabels(aggregate: MetricsAggregate, facts: TraceFacts, index: number): Labels {
  return labelsOf(
    aggregate,
    aggregate.by.map((reference) => groupValue(reference, facts, index))
  );
}

/** The labels of the group whose spans have these values of `by (…)`, in its order. */
export function labelsOf({ name, by }: MetricsAggregate, values: readonly Static[]): Labels {
  const labels = by
    .map(({ field }, at) => [printField(field), values[at]] as const)
    .filter(([, value]) => value.type !== 'nil');
  if (labels.length > 0) {
    return labels;
  }
  return by.length === 0 || name === 'quantile_over_time' || name === 'histogram_over_time'
    ? [['__name__', { type: 'string', value: name }]]
    : [[printField(by[0].field), { type: 'string', value: 'nil' }]];
}

/** Unscoped attributes are looked up on span and resource alone. */
function groupValue({ field }: FieldReference, facts: TraceFacts, index: number): Static {
  if (field.kind === 'attribute' && field.scope === 'any') {
    const onSpan = firstValue({ ...field, scope: 'span' }, facts, index);
    return onSpan.type === 'nil' ? firstValue({ ...field, scope: 'resource' }, facts, index) : onSpan;
  }
  return firstValue(field, facts, index);
}

function unnamed(labels: Labels): Labels {
  return labels.filter(([name]) => name !== '__name__');
}

// Functions.

function startAccumulator(aggregate: MetricsAggregate, steps: Steps): Accumulator {
  switch (aggregate.name) {
    case 'rate':
      return counter(steps.count, Number(steps.stepNanos) / 1e9);
    case 'count_over_time':
      return counter(steps.count, 1);
    case 'min_over_time':
      return folder(steps.count, (least, value) => Math.min(least, value));
    case 'max_over_time':
      return folder(steps.count, (most, value) => Math.max(most, value));
    case 'sum_over_time':
      return summer(steps.count, (sum) => sum);
    case 'avg_over_time':
      return summer(steps.count, (sum, count) => sum / count);
    case 'quantile_over_time':
      return quantiles(steps.count, aggregate.quantiles);
    case 'histogram_over_time':
      return histogram(steps.count);
  }
}

/** A value as a number, seconds for durations. */
export function measure(value: Static): number {
  return value.type === 'duration' ? Number(value.value) / 1e9 : isNumeric(value) ? Number(value.value) : Number.NaN;
}

function counter(stepCount: number, divisor: number): Accumulator {
  const counts = new Float64Array(stepCount);
  return {
    add: (_, step) => void counts[step]++,
    merge: (step, count) => void (counts[step] += count),
    finish: (labels) => [{ labels, values: counts.map((count) => count / divisor) }],
  };
}

function folder(stepCount: number, fold: (folded: number, value: number) => number): Accumulator {
  const values = new Float64Array(stepCount).fill(Number.NaN);
  const merge = (step: number, _: number, measured: number): void => {
    values[step] = Number.isNaN(values[step]) ? measured : fold(values[step], measured);
  };
  return {
    add: (value, step) => merge(step, 1, measure(value)),
    merge,
    finish: (labels) => [{ labels, values: values.slice() }],
  };
}

/** `measured(sum, count)` of each step that has a value; the order of the values does not matter to it. */
function summer(stepCount: number, measured: (sum: number, count: number) => number): Accumulator {
  const sums = new CompensatedSums(stepCount);
  const counts = new Float64Array(stepCount);
  const merge = (step: number, count: number, sum: number, rest = 0): void => {
    sums.add(step, sum, rest);
    counts[step] += count;
  };
  return {
    add: (value, step) => merge(step, 1, measure(value)),
    merge,
    finish: (labels) => [
      {
        labels,
        values: counts.map((count, step) => (count === 0 ? Number.NaN : measured(sums.total(step), count))),
      },
    ],
  };
}

// Buckets: powers of two of nanoseconds or of plain integers.

/** Upper bound of the bucket, in seconds for durations; `undefined` for values below 2 and for what is no integer. */
function bucketOf(value: Static): number | undefined {
  if ((value.type !== 'int' && value.type !== 'duration') || value.value < 2n) {
    return undefined;
  }
  // 2^ceil(log2 v): the number of bits of v − 1.
  return bucketBound((value.value - 1n).toString(2).length, value.type);
}

/** Upper bound of the bucket of the values v for which v − 1 has so many bits. */
export function bucketBound(bits: number, type: 'int' | 'duration'): number {
  return type === 'duration' ? 2 ** bits / 1e9 : 2 ** bits;
}

/** Counts per bucket and step. */
function bucketCounts(stepCount: number): {
  add(value: Static, step: number): void;
  merge(step: number, count: number, bound: number): void;
  sorted(): readonly (readonly [number, Float64Array])[];
} {
  const buckets = new Map<number, Float64Array>();
  const merge = (step: number, count: number, bound: number): void => {
    let counts = buckets.get(bound);
    if (counts === undefined) {
      counts = new Float64Array(stepCount);
      buckets.set(bound, counts);
    }
    counts[step] += count;
  };
  return {
    add: (value, step) => {
      const bound = bucketOf(value);
      if (bound !== undefined) {
        merge(step, 1, bound);
      }
    },
    merge,
    sorted: () => [...buckets].sort(([a], [b]) => a - b),
  };
}

function histogram(stepCount: number): Accumulator {
  const buckets = bucketCounts(stepCount);
  return {
    add: buckets.add,
    merge: buckets.merge,
    finish: (labels) =>
      buckets
        .sorted()
        .map(([bound, counts]) => ({ labels: [...unnamed(labels), bucketLabel(bound)], values: counts.slice() })),
  };
}

function bucketLabel(bound: number): readonly [string, Static] {
  return ['__bucket', { type: 'float', value: bound }];
}

function quantileLabel(quantile: number): readonly [string, Static] {
  return ['p', { type: 'float', value: quantile }];
}

function quantiles(stepCount: number, wanted: readonly number[]): Accumulator {
  const buckets = bucketCounts(stepCount);
  return {
    add: buckets.add,
    merge: buckets.merge,
    finish: (labels) => {
      const sorted = buckets.sorted();
      return wanted.map((quantile) => ({
        labels: [...unnamed(labels), quantileLabel(quantile)],
        values: new Float64Array(stepCount).map((_, step) => quantileOf(quantile, sorted, step)),
      }));
    },
  };
}

/**
 * The rank is rounded up; from the bound of the bucket before, of those that hold something, to the bound of its own the value grows
 * exponentially with the rank. 0 without values.
 */
function quantileOf(
  quantile: number,
  buckets: readonly (readonly [bound: number, counts: Float64Array])[],
  step: number
): number {
  let total = 0;
  for (const [, counts] of buckets) {
    total += counts[step];
  }
  const rank = Math.max(1, Math.ceil(quantile * total));
  let before = 0;
  let lower: number | undefined;
  for (const [bound, counts] of buckets) {
    if (counts[step] === 0) {
      continue;
    }
    if (before + counts[step] === rank) {
      return bound;
    }
    if (before + counts[step] > rank) {
      const [from, to] = [Math.log2(lower ?? bound / 2), Math.log2(bound)];
      return 2 ** (from + ((to - from) * (rank - before)) / counts[step]);
    }
    before += counts[step];
    lower = bound;
  }
  return 0;
}
