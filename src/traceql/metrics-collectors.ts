/** Spans in, series out: one collector per metrics function. */
import { attributeOf } from '../trace/model.ts';
import type { Field, FieldReference, MetricsAggregate, MetricsCompare } from './ast.ts';
import { printField } from './attributes.ts';
import type { TraceFacts } from './fields.ts';
import { fieldValues } from './fields.ts';
import type { Steps } from './metrics.ts';
import type { ExemplarReservoir } from './metrics-exemplars.ts';
import type { Labels, Series } from './metrics-series.ts';
import { labelsKey } from './metrics-series.ts';
import type { Static } from './static.ts';
import {
  compareStatics,
  isNumeric,
  nil,
  staticFromAnyValue,
  staticFromKind,
  staticFromStatus,
  staticKey,
} from './static.ts';

export interface Collector {
  /** A span that starts in `step`. */
  add(facts: TraceFacts, index: number, step: number, exemplars: ExemplarReservoir): void;
  finish(): readonly Series[];
}

/** One function over one group: takes measured values, gives series. */
interface Accumulator {
  /** `value` as the function measures it: seconds for durations. */
  add(value: Static, step: number): void;
  finish(labels: Labels): readonly Series[];
}

export function functionCollector(aggregate: MetricsAggregate, steps: Steps): Collector {
  const groups = new Map<string, { labels: Labels; accumulator: Accumulator }>();
  const { argument } = aggregate;
  return {
    add: (facts, index, step, exemplars) => {
      const value = argument === undefined ? nil : firstValue(argument.field, facts, index);
      if (argument !== undefined && !isMeasurable(aggregate, value)) {
        return;
      }
      const labels = groupLabels(aggregate, facts, index);
      const key = labelsKey(labels);
      let group = groups.get(key);
      if (group === undefined) {
        group = { labels, accumulator: startAccumulator(aggregate, steps) };
        groups.set(key, group);
      }
      group.accumulator.add(value, step);
      offerExemplar(aggregate, labels, value, facts, index, step, exemplars);
    },
    finish: () => Array.from(groups.values(), (group) => group.accumulator.finish(group.labels)).flat(),
  };
}

function firstValue(field: Field, facts: TraceFacts, index: number): Static {
  return fieldValues(field, facts.trace.spans[index], facts.trace, facts).at(0) ?? nil;
}

function isMeasurable({ name }: MetricsAggregate, value: Static): boolean {
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

/** The values of `by (…)`, nil ones left out; all nil: the first as text `nil`. Without `by` the name of the function. */
function groupLabels({ name, by }: MetricsAggregate, facts: TraceFacts, index: number): Labels {
  if (by.length === 0) {
    return [['__name__', { type: 'string', value: name }]];
  }
  const labels = by
    .map((reference) => [printField(reference.field), groupValue(reference, facts, index)] as const)
    .filter(([, value]) => value.type !== 'nil');
  return labels.length > 0 ? labels : [[printField(by[0].field), { type: 'string', value: 'nil' }]];
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
      return folder(steps.count, (sum, value) => sum + value);
    case 'avg_over_time':
      return averager(steps.count);
    case 'quantile_over_time':
      return quantiles(steps.count, aggregate.quantiles);
    case 'histogram_over_time':
      return histogram(steps.count);
  }
}

/** Seconds for durations. */
function measure(value: Static): number {
  return value.type === 'duration' ? Number(value.value) / 1e9 : isNumeric(value) ? Number(value.value) : Number.NaN;
}

function counter(stepCount: number, divisor: number): Accumulator {
  const counts = new Float64Array(stepCount);
  return {
    add: (_, step) => void counts[step]++,
    finish: (labels) => [{ labels, values: counts.map((count) => count / divisor) }],
  };
}

function folder(stepCount: number, fold: (folded: number, value: number) => number): Accumulator {
  const values = new Float64Array(stepCount).fill(Number.NaN);
  return {
    add: (value, step) => {
      const measured = measure(value);
      values[step] = Number.isNaN(values[step]) ? measured : fold(values[step], measured);
    },
    finish: (labels) => [{ labels, values: values.slice() }],
  };
}

function averager(stepCount: number): Accumulator {
  const sums = new Float64Array(stepCount);
  const counts = new Float64Array(stepCount);
  return {
    add: (value, step) => {
      sums[step] += measure(value);
      counts[step]++;
    },
    // 0 / 0 is NaN: no sample.
    finish: (labels) => [{ labels, values: sums.map((sum, step) => sum / counts[step]) }],
  };
}

// Buckets: powers of two of nanoseconds or of plain integers.

/** Upper bound of the bucket, in seconds for durations; `undefined` for values below 2 and for what is no integer. */
function bucketOf(value: Static): number | undefined {
  if ((value.type !== 'int' && value.type !== 'duration') || value.value < 2n) {
    return undefined;
  }
  // 2^ceil(log2 v): the number of bits of v − 1.
  const bound = 2 ** (value.value - 1n).toString(2).length;
  return value.type === 'duration' ? bound / 1e9 : bound;
}

/** Counts per bucket and step. */
function bucketCounts(stepCount: number): {
  add(value: Static, step: number): void;
  sorted(): readonly (readonly [number, Float64Array])[];
} {
  const buckets = new Map<number, Float64Array>();
  return {
    add: (value, step) => {
      const bound = bucketOf(value);
      if (bound !== undefined) {
        let counts = buckets.get(bound);
        if (counts === undefined) {
          counts = new Float64Array(stepCount);
          buckets.set(bound, counts);
        }
        counts[step]++;
      }
    },
    sorted: () => [...buckets].sort(([a], [b]) => a - b),
  };
}

