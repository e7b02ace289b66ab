/** `compare()`: which attribute values are more frequent among selected spans than among the others. */
import { attributeOf } from '../trace/model.ts';
import type { Span, UnixNanos } from '../trace/model.ts';
import type { Field, MetricsCompare } from './ast.ts';
import { printField } from './attributes.ts';
import type { TraceFacts } from './fields.ts';
import type { Steps } from './metrics.ts';
import type { Collector } from './metrics-collectors.ts';
import { firstValue } from './metrics-collectors.ts';
import type { Labels, Series } from './metrics-series.ts';
import type { Static } from './static.ts';
import { compareStatics, nil, staticFromAnyValue, staticKey } from './static.ts';

/** Distinct values of one attribute that are counted; beyond, the attribute is marked. Keeps a request id from filling the memory. */
export const comparedValuesMax = 10_000;

/** Spans with a value: by step, and in all. A plain array: there are ten thousand of them, and typed arrays are slow to make. */
export interface CountedValue {
  readonly value: Static;
  readonly counts: number[];
  sum: number;
}

/** What is counted of an attribute on one side: spans by step, and those of each value. */
export interface ComparedAttribute {
  readonly field: Field;
  readonly total: Float64Array;
  readonly values: Map<string, CountedValue>;
  tooMany: boolean;
}

export interface CompareCollector extends Collector {
  readonly kind: 'compare';
  readonly compare: MetricsCompare;
  /** Where spans of one side that have a value are counted, see {@link countsOf}. */
  attribute(side: 'baseline' | 'selection', field: Field): ComparedAttribute;
  readonly stepCount: number;
}

/**
 * Counts of every attribute value, apart for spans in the selection and outside (`selection`, `baseline`), the `topN` most frequent
 * values of each, and totals per attribute.
 */
export function compareCollector(
  compare: MetricsCompare,
  isSelected: (facts: TraceFacts, index: number) => boolean,
  steps: Steps,
  weightOf: (span: Span) => number
): CompareCollector {
  const baseline = new Map<string, ComparedAttribute>();
  const selection = new Map<string, ComparedAttribute>();
  const offer: Collector['offer'] = (facts, index, step, exemplars) =>
    exemplars.offer('', facts, index, step, undefined);
  return {
    kind: 'compare',
    compare,
    stepCount: steps.count,
    attribute: (side, field) => attributeOfSide(side === 'selection' ? selection : baseline, field, steps.count),
    add: (facts, index, step, exemplars) => {
      const isIn = isInWindow(compare, facts.trace.spans[index].startUnixNanos) && isSelected(facts, index);
      const attributes = isIn ? selection : baseline;
      const weight = weightOf(facts.trace.spans[index]);
      for (const [field, value] of comparedValues(facts, index)) {
        const attribute = attributeOfSide(attributes, field, steps.count);
        attribute.total[step] += weight;
        const counted = countsOf(attribute, value, steps.count);
        if (counted !== undefined) {
          counted.counts[step] += weight;
          counted.sum += weight;
        }
      }
      offer(facts, index, step, exemplars);
    },
    offer,
    finish: () => [
      ...comparedSeries('baseline', baseline, compare.topN),
      ...comparedSeries('selection', selection, compare.topN),
    ],
  };
}

/** Whether a span that starts then can be in the selection. */
export function isInWindow(
  { selectionStartUnixNanos: start, selectionEndUnixNanos: end }: MetricsCompare,
  unixNanos: UnixNanos
): boolean {
  return start === undefined || end === undefined || (unixNanos >= start && unixNanos < end);
}

/** Compared beside every attribute of span, resource and instrumentation scope. */
export const comparedIntrinsics: readonly Field[] = (
  [
    'name',
    'kind',
    'status',
    'statusMessage',
    'rootName',
    'rootServiceName',
    'span:childCount',
    'instrumentation:name',
    'instrumentation:version',
  ] as const
).map((name) => ({ kind: 'intrinsic', name }));

/** Every attribute of span, resource and instrumentation scope, and the intrinsics that are not unique by nature. */
function comparedValues(facts: TraceFacts, index: number): readonly (readonly [Field, Static])[] {
  const span = facts.trace.spans[index];
  const intrinsics = comparedIntrinsics.map((field) => [field, firstValue(field, facts, index)] as const);
  const lists = { resource: span.resource.attributes, span: span.attributes, instrumentation: span.scope.attributes };
  const attributes = (['resource', 'span', 'instrumentation'] as const).flatMap((scope) => {
    const list = lists[scope];
    return (
      list
        // The first of a repeated key is the one that counts.
        .filter(({ key, value }) => attributeOf(list, key) === value)
        .map(({ key, value }) => [{ kind: 'attribute', scope, name: key } as const, staticFromAnyValue(value)] as const)
    );
  });
  return [...intrinsics, ...attributes].filter(([, value]) => value.type !== 'nil');
}

function attributeOfSide(
  attributes: Map<string, ComparedAttribute>,
  field: Field,
  stepCount: number
): ComparedAttribute {
  const name = printField(field);
  let attribute = attributes.get(name);
  if (attribute === undefined) {
    attribute = { field, total: new Float64Array(stepCount), values: new Map(), tooMany: false };
    attributes.set(name, attribute);
  }
  return attribute;
}

/** Counts of a value, which is not nil; `undefined` for a new one where there are too many, which is noted. */
export function countsOf(attribute: ComparedAttribute, value: Static, stepCount: number): CountedValue | undefined {
  const key = staticKey(value);
  let counted = attribute.values.get(key);
  if (counted === undefined) {
    if (attribute.values.size >= comparedValuesMax) {
      attribute.tooMany = true;
      return undefined;
    }
    counted = { value, counts: new Array<number>(stepCount).fill(0), sum: 0 };
    attribute.values.set(key, counted);
  }
  return counted;
}

/** The `topN` with the largest sums, those first; equals by value. Ten thousand values need not be sorted for it. */
function mostFrequent(values: Iterable<CountedValue>, topN: number): readonly CountedValue[] {
  const isBefore = (a: CountedValue, b: CountedValue): boolean =>
    a.sum > b.sum || (a.sum === b.sum && compareStatics(a.value, b.value) < 0);
  const most: CountedValue[] = [];
  for (const value of values) {
    if (most.length === topN && (topN === 0 || !isBefore(value, most[topN - 1]))) {
      continue;
    }
    let at = most.length;
    while (at > 0 && isBefore(value, most[at - 1])) {
      at--;
    }
    most.splice(at, 0, value);
    most.length = Math.min(most.length, topN);
  }
  return most;
}

function comparedSeries(
  side: 'baseline' | 'selection',
  attributes: ReadonlyMap<string, ComparedAttribute>,
  topN: number
): readonly Series[] {
  const text = (value: string): Static => ({ type: 'string', value });
  return Array.from(attributes, ([name, { total, values, tooMany }]) => {
    const most = mostFrequent(values.values(), topN);
    const series: Series[] = most.map(({ value, counts }) => ({
      labels: [
        ['__meta_type', text(side)],
        [name, value],
      ],
      values: Float64Array.from(counts),
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