function histogram(stepCount: number): Accumulator {
  const buckets = bucketCounts(stepCount);
  return {
    add: buckets.add,
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
    finish: (labels) => {
      const sorted = buckets.sorted();
      return wanted.map((quantile) => ({
        labels: [...unnamed(labels), quantileLabel(quantile)],
        values: new Float64Array(stepCount).map((_, step) => quantileOf(quantile, sorted, step)),
      }));
    },
  };
}

/** The rank is rounded up; inside its bucket (bound / 2, bound] the value grows exponentially with the rank. 0 without values. */
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
  for (const [bound, counts] of buckets) {
    if (before + counts[step] >= rank) {
      return (bound / 2) * 2 ** ((rank - before) / counts[step]);
    }
    before += counts[step];
  }
  return 0;
}

// compare().

/** Distinct values of one attribute that are counted; beyond, the attribute is marked. Keeps a request id from filling the memory. */
const comparedValuesMax = 10_000;

interface ComparedAttribute {
  readonly field: Field;
  readonly total: Float64Array;
  readonly values: Map<string, { readonly value: Static; readonly counts: Float64Array; sum: number }>;
  tooMany: boolean;
}

/**
 * Counts of every attribute value, apart for spans in the selection and outside (`selection`, `baseline`), the `topN` most frequent
 * values of each, and totals per attribute.
 */
export function compareCollector(
  compare: MetricsCompare,
  isSelected: (facts: TraceFacts, index: number) => boolean,
  steps: Steps
): Collector {
  const baseline = new Map<string, ComparedAttribute>();
  const selection = new Map<string, ComparedAttribute>();
  const { selectionStartUnixNanos: start, selectionEndUnixNanos: end } = compare;
  return {
    add: (facts, index, step, exemplars) => {
      const { startUnixNanos } = facts.trace.spans[index];
      const inWindow = start === undefined || end === undefined || (startUnixNanos >= start && startUnixNanos < end);
      const attributes = inWindow && isSelected(facts, index) ? selection : baseline;
      for (const [field, value] of comparedValues(facts, index)) {
        countCompared(attributes, field, value, step, steps.count);
      }
      exemplars.offer('', facts, index, step, undefined);
    },
    finish: () => [
      ...comparedSeries('baseline', baseline, compare.topN),
      ...comparedSeries('selection', selection, compare.topN),
    ],
  };
}

/** Every attribute of span and resource and the intrinsics that are not unique by nature. */
function comparedValues(facts: TraceFacts, index: number): readonly (readonly [Field, Static])[] {
  const span = facts.trace.spans[index];
  const intrinsics: readonly (readonly [Field, Static])[] = [
    [
      { kind: 'intrinsic', name: 'name' },
      { type: 'string', value: span.name },
    ],
    [{ kind: 'intrinsic', name: 'kind' }, staticFromKind(span.kind)],
    [{ kind: 'intrinsic', name: 'status' }, staticFromStatus(span.statusCode)],
    [
      { kind: 'intrinsic', name: 'statusMessage' },
      { type: 'string', value: span.statusMessage },
    ],
    [{ kind: 'intrinsic', name: 'rootName' }, firstValue({ kind: 'intrinsic', name: 'rootName' }, facts, index)],
    [
      { kind: 'intrinsic', name: 'rootServiceName' },
      firstValue({ kind: 'intrinsic', name: 'rootServiceName' }, facts, index),
    ],
  ];
  const attributes = (['resource', 'span'] as const).flatMap((scope) => {
    const list = scope === 'span' ? span.attributes : span.resource.attributes;
    return (
      list
        // The first of a repeated key is the one that counts.
        .filter(({ key, value }) => attributeOf(list, key) === value)
        .map(({ key, value }) => [{ kind: 'attribute', scope, name: key } as const, staticFromAnyValue(value)] as const)
    );
  });
  return [...intrinsics, ...attributes].filter(
    ([, value]) => value.type !== 'nil' && !(value.type === 'string' && value.value === '')
  );
}

function countCompared(
  attributes: Map<string, ComparedAttribute>,
  field: Field,
  value: Static,
  step: number,
  stepCount: number
): void {
  const name = printField(field);
  let attribute = attributes.get(name);
  if (attribute === undefined) {
    attribute = { field, total: new Float64Array(stepCount), values: new Map(), tooMany: false };
    attributes.set(name, attribute);
  }
  attribute.total[step]++;
  const key = staticKey(value);
  let counted = attribute.values.get(key);
  if (counted === undefined) {
    if (attribute.values.size >= comparedValuesMax) {
      attribute.tooMany = true;
      return;
    }
    counted = { value, counts: new Float64Array(stepCount), sum: 0 };
    attribute.values.set(key, counted);
  }
  counted.counts[step]++;
  counted.sum++;
}

function comparedSeries(
  side: 'baseline' | 'selection',
  attributes: ReadonlyMap<string, ComparedAttribute>,
  topN: number
): readonly Series[] {
  const text = (value: string): Static => ({ type: 'string', value });
  return Array.from(attributes, ([name, { total, values, tooMany }]) => {
    const most = [...values.values()].sort((a, b) => b.sum - a.sum || compareStatics(a.value, b.value)).slice(0, topN);
    const series: Series[] = most.map(({ value, counts }) => ({
      labels: [
        ['__meta_type', text(side)],
        [name, value],
      ],
      values: counts.slice(),
    }));
    series.push({
      labels: [
        ['__meta_type', text(`${side}_total`)],
        [name, nil],
      ],
      values: total.slice(),
    });
    if (tooMany) {
      const labels: Labels = [
        ['__meta_error', text('__too_many_values__')],
        ['__meta_type', text(side)],
        [name, nil],
      ];
      series.push({ labels, values: total.slice() });
    }
    return series;
  }).flat();
}
